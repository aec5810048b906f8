//! Builds a journal step by step.

use confab_delivery::check::{Anomaly, CheckResult, check};
use confab_delivery::journal::{
    Action, Answer, Bounds, Connection, Content, Conversation, ConversationKind, Entry, Intent,
    Item, Journal, Message, Notice, Outcome, Page, Person, Range, ReadBack, Received, Run, Settled,
    State, Tab, VERSION, Via,
};
use uuid::Uuid;

pub(crate) const ID: i64 = 7;
pub(crate) const NAMES: [&str; 3] = ["ada", "bob", "eve"];
pub(crate) const ALL: [u32; 3] = [0, 1, 2];

/// The journal of a conversation of Ada, its owner, Bob and Eve. Tab and person have the same number.
pub(crate) struct Scenario {
    pub(crate) journal: Vec<Entry>,
    pub(crate) now: u64,
    pub(crate) ops: u64,
    pub(crate) rev: i64,
    pub(crate) messages: Vec<Message>,
    pub(crate) notices: Vec<Notice>,
}

pub(crate) fn uuid(seq: i64) -> Uuid {
    Uuid::from_u128(seq as u128)
}

impl Scenario {
    pub(crate) fn new(kind: ConversationKind) -> Self {
        let run = Run {
            version: VERSION,
            began: String::new(),
            urls: Vec::new(),
            seed: 1,
            rate: 1.0,
            bounds: Bounds::default(),
        };
        let mut scenario = Self {
            journal: vec![Entry::Run(run)],
            now: 0,
            ops: 0,
            rev: 0,
            messages: Vec::new(),
            notices: Vec::new(),
        };
        for person in ALL {
            let name = NAMES[person as usize].to_owned();
            scenario.push(Entry::Person(Person {
                person,
                name,
                user: i64::from(person) + 10,
            }));
            scenario.push(Entry::Tab(Tab {
                tab: person,
                person,
            }));
        }
        scenario.notice("created", 0, None);
        scenario.notice("added", 0, Some(1));
        scenario.notice("added", 0, Some(2));
        scenario.push(Entry::Conversation(Conversation {
            conversation: ID,
            kind,
            owner: 0,
            members: ALL.to_vec(),
            rev: 3,
            seq: 0,
        }));
        for tab in ALL {
            scenario.connect(tab);
            scenario.page(tab);
        }
        scenario
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.journal.push(entry);
    }

    pub(crate) fn tick(&mut self, ms: u64) -> u64 {
        self.now += ms * 1000;
        self.now
    }

    pub(crate) fn state(&mut self, tab: u32, state: State) {
        let at = self.tick(1);
        self.push(Entry::Connection(Connection { tab, at, state }));
    }

    pub(crate) fn connect(&mut self, tab: u32) {
        self.state(
            tab,
            State::Open {
                replica: "r".into(),
            },
        );
        self.state(tab, State::Complete);
    }

    /// The tab loads the current page.
    pub(crate) fn page(&mut self, tab: u32) {
        self.page_with(tab, self.items());
    }

    /// The tab loads a page with these items only.
    pub(crate) fn page_with(&mut self, tab: u32, items: Vec<Item>) {
        let (at, rev) = (self.tick(1), self.rev);
        self.push(Entry::Page(Page {
            tab,
            at,
            conversation: ID,
            rev,
        }));
        for item in items {
            self.receive(tab, Via::Page, item);
        }
    }

    pub(crate) fn items(&self) -> Vec<Item> {
        let messages = self.messages.iter().cloned().map(Item::Message);
        messages
            .chain(self.notices.iter().cloned().map(Item::Notice))
            .collect()
    }

    pub(crate) fn receive(&mut self, tab: u32, via: Via, item: Item) {
        self.receive_after(tab, via, None, item);
    }

    pub(crate) fn receive_after(&mut self, tab: u32, via: Via, after: Option<i64>, item: Item) {
        let at = self.tick(1);
        self.push(Entry::Received(Received {
            tab,
            at,
            conversation: ID,
            via,
            after,
            item,
        }));
    }

    pub(crate) fn live(&mut self, tabs: &[u32], item: &Item) {
        for &tab in tabs {
            self.receive(tab, Via::Live, item.clone());
        }
    }

