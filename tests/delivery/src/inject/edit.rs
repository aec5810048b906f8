//! Edits frames (JSON) and messages (HTML) that pass the proxy. Pure.

use serde_json::Value;

use crate::page;

/// A frame as JSON.
#[derive(Clone, Debug)]
pub(super) struct Frame(pub Value);

impl Frame {
    /// `None` if it is not JSON.
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    pub(super) fn text(&self) -> String {
        self.0.to_string()
    }

    pub(super) fn kind(&self) -> &str {
        self.0["type"].as_str().unwrap_or_default()
    }

    pub(super) fn number(&self, field: &str) -> i64 {
        self.0[field].as_i64().unwrap_or(-1)
    }

    /// The conversation of an event, or of the answer to a resume.
    pub(super) fn conversation(&self) -> i64 {
        let own = &self.0["conversation"];
        own.as_i64().or_else(|| own["id"].as_i64()).unwrap_or(-1)
    }

    pub(super) fn uuid(&self) -> &str {
        match self.0["plain"]["id"].as_str() {
            Some(id) => id,
            None => page::attribute(self.html(), "data-client-id").unwrap_or_default(),
        }
    }

    /// The item, of which a new message that is nothing but text has only the text.
    pub(super) fn html(&self) -> &str {
        let plain = self.0["plain"]["text"].as_str();
        plain
            .or_else(|| self.0["html"].as_str())
            .unwrap_or_default()
    }

    pub(super) fn set_html(&mut self, html: String) {
        match self.0.get_mut("plain") {
            Some(plain) => plain["text"] = html.into(),
            None => self.0["html"] = html.into(),
        }
    }

    pub(super) fn is_message(&self) -> bool {
        self.kind() == "message"
    }

    /// The user whom a notice adds (`true`) or removes (`false`).
    pub(super) fn membership_change(&self) -> Option<(i64, bool)> {
        let who = self.0["subject"].as_i64().unwrap_or(self.number("sender"));
        match self.0["notice"].as_str()? {
            "joined" | "added" => Some((who, true)),
            "left" | "removed" => Some((who, false)),
            _ => None,
        }
    }

    /// Keeps those items of a resume for which `keep` returns true, by rev and HTML.
    pub(super) fn retain(&mut self, keep: impl Fn(i64, &str) -> bool) {
        if let Some(items) = self
            .0
            .pointer_mut("/conversation/items")
            .and_then(Value::as_array_mut)
        {
            items.retain(|item| {
                let rev = item["rev"].as_i64().unwrap_or(-1);
                keep(rev, item["html"].as_str().unwrap_or_default())
            });
        }
    }

    /// This frame's message with the numbers of the other one.
    pub(super) fn in_place_of(&self, other: &Self) -> Self {
        let mut frame = self.clone();
        let mut html = frame.html().to_owned();
        for (field, attribute) in [
            ("seq", "data-seq=\""),
            ("rev", "data-rev=\""),
            ("seq", "id=\"m"),
        ] {
            let number = |frame: &Self| format!("{attribute}{}\"", frame.number(field));
            html = html.replace(&number(self), &number(other));
        }
        for field in ["seq", "rev"] {
            frame.0[field] = other.0[field].clone();
        }
        frame.set_html(html);
        frame
    }
}

/// A page without the message with this UUID.
pub(super) fn without(html: &str, uuid: &str) -> String {
    let mark = format!("data-client-id=\"{uuid}\"");
    let Some(at) = html.find(&mark) else {
        return html.to_owned();
    };
    let from = html[..at].rfind("<li ").unwrap_or(at);
    // The messages of the load contain no lists.
    let to = html[at..]
        .find("</li>")
        .map_or(html.len(), |end| at + end + "</li>".len());
    format!("{}{}", &html[..from], &html[to..])
}

/// The text one version back; `None` if the message was never edited.
pub(super) fn one_version_back(html: &str) -> Option<String> {
    let at = html.find("version ")? + "version ".len();
    let end = at + html[at..].find(' ')?;
    let version: u32 = html[at..end].parse().ok()?;
    let before = version.checked_sub(1)?;
    Some(format!("{}{before}{}", &html[..at], &html[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_cut_out_of_a_page() {
        let page = r#"<ol><li class="message" data-client-id="a">x</li><li class="message" data-client-id="b">y</li></ol>"#;
        assert_eq!(
            without(page, "b"),
            r#"<ol><li class="message" data-client-id="a">x</li></ol>"#
        );
        assert_eq!(without(page, "c"), page);
    }

    #[test]
    fn a_text_goes_one_version_back() {
        assert_eq!(
            one_version_back("<p>version 10 of a").as_deref(),
            Some("<p>version 9 of a")
        );
        assert_eq!(one_version_back("<p>version 0 of a"), None);
    }

    #[test]
    fn a_message_takes_the_numbers_of_another() {
        let frame = |seq: i64, rev: i64, uuid: &str| {
            let html = format!(
                r#"<li class="message" id="m{seq}" data-seq="{seq}" data-rev="{rev}" data-client-id="{uuid}">"#
            );
            Frame(serde_json::json!({"type": "message", "seq": seq, "rev": rev, "html": html}))
        };
        let (one, two) = (frame(3, 7, "a"), frame(4, 8, "b"));
        assert_eq!(two.in_place_of(&one).0, frame(3, 7, "b").0);
        let plain = |seq: i64, rev: i64, uuid: &str| {
            let plain = serde_json::json!({"id": uuid, "text": "<p>x</p>"});
            Frame(serde_json::json!({"type": "message", "seq": seq, "rev": rev, "plain": plain}))
        };
        let (one, two) = (plain(3, 7, "a"), plain(4, 8, "b"));
        assert_eq!(two.in_place_of(&one).0, plain(3, 7, "b").0);
        assert_eq!(two.uuid(), "b");
    }
}
