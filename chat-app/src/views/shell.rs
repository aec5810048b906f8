//! The layout of all pages of a logged-in person: the list on the left, the page's content on the right; on a phone one of
//! them. Pure.

use maud::{Markup, html};

use super::document::document;
use super::saved::SAVED_ICON;
use super::widgets::{SEARCH_ICON, avatar, handle, icon_link, logo};
use super::{assets, list, message};
use crate::config::Config;
use crate::domain::{ConversationId, ConversationSummary, Cursor, User};
use crate::store::conversations::Listed;
use crate::t;
use crate::text::Text;

/// What the layout needs.
#[derive(Debug)]
pub(crate) struct Shell<'a> {
    pub(crate) config: &'a Config,
    pub(crate) text: Text,
    pub(crate) me: &'a User,
    /// Where live events continue. Read before anything else on the page.
    pub(crate) cursor: &'a Cursor,
    /// Whether this person has blocked anybody, so that the page loads the style sheet that folds messages.
    pub(crate) has_blocks: bool,
    pub(crate) list: &'a Listed,
}

const AT_LIST: &str = "at-list";

/// The right side of a page.
pub(super) struct Pane<'a> {
    /// Without the number of unread messages.
    pub(crate) title: &'a str,
    /// A class of the body: [`AT_LIST`], `at-conversation` or `at-page`. It decides what a phone shows.
    pub(crate) layout: &'a str,
    /// The conversation on screen, if it is live.
    pub(crate) live: Option<&'a ConversationSummary>,
    pub(crate) current: Option<ConversationId>,
    pub(crate) content: Markup,
}

impl Shell<'_> {
    pub(super) fn page(&self, pane: &Pane) -> Markup {
        let text = self.text;
        let unread: i64 = self
            .list
            .conversations
            .iter()
            .map(|conversation| conversation.unread)
            .sum();
        let title = match pane.title {
            "" => self.config.title.clone(),
            title => format!("{title} · {}", self.config.title),
        };
        let title_with_count = if unread > 0 {
            format!("({unread}) {title}")
        } else {
            title.clone()
        };
        document(
            self.config,
            self.text,
            &title_with_count,
            html! {
                body.app.(pane.layout) data-title=(title) data-me=(self.me.id)
                    data-epoch=(self.cursor.epoch) data-xid=(self.cursor.xid)
                    data-conversation=[pane.live.map(|live| live.id)] data-rev=[pane.live.map(|live| live.rev)]
                    data-last-read=[pane.live.map(|live| live.last_read_seq)]
                    data-last-seq=[pane.live.map(|live| live.last_seq)]
                    data-read-version=[pane.live.map(|live| live.read_version)] {
                    link rel="stylesheet" href=(assets::own_url(self.me.id));
                    @if self.has_blocks { link rel="stylesheet" href="/account/folded.css"; }
                    a.skip href="#main" { (t!(text, "skip")) }
                    // On a phone this page is the list alone, so the list is its main content.
                    @if pane.layout == AT_LIST {
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
                    (message::template())
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
                    a.button.quiet href="/rooms" { (t!(text, "rooms-browse")) }
                    a.button.quiet href="/rooms/new" { (t!(text, "rooms-new")) }
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
                (icon_link("/saved", &t!(text, "saved-title"), SAVED_ICON))
                form method="post" action="/logout" {
                    button.quiet type="submit" data-testid="logout" { (t!(text, "log-out")) }
                }
            }
        }
    }
}

/// Says that live updates are off. The script sets the state.
fn connection(text: Text) -> Markup {
    html! {
        div.connection data-testid="connection" data-state="connecting" role="status" {
            span.when-connecting { (t!(text, "connecting")) }
            span.when-offline { (t!(text, "offline")) }
            span.when-stalled { (t!(text, "stalled")) }
            span.when-crowded { (t!(text, "crowded")) }
        }
    }
}

/// Offers notifications, once. The script shows it after the first message arrives.
fn notifications_hint(text: Text) -> Markup {
    html! {
        div.notify-hint hidden data-style=(assets::url("notifications.css")) role="region" aria-label=(t!(text, "notifications")) data-testid="notify-hint" {
            p { (t!(text, "notifications-hint")) }
            button.primary type="button" data-act="on" { (t!(text, "notifications-turn-on")) }
            button.quiet type="button" data-act="later" { (t!(text, "notifications-hint-later")) }
        }
    }
}

/// The dialogs that keyboard shortcuts open on any page.
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

/// The switcher's results, for the script.
pub(crate) fn switcher(
    text: Text,
    conversations: &[ConversationSummary],
    people: &[User],
) -> Markup {
    html! {
        @if conversations.is_empty() && people.is_empty() { p.hint { (t!(text, "switch-none")) } }
        @for conversation in conversations {
            a.person href={ "/c/" (conversation.id) } {
                (list::conversation_avatar(conversation))
                span.name dir="auto" { (list::conversation_name(text, conversation)) }
                (list::partner_handle(conversation))
            }
        }
        @for person in people {
            form method="post" action="/c" {
                input type="hidden" name="user" value=(person.id);
                button.person type="submit" {
                    (avatar(&person.display_name, person.avatar))
                    span.name dir="auto" { (person.display_name) }
                    (handle(person.name.as_str()))
                }
            }
        }
    }
}

/// The list, with a welcome beside it.
pub(crate) fn index(shell: &Shell) -> Markup {
    let text = shell.text;
    shell.page(&Pane {
        title: "",
        layout: AT_LIST,
        live: None,
        current: None,
        content: html! {
            div.empty {
                (logo())
                h2.greeting { (t!(text, "hello", name = shell.me.display_name.as_str())) }
                p { (t!(text, "hello-hint")) }
                a.button.primary href="/people" { (t!(text, "find-people")) }
                div.choices {
                    a.button.quiet href="/rooms" { (t!(text, "rooms-browse")) }
                    a.button.quiet href="/rooms/new" { (t!(text, "rooms-new")) }
                }
            }
        },
    })
}