    pub(crate) fn range(&mut self, tab: u32, from: i64, to: i64, items: &[Item]) {
        let at = self.tick(1);
        self.push(Entry::Range(Range {
            tab,
            at,
            conversation: ID,
            from,
            to,
        }));
        for item in items {
            self.receive(tab, Via::Resume, item.clone());
        }
    }

    pub(crate) fn op(&mut self, person: u32, action: Action, result: Option<Answer>) {
        let (op, at) = (self.ops, self.tick(1));
        self.ops += 1;
        self.push(Entry::Intent(Intent {
            op,
            at,
            person,
            conversation: ID,
            action,
        }));
        let at = self.tick(1);
        if let Some(result) = result {
            self.push(Entry::Outcome(Outcome {
                op,
                at,
                attempts: 1,
                result,
            }));
        }
    }

    /// The next rev.
    pub(crate) fn next(&mut self) -> i64 {
        self.rev += 1;
        self.rev
    }

    /// Stores a message without recording a send.
    pub(crate) fn stored(&mut self, uuid: Uuid) -> Item {
        let rev = self.next();
        let seq = self.messages.len() as i64 + 1;
        let message = Message {
            seq,
            rev,
            uuid,
            sender: 10,
            content: Content::default(),
        };
        self.messages.push(message.clone());
        Item::Message(message)
    }

    /// Sends a message that is acknowledged and that no tab has received.
    pub(crate) fn send(&mut self) -> Item {
        let item = self.stored(uuid(self.messages.len() as i64 + 1));
        let seq = self.messages.len() as i64;
        let ok = Answer::Ok {
            seq,
            rev: item.rev(),
        };
        self.op(0, Action::Send { uuid: uuid(seq) }, Some(ok));
        item
    }

    /// The same, and every tab has received it.
    pub(crate) fn send_to_all(&mut self) -> Item {
        let item = self.send();
        self.live(&ALL, &item);
        item
    }

    /// Edits a message; returns it after the edit.
    pub(crate) fn edit(&mut self, seq: i64, version: u32) -> Item {
        let rev = self.next();
        self.op(0, Action::Edit { seq, version }, Some(Answer::Done));
        let message = &mut self.messages[seq as usize - 1];
        message.rev = rev;
        message.content.version = version;
        Item::Message(message.clone())
    }

    pub(crate) fn notice(&mut self, kind: &str, actor: u32, subject: Option<u32>) -> Item {
        let name = |person: u32| NAMES[person as usize].to_owned();
        let notice = Notice {
            rev: self.next(),
            after: self.messages.len() as i64,
            kind: kind.to_owned(),
            actor: name(actor),
            subject: subject.map(name),
        };
        self.notices.push(notice.clone());
        Item::Notice(notice)
    }

    /// Removes Eve.
    pub(crate) fn remove_eve(&mut self) -> Item {
        let item = self.notice("removed", 0, Some(2));
        self.op(0, Action::Leave { who: 2 }, Some(Answer::Done));
        item
    }

    pub(crate) fn read_back(&mut self, person: u32, rev: Option<i64>, items: Vec<Item>) {
        let at = self.tick(1);
        self.push(Entry::ReadBack(ReadBack {
            person,
            conversation: ID,
            at,
            rev,
            whole: true,
            items,
        }));
    }

    /// Everybody in `members` reads everything back; the others may not see the conversation.
    pub(crate) fn finish(mut self, members: &[u32]) -> CheckResult {
        for person in ALL {
            match members.contains(&person) {
                true => self.read_back(person, Some(self.rev), self.items()),
                false => self.read_back(person, None, Vec::new()),
            }
        }
        self.check()
    }

    /// The same with Eve as a member who reads only these items back.
    pub(crate) fn finish_with(mut self, of_eve: Vec<Item>) -> CheckResult {
        for person in [0, 1] {
            self.read_back(person, Some(self.rev), self.items());
        }
        self.read_back(2, Some(self.rev), of_eve);
        self.check()
    }

    pub(crate) fn check(mut self) -> CheckResult {
        let at = self.tick(1);
        self.push(Entry::Settled(Settled { at, complete: true }));
        check(&Journal(self.journal))
    }
}

#[track_caller]
pub(crate) fn expect(result: &CheckResult, expected: &[Anomaly]) {
    let found: Vec<Anomaly> = result.anomalies().into_iter().collect();
    assert_eq!(found, expected, "{:#?}", result.violations);
    assert!(result.unchecked.is_empty(), "{:?}", result.unchecked);
}
