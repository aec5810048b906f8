//! Journals with what looks like an anomaly and is allowed.

use confab_delivery::check::Anomaly;
use confab_delivery::journal::{
    Action, Answer, ConversationKind, Entry, Page, Removed, State, Via,
};

use crate::scenario::{ALL, ID, Scenario, expect, uuid};

#[test]
fn a_correct_run_has_no_anomalies() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    for _ in 0..5 {
        scenario.send_to_all();
    }
    let edited = scenario.edit(2, 1);
    scenario.live(&ALL, &edited);
    let result = scenario.finish(&ALL);
    expect(&result, &[]);
    assert_eq!(
        (
            result.totals.acked,
            result.totals.changes,
            result.delivery.count
        ),
        (5, 1, 15)
    );
}

#[test]
fn a_change_that_is_received_again_after_a_reconnect_is_not_a_duplicate() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    let first = scenario.send_to_all();
    scenario.state(1, State::Lost);
    let missed = scenario.send();
    scenario.live(&[0, 2], &missed);
    scenario.state(
        1,
        State::Open {
            replica: "s".into(),
        },
    );
    // The other replica is behind: it sends again what the page has, and live what the resume returned.
    scenario.live(&[1], &first);
    scenario.range(1, 4, 5, std::slice::from_ref(&missed));
    scenario.live(&[1], &missed);
    scenario.state(1, State::Complete);
    let last = scenario.send_to_all();
    assert_eq!(last.rev(), 6);
    expect(&scenario.finish(&ALL), &[]);
}

#[test]
fn frames_that_a_slow_connection_dropped_are_resumed() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    let first = scenario.send_to_all();
    let second = scenario.send();
    scenario.live(&[0, 2], &second);
    scenario.state(1, State::Resync);
    scenario.live(&[1], &first);
    scenario.range(1, 4, 5, &[second]);
    expect(&scenario.finish(&ALL), &[]);
}

#[test]
fn a_change_that_a_later_one_overtook_may_be_skipped() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    let once = scenario.edit(1, 1);
    let twice = scenario.edit(1, 2);
    scenario.live(&[0], &once);
    scenario.live(&ALL, &twice);
    // Bob and Eve ask for the gap, and the first edit is gone.
    scenario.range(1, 4, 6, std::slice::from_ref(&twice));
    scenario.range(2, 4, 6, &[twice]);
    expect(&scenario.finish(&ALL), &[]);
}

#[test]
fn a_change_after_revs_that_are_gone_is_shown_at_once() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    scenario.edit(1, 1);
    let twice = scenario.edit(1, 2);
    for tab in ALL {
        scenario.receive_after(tab, Via::Live, Some(4), twice.clone());
    }
    expect(&scenario.finish(&ALL), &[]);
    // A message that is called gone and is not is lost.
    let mut scenario = Scenario::new(ConversationKind::Group);
    let there = scenario.send();
    scenario.live(&[0, 2], &there);
    let last = scenario.send();
    scenario.live(&[0, 2], &last);
    scenario.receive_after(1, Via::Live, Some(3), last);
    expect(&scenario.finish(&ALL), &[Anomaly::Lost]);
}

#[test]
fn a_reloaded_page_may_have_items_newer_than_its_rev() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    let newer = scenario.send();
    scenario.live(&[0, 2], &newer);
    let at = scenario.tick(1);
    scenario.push(Entry::Page(Page {
        tab: 1,
        at,
        conversation: ID,
        rev: 4,
    }));
    scenario.receive(1, Via::Page, newer.clone());
    scenario.live(&[1], &newer);
    expect(&scenario.finish(&ALL), &[]);
}

#[test]
fn a_message_above_a_reloaded_page_is_not_lost() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    let line = scenario.notice("renamed", 0, None);
    let above = scenario.send();
    let newest = scenario.send();
    for item in [&line, &above, &newest] {
        scenario.live(&[0, 2], item);
    }
    let (at, rev) = (scenario.tick(1), newest.rev());
    scenario.push(Entry::Page(Page {
        tab: 1,
        at,
        conversation: ID,
        rev,
    }));
    scenario.receive(1, Via::Page, newest);
    expect(&scenario.finish(&ALL), &[]);
}

