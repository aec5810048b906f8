//! What the pages of a signed-in person share: the list on the left, something on the right, one of them on a phone.
//! Pure.

use maud::{Markup, html};

use super::document::document;
use super::widgets::{SEARCH_ICON, avatar, icon_link, logo};
use super::{assets, list};
use crate::config::Config;
use crate::domain::{ConversationId, ConversationSummary, Cursor, User};
use crate::store::conversations::Listed;
use crate::t;
use crate::text::Text;

/// What every page of a signed-in person knows.
#[derive(Debug)]
pub struct Shell<'a> {
    /// The deployment's settings.
    pub config: &'a Config,
    /// The words of the reader's language.
    pub text: Text,
    pub me: &'a User,
    /// Where live events go on; taken before anything else was read.
    pub cursor: &'a Cursor,
    /// Whether they blocked somebody, whose messages are folded.
    pub folds: bool,
    pub list: &'a Listed,
}

const AT_LIST: &str = "at-list";

/// What a page has on the right.
pub(super) struct Pane<'a> {
    /// What the page is called, without the number of unread messages.
    pub title: &'a str,
    /// [`AT_LIST`], `at-conversation` or `at-page`: what a phone shows.
    pub place: &'a str,
    /// The conversation on screen where it is live.
    pub live: Option<&'a ConversationSummary>,
    pub current: Option<ConversationId>,
    pub content: Markup,
}

impl Shell<'_> {
    pub(super) fn page(&self, pane: &Pane) -> Markup {
        let text = self.text;
        let unread: i64 = self
            .list
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
                    data-last-read=[pane.live.map(|live| live.last_read_seq)]
                    data-last-seq=[pane.live.map(|live| live.last_seq)]
                    data-read-version=[pane.live.map(|live| live.read_version)] {
                    link rel="stylesheet" href=(assets::own_url(self.me.id));
                    @if self.folds { link rel="stylesheet" href="/account/folded.css"; }
                    a.skip href="#main" { (t!(text, "skip")) }
                    // On a phone the list page is the list alone: there it is what the page is about.
                    @if pane.place == AT_LIST {
                        main.sidebar #main tabindex="-1" {
                            h1.visually-hidden { (t!(text, "conversations")) }
                            (self.sidebar(None))
                        }
                        section.pane aria-label=(t!(text, "welcome")) { (pane.content) }
                    } @else {
                        nav.sidebar aria-label=(t!(text, "conversations")) { (self.sidebar(pane.current)) }
                        main.pane #main tabindex="-1" { (pane.content) }
                    }
                    span #t-more hidden { (t!(text, "more")) }
                    (connection(text))
                    (dialogs(text))
                }
            },
        )
    }

    fn sidebar(&self, current: Option<ConversationId>) -> Markup {
        let (text, presence) = (self.text, self.config.presence);
        html! {
            header.bar {
                a.brand href="/c" { (logo()) (self.config.title) }
                (icon_link("/search", &t!(text, "search"), SEARCH_ICON))
                (icon_link("/rooms", &t!(text, "rooms"), "M5 9h14M5 15h14M10 4L8 20M16 4l-2 16"))
                (icon_link("/people", &t!(text, "new-conversation"), "M12 5v14M5 12h14"))
            }
            div.list {
                ul.conversations data-testid="conversation-list"
                    data-online=[presence.then(|| t!(text, "online"))] data-away=[presence.then(|| t!(text, "away"))] {
                    @for conversation in &self.list.conversations {
                        (list::item(text, conversation, current == Some(conversation.id)))
                    }
                }
                div.empty.no-conversations {
                    h2 { (t!(text, "no-conversations")) }
                    p { (t!(text, "no-conversations-hint")) }
                    a.button.primary href="/people" { (t!(text, "find-people")) }
                }
                @if let Some(end) = self.list.end {
                    a.button.quiet.list-end data-testid="list-end" href={ "/c?older=" (end) } { (t!(text, "list-older")) }
                }
            }
            (notifications_hint(text))
            footer.account {
                a.self href="/account" title=(t!(text, "account")) data-testid="account" {
                    (avatar(&self.me.display_name, self.me.avatar))
                    span.name dir="auto" { (self.me.display_name) }
                }
                form method="post" action="/logout" {
                    button.quiet type="submit" data-testid="logout" { (t!(text, "log-out")) }
                }
            }
        }
    }
}

