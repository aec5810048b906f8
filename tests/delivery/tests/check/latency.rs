//! Late deliveries, recovery, and what cannot be checked.

use std::time::Duration;

use confab_delivery::check::Anomaly;
use confab_delivery::journal::{Action, Answer, ConversationKind, Entry, State, Window};

use crate::scenario::{ALL, Scenario, expect};

/// A message that Bob receives only after so many seconds.
fn slow(seconds: u64) -> Scenario {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    let slow = scenario.send();
    scenario.live(&[0, 2], &slow);
    scenario.tick(seconds * 1000);
    scenario.live(&[1], &slow);
    scenario.send_to_all();
    scenario
}

#[test]
fn a_delivery_over_the_bound_is_late_outside_of_fault_windows() {
    expect(&slow(11).finish(&ALL), &[Anomaly::Late]);
    expect(&slow(9).finish(&ALL), &[]);
    let mut in_window = slow(11);
    in_window.push(Entry::Window(Window {
        name: "kafka-down".into(),
        from: 0,
        to: 1_000_000,
    }));
    let result = in_window.finish(&ALL);
    expect(&result, &[]);
    let window = &result.windows[0];
    assert_eq!((window.acked, window.delivery.count), (2, 6));
    let recovery = window.recovery.expect("it recovered");
    assert!(
        (Duration::from_secs(9)..Duration::from_secs(11)).contains(&recovery),
        "{recovery:?}"
    );
}

#[test]
fn the_time_of_an_outage_does_not_count_as_late() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    scenario.state(1, State::Lost);
    let missed = scenario.send();
    scenario.live(&[0, 2], &missed);
    scenario.tick(20_000);
    scenario.state(
        1,
        State::Open {
            replica: "s".into(),
        },
    );
    scenario.range(1, 4, 5, &[missed]);
    scenario.state(1, State::Complete);
    let result = scenario.finish(&ALL);
    expect(&result, &[]);
    assert!(result.reconnect.p50 >= Duration::from_secs(20));
}

#[test]
fn a_new_member_of_a_public_room_did_not_wait_for_earlier_messages() {
    let mut scenario = Scenario::new(ConversationKind::Public);
    scenario.send_to_all();
    let removed = scenario.remove_eve();
    scenario.live(&ALL, &removed);
    let missed = scenario.send();
    scenario.live(&[0, 1], &missed);
    scenario.tick(8_000);
    let added = scenario.notice("added", 0, Some(2));
    scenario.op(0, Action::Join { who: 2 }, Some(Answer::Done));
    scenario.live(&ALL, &added);
    scenario.page(2);
    let result = scenario.finish(&ALL);
    expect(&result, &[]);
    assert_eq!(result.delivery.count, 5);
    assert!(result.delivery.max < Duration::from_secs(8));
}

#[test]
fn a_window_without_a_recovery_is_unrecovered() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    let (from, to) = (scenario.tick(0), scenario.tick(1000));
    scenario.push(Entry::Window(Window {
        name: "kafka-down".into(),
        from,
        to,
    }));
    scenario.state(1, State::Lost);
    let item = scenario.send();
    scenario.live(&[0, 2], &item);
    expect(
        &scenario.finish(&ALL),
        &[Anomaly::Gap, Anomaly::Unrecovered],
    );
}

#[test]
fn a_conversation_that_nobody_read_back_is_unchecked() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    let result = scenario.check();
    assert_eq!(result.violations, []);
    assert_eq!(result.unchecked.len(), 1);
}
