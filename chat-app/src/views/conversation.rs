//! A conversation: its messages and the composer. Pure.

use maud::{Markup, html};
use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

use super::auth::field_error;
use super::excerpt;
use super::list::{face, kind, name};
use super::shell::{Pane, SEARCH, Shell, back, icon, icon_link};
use super::{actions, attachment, called, instant, message, notice, portrait};
use crate::domain::{ConversationKind, ConversationSummary, Message, Notice, Page, Role};
use crate::store::people::Reader;
use crate::t;
use crate::text::Text;

/// A silence after which the same sender's name is shown again, in seconds. `arrange.js` has the same.
const TURN_SECONDS: i64 = 300;
const QUOTE_CHARS: usize = 120;

/// What the conversation page shows.
#[derive(Debug)]
pub struct View<'a> {
    /// The conversation, read before its messages.
    pub conversation: &'a ConversationSummary,
    pub page: &'a Page,
    /// How far the others have read, as far as they share it.
    pub readers: &'a [Reader],
    pub draft: Draft,
}

/// A message that is being written.
#[derive(Debug)]
pub struct Draft {
    /// The id it will have: sending the form twice sends one message.
    pub client_id: Uuid,
    pub body: String,
    pub error: Option<String>,
    /// The message that it answers.
    pub reply_to: Option<Message>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            client_id: Uuid::new_v4(),
            body: String::new(),
            error: None,
            reply_to: None,
        }
    }
}

/// The page of a conversation.
pub fn page(shell: &Shell, view: &View) -> Markup {
    let (text, conversation) = (shell.text, view.conversation);
    let title = name(text, conversation);
    shell.page(&Pane {
        title: &title,
        place: "at-conversation",
        live: Some(conversation),
        current: Some(conversation.id),
        content: html! {
            (attachment::style())
            (header(text, conversation))
            (log(text, view))
            div.whereabouts {
                @if shell.config.typing {
                    p.typing data-testid="typing" aria-live="off" data-one=(t!(text, "typing-one", name = "\u{2}"))
                        data-many=(t!(text, "typing-many")) {}
                }
            }
            (composer(shell, view))
            (outgoing(shell))
            (actions::menu(text))
        },
    })
}

fn header(text: Text, conversation: &ConversationSummary) -> Markup {
    let (id, title) = (conversation.id, name(text, conversation));
    html! {
        header.bar data-kind=(kind(conversation.kind)) data-owner[conversation.role == Role::Owner] {
            (back(text))
            a.about href={ "/c/" (id) "/about" } title=(t!(text, "about-title", name = title.as_str())) {
                span.with-presence data-partner=[conversation.partner] { (face(conversation)) }
                span.titles {
                    h1 dir="auto" { (title) }
                    @if !conversation.topic.is_empty() { span.topic dir="auto" { (conversation.topic) } }
                }
            }
            (icon_link(&format!("/search?q=in:{id}+"), &t!(text, "search"), SEARCH))
        }
    }
}

fn log(text: Text, view: &View) -> Markup {
    let conversation = view.conversation;
    let (id, messages) = (conversation.id, &view.page.messages);
    let first = messages.first().filter(|_| view.page.older);
    let last = messages.last().filter(|_| view.page.newer);
    let label = t!(text, "messages-with", name = name(text, conversation));
    html! {
        (unread_above(text, view))
        // A reversed column is at its end from the first paint, and stays there when the end grows.
        div.scroller tabindex="0" role="region" aria-label=(t!(text, "messages")) {
            div.track {
                @if let Some(first) = first {
                    a.older data-testid="older" href={ "/c/" (id) "?before=" (first.seq) } { (t!(text, "earlier-messages")) }
                }
                div data-testid="messages" role="log" aria-live="polite" aria-label=(label) {
                    ol.messages { (items(text, view)) }
                }
                @if conversation.last_seq <= conversation.floor() && messages.is_empty() {
                    div.empty.no-messages {
                        (face(conversation))
                        h2 { bdi { (name(text, conversation)) } }
                        p { (t!(text, "no-messages-hint")) }
                    }
                }
                @if let Some(last) = last {
                    a.newer data-testid="newer" href={ "/c/" (id) "?after=" (last.seq) } { (t!(text, "later-messages")) }
                    a.latest href={ "/c/" (id) } { (t!(text, "latest-messages")) }
                }
                (without_script(text, view))
                p.seen-by data-testid="seen-by" data-text=(t!(text, "seen-by", names = "\u{2}")) hidden
                    data-readers=(readers(text, view.readers)) {}
            }
        }
        a.jump href={ "/c/" (id) } hidden {
            span { (t!(text, "new-messages")) } span.badge hidden {} (icon("M12 5v14M6 13l6 6 6-6"))
        }
    }
}

