//! The actions on a message: a menu for the script, a page of forms without it. Pure.

use maud::{Markup, html};

use super::pins::spaced;
use super::shell::{Pane, Shell};
use super::widgets::{back_link, field_error, icon};
use super::{attachment, message};
use crate::domain::{ConversationSummary, Message, Role};
use crate::input_error::InputError;
use crate::t;
use crate::text::Text;

pub(crate) const QUICK_REACTIONS: [&str; 6] = ["👍", "❤️", "😂", "🎉", "😮", "😢"];

/// The names of the picker's groups, in Unicode's order, as `assets::EMOJI` numbers them.
const EMOJI_GROUPS: [&str; 9] = [
    "emoji-smileys",
    "emoji-people",
    "emoji-nature",
    "emoji-food",
    "emoji-travel",
    "emoji-activities",
    "emoji-objects",
    "emoji-symbols",
    "emoji-flags",
];

/// The menu that the script opens beside a message, with its dialogs. All messages share it; `saved` are those that the
/// person has saved.
pub(super) fn menu(text: Text, saved: &[i64]) -> Markup {
    html! {
        div.menu #menu popover role="menu" aria-label=(t!(text, "message-actions")) data-testid="menu" data-saved=(spaced(saved)) {
            div.quick role="group" aria-label=(t!(text, "react")) {
                @for emoji in QUICK_REACTIONS { button type="button" role="menuitem" data-emoji=(emoji) { (emoji) } }
                button type="button" role="menuitem" data-act="react" title=(t!(text, "more-reactions")) {
                    span aria-hidden="true" { "+" }
                    span.visually-hidden { (t!(text, "more-reactions")) }
                }
            }
            (act(text, "reply", "reply"))
            (act(text, "edit", "edit"))
            (act(text, "copy", "copy-text"))
            (act(text, "link", "copy-link"))
            (act(text, "save", "save-for-later"))
            (act(text, "unsave", "unsave"))
            (act(text, "pin", "pin"))
            (act(text, "unpin", "unpin"))
            (act(text, "unread", "mark-unread"))
            (act(text, "delete", "delete"))
        }
        div.toolbar #toolbar hidden {
            (tool("react", &t!(text, "react"), "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5h.01M15 9.5h.01"))
            (tool("reply", &t!(text, "reply"), "M10 8L5 12l5 4M5 12h9a5 5 0 0 1 5 5v1"))
        }
        dialog.ask #emoji aria-labelledby="emoji-title" data-testid="emoji-picker" data-recent=(t!(text, "emoji-recent"))
            data-groups=(EMOJI_GROUPS.map(|id| text.get(id)).join("|")) {
            h2 #emoji-title { (t!(text, "emoji")) }
            div.search { input type="search" aria-label=(t!(text, "emoji-search")) placeholder=(t!(text, "emoji-search")) autocomplete="off"; }
            div.groups {}
            div.grid {}
            p.none.hint hidden { (t!(text, "emoji-none")) }
            form method="dialog" { button.quiet value="" { (t!(text, "close")) } }
        }
        template #copy-code {
            button.copy-code type="button" title=(t!(text, "copy-code")) aria-label=(t!(text, "copy-code")) data-testid="copy-code" {
                (icon("M9 9V5a1 1 0 0 1 1-1h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-4M5 9h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1z"))
            }
        }
        p.toast #copied role="status" data-text=(t!(text, "copied")) data-saved=(t!(text, "saved-done"))
            data-unsaved=(t!(text, "saved-undone")) {}
        dialog.ask #ask-delete aria-labelledby="ask-delete-title" {
            h2 #ask-delete-title { (t!(text, "delete-sure")) }
            form method="dialog" {
                button.quiet value="" { (t!(text, "cancel")) }
                button.primary.danger value="delete" { (t!(text, "delete")) }
            }
        }
    }
}

