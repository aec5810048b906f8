//! Each promise broken at one place.

use confab_delivery::journal::{Action, Answer, Item, Kind, Message, Stands};
use confab_delivery::judge::Broken;

use crate::script::{ALL, Script, broken, uuid};

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
