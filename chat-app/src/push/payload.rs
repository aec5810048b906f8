//! The payload of a push: sender or room, the beginning of the message, and its URL. Pure.

use serde::Serialize;

use crate::domain::{ConversationId, Gist, shortened};
use crate::markdown::plain;
use crate::store::push::DuePush;
use crate::t;
use crate::text::{Language, Text};

/// The longest title and body in characters; devices show less. A character takes at most 6 bytes of JSON, so the
/// payload stays below the 3993 bytes that every push service accepts (RFC 8291, 4).
const TITLE_CHARS: usize = 80;
const BODY_CHARS: usize = 300;

/// What the service worker (`static/`) reads.
#[derive(Debug, Serialize)]
struct Payload<'a> {
    title: String,
    body: String,
    url: String,
    /// The message, so that a change of it changes the notification.
    seq: i64,
    /// A newer notification with the same tag replaces this one.
    tag: String,
    lang: &'a str,
    dir: &'a str,
}

/// The payload in the language of the subscription.
pub(crate) fn payload(due: &DuePush) -> Vec<u8> {
    let text = Text {
        language: Language::of_tag(&due.language).unwrap_or_default(),
    };
    let words = words(text, due.excerpt.gist());
    let sender = match due.integration {
        true => t!(text, "push-app", name = due.sender_name.clone()),
        false => due.sender_name.clone(),
    };
    let (title, body) = match &due.title {
        Some(room) => (
            room.clone(),
            t!(text, "push-room-body", name = sender, words = words),
        ),
        None => (sender, words),
    };
    let payload = Payload {
        title: shortened(&title, TITLE_CHARS),
        body: shortened(&body, BODY_CHARS),
        url: format!("/c/{}", due.conversation),
        seq: due.seq,
        tag: tag(due.conversation),
        lang: text.language.tag(),
        dir: text.direction(),
    };
    serde_json::to_vec(&payload).expect("a payload has no map with keys other than text")
}

fn words(text: Text, gist: Gist<'_>) -> String {
    match gist {
        Gist::Deleted => t!(text, "deleted"),
        Gist::Text(body) => plain(body),
        Gist::Photo => t!(text, "photo"),
        Gist::Photos(count) => t!(text, "photos", count = count),
        Gist::File(name) => name.to_owned(),
        Gist::Files(count) => t!(text, "files", count = count),
    }
}

/// The topic by which a newer push replaces an older one, at the push service and on the device.
/// At most 32 characters of base64url (RFC 8030, 5.4).
pub(crate) fn tag(conversation: ConversationId) -> String {
    format!("c-{conversation}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Excerpt, FileSummary};

    fn due(title: Option<&str>, body: &str) -> DuePush {
        DuePush {
            title: title.map(str::to_owned),
            excerpt: Excerpt {
                body: body.to_owned(),
                ..Excerpt::default()
            },
            ..DuePush::example()
        }
    }

    fn json(due: &DuePush) -> serde_json::Value {
        serde_json::from_slice(&payload(due)).unwrap()
    }

    #[test]
    fn a_direct_message_shows_its_sender_and_a_room_both() {
        let direct = json(&due(None, "*hello*\n `there`"));
        assert_eq!(
            (&direct["title"], &direct["body"]),
            (&"Ada".into(), &"hello there".into())
        );
        assert_eq!(
            (&direct["url"], &direct["tag"]),
            (&"/c/7".into(), &"c-7".into())
        );
        let room = json(&due(Some("kitchen"), "tea?"));
        assert_eq!(
            (&room["title"], &room["body"]),
            (&"kitchen".into(), &"Ada: tea?".into())
        );
    }

    #[test]
    fn a_notification_says_that_an_integration_sent_it() {
        let alert = DuePush {
            integration: true,
            ..due(Some("ops"), "down")
        };
        assert_eq!(json(&alert)["body"], "Ada (app): down");
    }

    #[test]
    fn a_message_without_text_names_or_counts_its_files() {
        let said = |count, photos| {
            let files = FileSummary {
                count,
                photos,
                name: "report.pdf".into(),
            };
            let excerpt = Excerpt {
                files: Some(files),
                ..Excerpt::default()
            };
            json(&DuePush {
                excerpt,
                ..due(None, "")
            })["body"]
                .take()
        };
        assert_eq!(said(1, 1), "Photo");
        assert_eq!(said(1, 0), "report.pdf");
        assert_eq!(said(3, 3), "3 photos");
        assert_eq!(said(3, 2), "3 files");
    }

    #[test]
    fn every_push_service_accepts_the_longest_payload() {
        for char in ["\u{1}", "𝔵", "\""] {
            let long = char.repeat(4000);
            let size = payload(&due(Some(&long), &long)).len();
            assert!(size <= 3993, "{char:?}: {size}");
        }
    }
}
