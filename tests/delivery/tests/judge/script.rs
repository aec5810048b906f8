//! A journal that is made up step by step.

use confab_delivery::journal::{
    Action, Answer, Bounds, Connection, Conversation, Entry, History, How, Intent, Item, Journal,
    Kind, Message, Notice, Outcome, Page, Person, Range, Received, Run, Settled, Stands, State,
    Tab, VERSION,
};
use confab_delivery::judge::{Broken, Verdict, judge};
use uuid::Uuid;

pub const ID: i64 = 7;
pub const NAMES: [&str; 3] = ["ada", "bob", "eve"];
pub const ALL: [u32; 3] = [0, 1, 2];

/// A conversation of Ada, who keeps it, Bob and Eve, and what the journal of it says. Tab and person have the same number.
pub struct Script {
    pub journal: Vec<Entry>,
    pub now: u64,
    pub ops: u64,
    pub rev: i64,
    pub messages: Vec<Message>,
    pub notices: Vec<Notice>,
}

pub fn uuid(seq: i64) -> Uuid {
    Uuid::from_u128(seq as u128)
}

impl Script {
    pub fn new(kind: Kind) -> Self {
        let run = Run {
            version: VERSION,
            began: String::new(),
            urls: Vec::new(),
            seed: 1,
            rate: 1.0,
            bounds: Bounds::default(),
        };
        let mut script = Self {
            journal: vec![Entry::Run(run)],
            now: 0,
            ops: 0,
            rev: 0,
            messages: Vec::new(),
            notices: Vec::new(),
        };
        for person in ALL {
            let name = NAMES[person as usize].to_owned();
            script.push(Entry::Person(Person {
                person,
                name,
                user: i64::from(person) + 10,
            }));
            script.push(Entry::Tab(Tab {
                tab: person,
                person,
            }));
        }
        script.notice("created", 0, None);
        script.notice("added", 0, Some(1));
        script.notice("added", 0, Some(2));
        script.push(Entry::Conversation(Conversation {
            conversation: ID,
            kind,
            keeper: 0,
            members: ALL.to_vec(),
            rev: 3,
            seq: 0,
        }));
        for tab in ALL {
            script.connect(tab);
            script.page(tab);
        }
        script
    }

    pub fn push(&mut self, entry: Entry) {
        self.journal.push(entry);
    }

    pub fn tick(&mut self, ms: u64) -> u64 {
        self.now += ms * 1000;
        self.now
    }

    pub fn state(&mut self, tab: u32, state: State) {
        let at = self.tick(1);
        self.push(Entry::Connection(Connection { tab, at, state }));
    }

    pub fn connect(&mut self, tab: u32) {
        self.state(
            tab,
            State::Open {
                replica: "r".into(),
            },
        );
        self.state(tab, State::Complete);
    }

    /// The tab loads the page as it stands.
    pub fn page(&mut self, tab: u32) {
        self.page_with(tab, self.items());
    }

    /// The same, for who is shown these alone.
    pub fn page_with(&mut self, tab: u32, items: Vec<Item>) {
        let (at, rev) = (self.tick(1), self.rev);
        self.push(Entry::Page(Page {
            tab,
            at,
            conversation: ID,
            rev,
        }));
        for item in items {
            self.got(tab, How::Page, item);
        }
    }

    pub fn items(&self) -> Vec<Item> {
        let messages = self.messages.iter().cloned().map(Item::Message);
        messages
            .chain(self.notices.iter().cloned().map(Item::Notice))
            .collect()
    }

    pub fn got(&mut self, tab: u32, how: How, item: Item) {
        self.got_after(tab, how, None, item);
    }

    pub fn got_after(&mut self, tab: u32, how: How, after: Option<i64>, item: Item) {
        let at = self.tick(1);
        self.push(Entry::Received(Received {
            tab,
            at,
            conversation: ID,
            how,
            after,
            item,
        }));
    }

    pub fn live(&mut self, tabs: &[u32], item: &Item) {
        for &tab in tabs {
            self.got(tab, How::Live, item.clone());
        }
    }

