//! The judge of the delivery contract on journals that were made up: each promise broken at one place, and what looks
//! broken and is not.

use std::time::Duration;

use confab_tests::delivery::journal::{
    Action, Answer, Bounds, Connection, Conversation, Entry, Gone, History, How, Intent, Item,
    Journal, Kind, Message, Notice, Outcome, Page, Person, Range, Received, Run, Settled, Stands,
    State, Tab, VERSION, Window,
};
use confab_tests::delivery::judge::{Broken, Verdict, judge};
use uuid::Uuid;

const ID: i64 = 7;
const NAMES: [&str; 3] = ["ada", "bob", "eve"];
const ALL: [u32; 3] = [0, 1, 2];

/// A conversation of Ada, who keeps it, Bob and Eve, and what the journal of it says. Tab and person have the same number.
struct Script {
    journal: Vec<Entry>,
    now: u64,
    ops: u64,
    rev: i64,
    messages: Vec<Message>,
    notices: Vec<Notice>,
}

fn uuid(seq: i64) -> Uuid {
    Uuid::from_u128(seq as u128)
}

impl Script {
    fn new(kind: Kind) -> Self {
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

    fn push(&mut self, entry: Entry) {
        self.journal.push(entry);
    }

    fn tick(&mut self, ms: u64) -> u64 {
        self.now += ms * 1000;
        self.now
    }

    fn state(&mut self, tab: u32, state: State) {
        let at = self.tick(1);
        self.push(Entry::Connection(Connection { tab, at, state }));
    }

    fn connect(&mut self, tab: u32) {
        self.state(
            tab,
            State::Open {
                replica: "r".into(),
            },
        );
        self.state(tab, State::Complete);
    }

    /// The tab loads the page as it stands.
    fn page(&mut self, tab: u32) {
        let (at, rev) = (self.tick(1), self.rev);
        self.push(Entry::Page(Page {
            tab,
            at,
            conversation: ID,
            rev,
        }));
        for item in self.items() {
            self.got(tab, How::Page, item);
        }
    }

    fn items(&self) -> Vec<Item> {
        let messages = self.messages.iter().cloned().map(Item::Message);
        messages
            .chain(self.notices.iter().cloned().map(Item::Notice))
            .collect()
    }

    fn got(&mut self, tab: u32, how: How, item: Item) {
        self.got_after(tab, how, None, item);
    }

    fn got_after(&mut self, tab: u32, how: How, after: Option<i64>, item: Item) {
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

    fn live(&mut self, tabs: &[u32], item: &Item) {
        for &tab in tabs {
            self.got(tab, How::Live, item.clone());
        }
    }

    fn range(&mut self, tab: u32, from: i64, to: i64, items: &[Item]) {
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

    fn op(&mut self, person: u32, action: Action, result: Option<Answer>) {
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
    fn next(&mut self) -> i64 {
        self.rev += 1;
        self.rev
    }

    /// A message that is stored, without a word of who sent it.
    fn stored(&mut self, uuid: Uuid) -> Item {
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
    fn say(&mut self) -> Item {
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
    fn said(&mut self) -> Item {
        let item = self.say();
        self.live(&ALL, &item);
        item
    }

    /// An edit that is acknowledged: how the message stands then.
    fn edit(&mut self, seq: i64, version: u32) -> Item {
        let rev = self.next();
        self.op(0, Action::Edit { seq, version }, Some(Answer::Done));
        let message = &mut self.messages[seq as usize - 1];
        message.rev = rev;
        message.stands.version = version;
        Item::Message(message.clone())
    }

    fn notice(&mut self, what: &str, actor: u32, subject: Option<u32>) -> Item {
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
    fn remove_eve(&mut self) -> Item {
        let item = self.notice("removed", 0, Some(2));
        self.op(0, Action::Leave { who: 2 }, Some(Answer::Done));
        item
    }

    fn read_back(&mut self, person: u32, rev: Option<i64>, items: Vec<Item>) {
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
    fn end(mut self, inside: &[u32]) -> Verdict {
        for person in ALL {
            match inside.contains(&person) {
                true => self.read_back(person, Some(self.rev), self.items()),
                false => self.read_back(person, None, Vec::new()),
            }
        }
        self.verdict()
    }

    fn verdict(mut self) -> Verdict {
        let at = self.tick(1);
        self.push(Entry::Settled(Settled { at, complete: true }));
        judge(&Journal(self.journal))
    }
}

#[track_caller]
fn broken(verdict: &Verdict, expected: &[Broken]) {
    let kinds: Vec<Broken> = verdict.kinds().into_iter().collect();
    assert_eq!(kinds, expected, "{:#?}", verdict.violations);
    assert!(verdict.unchecked.is_empty(), "{:?}", verdict.unchecked);
}

#[test]
fn a_promise_that_was_kept_is_not_complained_about() {
    let mut script = Script::new(Kind::Group);
    for _ in 0..5 {
        script.said();
    }
    let edited = script.edit(2, 1);
    script.live(&ALL, &edited);
    let verdict = script.end(&ALL);
    broken(&verdict, &[]);
    assert_eq!(
        (
            verdict.totals.acked,
            verdict.totals.changes,
            verdict.delivery.count
        ),
        (5, 1, 15)
    );
}

#[test]
fn what_comes_live_and_is_read_again_after_a_reconnect_is_no_duplicate() {
    let mut script = Script::new(Kind::Group);
    let first = script.said();
    script.state(1, State::Lost);
    let missed = script.say();
    script.live(&[0, 2], &missed);
    script.state(
        1,
        State::Open {
            replica: "s".into(),
        },
    );
    // The other replica is behind: it hands out once more what the page has, and what was read is handed out too.
    script.live(&[1], &first);
    script.range(1, 4, 5, std::slice::from_ref(&missed));
    script.live(&[1], &missed);
    script.state(1, State::Complete);
    let last = script.said();
    assert_eq!(last.rev(), 6);
    broken(&script.end(&ALL), &[]);
}

#[test]
fn frames_let_go_from_a_slow_connection_are_read_again() {
    let mut script = Script::new(Kind::Group);
    let first = script.said();
    let second = script.say();
    script.live(&[0, 2], &second);
    script.state(1, State::Resync);
    script.live(&[1], &first);
    script.range(1, 4, 5, &[second]);
    broken(&script.end(&ALL), &[]);
}

#[test]
fn a_change_overtaken_by_a_later_one_may_be_passed_over() {
    let mut script = Script::new(Kind::Group);
    script.said();
    let once = script.edit(1, 1);
    let twice = script.edit(1, 2);
    script.live(&[0], &once);
    script.live(&ALL, &twice);
    // Bob and Eve ask for the hole, and the first edit is not there any more.
    script.range(1, 4, 6, std::slice::from_ref(&twice));
    script.range(2, 4, 6, &[twice]);
    broken(&script.end(&ALL), &[]);
}

#[test]
fn what_follows_revs_that_are_gone_is_shown_at_once() {
    let mut script = Script::new(Kind::Group);
    script.said();
    script.edit(1, 1);
    let twice = script.edit(1, 2);
    for tab in ALL {
        script.got_after(tab, How::Live, Some(4), twice.clone());
    }
    broken(&script.end(&ALL), &[]);
    // What is said to be gone and is not is lost.
    let mut script = Script::new(Kind::Group);
    let there = script.say();
    script.live(&[0, 2], &there);
    let last = script.say();
    script.live(&[0, 2], &last);
    script.got_after(1, How::Live, Some(3), last);
    broken(&script.end(&ALL), &[Broken::Lost]);
}

#[test]
fn a_page_that_is_loaded_again_may_hold_what_comes_after_its_rev() {
    let mut script = Script::new(Kind::Group);
    script.said();
    let newer = script.say();
    script.live(&[0, 2], &newer);
    let at = script.tick(1);
    script.push(Entry::Page(Page {
        tab: 1,
        at,
        conversation: ID,
        rev: 4,
    }));
    script.got(1, How::Page, newer.clone());
    script.live(&[1], &newer);
    broken(&script.end(&ALL), &[]);
}

#[test]
fn a_send_without_an_answer_may_be_there_once_or_not_at_all() {
    let mut script = Script::new(Kind::Group);
    let there = script.stored(uuid(1));
    script.op(0, Action::Send { uuid: uuid(1) }, None);
    script.live(&ALL, &there);
    script.op(
        0,
        Action::Send { uuid: uuid(99) },
        Some(Answer::Unknown { status: Some(503) }),
    );
    script.said();
    broken(&script.end(&ALL), &[]);
}

#[test]
fn who_is_taken_out_while_away_may_miss_what_came_just_before() {
    let mut script = Script::new(Kind::Private);
    script.said();
    script.state(2, State::Lost);
    let missed = script.say();
    let removed = script.remove_eve();
    script.live(&[0, 1], &missed);
    script.live(&[0, 1], &removed);
    script.state(
        2,
        State::Open {
            replica: "s".into(),
        },
    );
    let at = script.tick(1);
    script.push(Entry::Gone(Gone {
        tab: 2,
        at,
        conversation: ID,
    }));
    broken(&script.end(&[0, 1]), &[]);
}

#[test]
fn who_comes_back_reads_on_from_there() {
    let mut script = Script::new(Kind::Private);
    script.said();
    let removed = script.remove_eve();
    script.live(&ALL, &removed);
    let secret = script.say();
    script.live(&[0, 1], &secret);
    let added = script.notice("added", 0, Some(2));
    script.op(0, Action::Join { who: 2 }, Some(Answer::Done));
    script.live(&ALL, &added);
    let (at, rev) = (script.tick(1), script.rev);
    script.push(Entry::Page(Page {
        tab: 2,
        at,
        conversation: ID,
        rev,
    }));
    script.got(2, How::Page, added.clone());
    let last = script.said();
    for person in [0, 1] {
        script.read_back(person, Some(script.rev), script.items());
    }
    script.read_back(2, Some(script.rev), vec![added, last]);
    broken(&script.verdict(), &[]);
}

#[test]
fn what_was_acknowledged_and_is_not_there_is_not_durable() {
    let mut script = Script::new(Kind::Group);
    script.said();
    script.op(
        0,
        Action::Send { uuid: uuid(99) },
        Some(Answer::Ok { seq: 2, rev: 5 }),
    );
    script.said();
    broken(&script.end(&ALL), &[Broken::NotDurable]);
}

#[test]
fn an_edit_a_deletion_or_a_reaction_that_was_acknowledged_is_there() {
    let (seq, emoji) = (1, "🎉".to_owned());
    for action in [
        Action::Edit { seq, version: 1 },
        Action::Delete { seq },
        Action::React { seq, emoji },
        Action::Leave { who: 2 },
    ] {
        let mut script = Script::new(Kind::Group);
        script.said();
        script.op(0, action, Some(Answer::Done));
        broken(&script.end(&ALL), &[Broken::NotDurable]);
    }
}

#[test]
fn a_message_that_a_page_passed_over_is_lost() {
    let mut script = Script::new(Kind::Group);
    script.said();
    let lost = script.say();
    script.live(&[0, 2], &lost);
    script.range(1, 4, 5, &[]);
    script.said();
    let verdict = script.end(&ALL);
    broken(&verdict, &[Broken::Lost]);
    assert_eq!(verdict.violations[0].person.as_deref(), Some("bob"));
}

#[test]
fn an_edit_that_a_page_passed_over_is_lost() {
    let mut script = Script::new(Kind::Group);
    script.said();
    let edited = script.edit(1, 1);
    script.live(&[0, 2], &edited);
    script.range(1, 4, 5, &[]);
    broken(&script.end(&ALL), &[Broken::Lost]);
}

#[test]
fn a_message_that_is_not_read_back_is_lost() {
    let mut script = Script::new(Kind::Group);
    script.said();
    script.said();
    for person in [0, 2] {
        script.read_back(person, Some(script.rev), script.items());
    }
    script.read_back(1, Some(script.rev), script.items()[1..].to_vec());
    broken(&script.verdict(), &[Broken::Lost]);
}

#[test]
fn not_to_be_told_that_one_is_in_or_out_is_lost() {
    let mut script = Script::new(Kind::Private);
    script.said();
    let removed = script.remove_eve();
    script.live(&[0, 1], &removed);
    broken(&script.end(&[0, 1]), &[Broken::Lost]);
}

#[test]
fn one_uuid_at_two_places_is_a_duplicate() {
    let mut script = Script::new(Kind::Group);
    script.said();
    let again = script.stored(uuid(1));
    script.live(&ALL, &again);
    broken(&script.end(&ALL), &[Broken::Duplicated]);
}

#[test]
fn a_live_change_twice_on_one_connection_is_a_duplicate() {
    let mut script = Script::new(Kind::Group);
    let item = script.said();
    script.live(&[1], &item);
    broken(&script.end(&ALL), &[Broken::Duplicated]);
}

#[test]
fn a_send_without_an_answer_that_is_there_twice_is_told_apart() {
    let mut script = Script::new(Kind::Group);
    script.op(
        0,
        Action::Send { uuid: uuid(1) },
        Some(Answer::Unknown { status: None }),
    );
    for _ in 0..2 {
        let item = script.stored(uuid(1));
        script.live(&ALL, &item);
    }
    script.said();
    broken(&script.end(&ALL), &[Broken::UnknownTwice]);
}

#[test]
fn two_live_changes_the_wrong_way_round_are_reordered() {
    let mut script = Script::new(Kind::Group);
    let (first, second) = (script.say(), script.say());
    script.live(&[0, 2], &first);
    script.live(&ALL, &second);
    script.live(&[1], &first);
    broken(&script.end(&ALL), &[Broken::Reordered]);
}

#[test]
fn two_messages_in_each_others_place_are_reordered() {
    let mut script = Script::new(Kind::Group);
    let (Item::Message(first), Item::Message(second)) = (script.say(), script.say()) else {
        panic!("messages are sent")
    };
    let swapped = [
        Message {
            uuid: second.uuid,
            ..first.clone()
        },
        Message {
            uuid: first.uuid,
            ..second.clone()
        },
    ];
    for message in swapped {
        script.live(&[1], &Item::Message(message));
    }
    for message in [first, second] {
        script.live(&[0, 2], &Item::Message(message));
    }
    broken(&script.end(&ALL), &[Broken::Reordered]);
}

#[test]
fn a_message_elsewhere_than_it_was_acknowledged_is_reordered() {
    let mut script = Script::new(Kind::Group);
    let item = script.stored(uuid(1));
    script.live(&ALL, &item);
    script.op(
        0,
        Action::Send { uuid: uuid(1) },
        Some(Answer::Ok { seq: 3, rev: 6 }),
    );
    broken(&script.end(&ALL), &[Broken::Reordered]);
}

#[test]
fn a_hole_that_nothing_closes_is_a_gap() {
    let mut script = Script::new(Kind::Group);
    let missing = script.say();
    script.live(&[0, 2], &missing);
    script.said();
    script.said();
    let verdict = script.end(&ALL);
    broken(&verdict, &[Broken::Gap]);
    assert_eq!(
        verdict.violations.len(),
        1,
        "what waits behind a gap is not lost"
    );
}

#[test]
fn a_rev_that_nothing_took_is_a_gap() {
    let mut script = Script::new(Kind::Group);
    script.said();
    script.next();
    let item = script.say();
    script.live(&ALL, &item);
    for tab in ALL {
        script.range(tab, 4, 6, std::slice::from_ref(&item));
    }
    broken(&script.end(&ALL), &[Broken::Gap]);
}

#[test]
fn what_is_sent_to_somebody_who_is_out_is_leaked() {
    let mut script = Script::new(Kind::Group);
    script.said();
    let removed = script.remove_eve();
    script.live(&ALL, &removed);
    let secret = script.say();
    script.live(&ALL, &secret);
    let verdict = script.end(&[0, 1]);
    broken(&verdict, &[Broken::Leaked]);
    assert_eq!(verdict.violations[0].person.as_deref(), Some("eve"));
}

#[test]
fn what_was_sent_before_somebodys_time_is_leaked_in_a_private_room_alone() {
    for (kind, expected) in [(Kind::Private, &[Broken::Leaked][..]), (Kind::Public, &[])] {
        let mut script = Script::new(kind);
        let removed = script.remove_eve();
        script.live(&ALL, &removed);
        let before = script.say();
        script.live(&[0, 1], &before);
        let added = script.notice("added", 0, Some(2));
        script.op(0, Action::Join { who: 2 }, Some(Answer::Done));
        script.live(&ALL, &added);
        script.page(2);
        broken(&script.end(&ALL), expected);
    }
}

#[test]
fn an_older_text_under_a_newer_rev_is_stale() {
    let mut script = Script::new(Kind::Group);
    script.said();
    let Item::Message(edited) = script.edit(1, 1) else {
        panic!("an edit is a message's")
    };
    script.live(&[0, 2], &Item::Message(edited.clone()));
    let stale = Message {
        stands: Stands::default(),
        ..edited
    };
    script.live(&[1], &Item::Message(stale));
    broken(&script.end(&ALL), &[Broken::Stale]);
}

#[test]
fn what_was_refused_or_sent_by_nobody_is_invented() {
    let mut script = Script::new(Kind::Group);
    for number in [1, 2] {
        let item = script.stored(uuid(number));
        script.live(&ALL, &item);
    }
    script.op(
        0,
        Action::Send { uuid: uuid(1) },
        Some(Answer::Refused { status: 403 }),
    );
    script.said();
    let verdict = script.end(&ALL);
    broken(&verdict, &[Broken::Invented]);
    assert_eq!(verdict.violations.len(), 2);
}

/// A message that Bob has only after so many seconds.
fn slow(seconds: u64) -> Script {
    let mut script = Script::new(Kind::Group);
    script.said();
    let slow = script.say();
    script.live(&[0, 2], &slow);
    script.tick(seconds * 1000);
    script.live(&[1], &slow);
    script.said();
    script
}

#[test]
fn what_takes_longer_than_the_bound_is_late_if_nothing_was_broken() {
    broken(&slow(11).end(&ALL), &[Broken::Late]);
    broken(&slow(9).end(&ALL), &[]);
    let mut excused = slow(11);
    excused.push(Entry::Window(Window {
        name: "Kafka away".into(),
        from: 0,
        to: 1_000_000,
    }));
    let verdict = excused.end(&ALL);
    broken(&verdict, &[]);
    let window = &verdict.windows[0];
    assert_eq!((window.acked, window.delivery.count), (2, 6));
    let recovery = window.recovery.expect("it recovered");
    assert!(
        (Duration::from_secs(9)..Duration::from_secs(11)).contains(&recovery),
        "{recovery:?}"
    );
}

#[test]
fn who_was_away_has_it_in_time_once_they_are_back() {
    let mut script = Script::new(Kind::Group);
    script.said();
    script.state(1, State::Lost);
    let missed = script.say();
    script.live(&[0, 2], &missed);
    script.tick(20_000);
    script.state(
        1,
        State::Open {
            replica: "s".into(),
        },
    );
    script.range(1, 4, 5, &[missed]);
    script.state(1, State::Complete);
    let verdict = script.end(&ALL);
    broken(&verdict, &[]);
    assert!(verdict.reconnect.p50 >= Duration::from_secs(20));
}

#[test]
fn a_window_after_which_nobody_is_well_again_is_told() {
    let mut script = Script::new(Kind::Group);
    script.said();
    let (from, to) = (script.tick(0), script.tick(1000));
    script.push(Entry::Window(Window {
        name: "Kafka away".into(),
        from,
        to,
    }));
    script.state(1, State::Lost);
    let item = script.say();
    script.live(&[0, 2], &item);
    broken(&script.end(&ALL), &[Broken::Gap, Broken::Unrecovered]);
}

#[test]
fn a_conversation_that_nobody_read_back_is_not_checked() {
    let mut script = Script::new(Kind::Group);
    script.said();
    let verdict = script.verdict();
    assert_eq!(verdict.violations, []);
    assert_eq!(verdict.unchecked.len(), 1);
}
