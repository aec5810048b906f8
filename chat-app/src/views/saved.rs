//! The messages that a person has saved. Pure.

use std::collections::HashMap;

use maud::{Markup, html};

use super::list::conversation_name;
use super::listed::{self, entry, remove};
use super::shell::{Pane, Shell};
use super::widgets::{back_link, display_name};
use crate::domain::{ConversationId, ConversationSummary, Message};
use crate::store::saved::Saved;
use crate::t;
use crate::text::Text;

pub(super) const SAVED_ICON: &str = "M7 4h10v16l-5-4-5 4V4z";

#[derive(Debug)]
pub(crate) struct SavedPage {
    /// Those that were saved last first.
    pub(crate) saved: Vec<Saved>,
    /// Those of the messages.
    pub(crate) conversations: HashMap<ConversationId, ConversationSummary>,
    /// Where the next page begins.
    pub(crate) older: Option<i64>,
    /// Whether there is a page before.
    pub(crate) continued: bool,
}

pub(crate) fn page(shell: &Shell, content: &SavedPage) -> Markup {
    let text = shell.text;
    let title = t!(text, "saved-title");
    shell.page(&Pane {
        title: &title,
        layout: "at-page",
        live: None,
        current: None,
        content: html! {
            (listed::style())
            header.bar { (back_link(text)) h1 { (title) } }
            div.scroller.top tabindex="-1" {
                div.track {
                    @if !content.saved.is_empty() {
                        p.listed-place { (t!(text, "saved-private")) }
                        ol.hits { @for saved in &content.saved { (item(text, content, &saved.message)) } }
                        @if let Some(number) = content.older {
                            a.button.older-hits data-testid="older-saved" href={ "/saved?older=" (number) } { (t!(text, "saved-older")) }
                        }
                    } @else if content.continued {
                        div.empty { h2 { (t!(text, "saved-no-more")) } a.button.quiet href="/saved" { (t!(text, "saved-title")) } }
                    } @else {
                        div.empty data-testid="nothing-listed" {
                            h2 { (t!(text, "saved-none")) }
                            p { (t!(text, "saved-none-hint")) }
                        }
                    }
                }
            }
        },
    })
}

fn item(text: Text, content: &SavedPage, message: &Message) -> Markup {
    let conversation = content.conversations.get(&message.conversation);
    let place = conversation.map(|conversation| {
        let name = conversation_name(text, conversation);
        t!(text, "search-in", place = name)
    });
    let label = t!(
        text,
        "unsave-named",
        name = display_name(text, &message.sender_name)
    );
    let remove = remove(message, "save", &label);
    entry(text, message, &place.unwrap_or_default(), remove)
}
