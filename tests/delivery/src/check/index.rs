//! The journal, indexed by person, tab and conversation. Pure.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use uuid::Uuid;

use super::replay::{Replay, replay};
use super::result::Totals;
use super::tab_events::{EventKind, TabEvent};
use crate::journal::{
    Action, Answer, Bounds, Connection, Conversation, Entry, Intent, Journal, Micros, Outcome,
    Person, ReadBack, State, Window,
};

#[derive(Default)]
pub(super) struct Index<'a> {
    pub bounds: Bounds,
    pub people: BTreeMap<u32, &'a Person>,
    pub by_name: HashMap<&'a str, u32>,
    /// The person of each tab.
    pub tabs: BTreeMap<u32, u32>,
    pub conversations: BTreeMap<i64, &'a Conversation>,
    pub ops: Vec<Op<'a>>,
    /// What reached each tab of each conversation, in order.
    pub events: BTreeMap<(i64, u32), Vec<TabEvent<'a>>>,
    /// What each tab showed as a result.
    pub replays: BTreeMap<(i64, u32), Replay>,
    pub connections: BTreeMap<u32, Vec<&'a Connection>>,
    /// By their start.
    pub windows: Vec<&'a Window>,
    /// By conversation, in order.
    pub read_backs: BTreeMap<i64, Vec<&'a ReadBack>>,
    pub received: u64,
    pub end: Micros,
}

/// An operation and its outcome.
pub(super) struct Op<'a> {
    pub intent: &'a Intent,
    /// None if the run ended before.
    pub outcome: Option<&'a Outcome>,
}

impl Op<'_> {
    /// The UUID of a send.
    pub(super) fn uuid(&self) -> Option<Uuid> {
        match self.intent.action {
            Action::Send { uuid } => Some(uuid),
            _ => None,
        }
    }

    pub(super) fn answer(&self) -> Answer {
        let unknown = Answer::Unknown { status: None };
        self.outcome.map_or(unknown, |outcome| outcome.result)
    }

    /// When the acknowledgement arrived.
    pub(super) fn acked_at(&self) -> Option<Micros> {
        let outcome = self.outcome.filter(|outcome| outcome.result.is_ok());
        outcome.map(|outcome| outcome.at)
    }
}

impl<'a> Index<'a> {
    pub(super) fn of(journal: &'a Journal) -> Self {
        let mut builder = Builder::default();
        for entry in &journal.0 {
            builder.add(entry);
        }
        builder.finish()
    }

    /// The events of a conversation, with the number of each tab.
    pub(super) fn events_of(
        &self,
        conversation: i64,
    ) -> impl Iterator<Item = (u32, &[TabEvent<'a>])> {
        let events = self
            .events
            .range((conversation, 0)..=(conversation, u32::MAX));
        events.map(|((_, tab), events)| (*tab, events.as_slice()))
    }

    /// The operations in a conversation.
    pub(super) fn ops_of(&self, conversation: i64) -> impl Iterator<Item = &Op<'a>> {
        self.ops
            .iter()
            .filter(move |op| op.intent.conversation == conversation)
    }

    pub(super) fn name(&self, person: u32) -> &'a str {
        self.people
            .get(&person)
            .map_or("unknown", |person| person.name.as_str())
    }

    /// Whether this time overlaps a fault window, or the time that the chat may take to recover from one.
    pub(super) fn in_fault_window(&self, from: Micros, to: Micros) -> bool {
        let recovery = micros(self.bounds.recovery);
        self.windows
            .iter()
            .any(|window| from <= window.to + recovery && window.from <= to)
    }

    /// How much was checked.
    pub(super) fn totals(&self) -> Totals {
        let connections = self.connections.values().flatten();
        let lost = connections.filter(|connection| connection.state == State::Lost);
        let mut totals = Totals {
            received: self.received,
            lost_connections: lost.count() as u64,
            ..Totals::default()
        };
        for op in &self.ops {
            if op.uuid().is_none() {
                totals.changes += u64::from(op.answer().is_ok());
                continue;
            }
            totals.sends += 1;
            match op.answer() {
                Answer::Ok { .. } | Answer::Done => totals.acked += 1,
                Answer::Refused { .. } => totals.refused += 1,
                Answer::Unknown { .. } => totals.unknown += 1,
            }
        }
        totals
    }
}

#[derive(Default)]
struct Builder<'a> {
    index: Index<'a>,
    /// The place of each operation in the index.
    ops: HashMap<u64, usize>,
    /// The current segment of each tab's connection.
    segments: HashMap<u32, u32>,
}

impl<'a> Builder<'a> {
    fn add(&mut self, entry: &'a Entry) {
        let index = &mut self.index;
        match entry {
            Entry::Run(run) => index.bounds = run.bounds,
            Entry::Person(person) => {
                index.people.insert(person.person, person);
                index.by_name.insert(&person.name, person.person);
            }
            Entry::Conversation(one) => {
                index.conversations.insert(one.conversation, one);
            }
            Entry::Tab(tab) => {
                index.tabs.insert(tab.tab, tab.person);
            }
            Entry::Intent(intent) => {
                self.ops.insert(intent.op, index.ops.len());
                index.ops.push(Op {
                    intent,
                    outcome: None,
                });
            }
            Entry::Outcome(outcome) => {
                index.end = index.end.max(outcome.at);
                if let Some(&op) = self.ops.get(&outcome.op) {
                    index.ops[op].outcome = Some(outcome);
                }
            }
            Entry::Connection(connection) => self.connection(connection),
            Entry::Window(window) => index.windows.push(window),
            Entry::ReadBack(read_back) => {
                let all = index.read_backs.entry(read_back.conversation);
                all.or_default().push(read_back);
            }
            Entry::Settled(settled) => index.end = index.end.max(settled.at),
            Entry::Page(page) => self.event(page.tab, page.conversation, EventKind::Page(page)),
            Entry::Range(range) => {
                self.event(range.tab, range.conversation, EventKind::Range(range));
            }
            Entry::Received(received) => {
                index.received += 1;
                index.end = index.end.max(received.at);
                let kind = EventKind::Received(received);
                self.event(received.tab, received.conversation, kind);
            }
            Entry::Removed(removed) => {
                self.event(removed.tab, removed.conversation, EventKind::Removed);
            }
        }
    }

    fn connection(&mut self, connection: &'a Connection) {
        self.index.end = self.index.end.max(connection.at);
        if connection.state != State::Complete {
            *self.segments.entry(connection.tab).or_default() += 1;
        }
        let all = self.index.connections.entry(connection.tab);
        all.or_default().push(connection);
    }

    fn event(&mut self, tab: u32, conversation: i64, kind: EventKind<'a>) {
        let segment = self.segments.get(&tab).copied().unwrap_or(0);
        let events = self.index.events.entry((conversation, tab)).or_default();
        events.push(TabEvent { segment, kind });
    }

    fn finish(self) -> Index<'a> {
        let mut index = self.index;
        index.windows.sort_by_key(|window| window.from);
        let replays = index.events.iter().map(|(&(conversation, tab), events)| {
            let person = index.tabs.get(&tab);
            let viewer = person.map_or("", |person| index.name(*person));
            ((conversation, tab), replay(events, viewer))
        });
        index.replays = replays.collect();
        index
    }
}

/// A time as the journal has it.
pub(super) fn micros(time: Duration) -> Micros {
    time.as_micros() as Micros
}