/// How far the others have read, for the script.
fn readers(text: Text, readers: &[Reader]) -> String {
    let mut readers = readers.to_vec();
    for reader in &mut readers {
        reader.name = called(text, &reader.name);
    }
    serde_json::to_string(&readers).expect("numbers and texts alone")
}

/// Where the first unread message is not on the page: the way there.
fn unread_above(text: Text, view: &View) -> Markup {
    let (conversation, messages) = (view.conversation, &view.page.messages);
    let next = conversation.last_read_seq.max(conversation.joined_seq) + 1;
    let above = messages.first().is_some_and(|first| next < first.seq);
    html! {
        @if conversation.unread() > 0 && above && !view.page.newer {
            a.first-unread data-testid="first-unread" href={ "/c/" (conversation.id) "?at=" (next) "#m" (next) } {
                (icon("M12 19V5M6 11l6-6 6 6"))
                (t!(text, "first-unread", count = conversation.unread()))
            }
        }
    }
}

fn without_script(text: Text, view: &View) -> Markup {
    let conversation = view.conversation;
    html! {
        noscript {
            @if !view.page.newer {
                p.hint { (t!(text, "no-script")) " " a href={ "/c/" (conversation.id) } { (t!(text, "no-script-look")) } "." }
                // Opening the page has read it; with script the mark follows what is on screen.
                @if conversation.unread() > 0 {
                    img.visually-hidden alt="" src={ "/c/" (conversation.id) "/seen?seq=" (conversation.last_seq) };
                }
            }
        }
    }
}

/// Messages and notices with what stands between them: a line for each day (here UTC's, with script the reader's), an
/// empty item where the speaker changes, since a message itself can't know what it follows, and where the new begins.
fn items(text: Text, view: &View) -> Markup {
    let conversation = view.conversation;
    let mut notices = view.page.notices.iter().peekable();
    let mut previous: Option<&Message> = None;
    let mut day: Option<time::Date> = None;
    html! {
        @for this in &view.page.messages {
            @while let Some(notice) = notices.next_if(|notice| notice.after_seq < this.seq) {
                (days(&mut day, notice.at))
                (notice_and_break(notice, &mut previous))
            }
            @let new_day = day != Some(this.at.to_utc().date());
            (days(&mut day, this.at))
            @if is_first_new(conversation, previous, this) {
                li.new-since data-testid="new-since" { (t!(text, "new-since")) }
            } @else if !new_day && previous.is_none_or(|previous| is_new_turn(previous, this)) {
                li.turn hidden {}
            }
            (message::item(this))
            @let _ = previous.replace(this);
        }
        @for notice in notices {
            (days(&mut day, notice.at))
            (notice::item(notice))
        }
    }
}

/// Whether the messages that this member has not read begin here.
fn is_first_new(
    conversation: &ConversationSummary,
    previous: Option<&Message>,
    this: &Message,
) -> bool {
    let read = conversation.last_read_seq.max(conversation.joined_seq);
    this.seq == read + 1 || this.seq > read && previous.is_some_and(|previous| previous.seq <= read)
}

fn notice_and_break(notice: &Notice, previous: &mut Option<&Message>) -> Markup {
    *previous = None;
    notice::item(notice)
}

fn is_new_turn(previous: &Message, this: &Message) -> bool {
    previous.sender != this.sender || (this.at - previous.at).whole_seconds() >= TURN_SECONDS
}

