//! The page of a conversation: header, messages, composer. Pure.

use maud::{Markup, html};
use time::OffsetDateTime;
use time::macros::format_description;

use super::composer::{self, ComposerDraft};
use super::list::{conversation_avatar, conversation_name, kind, partner_handle};
use super::shell::{Pane, Shell};
use super::widgets::{SEARCH_ICON, back_link, display_name, icon, icon_link, rfc3339};
use super::{actions, attachment, message, notice, pins};
use crate::domain::{ConversationKind, ConversationSummary, Message, Notice, Page, Role};
use crate::store::people::Reader;
use crate::store::saved::Places;
use crate::t;
use crate::text::Text;

/// After this pause the sender's name is shown again. `arrange.js` has the same constant.
const TURN_SECONDS: i64 = 300;

#[derive(Debug)]
pub(crate) struct ConversationPage<'a> {
    /// Read before the messages.
    pub(crate) conversation: &'a ConversationSummary,
    pub(crate) page: &'a RenderedPage,
    /// Whether the message that the address names is not there.
    pub(crate) missing: bool,
    /// How far the other members have read, of those who share it.
    pub(crate) readers: &'a [Reader],
    pub(crate) places: &'a Places,
    pub(crate) draft: ComposerDraft,
}

/// Messages and notices, and each message as HTML, which is the same for all members.
#[derive(Debug)]
pub(crate) struct RenderedPage {
    page: Page,
    /// Parallel to the messages.
    items: Vec<Markup>,
}

impl RenderedPage {
    pub(crate) fn of(page: Page) -> Self {
        let items = page.messages.iter().map(message::item).collect();
        Self { page, items }
    }

    /// The size of the HTML.
    pub(crate) fn bytes(&self) -> usize {
        self.items.iter().map(|item| item.0.len()).sum()
    }

    pub(crate) fn has(&self, seq: i64) -> bool {
        self.page.messages.iter().any(|message| message.seq == seq)
    }
}

pub(crate) fn page(shell: &Shell, content: &ConversationPage) -> Markup {
    let (text, conversation) = (shell.text, content.conversation);
    let title = conversation_name(text, conversation);
    shell.page(&Pane {
        title: &title,
        layout: "at-conversation",
        live: Some(conversation),
        current: Some(conversation.id),
        content: html! {
            (attachment::style())
            (header(text, conversation, content.places))
            (log(text, content))
            div.activity {
                @if shell.config.typing {
                    p.typing data-testid="typing" aria-live="off" data-one=(t!(text, "typing-one", name = "\u{2}"))
                        data-many=(t!(text, "typing-many")) {}
                }
            }
            (composer::form(shell, content.conversation, &content.draft))
            (composer::outgoing(shell))
            (actions::menu(text, &content.places.saved))
        },
    })
}

fn header(text: Text, conversation: &ConversationSummary, places: &Places) -> Markup {
    let (id, title) = (conversation.id, conversation_name(text, conversation));
    html! {
        header.bar data-kind=(kind(conversation.kind)) data-owner[conversation.role == Role::Owner] {
            (back_link(text))
            a.about href={ "/c/" (id) "/about" } title=(t!(text, "about-title", name = title.as_str())) {
                span.with-presence data-partner=[conversation.partner] { (conversation_avatar(conversation)) }
                span.titles {
                    h1 dir="auto" { (title) }
                    (partner_handle(conversation))
                    @if !conversation.topic.is_empty() { span.topic dir="auto" { (conversation.topic) } }
                }
            }
            (pins::link(text, id, &places.pinned))
            (icon_link(&format!("/search?q=in:{id}+"), &t!(text, "search"), SEARCH_ICON))
        }
    }
}

fn log(text: Text, content: &ConversationPage) -> Markup {
    let conversation = content.conversation;
    let (id, messages) = (conversation.id, &content.page.page.messages);
    let first = messages.first().filter(|_| content.page.page.older);
    let last = messages.last().filter(|_| content.page.page.newer);
    let label = t!(
        text,
        "messages-with",
        name = conversation_name(text, conversation)
    );
    html! {
        (unread_above(text, content))
        // A reversed column starts scrolled to its end, and stays there when messages are added.
        div.scroller tabindex="0" role="region" aria-label=(t!(text, "messages")) {
            div.track {
                @if let Some(first) = first {
                    a.older data-testid="older" href={ "/c/" (id) "?before=" (first.seq) } { (t!(text, "earlier-messages")) }
                }
                div data-testid="messages" role="log" aria-live="polite" aria-label=(label) {
                    ol.messages data-new-since=(t!(text, "new-since")) data-joined=(t!(text, "joined", names = "\u{2}"))
                        data-show-more=(t!(text, "show-more")) data-show-less=(t!(text, "show-less")) {
                        (items(text, content))
                    }
                }
                @if conversation.last_seq <= conversation.floor() && messages.is_empty() {
                    (no_messages(text, conversation))
                }
                @if let Some(last) = last {
                    a.newer data-testid="newer" href={ "/c/" (id) "?after=" (last.seq) } { (t!(text, "later-messages")) }
                    a.latest href={ "/c/" (id) } { (t!(text, "latest-messages")) }
                }
                @if content.missing { p.hint role="status" data-testid="missing" { (t!(text, "message-missing")) } }
                (without_script(text, content))
                p.seen-by data-testid="seen-by" data-text=(t!(text, "seen-by", names = "\u{2}")) hidden
                    data-readers=(readers(text, content.readers)) {}
            }
        }
        a.jump href={ "/c/" (id) } hidden {
            span { (t!(text, "new-messages")) } span.badge hidden {} (icon("M12 5v14M6 13l6 6 6-6"))
        }
    }
}

