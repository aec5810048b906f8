//! What is late, what is not well again, and what can't be told.

use std::time::Duration;

use confab_delivery::journal::{Action, Answer, Entry, Kind, State, Window};
use confab_delivery::judge::Broken;

use crate::script::{ALL, Script, broken};

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
fn who_comes_into_a_public_room_did_not_wait_for_what_was_said_before() {
    let mut script = Script::new(Kind::Public);
    script.said();
    let removed = script.remove_eve();
    script.live(&ALL, &removed);
    let missed = script.say();
    script.live(&[0, 1], &missed);
    script.tick(8_000);
    let added = script.notice("added", 0, Some(2));
    script.op(0, Action::Join { who: 2 }, Some(Answer::Done));
    script.live(&ALL, &added);
    script.page(2);
    let verdict = script.end(&ALL);
    broken(&verdict, &[]);
    assert_eq!(verdict.delivery.count, 5);
    assert!(verdict.delivery.max < Duration::from_secs(8));
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
