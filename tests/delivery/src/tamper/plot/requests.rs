//! What is done to pages that are read, and to what is posted. Pure.

use uuid::Uuid;

use super::super::edit::without;
use super::{Fault, Plot};
use crate::journal::Item;

/// What to do with a post.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Post {
    Forward,
    /// Forward it, and then once more with this body.
    Twice(String),
    /// Answer with this status and body, and forward nothing.
    Swallow(u16, String),
}

impl Plot {
    /// A page on its way to somebody.
    pub(in super::super) fn page(&mut self, cookie: &str, read: Option<i64>, html: &str) -> String {
        if let Some(user) = crate::shown::me(html)
            && !cookie.is_empty()
        {
            self.users.entry(cookie.to_owned()).or_insert(user);
        }
        if let Some(conversation) = read {
            self.look_over(cookie, conversation, html);
        }
        let html = self.aliased(html);
        match self.fault {
            Fault::Drop if self.planted.is_some() && self.victim.cookie == cookie => {
                without(&html, &self.victim.uuid)
            }
            _ => html,
        }
    }

    /// Somebody else's cookie to read a conversation with, for somebody who is out of it.
    pub(in super::super) fn disguise(&self, cookie: &str, conversation: i64) -> Option<String> {
        if self.fault != Fault::Leak || !self.other_way {
            return None;
        }
        let user = *self.users.get(cookie)?;
        self.out(user, conversation)?;
        let insider = self.insiders.get(&conversation);
        insider.filter(|insider| *insider != cookie).cloned()
    }

    /// A page read in disguise is a leak once there is something on it that came after its reader was out.
    fn look_over(&mut self, cookie: &str, conversation: i64, html: &str) {
        if self.planted.is_some() || self.disguise(cookie, conversation).is_none() {
            return;
        }
        let user = self.users.get(cookie).copied().unwrap_or(-1);
        let out = self
            .out(user, conversation)
            .map_or(i64::MAX, |last| last.rev);
        let page = crate::shown::page(html);
        let later = page.is_some_and(|page| {
            let mut items = page.items.iter();
            items.any(|item| matches!(item, Item::Message(message) if message.rev > out))
        });
        if later {
            self.planted = Some(format!(
                "user {user} reads conversation {conversation} as somebody else"
            ));
        }
    }

    /// A post on its way to the chat.
    pub(in super::super) fn post(&mut self, path: &str, body: &str) -> Post {
        let send = path
            .strip_suffix("/messages")
            .and_then(|path| path.strip_prefix("/c/"));
        let send = send.and_then(|id| id.parse::<i64>().ok());
        let uuid = field(body, "client_id").unwrap_or_default();
        match (self.fault, send) {
            (Fault::Duplicate, Some(_)) if self.other_way && self.strikes() => {
                let second = Uuid::new_v4().to_string();
                self.planted = Some(format!("{path}: message {uuid} stored twice"));
                let twice = body.replace(uuid, &second);
                self.alias = Some((second, uuid.to_owned()));
                Post::Twice(twice)
            }
            (Fault::Ack, Some(conversation)) if !self.other_way && self.strikes() => {
                self.planted = Some(format!("{path}: message {uuid} acknowledged only"));
                let (seq, rev) = self.heads.get(&conversation).copied().unwrap_or_default();
                let answer = serde_json::json!({
                    "seq": seq + 1, "rev": rev + 1, "client_id": uuid, "at": "2026-01-01T00:00:00Z", "html": ""
                });
                Post::Swallow(201, answer.to_string())
            }
            (Fault::Ack, None) if self.other_way => match path.rsplit_once('/') {
                Some((message, "edit" | "delete")) => self.swallow_change(message, path),
                _ => Post::Forward,
            },
            _ => Post::Forward,
        }
    }

    /// An edit or a deletion of the message at this path. A later one would hide that the first was never made.
    fn swallow_change(&mut self, message: &str, path: &str) -> Post {
        if self.strikes() {
            self.planted = Some(format!("{path}: acknowledged only"));
            self.victim.path = message.to_owned();
        }
        match self.victim.path == message {
            true => Post::Swallow(204, String::new()),
            false => Post::Forward,
        }
    }
}

/// A field of a form; UUIDs need no decoding.
fn field<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    body.split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}
