//! What the pages of a signed-in person share: the list on the left, something on the right, one of them on a phone.
//! Pure.

use maud::{Markup, html};

use super::{assets, avatar, document, list, mark};
use crate::config::Config;
use crate::domain::{ConversationId, ConversationSummary, Cursor, User};
use crate::t;
use crate::text::Text;

/// What every page of a signed-in person knows.
#[derive(Debug)]
pub struct Shell<'a> {
    /// The deployment's settings.
    pub config: &'a Config,
    /// The words of the reader's language.
    pub text: Text,
    /// Whose page it is.
    pub me: &'a User,
    /// Where live events go on; taken before anything else was read.
    pub cursor: &'a Cursor,
    /// Their conversations, latest first.
    pub conversations: &'a [ConversationSummary],
}

const AT_LIST: &str = "at-list";

/// What a page has on the right.
pub(super) struct Pane<'a> {
    /// What the page is called, without the number of unread messages.
    pub title: &'a str,
    /// [`AT_LIST`], `at-conversation` or `at-people`: what a phone shows.
    pub place: &'a str,
    /// The conversation on screen where it is live.
    pub live: Option<&'a ConversationSummary>,
    /// Marked in the list.
    pub current: Option<ConversationId>,
    /// Inside `main`.
    pub content: Markup,
}

impl Shell<'_> {
    pub(super) fn page(&self, pane: &Pane) -> Markup {
        let text = self.text;
        let unread: i64 = self
            .conversations
            .iter()
            .map(ConversationSummary::unread)
            .sum();
        let title = match pane.title {
            "" => self.config.title.clone(),
            title => format!("{title} · {}", self.config.title),
        };
        let counted = if unread > 0 {
            format!("({unread}) {title}")
        } else {
            title.clone()
        };
        document(
            self.config,
            self.text,
            &counted,
            html! {
                body.app.(pane.place) data-title=(title) data-me=(self.me.id)
                    data-epoch=(self.cursor.epoch) data-xid=(self.cursor.xid)
                    data-conversation=[pane.live.map(|live| live.id)] data-rev=[pane.live.map(|live| live.rev)]
                    data-last-read=[pane.live.map(|live| live.last_read_seq)] {
                    link rel="stylesheet" href=(assets::own_url(self.me.id));
                    a.skip href="#main" { (t!(text, "skip")) }
                    // On a phone the list page is the list alone: there it is what the page is about.
                    @if pane.place == AT_LIST {
                        main.sidebar #main tabindex="-1" {
                            h1.visually-hidden { (t!(text, "conversations")) }
                            (self.sidebar(None))
                        }
                        section.pane aria-label="Welcome" { (pane.content) }
                    } @else {
                        nav.sidebar aria-label=(t!(text, "conversations")) { (self.sidebar(pane.current)) }
                        main.pane #main tabindex="-1" { (pane.content) }
                    }
                    (connection())
                }
            },
        )
    }

    fn sidebar(&self, current: Option<ConversationId>) -> Markup {
        html! {
            header.bar {
                a.brand href="/c" { (mark()) (self.config.title) }
                a.button.icon href="/people" title="New conversation" {
                    (icon("M12 5v14M5 12h14"))
                    span.visually-hidden { "New conversation" }
                }
            }
            ul.conversations data-testid="conversation-list" {
                @for conversation in self.conversations {
                    (list::item(conversation, current == Some(conversation.id)))
                }
            }
            div.empty.no-conversations {
                h2 { "No conversations yet" }
                p { "Find somebody and say hello." }
                a.button.primary href="/people" { "Find people" }
            }
            footer.account {
                (avatar(self.me.name.as_str()))
                span.name { (self.me.name) }
                form method="post" action="/logout" {
                    button.quiet type="submit" data-testid="logout" { "Log out" }
                }
            }
        }
    }
}

/// A line icon of 24 × 24.
pub(super) fn icon(path: &str) -> Markup {
    html! { svg.line viewBox="0 0 24 24" aria-hidden="true" { path d=(path) {} } }
}

/// The way back to the list on a phone.
pub(super) fn back() -> Markup {
    html! {
        a.button.icon.back href="/c" title="Conversations" {
            (icon("M15 5l-7 7 7 7"))
            span.visually-hidden { "Conversations" }
            span.badge.elsewhere hidden {}
        }
    }
}

/// Says when live updates are off; the script sets its state.
fn connection() -> Markup {
    html! {
        div.connection data-testid="connection" data-state="connecting" role="status" {
            span.when-connecting { "Connecting…" }
            span.when-offline { "You’re offline. What you send waits until the connection is back." }
        }
    }
}

/// The list, and beside it what to do next.
pub fn index(shell: &Shell) -> Markup {
    shell.page(&Pane {
        title: "",
        place: AT_LIST,
        live: None,
        current: None,
        content: html! {
            div.empty {
                (mark())
                h2.greeting { "Hello, " (shell.me.name) }
                p { "Choose a conversation, or start a new one." }
                a.button.primary href="/people" { "Find people" }
            }
        },
    })
}