#[test]
fn a_send_without_an_answer_may_be_there_once_or_not_at_all() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    let there = scenario.stored(uuid(1));
    scenario.op(0, Action::Send { uuid: uuid(1) }, None);
    scenario.live(&ALL, &there);
    scenario.op(
        0,
        Action::Send { uuid: uuid(99) },
        Some(Answer::Unknown { status: Some(503) }),
    );
    scenario.send_to_all();
    expect(&scenario.finish(&ALL), &[]);
}

#[test]
fn a_member_removed_while_disconnected_may_miss_the_last_messages() {
    let mut scenario = Scenario::new(ConversationKind::Private);
    scenario.send_to_all();
    scenario.state(2, State::Lost);
    let missed = scenario.send();
    let removed = scenario.remove_eve();
    scenario.live(&[0, 1], &missed);
    scenario.live(&[0, 1], &removed);
    scenario.state(
        2,
        State::Open {
            replica: "s".into(),
        },
    );
    let at = scenario.tick(1);
    scenario.push(Entry::Removed(Removed {
        tab: 2,
        at,
        conversation: ID,
    }));
    expect(&scenario.finish(&[0, 1]), &[]);
}

#[test]
fn a_member_who_is_added_again_reads_from_there() {
    let mut scenario = Scenario::new(ConversationKind::Private);
    scenario.send_to_all();
    let removed = scenario.remove_eve();
    scenario.live(&ALL, &removed);
    let secret = scenario.send();
    scenario.live(&[0, 1], &secret);
    let added = scenario.notice("added", 0, Some(2));
    scenario.op(0, Action::Join { who: 2 }, Some(Answer::Done));
    scenario.live(&ALL, &added);
    scenario.page_with(2, vec![added.clone()]);
    let last = scenario.send_to_all();
    expect(&scenario.finish_with(vec![added, last]), &[]);
}

#[test]
fn a_member_who_was_removed_for_a_moment_resumes_or_reads_what_is_visible_now() {
    for asks in [true, false] {
        let mut scenario = Scenario::new(ConversationKind::Private);
        scenario.send_to_all();
        if asks {
            scenario.state(2, State::Lost);
        }
        let edited = scenario.edit(1, 1);
        let missed = scenario.send();
        let removed = scenario.remove_eve();
        let secret = scenario.send();
        let added = scenario.notice("added", 0, Some(2));
        scenario.op(0, Action::Join { who: 2 }, Some(Answer::Done));
        for item in [&edited, &missed, &removed, &secret, &added] {
            scenario.live(&[0, 1], item);
        }
        if asks {
            let open = State::Open {
                replica: "s".into(),
            };
            scenario.state(2, open);
            scenario.range(2, 4, scenario.rev, std::slice::from_ref(&added));
        } else {
            scenario.page_with(2, vec![added.clone()]);
        }
        let last = scenario.send_to_all();
        expect(&scenario.finish_with(vec![added, last]), &[]);
    }
}

#[test]
fn a_change_after_a_removal_is_not_for_the_removed_member() {
    for (changed, asks) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut scenario = Scenario::new(ConversationKind::Private);
        scenario.send_to_all();
        let missed = scenario.send();
        scenario.live(&[0, 1], &missed);
        let to = scenario.rev;
        let removed = scenario.remove_eve();
        scenario.live(&[0, 1], &removed);
        if changed {
            let edited = scenario.edit(2, 1);
            scenario.live(&[0, 1], &edited);
        }
        // It was read after that: by a resume, or by a replica that calls the revs between gone.
        if asks {
            scenario.range(2, 4, to, &[]);
            scenario.live(&[2], &removed);
        } else {
            scenario.receive_after(2, Via::Live, Some(4), removed);
        }
        let expected: &[Anomaly] = if changed { &[] } else { &[Anomaly::Lost] };
        expect(&scenario.finish(&[0, 1]), expected);
    }
}
