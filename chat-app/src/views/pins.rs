//! The pinned messages of a conversation: the link in its header, and their page. Pure.

use maud::{Markup, html};

use super::list::conversation_name;
use super::listed::{self, entry, remove};
use super::shell::{Pane, Shell};
use super::widgets::{back_link, display_name, icon};
use crate::domain::{ConversationId, ConversationSummary, Message};
use crate::t;
use crate::text::Text;

const PIN_ICON: &str = "M9 4h6l-1 6 3.5 3.5h-11L10 10 9 4zM12 13.5V21";

/// Leads to the page, with the number of pinned messages. The script keeps both live.
pub(super) fn link(text: Text, id: ConversationId, pinned: &[i64]) -> Markup {
    let title = t!(text, "pins-title");
    html! {
        a.button.icon.pins href={ "/c/" (id) "/pins" } title=(title) data-testid="pins" data-pinned=(spaced(pinned))
            hidden[pinned.is_empty()] {
            (icon(PIN_ICON))
            span.count { (pinned.len()) }
            " "
            span.visually-hidden { (title) }
        }
    }
}

/// For attributes that scripts read.
pub(super) fn spaced(seqs: &[i64]) -> String {
    let seqs: Vec<String> = seqs.iter().map(i64::to_string).collect();
    seqs.join(" ")
}

pub(crate) fn page(
    shell: &Shell,
    conversation: &ConversationSummary,
    pinned: &[Message],
) -> Markup {
    let text = shell.text;
    let title = t!(text, "pins-title");
    let name = conversation_name(text, conversation);
    shell.page(&Pane {
        title: &title,
        layout: "at-page",
        live: None,
        current: Some(conversation.id),
        content: html! {
            (listed::style())
            header.bar { (back_link(text)) h1 { (title) } }
            div.scroller.top tabindex="-1" {
                div.track {
                    p.listed-place {
                        a href={ "/c/" (conversation.id) } { (t!(text, "back-to-conversation")) }
                        " "
                        bdi { (name) }
                    }
                    @if pinned.is_empty() {
                        div.empty data-testid="nothing-listed" {
                            h2 { (t!(text, "pins-none")) }
                            p { (t!(text, "pins-none-hint")) }
                        }
                    } @else {
                        h2.caption { (t!(text, "pins-count", count = pinned.len())) }
                        ol.hits { @for message in pinned { (item(text, message)) } }
                    }
                }
            }
        },
    })
}

fn item(text: Text, message: &Message) -> Markup {
    let pinner = message.pin.as_ref().map_or("", |pin| pin.name.as_str());
    let place = t!(text, "pins-by", name = display_name(text, pinner));
    let sender = display_name(text, &message.sender_name);
    let label = t!(text, "unpin-named", name = sender);
    entry(text, message, &place, remove(message, "pin", &label))
}
