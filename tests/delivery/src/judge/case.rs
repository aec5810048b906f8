//! The journal, sorted by who, where and what. Pure.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use uuid::Uuid;

use super::view::{Shown, replay};
use crate::journal::{
    Action, Answer, Bounds, Connection, Conversation, Entry, History, Intent, Journal, Micros,
    Outcome, Page, Person, Range, Received, State, Window,
};

#[derive(Default)]
pub(super) struct Case<'a> {
    pub bounds: Bounds,
    pub people: BTreeMap<u32, &'a Person>,
    pub by_name: HashMap<&'a str, u32>,
    pub tabs: BTreeMap<u32, u32>,
    pub places: BTreeMap<i64, &'a Conversation>,
    pub ops: Vec<Op<'a>>,
    /// What reached each tab of each conversation, in order.
    pub logs: BTreeMap<(i64, u32), Vec<Step<'a>>>,
    /// What each tab made of it.
    pub shown: BTreeMap<(i64, u32), Shown>,
    pub connections: BTreeMap<u32, Vec<&'a Connection>>,
    pub windows: Vec<&'a Window>,
    /// By conversation, in order.
    pub histories: BTreeMap<i64, Vec<&'a History>>,
    pub received: u64,
    pub end: Micros,
}

/// Something that was done, and what became of it.
pub(super) struct Op<'a> {
    pub intent: &'a Intent,
    /// None where the run ended before.
    pub outcome: Option<&'a Outcome>,
}

/// Something that reached a tab.
pub(super) struct Step<'a> {
    /// Which stretch of a live connection: what comes by itself comes once in it, and in order.
    pub stretch: u32,
    pub what: What<'a>,
}

pub(super) enum What<'a> {
    Page(&'a Page),
    Range(&'a Range),
    Received(&'a Received),
    Gone,
}

impl Op<'_> {
    pub fn uuid(&self) -> Option<Uuid> {
        match self.intent.action {
            Action::Send { uuid } => Some(uuid),
            _ => None,
        }
    }

    pub fn answer(&self) -> Answer {
        let unknown = Answer::Unknown { status: None };
        self.outcome.map_or(unknown, |outcome| outcome.result)
    }

    /// When its success was known.
    pub fn acked_at(&self) -> Option<Micros> {
        let outcome = self.outcome.filter(|outcome| outcome.result.is_ok());
        outcome.map(|outcome| outcome.at)
    }
}

impl<'a> Case<'a> {
    pub fn of(journal: &'a Journal) -> Self {
        let mut case = Self::default();
        let mut numbers: HashMap<u64, usize> = HashMap::new();
        let mut stretches: HashMap<u32, u32> = HashMap::new();
        for entry in &journal.0 {
            match entry {
                Entry::Run(run) => case.bounds = run.bounds,
                Entry::Person(person) => {
                    case.people.insert(person.person, person);
                    case.by_name.insert(&person.name, person.person);
                }
                Entry::Conversation(place) => {
                    case.places.insert(place.conversation, place);
                }
                Entry::Tab(tab) => {
                    case.tabs.insert(tab.tab, tab.person);
                }
                Entry::Intent(intent) => {
                    numbers.insert(intent.op, case.ops.len());
                    case.ops.push(Op {
                        intent,
                        outcome: None,
                    });
                }
                Entry::Outcome(outcome) => {
                    case.end = case.end.max(outcome.at);
                    if let Some(&number) = numbers.get(&outcome.op) {
                        case.ops[number].outcome = Some(outcome);
                    }
                }
                Entry::Connection(connection) => {
                    case.end = case.end.max(connection.at);
                    if connection.state != State::Complete {
                        *stretches.entry(connection.tab).or_default() += 1;
                    }
                    case.connections
                        .entry(connection.tab)
                        .or_default()
                        .push(connection);
                }
                Entry::Page(page) => {
                    case.step(&stretches, page.tab, page.conversation, What::Page(page))
                }
                Entry::Range(range) => case.step(
                    &stretches,
                    range.tab,
                    range.conversation,
                    What::Range(range),
                ),
                Entry::Received(received) => {
                    case.received += 1;
                    case.end = case.end.max(received.at);
                    case.step(
                        &stretches,
                        received.tab,
                        received.conversation,
                        What::Received(received),
                    );
                }
                Entry::Gone(gone) => case.step(&stretches, gone.tab, gone.conversation, What::Gone),
                Entry::Window(window) => case.windows.push(window),
                Entry::History(history) => {
                    case.histories
                        .entry(history.conversation)
                        .or_default()
                        .push(history);
                }
                Entry::Settled(settled) => case.end = case.end.max(settled.at),
            }
        }
        case.windows.sort_by_key(|window| window.from);
        let shown = case.logs.iter().map(|(&(conversation, tab), steps)| {
            let me = case.tabs.get(&tab).map_or("", |person| case.name(*person));
            ((conversation, tab), replay(steps, me))
        });
        case.shown = shown.collect();
        case
    }

    fn step(&mut self, stretches: &HashMap<u32, u32>, tab: u32, conversation: i64, what: What<'a>) {
        let stretch = stretches.get(&tab).copied().unwrap_or(0);
        let log = self.logs.entry((conversation, tab)).or_default();
        log.push(Step { stretch, what });
    }

    /// The logs of a conversation, each with the tab's number.
    pub fn logs_of(&self, conversation: i64) -> impl Iterator<Item = (u32, &[Step<'a>])> {
        let logs = self
            .logs
            .range((conversation, 0)..=(conversation, u32::MAX));
        logs.map(|((_, tab), steps)| (*tab, steps.as_slice()))
    }

    /// What was done in a conversation.
    pub fn ops_of(&self, conversation: i64) -> impl Iterator<Item = &Op<'a>> {
        self.ops
            .iter()
            .filter(move |op| op.intent.conversation == conversation)
    }

    pub fn name(&self, person: u32) -> &'a str {
        self.people
            .get(&person)
            .map_or("somebody", |person| person.name.as_str())
    }

    /// Whether something was broken on purpose in this time, or may not have recovered from it yet.
    pub fn excused(&self, from: Micros, to: Micros) -> bool {
        let grace = micros(self.bounds.recovery);
        self.windows
            .iter()
            .any(|window| from <= window.to + grace && window.from <= to)
    }

    pub fn lost_connections(&self) -> u64 {
        let all = self.connections.values().flatten();
        all.filter(|connection| connection.state == State::Lost)
            .count() as u64
    }
}

/// A time as the journal has it.
pub(super) fn micros(time: Duration) -> Micros {
    time.as_micros() as Micros
}
