//! A conversation in the list. Pure.

use maud::{Markup, html};
use time::macros::format_description;

use super::{avatar, instant};
use crate::domain::ConversationSummary;

/// As much of a message as the list can show.
const PREVIEW_CHARS: usize = 120;

/// The conversation's list item as the member sees it.
pub fn item(conversation: &ConversationSummary, current: bool) -> Markup {
    let day = conversation
        .last_at
        .to_utc()
        .format(format_description!("[day padding:none] [month repr:short]"));
    html! {
        li.conversation data-testid="conversation" data-conversation=(conversation.id)
            data-last-seq=(conversation.last_seq) data-last-read=(conversation.last_read_seq)
            data-at=(instant(conversation.last_at)) {
            a href={ "/c/" (conversation.id) } aria-current=[current.then_some("page")] {
                (avatar(&conversation.name))
                span.name { (conversation.name) }
                " "
                time datetime=(instant(conversation.last_at)) { (day.unwrap_or_default()) }
                " "
                @if let Some(preview) = &conversation.preview {
                    span.preview data-sender=(preview.sender) { (excerpt(&preview.body)) }
                } @else {
                    span.preview { "No messages yet" }
                }
                " "
                @if conversation.unread() > 0 {
                    span.badge data-testid="unread" { (conversation.unread()) }
                }
            }
        }
    }
}

/// The beginning of a text on one line.
fn excerpt(body: &str) -> String {
    let line = body.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(PREVIEW_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::domain::{ConversationId, Preview, UserId};

    fn summary(unread: i64) -> ConversationSummary {
        ConversationSummary {
            id: ConversationId(12),
            rev: 9,
            last_seq: 9,
            last_read_seq: 9 - unread,
            name: "bob".into(),
            last_at: datetime!(2026-03-04 05:06:07.5 UTC),
            preview: Some(Preview {
                sender: UserId(3),
                body: "Hello\n  there".into(),
            }),
        }
    }

    #[test]
    fn an_item_shows_name_day_excerpt_and_count() {
        insta::assert_snapshot!(item(&summary(3), false).into_string(), @r#"<li class="conversation" data-testid="conversation" data-conversation="12" data-last-seq="9" data-last-read="6" data-at="2026-03-04T05:06:07Z"><a href="/c/12"><span class="avatar tone-4" aria-hidden="true">B</span><span class="name">bob</span> <time datetime="2026-03-04T05:06:07Z">4 Mar</time> <span class="preview" data-sender="3">Hello there</span> <span class="badge" data-testid="unread">3</span></a></li>"#);
    }

    #[test]
    fn a_read_conversation_has_no_badge_and_the_one_on_screen_is_marked() {
        let html = item(&summary(0), true).into_string();
        assert!(
            !html.contains("badge") && html.contains("aria-current=\"page\""),
            "{html}"
        );
    }

    #[test]
    fn an_excerpt_ends_on_a_whole_character() {
        assert_eq!(excerpt(&"ä".repeat(200)), "ä".repeat(120) + "…");
    }
}