    pub fn range(&mut self, tab: u32, from: i64, to: i64, items: &[Item]) {
        let at = self.tick(1);
        self.push(Entry::Range(Range {
            tab,
            at,
            conversation: ID,
            from,
            to,
        }));
        for item in items {
            self.got(tab, How::Resume, item.clone());
        }
    }

    pub fn op(&mut self, person: u32, action: Action, result: Option<Answer>) {
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
                tries: 1,
                result,
            }));
        }
    }

    /// What happens next takes this rev.
    pub fn next(&mut self) -> i64 {
        self.rev += 1;
        self.rev
    }

    /// A message that is stored, without a word of who sent it.
    pub fn stored(&mut self, uuid: Uuid) -> Item {
        let rev = self.next();
        let seq = self.messages.len() as i64 + 1;
        let message = Message {
            seq,
            rev,
            uuid,
            sender: 10,
            stands: Stands::default(),
        };
        self.messages.push(message.clone());
        Item::Message(message)
    }

    /// A message that is sent and acknowledged, and not yet handed to anybody.
    pub fn say(&mut self) -> Item {
        let item = self.stored(uuid(self.messages.len() as i64 + 1));
        let seq = self.messages.len() as i64;
        let ok = Answer::Ok {
            seq,
            rev: item.rev(),
        };
        self.op(0, Action::Send { uuid: uuid(seq) }, Some(ok));
        item
    }

    /// The same, and everybody has it.
    pub fn said(&mut self) -> Item {
        let item = self.say();
        self.live(&ALL, &item);
        item
    }

    /// An edit that is acknowledged: how the message stands then.
    pub fn edit(&mut self, seq: i64, version: u32) -> Item {
        let rev = self.next();
        self.op(0, Action::Edit { seq, version }, Some(Answer::Done));
        let message = &mut self.messages[seq as usize - 1];
        message.rev = rev;
        message.stands.version = version;
        Item::Message(message.clone())
    }

    pub fn notice(&mut self, what: &str, actor: u32, subject: Option<u32>) -> Item {
        let name = |person: u32| NAMES[person as usize].to_owned();
        let notice = Notice {
            rev: self.next(),
            after: self.messages.len() as i64,
            what: what.to_owned(),
            actor: name(actor),
            subject: subject.map(name),
        };
        self.notices.push(notice.clone());
        Item::Notice(notice)
    }

    /// Eve is taken out, and that is acknowledged.
    pub fn remove_eve(&mut self) -> Item {
        let item = self.notice("removed", 0, Some(2));
        self.op(0, Action::Leave { who: 2 }, Some(Answer::Done));
        item
    }

    pub fn read_back(&mut self, person: u32, rev: Option<i64>, items: Vec<Item>) {
        let at = self.tick(1);
        self.push(Entry::History(History {
            person,
            conversation: ID,
            at,
            rev,
            whole: true,
            items,
        }));
    }

    /// Everybody in `inside` reads all back, the others are told that there is nothing.
    pub fn end(mut self, inside: &[u32]) -> Verdict {
        for person in ALL {
            match inside.contains(&person) {
                true => self.read_back(person, Some(self.rev), self.items()),
                false => self.read_back(person, None, Vec::new()),
            }
        }
        self.verdict()
    }

    /// The same with Eve inside, who reads these back alone.
    pub fn end_with(mut self, of_eve: Vec<Item>) -> Verdict {
        for person in [0, 1] {
            self.read_back(person, Some(self.rev), self.items());
        }
        self.read_back(2, Some(self.rev), of_eve);
        self.verdict()
    }

    pub fn verdict(mut self) -> Verdict {
        let at = self.tick(1);
        self.push(Entry::Settled(Settled { at, complete: true }));
        judge(&Journal(self.journal))
    }
}

#[track_caller]
pub fn broken(verdict: &Verdict, expected: &[Broken]) {
    let kinds: Vec<Broken> = verdict.kinds().into_iter().collect();
    assert_eq!(kinds, expected, "{:#?}", verdict.violations);
    assert!(verdict.unchecked.is_empty(), "{:?}", verdict.unchecked);
}
