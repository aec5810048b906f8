//! What is done to whom: decides about each thing that passes. Pure.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::edit::Frame;
use super::{Fault, Planting};

pub(super) use requests::Post;

mod live;
mod requests;

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
    /// How long [`Fault::Late`] holds up.
    late: Duration,
    /// Occasions still to be passed by.
    left: u64,
    planted: Option<String>,
    victim: Victim,
    /// A frame that waits for the next one.
    held: Option<Frame>,
    /// A UUID that is shown as another one.
    alias: Option<(String, String)>,
    /// Where each conversation was last seen to stand: seq and rev.
    heads: HashMap<i64, (i64, i64)>,
    users: HashMap<String, i64>,
    /// Up to where somebody was told a conversation by an answer to a resume: what comes by itself later is no news to them.
    told: HashMap<(String, i64), i64>,
    /// Who came into which conversation, or went, last.
    moves: HashMap<(i64, i64), Move>,
    /// Somebody who is in, by conversation.
    insiders: HashMap<i64, String>,
    /// Who made each conversation: the judge goes by what they read back, so nothing may be missing there.
    makers: HashMap<i64, String>,
}

/// Somebody's coming, or going.
#[derive(Debug)]
struct Move {
    rev: i64,
    out: bool,
    /// Whether it has reached them: all that was for them before has, too.
    told: bool,
}

/// Whom and what a fault hits.
#[derive(Debug, Default)]
struct Victim {
    cookie: String,
    conversation: i64,
    rev: i64,
    uuid: String,
    /// When it ends; never where there is none.
    until: Option<Instant>,
    /// The message whose changes are swallowed: its path.
    path: String,
}

/// A frame for somebody else than the one it came for.
pub(super) type Stray = (String, String);

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
            told: HashMap::new(),
            moves: HashMap::new(),
            insiders: HashMap::new(),
            makers: HashMap::new(),
        }
    }

    pub fn planted(&self) -> Option<&str> {
        self.planted.as_deref()
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
        let told = (cookie.to_owned(), frame.conversation());
        let told = self.told.get(&told).copied().unwrap_or(0);
        let strange = frame.is_message() && !own && frame.number("rev") > told;
        let mut strays = Vec::new();
        let fault = self.fault;
        let passed = match fault {
            Fault::Drop => self.drop_frame(cookie, &mut frame, strange),
            Fault::Gap | Fault::Late => self.gap(cookie, &mut frame, strange),
            Fault::Duplicate if !self.other_way && strange && self.strikes() => {
                self.plant(cookie, &frame, "a live event twice");
                vec![frame.text(), frame.text()]
            }
            Fault::Swap => self.swap(cookie, frame, strange),
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
        if let Some(to) = frame.0["conversation"]["to"].as_i64() {
            let told = (cookie.to_owned(), frame.conversation());
            let told = self.told.entry(told).or_default();
            *told = to.max(*told);
        }
        if !matches!(frame.kind(), "message" | "changed" | "notice") {
            return;
        }
        let conversation = frame.conversation();
        let head = self.heads.entry(conversation).or_default();
        if frame.number("rev") > head.1 {
            *head = (head.0.max(frame.number("seq")), frame.number("rev"));
        }
        let Some((user, comes)) = frame.moves() else {
            self.insiders.insert(conversation, cookie.to_owned());
            return;
        };
        let (rev, told) = (frame.number("rev"), self.users.get(cookie) == Some(&user));
        let new = Move {
            rev,
            out: !comes,
            told,
        };
        // The same comes to everybody, at different times.
        let known = self
            .moves
            .entry((user, conversation))
            .or_insert(Move { rev: 0, ..new });
        match rev.cmp(&known.rev) {
            Ordering::Greater => *known = new,
            Ordering::Equal => known.told |= told,
            Ordering::Less => {}
        }
    }

    /// The rev with which somebody went out.
    fn out(&self, user: i64, conversation: i64) -> Option<&Move> {
        let last = self.moves.get(&(user, conversation));
        last.filter(|last| last.out)
    }

    /// A post of theirs led to this conversation: the first who is led there has made it.
    pub fn led(&mut self, cookie: &str, conversation: i64) {
        self.makers
            .entry(conversation)
            .or_insert_with(|| cookie.to_owned());
    }
}
