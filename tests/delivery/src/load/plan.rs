//! What a load does. No I/O.

use std::time::Duration;

use crate::journal::Bounds;

#[derive(Clone, Debug)]
pub struct Plan {
    /// The URL of the chat, or that of each replica.
    pub urls: Vec<String>,
    pub people: usize,
    /// Pages that each person keeps open, spread over the URLs.
    pub tabs: usize,
    /// Names and passwords of existing accounts; if there are none, people sign up.
    pub accounts: Vec<(String, String)>,
    /// Groups, private rooms, public rooms and direct conversations, in turn.
    pub conversations: usize,
    /// Whether to add a public room with over 64 members: records of such rooms do not name the recipients.
    pub large_room: bool,
    /// Messages due per second, over all conversations.
    pub rate: f64,
    /// Messages to send; if not set, until [`Load::finish`].
    pub sends: Option<u64>,
    /// Determines who sends what where. The timing of the chat is not reproducible.
    pub seed: u64,
    /// Edits, deletions, reactions, and pins or the end of one, per message (0.1: one for ten messages).
    pub edits: f64,
    pub deletions: f64,
    pub reactions: f64,
    pub pins: f64,
    /// The share of sends that are retried if there is no answer; the others may appear once or never.
    pub retried: f64,
    /// The time between two membership changes; if not set, memberships do not change.
    pub churn: Option<Duration>,
    pub bounds: Bounds,
}

impl Plan {
    /// A small load: twelve people, eight conversations, 50 messages per second.
    pub fn new(urls: Vec<String>) -> Self {
        Self {
            urls,
            people: 12,
            tabs: 1,
            accounts: Vec::new(),
            conversations: 8,
            large_room: false,
            rate: 50.0,
            sends: None,
            seed: 1,
            edits: 0.08,
            deletions: 0.02,
            reactions: 0.1,
            pins: 0.05,
            retried: 0.8,
            churn: Some(Duration::from_secs(1)),
            bounds: Bounds::default(),
        }
    }
}
