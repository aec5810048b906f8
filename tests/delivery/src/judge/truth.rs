//! What happened in a conversation, as its keeper reads it back. Pure.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::case::{Case, What};
use super::seats::Seats;
use crate::journal::{Answer, Conversation, History, Item, Message, Notice};

/// What happened in a conversation.
pub(super) struct Truth<'a> {
    pub place: &'a Conversation,
    pub history: &'a History,
    pub rev: i64,
    pub messages: BTreeMap<i64, &'a Message>,
    pub notices: BTreeMap<i64, &'a Notice>,
    /// Where each message stands; twice, where something is wrong.
    pub places: HashMap<Uuid, Vec<i64>>,
    pub seats: Seats,
    /// The rev of each message's sending, as near as anybody saw it.
    sent: HashMap<i64, i64>,
}

impl<'a> Truth<'a> {
    /// `None` where the keeper read nothing back.
    pub fn of(case: &Case<'a>, place: &'a Conversation) -> Option<Self> {
        let histories = case.histories.get(&place.conversation)?;
        let history = *histories
            .iter()
            .rfind(|history| history.person == place.keeper && history.rev.is_some())?;
        let mut truth = Self {
            place,
            history,
            rev: history.rev?,
            messages: BTreeMap::new(),
            notices: BTreeMap::new(),
            places: HashMap::new(),
            seats: Seats::default(),
            sent: HashMap::new(),
        };
        for item in &history.items {
            match item {
                Item::Message(message) => {
                    truth.messages.insert(message.seq, message);
                    truth
                        .places
                        .entry(message.uuid)
                        .or_default()
                        .push(message.seq);
                }
                Item::Notice(notice) => {
                    truth.notices.insert(notice.rev, notice);
                }
            }
        }
        truth.seats = Seats::of(case, place, truth.notices.values().copied());
        truth.learn_when_sent(case);
        Some(truth)
    }

    pub fn id(&self) -> i64 {
        self.place.conversation
    }

    /// The rev of a message's sending: never before it, later only where nobody saw it.
    pub fn sent_rev(&self, seq: i64) -> i64 {
        self.sent.get(&seq).copied().unwrap_or(i64::MAX)
    }

    fn learn_when_sent(&mut self, case: &Case<'a>) {
        for message in self.messages.values() {
            self.sent.insert(message.seq, message.rev);
        }
        let received = case
            .logs_of(self.place.conversation)
            .flat_map(|(_, steps)| steps);
        for step in received {
            if let What::Received(received) = &step.what
                && let Item::Message(message) = &received.item
            {
                self.seen(message.seq, message.rev, message.uuid);
            }
        }
        for op in case.ops_of(self.place.conversation) {
            if let (Some(uuid), Answer::Ok { seq, rev }) = (op.uuid(), op.answer()) {
                self.seen(seq, rev, uuid);
            }
        }
    }

    /// Counts only what agrees with the truth about which message it is.
    fn seen(&mut self, seq: i64, rev: i64, uuid: Uuid) {
        if self
            .messages
            .get(&seq)
            .is_some_and(|message| message.uuid == uuid)
        {
            self.sent
                .entry(seq)
                .and_modify(|sent| *sent = rev.min(*sent));
        }
    }
}
