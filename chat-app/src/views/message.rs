//! A message as HTML. Pure.
//!
//! Pages and live events have the same bytes for everybody, so nothing here depends on the viewer. Texts come from the style
//! sheet of the reader's language ([`super::words`]); a style sheet of the viewer marks their own messages
//! ([`super::assets::own_css`]).
//!
//! A live event of a new message that is nothing but text has only what differs from message to message, a
//! [`PlainMessage`]; the script puts that into the page's [`template`], which is an item like any other.

use maud::{Markup, PreEscaped, html};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::widgets::{Face, app_label, avatar, is_former, name_element, rfc3339, time_of_day};
use super::{attachment, excerpt, notice};
use crate::domain::{Change, ConversationId, Message, Pin, Quote, Reaction, UserId};
use crate::markdown;

const QUOTE_CHARS: usize = 160;
/// Names in a reaction's tooltip.
const TOOLTIP_NAMES: usize = 20;

/// A new message that is nothing but text, without what is the same in all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlainMessage {
    /// The id that the client gave it.
    id: Uuid,
    name: String,
    face: Face,
    at: String,
    /// Its text as HTML.
    text: String,
}

/// What a browser gets of a message: one or the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Shown {
    /// The whole item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) html: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plain: Option<PlainMessage>,
}

impl Shown {
    pub(crate) fn of(message: &Message) -> Self {
        let plain = !message.changed
            && !message.deleted
            && message.quote.is_none()
            && message.mentions.is_empty()
            && message.reactions.is_empty()
            && message.pin.is_none()
            && message.attachments.is_empty()
            && message.integration.is_none()
            && !is_former(&message.sender_name);
        if !plain {
            return Self {
                html: Some(item(message).into_string()),
                plain: None,
            };
        }
        Self {
            html: None,
            plain: Some(PlainMessage {
                id: message.client_id,
                name: message.sender_name.clone(),
                face: Face::of(&message.sender_name, message.sender_avatar),
                at: rfc3339(message.at),
                text: markdown::html(&message.body, &[]),
            }),
        }
    }
}

