//! Reads messages and notices from the HTML that browsers get: the same list items on pages and in frames. Pure.
//!
//! It searches the text instead of parsing HTML, because a run reads millions of items.

use uuid::Uuid;

use crate::journal::{Content, Item, Message, Notice};

/// The text of a message of the load; each edit increments the version.
pub fn body(version: u32) -> String {
    format!("version {version} of a message that nobody needs to read")
}

/// The position of a page in the stream of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The epoch of the database.
    pub epoch: String,
    pub xid: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where live events continue.
    pub cursor: Cursor,
    /// The conversation's latest change when the page was read.
    pub rev: i64,
    /// The number of its newest message then.
    pub seq: i64,
    pub items: Vec<Item>,
    /// Whether there are older pages.
    pub older: bool,
}

/// Reads the page of a conversation; `None` if it is not one.
pub fn parse(html: &str) -> Option<Page> {
    let body = &html[html.find("<body")?..];
    let tag = &body[..body.find('>')?];
    Some(Page {
        cursor: Cursor {
            epoch: attribute(tag, "data-epoch")?.to_owned(),
            xid: attribute(tag, "data-xid")?.to_owned(),
        },
        rev: attribute(tag, "data-rev")?.parse().ok()?,
        seq: attribute(tag, "data-last-seq")?.parse().ok()?,
        items: items(body),
        older: body.contains("data-testid=\"older\""),
    })
}

/// The id of the user who is logged in; `None` if nobody is.
pub fn viewer(html: &str) -> Option<i64> {
    let body = &html[html.find("<body")?..];
    attribute(&body[..body.find('>')?], "data-me")?.parse().ok()
}

/// All items of a list, in order. Templates of pending messages have no number and are skipped.
pub fn items(html: &str) -> Vec<Item> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find("<li class=\"") {
        rest = &rest[start + "<li ".len()..];
        let end = rest.find("<li class=\"").unwrap_or(rest.len());
        found.extend(item(&rest[..end]));
    }
    found
}

/// One item, from its `class="…"` on.
fn item(html: &str) -> Option<Item> {
    let tag = &html[..html.find('>')?];
    let class = attribute(tag, "class")?;
    match class.split(' ').next()? {
        "message" => message(tag, html).map(Item::Message),
        "notice" => notice(tag, html).map(Item::Notice),
        _ => None,
    }
}

fn message(tag: &str, html: &str) -> Option<Message> {
    Some(Message {
        seq: attribute(tag, "data-seq")?.parse().ok()?,
        rev: attribute(tag, "data-rev")?.parse().ok()?,
        uuid: Uuid::try_parse(attribute(tag, "data-client-id")?).ok()?,
        sender: attribute(tag, "data-sender")?.parse().ok()?,
        content: Content {
            version: version(html),
            deleted: attribute(tag, "class")?.ends_with(" deleted"),
            reactions: reactions(html),
            pinned: html.contains("data-testid=\"pinned\""),
        },
    })
}

/// A new message with this seq and rev, of which a frame has the text alone.
pub(crate) fn plain_message(
    (seq, rev): (i64, i64),
    sender: i64,
    uuid: Uuid,
    text: &str,
) -> Message {
    Message {
        seq,
        rev,
        uuid,
        sender,
        content: Content {
            version: version(text),
            ..Content::default()
        },
    }
}

/// The version in a text that [`body`] made; 0 if there is none.
fn version(html: &str) -> u32 {
    let text = html
        .find("version ")
        .map(|at| &html[at + "version ".len()..]);
    let digits = text.and_then(|text| text.split(' ').next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn reactions(html: &str) -> u32 {
    let buttons = html.split("<button class=\"reaction\"").skip(1);
    buttons.fold(0, |sum, button| {
        let emoji = attribute(button, "value").unwrap_or_default();
        let users = attribute(button, "data-users").unwrap_or_default();
        let users = users.split(' ').filter_map(|user| user.parse().ok());
        users.fold(sum, |sum: u32, user| {
            sum.wrapping_add(Content::reaction(emoji, user))
        })
    })
}

fn notice(tag: &str, html: &str) -> Option<Notice> {
    Some(Notice {
        rev: attribute(tag, "data-rev")?.parse().ok()?,
        after: attribute(tag, "data-after")?.parse().ok()?,
        kind: attribute(html, "data-t")?
            .strip_prefix("notice-")?
            .to_owned(),
        actor: attribute(html, "data-actor")?.to_owned(),
        subject: attribute(html, "data-subject").map(str::to_owned),
    })
}

/// The first attribute with this name. No value of the load contains a character that HTML escapes.
pub(crate) fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    loop {
        let at = from + tag[from..].find(name)?;
        let rest = &tag[at + name.len()..];
        let whole = at == 0 || tag.as_bytes()[at - 1] == b' ';
        match rest.strip_prefix("=\"") {
            Some(value) if whole => return value.split('"').next(),
            _ => from = at + name.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<html><body class="app at-conversation" data-title="x" data-me="4" data-epoch="7-1" data-xid="900"
        data-conversation="3" data-rev="12" data-last-read="0" data-last-seq="2" data-read-version="0"><a class="older" data-testid="older">
        <ol class="messages"><li class="day" data-testid="day"></li><li class="notice" data-testid="notice" data-rev="2" data-after="0">
        <span data-t="notice-added" data-actor="ada" data-subject="bob"></span></li>
        <li class="message" id="m1" data-testid="message" data-seq="1" data-rev="12" data-sender="4"
        data-client-id="67e55044-10b1-426f-9247-bb680e5fe0c8"><div class="body" dir="auto"><p>version 3 of a message</p></div>
        <div class="pinned" data-testid="pinned"><span data-t="pinned" data-actor="ada"></span></div>
        <form class="reactions"><button class="reaction" name="emoji" value="🎉" title="a" data-users="4 5">🎉 2</button></form></li>
        <li class="message deleted" id="m2" data-testid="message" data-seq="2" data-rev="9" data-sender="5"
        data-client-id="67e55044-10b1-426f-9247-bb680e5fe0c9"><div class="body" data-t="deleted"></div></li></ol>
        <template id="outgoing"><li class="message" data-testid="message" data-state="pending" data-sender="4"></li></template></body>"#;

    #[test]
    fn a_page_has_a_position_and_items() {
        let page = parse(PAGE).expect("a page");
        assert_eq!((page.rev, page.seq, page.older), (12, 2, true));
        assert_eq!(page.cursor.xid, "900");
        assert_eq!(viewer(PAGE), Some(4));
        let revs: Vec<i64> = page.items.iter().map(Item::rev).collect();
        assert_eq!(revs, [2, 12, 9]);
        let Item::Notice(notice) = &page.items[0] else {
            panic!("the first item is a notice")
        };
        assert_eq!(
            (notice.kind.as_str(), notice.subject.as_deref()),
            ("added", Some("bob"))
        );
    }

    #[test]
    fn a_message_has_a_version_reactions_and_a_pin_and_may_be_deleted() {
        let messages: Vec<Content> = items(PAGE)
            .into_iter()
            .filter_map(|item| match item {
                Item::Message(message) => Some(message.content),
                Item::Notice(_) => None,
            })
            .collect();
        let both = Content::reaction("🎉", 4).wrapping_add(Content::reaction("🎉", 5));
        assert_eq!(
            messages[0],
            Content {
                version: 3,
                deleted: false,
                reactions: both,
                pinned: true
            }
        );
        assert_eq!(
            messages[1],
            Content {
                version: 0,
                deleted: true,
                reactions: 0,
                pinned: false
            }
        );
    }
}
