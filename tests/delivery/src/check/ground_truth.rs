//! What happened in a conversation, as its owner read it back at the end. Pure.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::index::Index;
use super::memberships::Memberships;
use super::tab_events::EventKind;
use crate::journal::{Answer, Conversation, Item, Message, Notice, ReadBack};

pub(super) struct GroundTruth<'a> {
    pub conversation: &'a Conversation,
    pub read_back: &'a ReadBack,
    pub rev: i64,
    pub messages: BTreeMap<i64, &'a Message>,
    pub notices: BTreeMap<i64, &'a Notice>,
    /// The numbers of each message; more than one is an anomaly.
    pub seqs: HashMap<Uuid, Vec<i64>>,
    pub memberships: Memberships,
    /// The rev at which each message was sent, as early as anybody saw it.
    sent: HashMap<i64, i64>,
}

impl<'a> GroundTruth<'a> {
    /// `None` if the owner read nothing back.
    pub(super) fn of(index: &Index<'a>, conversation: &'a Conversation) -> Option<Self> {
        let read_backs = index.read_backs.get(&conversation.conversation)?;
        let read_back = *read_backs
            .iter()
            .rfind(|one| one.person == conversation.owner && one.rev.is_some())?;
        let mut truth = Self {
            conversation,
            read_back,
            rev: read_back.rev?,
            messages: BTreeMap::new(),
            notices: BTreeMap::new(),
            seqs: HashMap::new(),
            memberships: Memberships::default(),
            sent: HashMap::new(),
        };
        for item in &read_back.items {
            match item {
                Item::Message(message) => {
                    truth.messages.insert(message.seq, message);
                    let seqs = truth.seqs.entry(message.uuid).or_default();
                    seqs.push(message.seq);
                }
                Item::Notice(notice) => {
                    truth.notices.insert(notice.rev, notice);
                }
            }
        }
        let notices = truth.notices.values().copied();
        truth.memberships = Memberships::of(index, conversation, notices);
        truth.find_sent_revs(index);
        Some(truth)
    }

    pub(super) fn id(&self) -> i64 {
        self.conversation.conversation
    }

    /// The rev at which a message was sent: never too low; too high only if nobody saw the message before a change.
    pub(super) fn sent_rev(&self, seq: i64) -> i64 {
        self.sent.get(&seq).copied().unwrap_or(i64::MAX)
    }

    /// The messages that the run itself sent.
    pub(super) fn new_messages(&self) -> impl Iterator<Item = i64> {
        let all = self.messages.keys().copied();
        all.filter(|seq| *seq > self.conversation.seq)
    }

    /// The notices since the run began.
    pub(super) fn new_notices(&self) -> impl Iterator<Item = &'a Notice> {
        let new = self.notices.range(self.conversation.rev + 1..);
        new.map(|(_, notice)| *notice)
    }

    fn find_sent_revs(&mut self, index: &Index<'a>) {
        for message in self.messages.values() {
            self.sent.insert(message.seq, message.rev);
        }
        let events = index.events_of(self.id()).flat_map(|(_, events)| events);
        for event in events {
            if let EventKind::Received(received) = &event.kind
                && let Item::Message(message) = &received.item
            {
                self.note_sent(message.seq, message.rev, message.uuid);
            }
        }
        for op in index.ops_of(self.id()) {
            if let (Some(uuid), Answer::Ok { seq, rev }) = (op.uuid(), op.answer()) {
                self.note_sent(seq, rev, uuid);
            }
        }
    }

    /// Ignores what contradicts the ground truth about the message with this number.
    fn note_sent(&mut self, seq: i64, rev: i64, uuid: Uuid) {
        let message = self.messages.get(&seq);
        if message.is_some_and(|message| message.uuid == uuid) {
            self.sent
                .entry(seq)
                .and_modify(|sent| *sent = rev.min(*sent));
        }
    }
}
