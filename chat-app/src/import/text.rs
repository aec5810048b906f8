//! The text of a message of Slack as Markdown. Pure.

use std::collections::HashMap;

use super::people::People;
use super::slack::{Attachment, Message};
use crate::domain::UserId;
use crate::hooks::markdown::{bold, cut, escaped_line, link, paragraphs, quoted, visible};
use crate::hooks::mrkdwn;
use crate::markdown::{mentioned_names, without_shown_escapes};

/// As long as a message of this chat may be at most.
const MAX_BYTES: usize = 65_536;

/// What a reference in a text may mean.
pub(super) struct Names<'a> {
    pub(super) people: &'a People,
    /// The names of channels, by id.
    pub(super) channels: &'a HashMap<String, String>,
}

/// The text of a message, and whom it mentions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) markdown: String,
    pub(super) mentions: Vec<UserId>,
    /// Whether its end is missing.
    pub(super) is_cut: bool,
}

impl Names<'_> {
    /// `alias` is what a program calls itself; `files` are the names of files that do not come.
    pub(super) fn body(&self, message: &Message, alias: Option<&str>, files: &[&str]) -> Body {
        let mut mentioned = Vec::new();
        let mut parts: Vec<String> = alias
            .map(|alias| bold(&escaped_line(alias)))
            .into_iter()
            .collect();
        parts.push(self.markdown(&message.text, &mut mentioned));
        // Below the text of a person, Slack shows what is behind their links.
        if !message.bot_id.is_empty() || message.subtype == "bot_message" || message.text.is_empty()
        {
            let attachments = message.attachments.iter();
            parts.extend(attachments.map(|attachment| self.attachment(attachment, &mut mentioned)));
        }
        parts.extend(
            files
                .iter()
                .map(|name| format!("📎 {}", escaped_line(&visible(name)))),
        );
        let whole = without_shown_escapes(&paragraphs(parts));
        let markdown = cut(whole.trim_end(), MAX_BYTES);
        Body {
            mentions: match mentioned.is_empty() {
                true => Vec::new(),
                false => shown(&markdown, &mentioned),
            },
            is_cut: markdown.len() < whole.trim_end().len(),
            markdown,
        }
    }

    fn attachment(&self, attachment: &Attachment, mentioned: &mut Vec<(String, UserId)>) -> String {
        let title = match (attachment.title.as_str(), attachment.title_link.as_str()) {
            ("", _) => String::new(),
            (title, "") => bold(&escaped_line(&visible(title))),
            (title, address) => bold(&link(address, &visible(&mrkdwn::decoded(title)))),
        };
        // Slack shows the fallback where nothing else can be shown.
        let text = match attachment.text.is_empty() && title.is_empty() {
            true => mrkdwn::plain(&visible(&attachment.fallback)),
            false => self.markdown(&attachment.text, mentioned),
        };
        let below = paragraphs([title, text]);
        let above = self.markdown(&attachment.pretext, mentioned);
        match below.is_empty() {
            true => above,
            false => paragraphs([above, quoted(&below)]),
        }
    }

    fn markdown(&self, text: &str, mentioned: &mut Vec<(String, UserId)>) -> String {
        mrkdwn::markdown(&self.resolved(&visible(text), mentioned))
    }

    /// The text with the names of this chat in its references: `<@U01>` becomes `<@ada>`, `<#C01>` becomes `<#C01|general>`.
    fn resolved(&self, text: &str, mentioned: &mut Vec<(String, UserId)>) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find('<') {
            out.push_str(&rest[..start]);
            rest = &rest[start..];
            let Some(end) = rest.find('>') else { break };
            let target = &rest[1..end];
            let id = target.split('|').next().unwrap_or_default();
            if let Some(account) = id.strip_prefix('@').and_then(|id| self.people.listed(id)) {
                mentioned.push((account.name.clone(), account.id));
                out.push_str(&format!("<@{}>", account.name));
            } else if let Some(name) = target
                .strip_prefix('#')
                .and_then(|id| self.channels.get(id))
            {
                out.push_str(&format!("<{target}|{name}>"));
            } else {
                out.push_str(&rest[..=end]);
            }
            rest = &rest[end + 1..];
        }
        out + rest
    }
}

/// Those whom the message mentions where it is not code.
fn shown(markdown: &str, mentioned: &[(String, UserId)]) -> Vec<UserId> {
    let names = mentioned_names(markdown);
    let mut ids: Vec<UserId> = mentioned
        .iter()
        .filter(|(name, _)| names.contains(name))
        .map(|(_, id)| *id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn body(message: &Value, alias: Option<&str>, files: &[&str]) -> Body {
        let people = People::of_test(&[("U1", UserId(7), "ada_l"), ("U2", UserId(8), "bob")]);
        let channels = HashMap::from([("C1".to_owned(), "general".to_owned())]);
        let names = Names {
            people: &people,
            channels: &channels,
        };
        let mut message = message.clone();
        message["ts"] = json!("1.000000");
        names.body(&serde_json::from_value(message).unwrap(), alias, files)
    }

    #[test]
    fn references_get_the_names_of_this_chat() {
        let text = "<@U1> <@U2|robert> `<@U2>` <@U9|eve> <@U9> <#C1> <#C2|old> <!here> *b* <https://a.example|x> a &lt; b **no";
        let body = body(&json!({"text": text}), None, &[]);
        assert_eq!(
            body.markdown,
            "@ada_l @bob `<@bob>` @eve @U9 #general #old @here **b** [x](https://a.example) a < b **no"
        );
        assert_eq!(body.mentions, [UserId(7), UserId(8)]);
        let code = self::body(&json!({"text": "`<@U2>`"}), None, &[]);
        assert_eq!(code.mentions, []);
    }

    #[test]
    fn what_a_program_shows_below_its_text_comes_too() {
        let attachments = json!([{"pretext": "p", "title": "t*", "title_link": "https://a.example", "text": "x\ny"},
                                 {"fallback": "only this"}]);
        let program = json!({"bot_id": "B1", "text": "", "attachments": attachments});
        assert_eq!(
            body(&program, Some("CI *1*"), &["a_b.pdf", "x\u{1b}[2J"]).markdown,
            "**CI \\*1\\***\n\np\n\n> **[t\\*](https://a.example)**\n>\n> x\n> y\n\n> only this\n\n📎 a_b.pdf\n\n📎 x[2J"
        );
        let person = json!({"text": "see", "attachments": attachments});
        assert_eq!(body(&person, None, &[]).markdown, "see");
    }

    #[test]
    fn a_text_is_visible_and_not_too_long() {
        let long = body(&json!({"text": "ä\0".repeat(40_000)}), None, &[]);
        assert!(long.is_cut && long.markdown.len() <= MAX_BYTES && long.markdown.ends_with("ä…"));
        assert_eq!(body(&json!({"text": " \n"}), None, &[]).markdown, "");
    }
}
