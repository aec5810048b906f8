//! What looks broken and is not.

use confab_delivery::journal::{Action, Answer, Entry, Gone, How, Kind, Page, State};
use confab_delivery::judge::Broken;

use crate::script::{ALL, ID, Script, broken, uuid};

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
fn what_a_page_loaded_anew_has_further_up_is_not_missed_there() {
    let mut script = Script::new(Kind::Group);
    script.said();
    let line = script.notice("renamed", 0, None);
    let above = script.say();
    let newest = script.say();
    for item in [&line, &above, &newest] {
        script.live(&[0, 2], item);
    }
    let (at, rev) = (script.tick(1), newest.rev());
    script.push(Entry::Page(Page {
        tab: 1,
        at,
        conversation: ID,
        rev,
    }));
    script.got(1, How::Page, newest);
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
    script.page_with(2, vec![added.clone()]);
    let last = script.said();
    broken(&script.end_with(vec![added, last]), &[]);
}

#[test]
fn who_was_out_for_a_moment_is_told_or_reads_what_is_for_them_now() {
    for asks in [true, false] {
        let mut script = Script::new(Kind::Private);
        script.said();
        if asks {
            script.state(2, State::Lost);
        }
        let edited = script.edit(1, 1);
        let missed = script.say();
        let removed = script.remove_eve();
        let secret = script.say();
        let added = script.notice("added", 0, Some(2));
        script.op(0, Action::Join { who: 2 }, Some(Answer::Done));
        for item in [&edited, &missed, &removed, &secret, &added] {
            script.live(&[0, 1], item);
        }
        if asks {
            let open = State::Open {
                replica: "s".into(),
            };
            script.state(2, open);
            script.range(2, 4, script.rev, std::slice::from_ref(&added));
        } else {
            script.page_with(2, vec![added.clone()]);
        }
        let last = script.said();
        broken(&script.end_with(vec![added, last]), &[]);
    }
}

#[test]
fn what_is_changed_after_somebody_is_out_is_not_for_them_any_more() {
    for (changed, asks) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut script = Script::new(Kind::Private);
        script.said();
        let missed = script.say();
        script.live(&[0, 1], &missed);
        let to = script.rev;
        let removed = script.remove_eve();
        script.live(&[0, 1], &removed);
        if changed {
            let edited = script.edit(2, 1);
            script.live(&[0, 1], &edited);
        }
        // It was looked up after that: since the page asked, or a replica, which then says that nothing is to be waited for.
        if asks {
            script.range(2, 4, to, &[]);
            script.live(&[2], &removed);
        } else {
            script.got_after(2, How::Live, Some(4), removed);
        }
        let expected: &[Broken] = if changed { &[] } else { &[Broken::Lost] };
        broken(&script.end(&[0, 1]), expected);
    }
}
