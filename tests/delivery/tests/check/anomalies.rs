//! Journals with one anomaly each.

use confab_delivery::check::Anomaly;
use confab_delivery::journal::{Action, Answer, Content, ConversationKind, Item, Message};

use crate::scenario::{ALL, Scenario, expect, uuid};

#[test]
fn a_send_that_was_acknowledged_and_is_not_there_is_not_durable() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    scenario.op(
        0,
        Action::Send { uuid: uuid(99) },
        Some(Answer::Ok { seq: 2, rev: 5 }),
    );
    scenario.send_to_all();
    expect(&scenario.finish(&ALL), &[Anomaly::NotDurable]);
}

#[test]
fn a_change_that_was_acknowledged_and_is_not_there_is_not_durable() {
    let (seq, emoji) = (1, "🎉".to_owned());
    for action in [
        Action::Edit { seq, version: 1 },
        Action::Delete { seq },
        Action::React { seq, emoji },
        Action::Pin { seq, present: true },
        Action::Leave { who: 2 },
    ] {
        let mut scenario = Scenario::new(ConversationKind::Group);
        scenario.send_to_all();
        scenario.op(0, action, Some(Answer::Done));
        expect(&scenario.finish(&ALL), &[Anomaly::NotDurable]);
    }
}

#[test]
fn a_message_that_a_page_skipped_is_lost() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    let lost = scenario.send();
    scenario.live(&[0, 2], &lost);
    scenario.range(1, 4, 5, &[]);
    scenario.send_to_all();
    let result = scenario.finish(&ALL);
    expect(&result, &[Anomaly::Lost]);
    assert_eq!(result.violations[0].person.as_deref(), Some("bob"));
}

#[test]
fn an_edit_that_a_page_skipped_is_lost() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    let edited = scenario.edit(1, 1);
    scenario.live(&[0, 2], &edited);
    scenario.range(1, 4, 5, &[]);
    expect(&scenario.finish(&ALL), &[Anomaly::Lost]);
}

#[test]
fn a_message_that_is_not_read_back_is_lost() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    scenario.send_to_all();
    for person in [0, 2] {
        scenario.read_back(person, Some(scenario.rev), scenario.items());
    }
    scenario.read_back(1, Some(scenario.rev), scenario.items()[1..].to_vec());
    expect(&scenario.check(), &[Anomaly::Lost]);
}

#[test]
fn a_membership_change_that_a_page_never_showed_is_lost() {
    let mut scenario = Scenario::new(ConversationKind::Private);
    scenario.send_to_all();
    let removed = scenario.remove_eve();
    scenario.live(&[0, 1], &removed);
    expect(&scenario.finish(&[0, 1]), &[Anomaly::Lost]);
}

#[test]
fn one_uuid_with_two_numbers_is_a_duplicate() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    let again = scenario.stored(uuid(1));
    scenario.live(&ALL, &again);
    expect(&scenario.finish(&ALL), &[Anomaly::Duplicated]);
}

#[test]
fn a_live_change_twice_on_one_connection_is_a_duplicate() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    let item = scenario.send_to_all();
    scenario.live(&[1], &item);
    expect(&scenario.finish(&ALL), &[Anomaly::Duplicated]);
}

#[test]
fn a_send_without_an_answer_that_is_there_twice_is_unknown_twice() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.op(
        0,
        Action::Send { uuid: uuid(1) },
        Some(Answer::Unknown { status: None }),
    );
    for _ in 0..2 {
        let item = scenario.stored(uuid(1));
        scenario.live(&ALL, &item);
    }
    scenario.send_to_all();
    expect(&scenario.finish(&ALL), &[Anomaly::UnknownTwice]);
}

#[test]
fn two_live_changes_in_the_wrong_order_are_reordered() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    let (first, second) = (scenario.send(), scenario.send());
    scenario.live(&[0, 2], &first);
    scenario.live(&ALL, &second);
    scenario.live(&[1], &first);
    expect(&scenario.finish(&ALL), &[Anomaly::Reordered]);
}

#[test]
fn two_messages_with_swapped_numbers_are_reordered() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    let (Item::Message(first), Item::Message(second)) = (scenario.send(), scenario.send()) else {
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
        scenario.live(&[1], &Item::Message(message));
    }
    for message in [first, second] {
        scenario.live(&[0, 2], &Item::Message(message));
    }
    expect(&scenario.finish(&ALL), &[Anomaly::Reordered]);
}

