//! What each fault does to pages and posts. Pure.

use uuid::Uuid;

use super::super::edit::without;
use super::super::fault::Fault;
use super::Injector;
use crate::journal::Item;
use crate::page;

/// What to do with a post.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Post {
    Forward,
    /// Forward it, then forward it again with this body.
    Twice(String),
    /// Answer with this status and body, and forward nothing.
    Swallow(u16, String),
}

impl Injector {
    /// A page for a person.
    pub(crate) fn page(&mut self, cookie: &str, read: Option<i64>, html: &str) -> String {
        if let Some(user) = page::viewer(html)
            && !cookie.is_empty()
        {
            self.users.entry(cookie.to_owned()).or_insert(user);
        }
        if let Some(conversation) = read {
            self.note_leak(cookie, conversation, html);
        }
        let html = self.aliased(html);
        match self.fault {
            Fault::Drop if self.injected.is_some() && self.target.cookie == cookie => {
                without(&html, &self.target.uuid)
            }
            _ => html,
        }
    }

    /// The cookie of a member with which a removed person reads a conversation.
    pub(crate) fn impersonate(&self, cookie: &str, conversation: i64) -> Option<String> {
        if self.fault != Fault::Leak || !self.second_variant {
            return None;
        }
        let user = *self.users.get(cookie)?;
        self.removal(user, conversation)?;
        let member = self.members.get(&conversation);
        member.filter(|member| *member != cookie).cloned()
    }

    /// A page that was read as a member is a leak once it has something on it that is newer than the removal.
    fn note_leak(&mut self, cookie: &str, conversation: i64, html: &str) {
        if self.injected.is_some() || self.impersonate(cookie, conversation).is_none() {
            return;
        }
        let user = self.users.get(cookie).copied().unwrap_or(-1);
        let removed = self
            .removal(user, conversation)
            .map_or(i64::MAX, |removal| removal.rev);
        let newer = page::parse(html).is_some_and(|page| {
            let mut items = page.items.iter();
            items.any(|item| matches!(item, Item::Message(message) if message.rev > removed))
        });
        if newer {
            self.injected = Some(format!(
                "user {user} reads conversation {conversation} as a member"
            ));
        }
    }

    /// A post for the chat.
    pub(crate) fn post(&mut self, path: &str, body: &str) -> Post {
        let send = path
            .strip_suffix("/messages")
            .and_then(|path| path.strip_prefix("/c/"));
        let send = send.and_then(|id| id.parse::<i64>().ok());
        let uuid = field(body, "client_id").unwrap_or_default();
        match (self.fault, send) {
            (Fault::Duplicate, Some(_)) if self.second_variant && self.is_due() => {
                let second = Uuid::new_v4().to_string();
                self.injected = Some(format!("{path}: message {uuid} stored twice"));
                let twice = body.replace(uuid, &second);
                self.alias = Some((second, uuid.to_owned()));
                Post::Twice(twice)
            }
            (Fault::FalseAck, Some(conversation)) if !self.second_variant && self.is_due() => {
                self.injected = Some(format!("{path}: message {uuid} acknowledged and dropped"));
                let (seq, rev) = self.heads.get(&conversation).copied().unwrap_or_default();
                let answer = serde_json::json!({
                    "seq": seq + 1, "rev": rev + 1, "client_id": uuid, "at": "2026-01-01T00:00:00Z", "html": ""
                });
                Post::Swallow(201, answer.to_string())
            }
            (Fault::FalseAck, None) if self.second_variant => match path.rsplit_once('/') {
                Some((message, "edit" | "delete")) => self.swallow_change(message, path),
                _ => Post::Forward,
            },
            _ => Post::Forward,
        }
    }

    /// An edit or a deletion of the message at this path. Later changes are swallowed too: one that got through would hide that
    /// the first is missing.
    fn swallow_change(&mut self, message: &str, path: &str) -> Post {
        if self.is_due() {
            self.injected = Some(format!("{path}: acknowledged and dropped"));
            self.target.path = message.to_owned();
        }
        match self.target.path == message {
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