/// Says when live updates are off; the script sets its state.
fn connection(text: Text) -> Markup {
    html! {
        div.connection data-testid="connection" data-state="connecting" role="status" {
            span.when-connecting { (t!(text, "connecting")) }
            span.when-offline { (t!(text, "offline")) }
            span.when-stalled { (t!(text, "stalled")) }
        }
    }
}

/// Asks once, in the list, whether to be notified; the script shows it after the first message that came.
fn notifications_hint(text: Text) -> Markup {
    html! {
        div.notify-hint hidden data-style=(assets::url("notifications.css")) role="region" aria-label=(t!(text, "notifications")) data-testid="notify-hint" {
            p { (t!(text, "notifications-hint")) }
            button.primary type="button" data-act="on" { (t!(text, "notifications-turn-on")) }
            button.quiet type="button" data-act="later" { (t!(text, "notifications-hint-later")) }
        }
    }
}

/// What keys open on any page.
fn dialogs(text: Text) -> Markup {
    let keys = [
        ("Enter", "keys-send"),
        ("Shift Enter", "keys-line"),
        ("↑", "keys-edit"),
        ("Ctrl K", "keys-switch"),
        ("Alt ↓", "keys-next"),
        ("Alt ↑", "keys-previous"),
        ("Esc", "keys-close"),
        ("?", "keys-help"),
    ];
    html! {
        dialog.ask #keys aria-labelledby="keys-title" data-testid="keys" {
            h2 #keys-title { (t!(text, "keys")) }
            dl {
                @for (key, id) in keys { div { dt { kbd dir="ltr" { (key) } } dd { (text.get(id)) } } }
            }
            form method="dialog" { button.quiet { (t!(text, "close")) } }
        }
        dialog.ask #switch aria-label=(t!(text, "keys-switch")) data-testid="switch" {
            div.search {
                input type="search" aria-label=(t!(text, "switch-to")) placeholder=(t!(text, "switch-to")) autocomplete="off" autocapitalize="none";
            }
            div.results aria-live="polite" {}
        }
    }
}

/// What the switcher found, for the script.
pub fn switcher(text: Text, conversations: &[ConversationSummary], people: &[User]) -> Markup {
    html! {
        @if conversations.is_empty() && people.is_empty() { p.hint { (t!(text, "switch-none")) } }
        @for conversation in conversations {
            a.person href={ "/c/" (conversation.id) } {
                (list::conversation_avatar(conversation))
                span.name dir="auto" { (list::conversation_name(text, conversation)) }
            }
        }
        @for person in people {
            form method="post" action="/c" {
                input type="hidden" name="user" value=(person.id);
                button.person type="submit" {
                    (avatar(&person.display_name, person.avatar))
                    span.name dir="auto" { (person.display_name) }
                    span.handle { "@" (person.name) }
                }
            }
        }
    }
}

/// The list, and beside it what to do next.
pub fn index(shell: &Shell) -> Markup {
    let text = shell.text;
    shell.page(&Pane {
        title: "",
        place: AT_LIST,
        live: None,
        current: None,
        content: html! {
            div.empty {
                (logo())
                h2.greeting { (t!(text, "hello", name = shell.me.display_name.as_str())) }
                p { (t!(text, "hello-hint")) }
                a.button.primary href="/people" { (t!(text, "find-people")) }
                a.button.quiet href="/rooms" { (t!(text, "rooms")) }
            }
        },
    })
}