/// What the script shows beside the message under the pointer.
fn tool(name: &str, label: &str, shape: &str) -> Markup {
    html! {
        button type="button" data-act=(name) title=(label) { (icon(shape)) span.visually-hidden { (label) } }
    }
}

fn act(text: Text, name: &str, id: &str) -> Markup {
    html! { button.act type="button" role="menuitem" data-act=(name) { (text.get(id)) } }
}

#[derive(Debug)]
pub(crate) struct ActionsPage<'a> {
    pub(crate) conversation: &'a ConversationSummary,
    pub(crate) message: &'a Message,
    /// Whether the person has saved it.
    pub(crate) saved: bool,
    /// What is wrong with an edit, and its text as typed.
    pub(crate) error: Option<(InputError, String)>,
}

pub(crate) fn page(shell: &Shell, content: &ActionsPage) -> Markup {
    let (text, message) = (shell.text, content.message);
    let path = format!("/c/{}/messages/{}", message.conversation, message.seq);
    let own = message.sender == shell.me.id;
    let owner = content.conversation.role == Role::Owner && content.conversation.kind.has_members();
    shell.page(&Pane {
        title: &t!(text, "message-actions"),
        layout: "at-page",
        live: None,
        current: Some(message.conversation),
        content: html! {
            (attachment::style())
            header.bar { (back_link(text)) h1 { (t!(text, "message-actions")) } }
            div.scroller.top {
                div.track.settings {
                    ol.messages { (message::item(message)) }
                    p { a href={ "/c/" (message.conversation) "?at=" (message.seq) "#m" (message.seq) } { (t!(text, "back-to-conversation")) } }
                    @if !message.deleted {
                        (react(text, &path))
                        p { a.button.quiet href={ "/c/" (message.conversation) "?reply=" (message.seq) } { (t!(text, "reply")) } }
                        (toggle(&format!("{path}/save"), !content.saved, &saved_label(text, content.saved)))
                        (toggle(&format!("{path}/pin"), message.pin.is_none(), &pin_label(text, message)))
                        (post(&format!("{path}/unread"), &t!(text, "mark-unread")))
                        @if own { (edit(text, &path, content)) }
                        @if own || owner { (post(&format!("{path}/delete"), &t!(text, "delete"))) }
                    }
                }
            }
        },
    })
}

fn react(text: Text, path: &str) -> Markup {
    html! {
        form.quick method="post" action={ (path) "/reactions" } aria-label=(t!(text, "react")) {
            @for emoji in QUICK_REACTIONS { button name="emoji" value=(emoji) { (emoji) } }
        }
    }
}

fn post(action: &str, name: &str) -> Markup {
    html! { form method="post" action=(action) { button.quiet type="submit" { (name) } } }
}

/// Turns something on or off.
fn toggle(action: &str, present: bool, name: &str) -> Markup {
    html! {
        form method="post" action=(action) { button.quiet name="present" value=(present) { (name) } }
    }
}

fn saved_label(text: Text, saved: bool) -> String {
    match saved {
        true => t!(text, "unsave"),
        false => t!(text, "save-for-later"),
    }
}

fn pin_label(text: Text, message: &Message) -> String {
    match message.pin {
        Some(_) => t!(text, "unpin"),
        None => t!(text, "pin"),
    }
}

fn edit(text: Text, path: &str, content: &ActionsPage) -> Markup {
    let (error, typed) = content
        .error
        .as_ref()
        .map(|(error, typed)| (error, typed.as_str()))
        .unzip();
    html! {
        form method="post" action={ (path) "/edit" } {
            div.field {
                label for="edit" { (t!(text, "edit")) }
                textarea #edit name="body" rows="5" dir="auto" aria-invalid=[error.map(|_| "true")] {
                    (typed.unwrap_or(&content.message.body))
                }
                (field_error(text, "edit-error", error))
            }
            button.primary type="submit" { (t!(text, "save")) }
        }
    }
}