/// In place of messages: what to do first.
fn no_messages(text: Text, conversation: &ConversationSummary) -> Markup {
    html! {
        div.empty.no-messages {
            (conversation_avatar(conversation))
            h2 { bdi { (conversation_name(text, conversation)) } }
            @if conversation.kind.has_members() {
                p { (t!(text, "no-members-hint")) }
                a.button.primary href={ "/c/" (conversation.id) "/about#add" } { (t!(text, "about-add")) }
                @if conversation.kind == ConversationKind::Public {
                    button.quiet.copy-address type="button" hidden { (t!(text, "copy-address")) }
                }
            } @else { p { (t!(text, "no-messages-hint")) } }
        }
    }
}

/// JSON for the script.
fn readers(text: Text, readers: &[Reader]) -> String {
    let mut readers = readers.to_vec();
    for reader in &mut readers {
        reader.name = display_name(text, &reader.name);
    }
    serde_json::to_string(&readers).expect("numbers and texts alone")
}

/// A link to the first unread message, if it is before this page.
fn unread_above(text: Text, content: &ConversationPage) -> Markup {
    let (conversation, messages) = (content.conversation, &content.page.page.messages);
    let next = conversation.read_up_to() + 1;
    let above = messages.first().is_some_and(|first| next < first.seq);
    html! {
        @if conversation.unread > 0 && above && !content.page.page.newer {
            a.first-unread data-testid="first-unread" href={ "/c/" (conversation.id) "?at=" (next) "#m" (next) } {
                (icon("M12 19V5M6 11l6-6 6 6"))
                (t!(text, "first-unread", count = conversation.unread))
            }
        }
    }
}

fn without_script(text: Text, content: &ConversationPage) -> Markup {
    let conversation = content.conversation;
    html! {
        noscript {
            @if !content.page.page.newer {
                p.hint { (t!(text, "no-script")) " " a href={ "/c/" (conversation.id) } { (t!(text, "no-script-look")) } "." }
                // Opening the page marks the messages as read. The script does so as they come on screen.
                @if conversation.unread > 0 {
                    img.visually-hidden alt="" src={ "/c/" (conversation.id) "/seen?seq=" (conversation.last_seq) };
                }
            }
        }
    }
}

/// Messages and notices, with what stands between them: a line for each day (in UTC; the script uses the reader's time
/// zone), an empty item before a message of another sender, and a line before the first unread message.
fn items(text: Text, content: &ConversationPage) -> Markup {
    let conversation = content.conversation;
    let mut notices = content.page.page.notices.iter().peekable();
    let mut previous: Option<&Message> = None;
    let mut day: Option<time::Date> = None;
    html! {
        @for (this, item) in std::iter::zip(&content.page.page.messages, &content.page.items) {
            @while let Some(notice) = notices.next_if(|notice| notice.after_seq < this.seq) {
                (day_separator(&mut day, notice.at))
                (notice_and_break(notice, &mut previous))
            }
            @let new_day = day != Some(this.at.to_utc().date());
            (day_separator(&mut day, this.at))
            @if is_first_new(conversation, previous, this) {
                li.new-since data-testid="new-since" { (t!(text, "new-since")) }
            } @else if !new_day && previous.is_none_or(|previous| is_new_turn(previous, this)) {
                li.turn hidden {}
            }
            (item)
            @let _ = previous.replace(this);
        }
        @for notice in notices {
            (day_separator(&mut day, notice.at))
            (notice::item(notice))
        }
    }
}

/// Whether this is the first unread message.
fn is_first_new(
    conversation: &ConversationSummary,
    previous: Option<&Message>,
    this: &Message,
) -> bool {
    let read = conversation.read_up_to();
    this.seq == read + 1 || this.seq > read && previous.is_some_and(|previous| previous.seq <= read)
}

fn notice_and_break(notice: &Notice, previous: &mut Option<&Message>) -> Markup {
    *previous = None;
    notice::item(notice)
}

fn is_new_turn(previous: &Message, this: &Message) -> bool {
    previous.sender != this.sender
        || previous.sender_name != this.sender_name
        || (this.at - previous.at).whole_seconds() >= TURN_SECONDS
}

/// A line before the first item of a day.
fn day_separator(day: &mut Option<time::Date>, at: OffsetDateTime) -> Markup {
    let this = at.to_utc().date();
    let begins = day.replace(this) != Some(this);
    let date = format_description!("[weekday], [day padding:none] [month repr:long] [year]");
    html! {
        @if begins {
            li.day data-testid="day" { time datetime=(rfc3339(at)) { (at.to_utc().format(date).unwrap_or_default()) } }
        }
    }
}
