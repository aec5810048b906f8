//! What is done to whom: decides about each thing that passes. Pure.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use uuid::Uuid;

use super::edit::{Frame, one_version_back, without};
use super::{Fault, Planting};

/// Occasions that pass before a fault is planted: not at the very beginning, and not too late for a short run.
const OCCASIONS: std::ops::Range<u64> = 10..60;
/// As [`OCCASIONS`], of what there is less: edits, and people who are out.
const RARE: std::ops::Range<u64> = 1..4;

/// What is done to whom. People are told apart by their cookies.
#[derive(Debug)]
pub(super) struct Plot {
    fault: Fault,
    /// Of the two ways that some faults have, the other one.
    other_way: bool,
    late: std::time::Duration,
    /// Occasions still to be passed by.
    left: u64,
    planted: Option<String>,
    /// Whom and what it hits.
    victim: Victim,
    /// A frame that waits for the next one.
    held: Option<Frame>,
    /// A UUID that is shown as another one.
    alias: Option<(String, String)>,
    /// Where each conversation was last seen to stand: seq and rev.
    heads: HashMap<i64, (i64, i64)>,
    users: HashMap<String, i64>,
    /// Who is out of which conversation.
    out: HashSet<(i64, i64)>,
    /// Somebody who is in, by conversation.
    insiders: HashMap<i64, String>,
    /// Who made each conversation: the judge goes by what they read back, so nothing may be missing there.
    makers: HashMap<i64, String>,
}

/// Whom and what a fault hits.
#[derive(Debug, Default)]
struct Victim {
    cookie: String,
    conversation: i64,
    rev: i64,
    uuid: String,
    until: Option<Instant>,
    /// The path whose posts are swallowed.
    path: String,
}

/// A frame for somebody else than the one it came for.
pub(super) type Stray = (String, String);

/// What to do with a post.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Post {
    Forward,
    /// Forward it, and then once more with this body.
    Twice(String),
    /// Answer with this status and body, and forward nothing.
    Swallow(u16, String),
}

impl Plot {
    pub fn new(planting: Planting) -> Self {
        let mut rng = fastrand::Rng::with_seed(planting.seed);
        let other_way = planting.seed % 2 == 1;
        let rare = match planting.fault {
            Fault::Stale | Fault::Leak => true,
            Fault::Ack => other_way,
            _ => false,
        };
        Self {
            fault: planting.fault,
            other_way,
            late: planting.late,
            left: rng.u64(if rare { RARE } else { OCCASIONS }),
            planted: None,
            victim: Victim::default(),
            held: None,
            alias: None,
            heads: HashMap::new(),
            users: HashMap::new(),
            out: HashSet::new(),
            insiders: HashMap::new(),
            makers: HashMap::new(),
        }
    }

    pub fn planted(&self) -> Option<&str> {
        self.planted.as_deref()
    }

    /// Until when nothing goes to this person.
    pub fn held_until(&self, cookie: &str) -> Option<Instant> {
        self.victim.until.filter(|_| self.victim.cookie == cookie)
    }

    /// Whether this is the occasion; each one is counted.
    fn strikes(&mut self) -> bool {
        if self.planted.is_some() {
            return false;
        }
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }

    fn plant(&mut self, cookie: &str, frame: &Frame, what: &str) {
        self.victim = Victim {
            cookie: cookie.to_owned(),
            conversation: frame.conversation(),
            rev: frame.number("rev"),
            uuid: frame.uuid().to_owned(),
            until: None,
            path: String::new(),
        };
        let user = self.users.get(cookie).copied().unwrap_or(-1);
        let Victim {
            conversation,
            rev,
            uuid,
            ..
        } = &self.victim;
        self.planted = Some(format!(
            "{what}: message {uuid} (rev {rev}) of conversation {conversation}, for user {user}"
        ));
    }

    fn hits(&self, cookie: &str, conversation: i64) -> bool {
        self.planted.is_some()
            && self.victim.cookie == cookie
            && self.victim.conversation == conversation
    }

    /// A frame on its way to somebody: what they get in its place, and what others get besides.
    pub fn frame(&mut self, cookie: &str, text: &str) -> (Vec<String>, Vec<Stray>) {
        let text = self.aliased(text);
        let Some(mut frame) = Frame::parse(&text) else {
            return (vec![text], Vec::new());
        };
        self.look(cookie, &frame);
        let own = self.users.get(cookie) == Some(&frame.number("sender"));
        let strange = frame.is_message() && !own;
        let mut strays = Vec::new();
        let fault = self.fault;
        let passed = match fault {
            Fault::Drop => self.drop_frame(cookie, &mut frame, strange),
            Fault::Gap => self.gap(cookie, &mut frame, strange),
            Fault::Duplicate if !self.other_way && strange && self.strikes() => {
                self.plant(cookie, &frame, "a live event twice");
                vec![frame.text(), frame.text()]
            }
            Fault::Swap => self.swap(cookie, frame, strange),
            Fault::Late if strange && self.strikes() => {
                self.plant(cookie, &frame, "held up");
                self.victim.until = Some(Instant::now() + self.late);
                vec![text]
            }
            Fault::Leak if !self.other_way && frame.is_message() => {
                strays = self.leak(&frame, &text);
                vec![text]
            }
            Fault::Stale if frame.kind() == "changed" && !own => self.stale(cookie, frame),
            _ => vec![text],
        };
        (passed, strays)
    }

