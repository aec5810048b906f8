//! Decides which frame or request the fault hits, and what happens to it. Pure.
//!
//! One injector is shared by the proxies of all replicas and lives as long as they do. It learns from the traffic who is who
//! and who is a member of what, lets a number of occasions pass, injects its fault once, and keeps to it from then on.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::edit::Frame;
use super::fault::{Fault, Injection};

mod frames;
mod requests;

pub(super) use requests::Post;

/// Occasions that pass before the fault: not at the very beginning, and not too late for a short run.
const OCCASIONS: std::ops::Range<u64> = 10..60;
/// The same for what happens less often: edits, and removed members.
const RARE_OCCASIONS: std::ops::Range<u64> = 1..4;

/// A person is known by the cookie of the session.
#[derive(Debug)]
pub(super) struct Injector {
    fault: Fault,
    /// Several faults have two variants.
    second_variant: bool,
    /// How long [`Fault::Delay`] holds frames back.
    delay: Duration,
    /// Occasions that still have to pass.
    left: u64,
    injected: Option<String>,
    target: Target,
    /// A frame that waits for the next one.
    held: Option<Frame>,
    /// A UUID that is shown as another one.
    alias: Option<(String, String)>,
    /// The last seq and rev of each conversation.
    heads: HashMap<i64, (i64, i64)>,
    users: HashMap<String, i64>,
    /// The rev up to which a person has resumed a conversation: live events up to it are not new to that person.
    resumed: HashMap<(String, i64), i64>,
    /// The last change of each membership, by user and conversation.
    memberships: HashMap<(i64, i64), MembershipChange>,
    /// The cookie of a member of each conversation.
    members: HashMap<i64, String>,
    /// The cookie of the creator of each conversation: their read-back is the ground truth, so nothing may be missing in it.
    creators: HashMap<i64, String>,
}

/// A person was added to a conversation, or removed.
#[derive(Debug)]
struct MembershipChange {
    rev: i64,
    removed: bool,
    /// Whether the notice has reached the person, and so everything before it.
    delivered: bool,
}

/// What the fault hits.
#[derive(Debug, Default)]
struct Target {
    cookie: String,
    conversation: i64,
    rev: i64,
    uuid: String,
    /// When the fault ends; none: never.
    until: Option<Instant>,
    /// The path of the message whose changes are swallowed.
    path: String,
}

/// A cookie, and a frame for it that was meant for somebody else.
pub(super) type Misdirected = (String, String);

impl Injector {
    pub(super) fn new(injection: Injection) -> Self {
        let mut rng = fastrand::Rng::with_seed(injection.seed);
        let second_variant = injection.seed % 2 == 1;
        let rare = match injection.fault {
            Fault::Stale | Fault::Leak => true,
            Fault::FalseAck => second_variant,
            _ => false,
        };
        Self {
            fault: injection.fault,
            second_variant,
            delay: injection.delay,
            left: rng.u64(if rare { RARE_OCCASIONS } else { OCCASIONS }),
            injected: None,
            target: Target::default(),
            held: None,
            alias: None,
            heads: HashMap::new(),
            users: HashMap::new(),
            resumed: HashMap::new(),
            memberships: HashMap::new(),
            members: HashMap::new(),
            creators: HashMap::new(),
        }
    }

    /// What was injected, in a sentence.
    pub(super) fn injected(&self) -> Option<&str> {
        self.injected.as_deref()
    }

    /// Counts an occasion. Returns whether the fault is to be injected now.
    fn is_due(&mut self) -> bool {
        if self.injected.is_some() {
            return false;
        }
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }

    /// Makes this frame, for this person, the target.
    fn inject(&mut self, cookie: &str, frame: &Frame, what: &str) {
        self.target = Target {
            cookie: cookie.to_owned(),
            conversation: frame.conversation(),
            rev: frame.number("rev"),
            uuid: frame.uuid().to_owned(),
            until: None,
            path: String::new(),
        };
        let user = self.users.get(cookie).copied().unwrap_or(-1);
        let Target {
            conversation,
            rev,
            uuid,
            ..
        } = &self.target;
        self.injected = Some(format!(
            "{what}: message {uuid} (rev {rev}) of conversation {conversation}, for user {user}"
        ));
    }

