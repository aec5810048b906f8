//! The payload of a Slack-compatible webhook as a message. Pure.

use serde_json::Value;

use super::attachments::attachment;
use super::blocks::{blocks, items, string};
use super::markdown::{cut, paragraphs, visible};
use super::{Hooked, PayloadError, mrkdwn};
use crate::domain::{MessageAlias, parse_display_name, shortened};
use crate::markdown::{plain, without_shown_escapes};

/// The longest name that a message may have in place of the hook's.
const NAME_CHARS: usize = 64;

/// A message of at most `limit` bytes: the text, then the blocks, then each attachment.
pub(super) fn message(payload: &Value, limit: usize) -> Result<Hooked, PayloadError> {
    if !payload.is_object() {
        return Err(PayloadError::Invalid);
    }
    let text = match payload["mrkdwn"] == Value::Bool(false) {
        true => mrkdwn::plain(string(payload, "text")),
        false => mrkdwn::markdown(string(payload, "text")),
    };
    let blocks = blocks(&payload["blocks"]);
    let attachments = items(&payload["attachments"]).iter().map(attachment);
    let attachments = paragraphs(attachments);
    let rest = paragraphs([blocks, attachments]);
    // In Slack the text stands for the blocks where they cannot be shown, so many programs say the same in both.
    let text = match repeats(&rest, &text) {
        true => String::new(),
        false => text,
    };
    let body = without_shown_escapes(&visible(&paragraphs([text, rest])));
    if body.trim().is_empty() {
        return Err(PayloadError::NoText);
    }
    Ok(Hooked {
        body: cut(&body, limit),
        alias: MessageAlias {
            name: name(string(payload, "username")),
            icon: icon(string(payload, "icon_emoji")),
        },
        room: Some(string(payload, "channel").to_owned()).filter(|room| !room.is_empty()),
    })
}

/// Whether all words of the text follow each other in the rest too.
fn repeats(rest: &str, text: &str) -> bool {
    let words = |markdown: &str| {
        let text = plain(markdown);
        let words = text.split(|c: char| !c.is_alphanumeric());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        format!(" {} ", words.join(" "))
    };
    words(rest).contains(&words(text))
}

/// `None` for a name that nobody may have.
fn name(username: &str) -> Option<String> {
    let short = shortened(username, NAME_CHARS - 1);
    parse_display_name(&short).ok().flatten()
}

/// An emoji, or its name between colons.
fn icon(icon: &str) -> Option<String> {
    let icon = icon.trim();
    let emoji = emojis::get_by_shortcode(icon.trim_matches(':')).or_else(|| emojis::get(icon));
    emoji.map(|emoji| emoji.as_str().to_owned())
}
