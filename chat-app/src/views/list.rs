//! An item in the list of conversations. Pure.

use maud::{Markup, html};
use time::macros::format_description;

use super::excerpt;
use super::widgets::{app_label, avatar, display_name, handle, icon_avatar, is_former, rfc3339};
use crate::domain::{ConversationKind, ConversationSummary, Level};
use crate::t;
use crate::text::Text;

const PREVIEW_CHARS: usize = 120;

pub(crate) fn item(text: Text, conversation: &ConversationSummary, current: bool) -> Markup {
    let day = conversation
        .last_at
        .to_utc()
        .format(format_description!("[day padding:none] [month repr:short]"));
    html! {
        li.conversation.muted[conversation.level == Level::None] data-testid="conversation"
            data-conversation=(conversation.id) data-kind=(kind(conversation.kind))
            data-last-seq=(conversation.last_seq) data-last-read=(conversation.read_up_to())
            data-tombstones=[Some(conversation.unread_tombstones()).filter(|count| *count > 0)]
            data-read-version=(conversation.read_version) data-mentions=(conversation.mentions)
            data-partner=[conversation.partner] data-level=(level(conversation.level))
            data-at=(rfc3339(conversation.last_at)) {
            a href={ "/c/" (conversation.id) } aria-current=[current.then_some("page")] {
                (conversation_avatar(conversation))
                span.name dir="auto" { (conversation_name(text, conversation)) }
                " "
                time datetime=(rfc3339(conversation.last_at)) { (day.unwrap_or_default()) }
                " "
                (preview(text, conversation))
                " "
                @if conversation.mentions > 0 {
                    span.mentioned data-testid="mentions" { "@" (conversation.mentions) }
                }
                @if conversation.unread > 0 {
                    span.badge data-testid="unread" { (conversation.unread) }
                }
            }
        }
    }
}

fn preview(text: Text, conversation: &ConversationSummary) -> Markup {
    html! {
        @match &conversation.preview {
            None => span.preview { (t!(text, "no-messages")) }
            Some(preview) if preview.excerpt.deleted => span.preview data-sender=(preview.sender) data-t="deleted" {}
            Some(preview) => span.preview dir="auto" data-sender=(preview.sender) {
                @if conversation.kind != ConversationKind::Direct {
                    b {
                        bdi { (display_name(text, &preview.sender_name)) }
                        @if preview.integration { " " (app_label(None)) }
                        ": "
                    }
                }
                (excerpt::line(&preview.excerpt, PREVIEW_CHARS))
            }
        }
    }
}

/// The conversation's name for this member.
pub(crate) fn conversation_name(text: Text, conversation: &ConversationSummary) -> String {
    match conversation.name.as_str() {
        "" => t!(text, "just-you"),
        name => display_name(text, name),
    }
}

/// The login name of the other person, where the conversation shows another name for them.
pub(super) fn partner_handle(conversation: &ConversationSummary) -> Markup {
    let shown = conversation.name.as_str();
    let name = conversation.partner_name.as_deref();
    html! {
        @if let Some(name) = name.filter(|name| *name != shown && !is_former(name)) { (handle(name)) }
    }
}

/// The other person's avatar, or an icon of the kind.
pub(super) fn conversation_avatar(conversation: &ConversationSummary) -> Markup {
    match conversation.kind {
        ConversationKind::Direct => avatar(&conversation.name, conversation.avatar),
        ConversationKind::Group => icon_avatar(
            "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 19c0-3 2.7-5 6-5s6 2 6 5M16 5.2a3 3 0 0 1 0 5.6M17.5 14.3c2 .7 3.5 2.4 3.5 4.7",
        ),
        ConversationKind::Public => icon_avatar("M5 9h14M5 15h14M10 4L8 20M16 4l-2 16"),
        ConversationKind::Private => icon_avatar("M7 11V8a5 5 0 0 1 10 0v3M6 11h12v9H6z"),
    }
}

pub(super) fn kind(kind: ConversationKind) -> &'static str {
    match kind {
        ConversationKind::Direct => "direct",
        ConversationKind::Group => "group",
        ConversationKind::Public => "public",
        ConversationKind::Private => "private",
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::All => "all",
        Level::Mentions => "mentions",
        Level::None => "none",
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::domain::{ConversationId, Excerpt, Preview, Role, UserId};

    fn summary(unread: i64) -> ConversationSummary {
        ConversationSummary {
            id: ConversationId(12),
            kind: ConversationKind::Direct,
            rev: 9,
            last_seq: 9,
            last_read_seq: 9 - unread,
            read_version: 0,
            joined_seq: 0,
            unread,
            mentions: 0,
            role: Role::Member,
            level: Level::All,
            name: "bob".into(),
            topic: String::new(),
            partner: Some(UserId(3)),
            partner_name: Some("bob".into()),
            avatar: None,
            last_at: datetime!(2026-03-04 05:06:07.5 UTC),
            preview: Some(Preview {
                sender: UserId(3),
                sender_name: "bob".into(),
                integration: false,
                excerpt: Excerpt {
                    body: "Hello\n  there".into(),
                    ..Excerpt::default()
                },
            }),
        }
    }

    #[test]
    fn an_item_shows_name_day_excerpt_and_count() {
        insta::assert_snapshot!(item(Text::default(), &summary(3), false).into_string(), @r#"<li class="conversation" data-testid="conversation" data-conversation="12" data-kind="direct" data-last-seq="9" data-last-read="6" data-read-version="0" data-mentions="0" data-partner="3" data-level="all" data-at="2026-03-04T05:06:07Z"><a href="/c/12"><span class="avatar tone-4" aria-hidden="true">B</span><span class="name" dir="auto">bob</span> <time datetime="2026-03-04T05:06:07Z">4 Mar</time> <span class="preview" dir="auto" data-sender="3"><span dir="auto">Hello there</span></span> <span class="badge" data-testid="unread">3</span></a></li>"#);
    }

    #[test]
    fn tombstones_do_not_count_as_unread() {
        let deleted = ConversationSummary {
            unread: 1,
            ..summary(3)
        };
        let html = item(Text::default(), &deleted, false).into_string();
        assert!(
            html.contains("data-tombstones=\"2\"") && html.contains(">1</span></a>"),
            "{html}"
        );
    }

    #[test]
    fn a_read_conversation_has_no_badge_and_the_one_on_screen_is_marked() {
        let html = item(Text::default(), &summary(0), true).into_string();
        assert!(
            !html.contains("badge") && html.contains("aria-current=\"page\""),
            "{html}"
        );
    }
}