    fn targets(&self, cookie: &str, conversation: i64) -> bool {
        self.injected.is_some()
            && self.target.cookie == cookie
            && self.target.conversation == conversation
    }

    /// A frame for a person. Returns what the person receives instead, and what others receive in addition.
    pub(super) fn frame(&mut self, cookie: &str, text: &str) -> (Vec<String>, Vec<Misdirected>) {
        let text = self.aliased(text);
        let Some(mut frame) = Frame::parse(&text) else {
            return (vec![text], Vec::new());
        };
        self.observe(cookie, &frame);
        let own = self.users.get(cookie) == Some(&frame.number("sender"));
        let key = (cookie.to_owned(), frame.conversation());
        let resumed = self.resumed.get(&key).copied().unwrap_or(0);
        // A message of somebody else that is new to this person.
        let occasion = frame.is_message() && !own && frame.number("rev") > resumed;
        let mut misdirected = Vec::new();
        let fault = self.fault;
        let passed = match fault {
            Fault::Drop => self.drop_frame(cookie, &mut frame, occasion),
            Fault::Gap | Fault::Delay => self.gap(cookie, &mut frame, occasion),
            Fault::Duplicate if !self.second_variant && occasion && self.is_due() => {
                self.inject(cookie, &frame, "a live event twice");
                vec![frame.text(), frame.text()]
            }
            Fault::Reorder => self.reorder(cookie, frame, occasion),
            Fault::Leak if !self.second_variant && frame.is_message() => {
                misdirected = self.leak(&frame, &text);
                vec![text]
            }
            Fault::Stale if frame.kind() == "changed" && !own => self.stale(cookie, frame),
            _ => vec![text],
        };
        (passed, misdirected)
    }

    fn aliased(&self, text: &str) -> String {
        match &self.alias {
            Some((from, to)) => text.replace(from, to),
            None => text.to_owned(),
        }
    }

    /// Learns the heads of conversations and the memberships.
    fn observe(&mut self, cookie: &str, frame: &Frame) {
        if let Some(to) = frame.0["conversation"]["to"].as_i64() {
            let key = (cookie.to_owned(), frame.conversation());
            let resumed = self.resumed.entry(key).or_default();
            *resumed = to.max(*resumed);
        }
        if !matches!(frame.kind(), "message" | "changed" | "notice") {
            return;
        }
        let conversation = frame.conversation();
        let head = self.heads.entry(conversation).or_default();
        if frame.number("rev") > head.1 {
            *head = (head.0.max(frame.number("seq")), frame.number("rev"));
        }
        let Some((user, added)) = frame.membership_change() else {
            self.members.insert(conversation, cookie.to_owned());
            return;
        };
        let delivered = self.users.get(cookie) == Some(&user);
        let new = MembershipChange {
            rev: frame.number("rev"),
            removed: !added,
            delivered,
        };
        // Every member receives the same notice, at different times.
        let known = self
            .memberships
            .entry((user, conversation))
            .or_insert(MembershipChange { rev: 0, ..new });
        match new.rev.cmp(&known.rev) {
            Ordering::Greater => *known = new,
            Ordering::Equal => known.delivered |= delivered,
            Ordering::Less => {}
        }
    }

    /// The removal of a user, if the last change of the membership is one.
    fn removal(&self, user: i64, conversation: i64) -> Option<&MembershipChange> {
        let last = self.memberships.get(&(user, conversation));
        last.filter(|last| last.removed)
    }

    /// The answer to a post redirects to this conversation: the first person who is redirected there created it.
    pub(super) fn redirected(&mut self, cookie: &str, conversation: i64) {
        self.creators
            .entry(conversation)
            .or_insert_with(|| cookie.to_owned());
    }
}
