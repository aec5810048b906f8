//! The JSON of Slack's exports: <https://slack.com/help/articles/220556107>. Pure.
//!
//! Fields that are absent, null or of another type than expected are as if they were not there: exports come from many years
//! and many programs. Only what makes a message a message must be right.

use serde::de::{DeserializeOwned, DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    value: D,
) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(value)?).unwrap_or_default())
}

#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) team_id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) real_name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) deleted: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) is_bot: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) profile: Profile,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Profile {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) display_name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) real_name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) email: String,
}

/// An entry of `channels.json`, `groups.json`, `mpims.json` or `dms.json`.
#[derive(Debug, Deserialize)]
pub(super) struct Conversation {
    pub(super) id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) creator: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) is_archived: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) members: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) topic: Topic,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) purpose: Topic,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) pins: Vec<Value>,
}

/// One of a conversation's `pins`. The `id` of a pinned file is not the time of a message.
#[derive(Debug, Deserialize)]
pub(super) struct Pin {
    /// Of the message.
    pub(super) id: Ts,
    /// Who pinned it.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) user: String,
    /// In seconds since 1970.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) created: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Topic {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) value: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) ts: Ts,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) subtype: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) user: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) username: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) bot_id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) bot_profile: Profile,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) user_profile: Profile,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) text: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) thread_ts: Option<Ts>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) edited: Option<Edited>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) reactions: Vec<Reaction>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) files: Vec<File>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) attachments: Vec<Attachment>,
    /// Who added the person who joins.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) inviter: String,
    /// The new topic.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) topic: String,
    /// The new name.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) name: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Edited {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) ts: Option<Ts>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reaction {
    pub(super) name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) users: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct File {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) title: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) size: Option<u64>,
}

/// What a program shows below its text, or Slack below a link.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Attachment {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) pretext: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) title: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) title_link: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) text: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) fallback: String,
}

/// When a message was sent, in microseconds since 1970: it names the message within its conversation. Slack writes it as text
/// with six digits after the point; a float would lose the last ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ts(pub(super) i64);

impl Ts {
    fn parse(text: &str) -> Option<Self> {
        let (seconds, micros) = text.split_once('.')?;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let is_time = (1..=11).contains(&seconds.len()) && micros.len() == 6;
        if !is_time || !digits(seconds) || !digits(micros) {
            return None;
        }
        Some(Self(
            seconds.parse::<i64>().ok()? * 1_000_000 + micros.parse::<i64>().ok()?,
        ))
    }
}

impl<'de> Deserialize<'de> for Ts {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        let text = String::deserialize(value)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a time"))
    }
}

impl std::fmt::Display for Ts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// The elements of a JSON array; of a broken one, those before the place where it breaks, and the error.
pub(super) fn elements(json: &[u8]) -> (Vec<Value>, Option<serde_json::Error>) {
    let mut elements = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let read = Collect(&mut elements).deserialize(&mut reader);
    let error = read.and_then(|()| reader.end()).err();
    (elements, error)
}

struct Collect<'a>(&'a mut Vec<Value>);

impl<'de> DeserializeSeed<'de> for Collect<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Collect<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while let Some(element) = sequence.next_element()? {
            self.0.push(element);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_is_text_with_six_digits_after_the_point() {
        let ts = Ts::parse("1355517523.000005").unwrap();
        assert_eq!(
            (ts, ts.to_string().as_str()),
            (Ts(1_355_517_523_000_005), "1355517523.000005")
        );
        for text in [
            "1355517523",
            "1355517523.5",
            "1355517523.00005",
            "-1.000000",
            "1e9.000000",
            "",
            ".000001",
            "+1.000000",
        ] {
            assert_eq!(Ts::parse(text), None, "{text}");
        }
        let number = json!({"ts": 1_355_517_523.000_005, "text": "x"});
        assert!(serde_json::from_value::<Message>(number).is_err());
    }

    #[test]
    fn a_field_of_another_type_does_not_cost_the_message() {
        let odd = json!({"ts": "1.000000", "user": null, "edited": true, "reactions": {}, "files": [{"id": 7, "name": "a"}],
                         "text": "kept"});
        let message: Message = serde_json::from_value(odd).unwrap();
        assert_eq!(
            (message.text.as_str(), message.files[0].name.as_str()),
            ("kept", "a")
        );
        assert!(message.edited.is_none() && message.reactions.is_empty());
    }

    #[test]
    fn a_broken_array_keeps_what_is_before_the_break() {
        assert_eq!(elements(b"[1, 2]").0.len(), 2);
        let (kept, error) = elements(b"[{\"a\": 1}, {\"a\": 2}, {\"a\"");
        assert!(kept.len() == 2 && error.is_some());
        let (kept, error) = elements(b"<html>");
        assert!(kept.is_empty() && error.is_some());
    }
}