    fn aliased(&self, text: &str) -> String {
        match &self.alias {
            Some((from, to)) => text.replace(from, to),
            None => text.to_owned(),
        }
    }

    /// Learns who is where, and where conversations stand.
    fn look(&mut self, cookie: &str, frame: &Frame) {
        if !matches!(frame.kind(), "message" | "changed" | "notice") {
            return;
        }
        let conversation = frame.conversation();
        let head = self.heads.entry(conversation).or_default();
        if frame.number("rev") > head.1 {
            *head = (head.0.max(frame.number("seq")), frame.number("rev"));
        }
        match frame.moves() {
            Some((user, true)) => self.out.remove(&(user, conversation)),
            Some((user, false)) => self.out.insert((user, conversation)),
            None => self
                .insiders
                .insert(conversation, cookie.to_owned())
                .is_none(),
        };
    }

    /// A post of theirs led to this conversation: the first who is led there has made it.
    pub fn led(&mut self, cookie: &str, conversation: i64) {
        self.makers
            .entry(conversation)
            .or_insert_with(|| cookie.to_owned());
    }

    fn drop_frame(&mut self, cookie: &str, frame: &mut Frame, strange: bool) -> Vec<String> {
        let made = self.makers.get(&frame.conversation()).map(String::as_str) == Some(cookie);
        if strange && !made && self.strikes() {
            self.plant(cookie, frame, "dropped");
        }
        let uuid = self.victim.uuid.clone();
        if self.hits(cookie, frame.conversation()) {
            if frame.uuid() == uuid {
                return Vec::new();
            }
            frame.retain(|_, html| !html.contains(&uuid));
        }
        vec![frame.text()]
    }

    fn gap(&mut self, cookie: &str, frame: &mut Frame, strange: bool) -> Vec<String> {
        if strange && self.strikes() {
            self.plant(cookie, frame, "a gap from here");
        }
        let rev = self.victim.rev;
        if self.hits(cookie, frame.conversation()) {
            if frame.number("rev") == rev {
                return Vec::new();
            }
            if frame.kind() == "resumed" {
                frame.retain(|item, _| item < rev);
                let to = frame.0["conversation"]["to"].as_i64().unwrap_or(0);
                frame.0["conversation"]["to"] = to.min(rev - 1).into();
            }
        }
        vec![frame.text()]
    }

    fn swap(&mut self, cookie: &str, frame: Frame, strange: bool) -> Vec<String> {
        let next_of_held =
            self.hits(cookie, frame.conversation()) && frame.number("rev") > self.victim.rev;
        if let Some(held) = self.held.take_if(|_| next_of_held) {
            if !self.other_way {
                return vec![frame.text(), held.text()];
            }
            if frame.is_message() && frame.number("rev") == held.number("rev") + 1 {
                return vec![
                    frame.in_place_of(&held).text(),
                    held.in_place_of(&frame).text(),
                ];
            }
            // Not two messages in a row: another occasion.
            (self.planted, self.left) = (None, 1);
            return vec![held.text(), frame.text()];
        }
        if strange && self.strikes() {
            self.plant(cookie, &frame, "swapped with the next");
            self.held = Some(frame);
            return Vec::new();
        }
        vec![frame.text()]
    }

    /// A message that goes to somebody who is out as well.
    fn leak(&mut self, frame: &Frame, text: &str) -> Vec<Stray> {
        let conversation = frame.conversation();
        let gone = self
            .users
            .iter()
            .find(|(_, user)| self.out.contains(&(**user, conversation)));
        let Some(cookie) = gone.map(|(cookie, _)| cookie.clone()) else {
            return Vec::new();
        };
        if !self.strikes() {
            return Vec::new();
        }
        self.plant(&cookie, frame, "leaked live");
        vec![(cookie, text.to_owned())]
    }

    fn stale(&mut self, cookie: &str, mut frame: Frame) -> Vec<String> {
        if let Some(before) = one_version_back(frame.html())
            && self.strikes()
        {
            self.plant(cookie, &frame, "the text before");
            frame.0["html"] = before.into();
        }
        vec![frame.text()]
    }

    /// A page on its way to somebody.
    pub fn page(&mut self, cookie: &str, html: &str) -> String {
        if let Some(user) = crate::delivery::shown::me(html)
            && !cookie.is_empty()
        {
            self.users.entry(cookie.to_owned()).or_insert(user);
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
    pub fn disguise(&mut self, cookie: &str, conversation: i64) -> Option<String> {
        if self.fault != Fault::Leak || !self.other_way {
            return None;
        }
        let user = *self.users.get(cookie)?;
        if !self.out.contains(&(user, conversation)) {
            return None;
        }
        let insider = self
            .insiders
            .get(&conversation)
            .filter(|insider| *insider != cookie)?
            .clone();
        self.planted.get_or_insert(format!(
            "user {user} reads conversation {conversation} as somebody else"
        ));
        Some(insider)
    }

    /// A post on its way to the chat.
    pub fn post(&mut self, path: &str, body: &str) -> Post {
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
            (Fault::Ack, None) if self.other_way && path.ends_with("/edit") => {
                if self.strikes() {
                    self.planted = Some(format!("{path}: acknowledged only"));
                    self.victim.path = path.to_owned();
                }
                // A later edit would hide it.
                match self.victim.path == path {
                    true => Post::Swallow(204, String::new()),
                    false => Post::Forward,
                }
            }
            _ => Post::Forward,
        }
    }
}

/// A field of a form; UUIDs need no decoding.
fn field<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    body.split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}