#[test]
fn a_message_with_another_number_than_acknowledged_is_reordered() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    let item = scenario.stored(uuid(1));
    scenario.live(&ALL, &item);
    scenario.op(
        0,
        Action::Send { uuid: uuid(1) },
        Some(Answer::Ok { seq: 3, rev: 6 }),
    );
    expect(&scenario.finish(&ALL), &[Anomaly::Reordered]);
}

#[test]
fn a_gap_that_nothing_closes_is_a_gap() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    let missing = scenario.send();
    scenario.live(&[0, 2], &missing);
    scenario.send_to_all();
    scenario.send_to_all();
    let result = scenario.finish(&ALL);
    expect(&result, &[Anomaly::Gap]);
    assert_eq!(
        result.violations.len(),
        1,
        "what waits after a gap is not lost"
    );
}

#[test]
fn a_rev_without_a_change_is_a_gap() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    scenario.next();
    let item = scenario.send();
    scenario.live(&ALL, &item);
    for tab in ALL {
        scenario.range(tab, 4, 6, std::slice::from_ref(&item));
    }
    expect(&scenario.finish(&ALL), &[Anomaly::Gap]);
}

#[test]
fn a_message_that_a_removed_member_receives_is_leaked() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    let removed = scenario.remove_eve();
    scenario.live(&ALL, &removed);
    let secret = scenario.send();
    scenario.live(&ALL, &secret);
    let result = scenario.finish(&[0, 1]);
    expect(&result, &[Anomaly::Leaked]);
    assert_eq!(result.violations[0].person.as_deref(), Some("eve"));
}

#[test]
fn a_message_that_predates_a_membership_is_leaked_in_a_private_room_only() {
    for (kind, expected) in [
        (ConversationKind::Private, &[Anomaly::Leaked][..]),
        (ConversationKind::Public, &[]),
    ] {
        let mut scenario = Scenario::new(kind);
        let removed = scenario.remove_eve();
        scenario.live(&ALL, &removed);
        let before = scenario.send();
        scenario.live(&[0, 1], &before);
        let added = scenario.notice("added", 0, Some(2));
        scenario.op(0, Action::Join { who: 2 }, Some(Answer::Done));
        scenario.live(&ALL, &added);
        scenario.page(2);
        expect(&scenario.finish(&ALL), expected);
    }
}

#[test]
fn what_a_removed_member_reads_is_leaked_although_they_join_again_later() {
    for read in [
        |scenario: &mut Scenario| scenario.page(2),
        |scenario: &mut Scenario| {
            scenario.read_back(2, Some(scenario.rev), scenario.items());
        },
    ] {
        let mut scenario = Scenario::new(ConversationKind::Public);
        let removed = scenario.remove_eve();
        scenario.live(&ALL, &removed);
        let before = scenario.send();
        scenario.live(&[0, 1], &before);
        read(&mut scenario);
        let joined = scenario.notice("joined", 2, None);
        scenario.op(2, Action::Join { who: 2 }, Some(Answer::Done));
        scenario.live(&ALL, &joined);
        scenario.page(2);
        expect(&scenario.finish(&ALL), &[Anomaly::Leaked]);
    }
}

#[test]
fn an_older_text_under_a_newer_rev_is_stale() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    scenario.send_to_all();
    let Item::Message(edited) = scenario.edit(1, 1) else {
        panic!("an edit is a message's")
    };
    scenario.live(&[0, 2], &Item::Message(edited.clone()));
    let stale = Message {
        content: Content::default(),
        ..edited
    };
    scenario.live(&[1], &Item::Message(stale));
    expect(&scenario.finish(&ALL), &[Anomaly::Stale]);
}

#[test]
fn a_message_that_was_refused_or_never_sent_is_invented() {
    let mut scenario = Scenario::new(ConversationKind::Group);
    for number in [1, 2] {
        let item = scenario.stored(uuid(number));
        scenario.live(&ALL, &item);
    }
    scenario.op(
        0,
        Action::Send { uuid: uuid(1) },
        Some(Answer::Refused { status: 403 }),
    );
    scenario.send_to_all();
    let result = scenario.finish(&ALL);
    expect(&result, &[Anomaly::Invented]);
    assert_eq!(result.violations.len(), 2);
}