/// The item of a plain message, whose values the script replaces.
pub(super) fn template() -> Markup {
    let message = Message {
        conversation: ConversationId(0),
        seq: 0,
        rev: 0,
        changed: false,
        sender: UserId(0),
        sender_name: String::new(),
        sender_avatar: None,
        integration: None,
        client_id: Uuid::nil(),
        body: "x".to_owned(),
        at: OffsetDateTime::UNIX_EPOCH,
        edited: false,
        deleted: false,
        quote: None,
        mentions: Vec::new(),
        reactions: Vec::new(),
        pin: None,
        attachments: Vec::new(),
    };
    html! { template #plain-message { (item(&message)) } }
}

pub(crate) fn change(change: &Change) -> Markup {
    match change {
        Change::Message(message) => item(message),
        Change::Notice(notice) => notice::item(notice),
    }
}

pub(crate) fn item(message: &Message) -> Markup {
    let mentions = message.mentions.iter().map(|mention| mention.user);
    // The template's has no number, so that nobody takes it for a message.
    let seq = Some(message.seq).filter(|seq| *seq > 0);
    html! {
        li.message.deleted[message.deleted] #{ "m" (message.seq) } data-testid="message" data-seq=[seq]
            data-rev=(message.rev) data-sender=(message.sender) data-client-id=(message.client_id)
            data-mentions=[Some(ids(mentions)).filter(|ids| !ids.is_empty())] data-alias=[alias(message)] {
            (face(message))
            div.meta {
                span.sender { (name_element(&message.sender_name)) }
                " "
                @if let Some(integration) = &message.integration {
                    (app_label(alias(message).map(|_| integration.name.as_str())))
                    " "
                }
                time datetime=(rfc3339(message.at)) { (time_of_day(message.at)) }
            }
            @if let Some(quote) = &message.quote { (quoted(quote)) }
            @if message.deleted {
                div.body data-t="deleted" {}
            } @else {
                @if !message.body.is_empty() {
                    div.body dir="auto" { (PreEscaped(markdown::html(&message.body, &message.mentions))) }
                }
                (attachment::list(&message.attachments))
                @if message.edited { span.edited data-testid="edited" data-t="edited" {} }
                @if let Some(pin) = &message.pin { (pinned(pin)) }
                (reactions(message))
                a.more href={ "/c/" (message.conversation) "/messages/" (message.seq) } aria-labelledby="t-more" {}
            }
        }
    }
}

/// The name that a message has in place of its integration's.
fn alias(message: &Message) -> Option<&str> {
    let integration = message.integration.as_ref()?;
    Some(message.sender_name.as_str()).filter(|name| *name != integration.name)
}

fn face(message: &Message) -> Markup {
    let icon = message
        .integration
        .as_ref()
        .and_then(|app| app.icon.as_ref());
    match icon {
        Some(icon) => html! { span.avatar.icon aria-hidden="true" { (icon) } },
        None => avatar(&message.sender_name, message.sender_avatar),
    }
}

fn quoted(quote: &Quote) -> Markup {
    html! {
        a.quote href={ "?at=" (quote.seq) "#m" (quote.seq) } data-quote=(quote.seq) {
            b { (name_element(&quote.sender_name)) }
            " "
            @if quote.integration { (app_label(None)) " " }
            (excerpt::line(&quote.excerpt, QUOTE_CHARS))
        }
    }
}

fn pinned(pin: &Pin) -> Markup {
    let former = is_former(&pin.name).then_some("actor");
    html! { div.pinned data-testid="pinned" { span data-t="pinned" data-actor=(pin.name) data-former=[former] {} } }
}

/// One form with a button for each reaction, which toggles the viewer's own.
fn reactions(message: &Message) -> Markup {
    html! {
        @if !message.reactions.is_empty() {
            form.reactions method="post"
                action={ "/c/" (message.conversation) "/messages/" (message.seq) "/reactions" } {
                @for reaction in &message.reactions { (button(reaction)) }
            }
        }
    }
}

fn button(reaction: &Reaction) -> Markup {
    // A style sheet can't put its text into a tooltip, so deleted accounts are only counted.
    let names = reaction.names.iter().map(String::as_str);
    let names = names.filter(|name| !is_former(name)).take(TOOLTIP_NAMES);
    let mut title = names.collect::<Vec<_>>().join(", ");
    if reaction.names.len() > TOOLTIP_NAMES {
        title.push('…');
    }
    html! {
        button.reaction name="emoji" value=(reaction.emoji) title=(title) data-testid="reaction"
            data-users=(ids(reaction.users.iter().copied())) {
            span.emoji { (reaction.emoji) } " " span.count { (reaction.users.len()) }
        }
    }
}

/// Space-separated, for selectors such as `[data-users~="12"]`.
fn ids(users: impl Iterator<Item = UserId>) -> String {
    users
        .map(|user| user.to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::domain::{ConversationId, Excerpt, Integration, Mention, UserId};

    pub(crate) fn message(body: &str) -> Message {
        Message {
            conversation: ConversationId(1),
            seq: 7,
            rev: 9,
            changed: false,
            sender: UserId(3),
            sender_name: "ada.l".into(),
            sender_avatar: None,
            integration: None,
            client_id: uuid::Uuid::from_u128(1),
            body: body.into(),
            at: datetime!(2026-03-04 05:06:07.123456 UTC),
            edited: false,
            deleted: false,
            quote: None,
            mentions: Vec::new(),
            reactions: Vec::new(),
            pin: None,
            attachments: Vec::new(),
        }
    }

    #[test]
    fn a_message_has_the_data_that_the_script_needs() {
        insta::assert_snapshot!(item(&message("Hello **there**")).into_string(), @r#"
        <li class="message" id="m7" data-testid="message" data-seq="7" data-rev="9" data-sender="3" data-client-id="00000000-0000-0000-0000-000000000001"><span class="avatar tone-1" aria-hidden="true">AL</span><div class="meta"><span class="sender"><bdi>ada.l</bdi></span> <time datetime="2026-03-04T05:06:07Z">05:06</time></div><div class="body" dir="auto"><p>Hello <strong>there</strong></p>
        </div><a class="more" href="/c/1/messages/7" aria-labelledby="t-more"></a></li>
        "#);
    }

    #[test]
    fn a_message_is_rendered_with_all_its_parts() {
        let whole = Message {
            edited: true,
            quote: Some(Quote {
                seq: 5,
                sender_name: "bob".into(),
                integration: false,
                excerpt: Excerpt {
                    body: "*really*?".into(),
                    ..Excerpt::default()
                },
            }),
            mentions: vec![Mention {
                user: UserId(4),
                name: "bob".into(),
            }],
            reactions: vec![Reaction {
                emoji: "👍".into(),
                users: vec![UserId(3), UserId(4)],
                names: vec!["ada.l".into(), "bob".into()],
            }],
            pin: Some(pin("bob")),
            ..message("@bob yes")
        };
        insta::assert_snapshot!(item(&whole).into_string(), @r#"
        <li class="message" id="m7" data-testid="message" data-seq="7" data-rev="9" data-sender="3" data-client-id="00000000-0000-0000-0000-000000000001" data-mentions="4"><span class="avatar tone-1" aria-hidden="true">AL</span><div class="meta"><span class="sender"><bdi>ada.l</bdi></span> <time datetime="2026-03-04T05:06:07Z">05:06</time></div><a class="quote" href="?at=5#m5" data-quote="5"><b><bdi>bob</bdi></b> <span dir="auto">really?</span></a><div class="body" dir="auto"><p><span class="mention" data-user="4">@bob</span> yes</p>
        </div><span class="edited" data-testid="edited" data-t="edited"></span><div class="pinned" data-testid="pinned"><span data-t="pinned" data-actor="bob"></span></div><form class="reactions" method="post" action="/c/1/messages/7/reactions"><button class="reaction" name="emoji" value="👍" title="ada.l, bob" data-testid="reaction" data-users="3 4"><span class="emoji">👍</span> <span class="count">2</span></button></form><a class="more" href="/c/1/messages/7" aria-labelledby="t-more"></a></li>
        "#);
    }

    fn pin(name: &str) -> Box<Pin> {
        Box::new(Pin {
            user: UserId(4),
            name: name.into(),
        })
    }

    #[test]
    fn a_pinned_message_is_a_whole_item_and_says_who_pinned_it() {
        let pinned = |name: &str| Message {
            pin: Some(pin(name)),
            ..message("here")
        };
        assert!(Shown::of(&pinned("bob")).plain.is_none());
        let html = item(&pinned("former-4")).into_string();
        assert!(
            html.contains("data-actor=\"former-4\" data-former=\"actor\""),
            "{html}"
        );
        let deleted = Message {
            deleted: true,
            ..pinned("bob")
        };
        assert!(!item(&deleted).into_string().contains("pinned"));
    }

    #[test]
    fn a_message_of_an_integration_says_which_one_it_is() {
        let of = |sender_name: &str, icon: Option<&str>| {
            let message = Message {
                sender_name: sender_name.into(),
                integration: Some(Box::new(Integration {
                    name: "Alerts & more".into(),
                    icon: icon.map(str::to_owned),
                })),
                ..message("down")
            };
            let shown = Shown::of(&message);
            assert_eq!(
                shown.html,
                Some(item(&message).into_string()),
                "page and frame"
            );
            shown.html.unwrap()
        };
        let html = of("Alerts & more", None);
        assert!(
            html.contains(
                "<bdi>Alerts &amp; more</bdi></span> <span class=\"app-label\" data-t=\"app\"></span>"
            ),
            "{html}"
        );
        assert!(!html.contains("data-alias"), "{html}");
        let html = of("ada.l", Some("🔥"));
        assert!(html.contains("<bdi>ada.l</bdi></span> <span class=\"app-label\" dir=\"auto\" data-t=\"app-of\" data-text=\"Alerts &amp; more\"></span>"), "{html}");
        assert!(
            html.contains(
                "data-alias=\"ada.l\"><span class=\"avatar icon\" aria-hidden=\"true\">🔥</span>"
            ),
            "{html}"
        );
    }

    #[test]
    fn a_deleted_message_has_no_text() {
        let html = item(&Message {
            deleted: true,
            body: String::new(),
            ..message("")
        })
        .into_string();
        assert!(
            html.contains("data-t=\"deleted\"") && !html.contains("class=\"more\""),
            "{html}"
        );
    }

    #[test]
    fn a_deleted_account_is_named_by_the_style_sheet() {
        let html = item(&Message {
            sender_name: "former-12".into(),
            reactions: vec![Reaction {
                emoji: "👍".into(),
                users: vec![UserId(12), UserId(4)],
                names: vec!["former-12".into(), "bob".into()],
            }],
            ..message("I was here")
        });
        let html = html.into_string();
        assert!(!html.contains("former-12"), "{html}");
        assert!(
            html.contains("<span class=\"sender\"><bdi data-t=\"former\"></bdi></span>"),
            "{html}"
        );
        assert!(html.contains("title=\"bob\""), "{html}");
    }
}
