//! A message in a list outside its conversation: of pinned messages, of saved ones. Pure.

use maud::{Markup, html};

use super::widgets::{app_label, avatar, day, display_name, icon};
use super::{assets, excerpt};
use crate::domain::Message;
use crate::text::Text;

const EXCERPT_CHARS: usize = 300;

pub(super) fn style() -> Markup {
    html! { link rel="stylesheet" href=(assets::url("search.css")); }
}

/// The entry, which leads to the message; `place` says where it is or who pinned it.
pub(super) fn entry(text: Text, message: &Message, place: &str, remove: Markup) -> Markup {
    let (id, seq) = (message.conversation, message.seq);
    html! {
        li.listed data-testid="listed" data-conversation=(id) data-seq=(seq) data-sender=(message.sender) {
            a.hit href={ "/c/" (id) "?at=" (seq) "#m" (seq) } {
                (avatar(&message.sender_name, message.sender_avatar))
                span.about {
                    bdi.sender { (display_name(text, &message.sender_name)) }
                    " "
                    @if message.integration.is_some() { (app_label(None)) " " }
                    span.place dir="auto" { (place) }
                    " "
                    (day(message.at))
                }
                // The style sheet folds the inner element if the reader has blocked the sender.
                span.text dir="auto" data-sender=(message.sender) {
                    (excerpt::line(&message.excerpt(), EXCERPT_CHARS))
                }
            }
            (remove)
        }
    }
}

/// The form that takes the message from the list; `label` names it for screen readers.
pub(super) fn remove(message: &Message, act: &str, label: &str) -> Markup {
    html! {
        form method="post" action={ "/c/" (message.conversation) "/messages/" (message.seq) "/" (act) } {
            input type="hidden" name="listed" value="true";
            button.button.icon.quiet name="present" value="false" title=(label) data-testid="remove" {
                (icon("M6 6l12 12M18 6L6 18"))
                span.visually-hidden { (label) }
            }
        }
    }
}
