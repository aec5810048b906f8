//! A conversation: its messages and the composer. Pure.

use maud::{Markup, html};
use time::macros::format_description;
use uuid::Uuid;

use super::auth::field_error;
use super::shell::{Pane, Shell, back, icon};
use super::{avatar, instant, message};
use crate::domain::{ConversationSummary, Message, Page};

/// A silence after which the same sender's name is shown again, in seconds. `log.js` has the same.
const TURN_SECONDS: i64 = 300;

/// What the conversation page shows.
#[derive(Debug)]
pub struct View<'a> {
    /// The conversation, read before its messages.
    pub conversation: &'a ConversationSummary,
    /// Some of its messages.
    pub page: &'a Page,
    /// Whether these are its latest messages.
    pub latest: bool,
    /// What is being written.
    pub draft: Draft,
}

/// A message that is being written.
#[derive(Debug)]
pub struct Draft {
    /// The id it will have: sending the form twice sends one message.
    pub client_id: Uuid,
    /// The text as typed.
    pub body: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// The page of a conversation.
pub fn page(shell: &Shell, view: &View) -> Markup {
    let conversation = view.conversation;
    shell.page(&Pane {
        title: &conversation.name,
        place: "at-conversation",
        live: view.latest.then_some(conversation),
        current: Some(conversation.id),
        content: html! {
            header.bar { (back()) (avatar(&conversation.name)) h1 { (conversation.name) } }
            (log(view))
            (composer(view))
            (outgoing(shell))
        },
    })
}

fn log(view: &View) -> Markup {
    let conversation = view.conversation;
    html! {
        // A reversed column is at its end from the first paint, and stays there when the end grows.
        div.scroller tabindex="0" role="region" aria-label="Messages" {
            div.track {
                @if let Some(first) = view.page.messages.first().filter(|_| view.page.older) {
                    a.older data-testid="older" href={ "/c/" (conversation.id) "?before=" (first.seq) } {
                        "Earlier messages"
                    }
                }
                div data-testid="messages" role="log" aria-live="polite" aria-label={ "Messages with " (conversation.name) } {
                    ol.messages { (items(&view.page.messages)) }
                }
                @if conversation.last_seq == 0 {
                    div.empty.no-messages {
                        (avatar(&conversation.name))
                        h2 { (conversation.name) }
                        p { "No messages yet. Say hello!" }
                    }
                }
                @if !view.latest {
                    a.button.latest href={ "/c/" (conversation.id) } { "Latest messages" }
                }
                noscript {
                    @if view.latest {
                        p.hint { "Without JavaScript new messages don’t come by themselves: "
                            a href={ "/c/" (conversation.id) } { "look for new ones" } "." }
                        // Opening the page has read it; with script the mark follows what is on screen.
                        @if conversation.unread() > 0 {
                            img.visually-hidden alt="" src={ "/c/" (conversation.id) "/seen?seq=" (conversation.last_seq) };
                        }
                    }
                }
            }
        }
        button.jump type="button" hidden { "New messages" (icon("M12 5v14M6 13l6 6 6-6")) }
    }
}

/// Messages with what stands between them: a line for each day (here UTC's, with script the reader's),
/// and an empty item where the speaker changes, since a message itself can't know what it follows.
fn items(messages: &[Message]) -> Markup {
    let before = std::iter::once(None).chain(messages.iter().map(Some));
    html! {
        @for (previous, this) in before.zip(messages) {
            @if previous.is_none_or(|previous| previous.at.to_utc().date() != this.at.to_utc().date()) {
                (day(this))
            } @else if previous.is_some_and(|previous| is_new_turn(previous, this)) {
                li.turn hidden {}
            }
            (message::item(this))
        }
    }
}

fn is_new_turn(previous: &Message, this: &Message) -> bool {
    previous.sender != this.sender || (this.at - previous.at).whole_seconds() >= TURN_SECONDS
}

fn day(message: &Message) -> Markup {
    let date = format_description!("[weekday], [day padding:none] [month repr:long] [year]");
    html! {
        li.day data-testid="day" {
            time datetime=(instant(message.at)) { (message.at.to_utc().format(date).unwrap_or_default()) }
        }
    }
}

fn composer(view: &View) -> Markup {
    let (id, draft) = (view.conversation.id, &view.draft);
    let error = draft.error.as_deref();
    html! {
        form.composer method="post" action={ "/c/" (id) "/messages" } {
            input type="hidden" name="client_id" value=(draft.client_id);
            label.visually-hidden for="body" { "Message to " (view.conversation.name) }
            div.sheet {
                textarea #body name="body" rows="1" required data-testid="composer"
                    placeholder={ "Message " (view.conversation.name) } autofocus[error.is_some()]
                    aria-invalid=[error.map(|_| "true")] aria-describedby="body-error" { (draft.body) }
                button.primary.icon type="submit" data-testid="send" title="Send" {
                    (icon("M12 19V6M6 11l6-6 6 6"))
                    span.visually-hidden { "Send" }
                }
            }
            div #body-error aria-live="polite" { (field_error("body-reason", error)) }
        }
    }
}

/// What the script shows for a message until it is sent; of the same build as [`message::item`].
fn outgoing(shell: &Shell) -> Markup {
    html! {
        template #outgoing {
            li.message data-testid="message" data-state="pending" data-sender=(shell.me.id) {
                (avatar(shell.me.name.as_str()))
                div.meta { span.sender { (shell.me.name) } " " time {} }
                div.body {}
                div.delivery {
                    span.when-pending { "Sending…" }
                    span.when-failed role="alert" { "Not sent." }
                    button.retry.quiet type="button" { "Retry" }
                    button.discard.quiet type="button" { "Discard" }
                }
            }
        }
    }
}