/// The line of a day where one begins.
fn days(day: &mut Option<time::Date>, at: OffsetDateTime) -> Markup {
    let this = at.to_utc().date();
    let begins = day.replace(this) != Some(this);
    let date = format_description!("[weekday], [day padding:none] [month repr:long] [year]");
    html! {
        @if begins {
            li.day data-testid="day" { time datetime=(instant(at)) { (at.to_utc().format(date).unwrap_or_default()) } }
        }
    }
}

fn composer(shell: &Shell, view: &View) -> Markup {
    let (text, files) = (shell.text, &shell.config.files);
    let (id, draft) = (view.conversation.id, &view.draft);
    let error = draft.error.as_deref();
    let who = name(text, view.conversation);
    html! {
        form.composer method="post" action={ "/c/" (id) "/messages" } data-nothing=(t!(text, "nothing-written")) {
            input type="hidden" name="client_id" value=(draft.client_id);
            (answered(text, draft))
            label.visually-hidden for="body" { (t!(text, "message-to", name = who.as_str())) }
            (attachment::tray(text, files))
            div.sheet {
                (attachment::button(text, files, id))
                textarea #body name="body" rows="1" dir="auto" data-testid="composer"
                    placeholder=(t!(text, "message-placeholder", name = who.as_str())) autofocus[error.is_some()]
                    aria-invalid=[error.map(|_| "true")] aria-describedby="body-error" { (draft.body) }
                button.icon.emoji-button.button type="button" hidden title=(t!(text, "emoji")) data-testid="emoji" {
                    (icon("M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5h.01M15 9.5h.01"))
                    span.visually-hidden { (t!(text, "emoji")) }
                }
                button.primary.icon type="submit" data-testid="send" title=(t!(text, "send")) {
                    (icon("M12 19V6M6 11l6-6 6 6"))
                    span.visually-hidden { (t!(text, "send")) }
                }
            }
            ul.suggestions #suggestions role="listbox" aria-label=(t!(text, "mention-hint")) hidden {}
            div #body-error aria-live="polite" { (field_error("body-reason", error)) }
        }
    }
}

/// What is being answered or edited, above the field.
fn answered(text: Text, draft: &Draft) -> Markup {
    let quote = draft.reply_to.as_ref();
    html! {
        div.context data-testid="context" hidden[quote.is_none()] data-reply=(t!(text, "replying-to", name = "\u{2}"))
            data-edit=(t!(text, "editing")) {
            input type="hidden" name="reply_to" value=[quote.map(|quote| quote.seq)];
            div {
                b { @if let Some(quote) = quote { (t!(text, "replying-to", name = called(text, &quote.sender_name))) } }
                " "
                span.excerpt { @if let Some(quote) = quote { (excerpt::line(&quote.excerpt(), QUOTE_CHARS)) } }
            }
            a.button.icon.cancel href="?" title=(t!(text, "cancel")) {
                (icon("M6 6l12 12M18 6L6 18"))
                span.visually-hidden { (t!(text, "cancel")) }
            }
        }
    }
}

/// What the script shows for a message until it is sent; of the same build as [`message::item`].
fn outgoing(shell: &Shell) -> Markup {
    let text = shell.text;
    html! {
        template #outgoing {
            li.message data-testid="message" data-state="pending" data-sender=(shell.me.id) {
                (portrait(&shell.me.display_name, shell.me.avatar))
                div.meta { span.sender { bdi { (shell.me.display_name) } } " " time {} }
                div.body dir="auto" {}
                div.delivery {
                    span.when-pending { (t!(text, "sending")) }
                    span.when-failed role="alert" { (t!(text, "not-sent")) }
                    button.retry.quiet type="button" { (t!(text, "retry")) }
                    button.discard.quiet type="button" { (t!(text, "discard")) }
                }
            }
        }
    }
}

/// Whether the conversation has members to look at.
pub(super) fn has_members(kind: ConversationKind) -> bool {
    kind != ConversationKind::Direct
}
