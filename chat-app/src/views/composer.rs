//! The composer: the form for a message, and the template of a message that is not sent yet. Pure.

use maud::{Markup, html};
use uuid::Uuid;

use super::list::conversation_name;
use super::shell::Shell;
use super::widgets::{avatar, display_name, field_error, icon};
use super::{attachment, excerpt};
use crate::domain::{ConversationSummary, Message};
use crate::input_error::InputError;
use crate::t;
use crate::text::Text;

const QUOTE_CHARS: usize = 120;
/// A placeholder, which the script replaces.
const NUMBER: &str = "\u{2}";

#[derive(Debug)]
pub(crate) struct ComposerDraft {
    /// The message's future id, so that sending the form twice sends one message.
    pub(crate) client_id: Uuid,
    pub(crate) body: String,
    pub(crate) error: Option<InputError>,
    pub(crate) reply_to: Option<Message>,
}

impl Default for ComposerDraft {
    fn default() -> Self {
        Self {
            client_id: Uuid::new_v4(),
            body: String::new(),
            error: None,
            reply_to: None,
        }
    }
}

pub(super) fn form(
    shell: &Shell,
    conversation: &ConversationSummary,
    draft: &ComposerDraft,
) -> Markup {
    let (text, files) = (shell.text, &shell.config.files);
    let id = conversation.id;
    let error = draft.error.as_ref();
    let who = conversation_name(text, conversation);
    let max = shell.config.max_message_characters;
    html! {
        form.composer method="post" action={ "/c/" (id) "/messages" } data-nothing=(t!(text, "nothing-written")) {
            input type="hidden" name="client_id" value=(draft.client_id);
            (context(text, draft))
            label.visually-hidden for="body" { (t!(text, "message-to", name = who.as_str())) }
            (attachment::tray(text, files))
            div.sheet {
                (attachment::button(text, files, id))
                textarea #body name="body" rows="1" dir="auto" data-testid="composer"
                    data-max-characters=(max) data-too-long=(t!(text, "message-too-long", length = NUMBER, limit = max))
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
            (limit(shell))
            div #body-error aria-live="polite" { (field_error(text, "body-reason", error)) }
        }
    }
}

/// Below the field: how many characters are left, near the limit. The script replaces the placeholder by the number.
fn limit(shell: &Shell) -> Markup {
    let (text, files) = (shell.text, &shell.config.files);
    let takes_text =
        files.allowed() && files.types.iter().any(|range| range.contains("text/plain"));
    html! {
        div.limit data-testid="limit" data-left=(t!(text, "characters-left", count = NUMBER))
            data-over=(t!(text, "characters-over", count = NUMBER)) hidden {
            span.count aria-hidden="true" {}
            @if takes_text { button.quiet.as-file type="button" hidden { (t!(text, "attach-as-file")) } }
        }
        p.limit-status.visually-hidden role="status" {}
    }
}

/// Above the field: the message that is replied to or edited.
fn context(text: Text, draft: &ComposerDraft) -> Markup {
    let quote = draft.reply_to.as_ref();
    html! {
        div.context data-testid="context" hidden[quote.is_none()] data-reply=(t!(text, "replying-to", name = "\u{2}"))
            data-edit=(t!(text, "editing")) data-deleted=(t!(text, "editing-deleted")) {
            input type="hidden" name="reply_to" value=[quote.map(|quote| quote.seq)];
            div {
                b { @if let Some(quote) = quote { (t!(text, "replying-to", name = display_name(text, &quote.sender_name))) } }
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

/// The script shows this for a message until it is sent. It has the structure of [`super::message::item`].
pub(super) fn outgoing(shell: &Shell) -> Markup {
    let text = shell.text;
    html! {
        template #outgoing {
            li.message data-testid="message" data-state="pending" data-sender=(shell.me.id) {
                (avatar(&shell.me.display_name, shell.me.avatar))
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
