//! Whether every page showed all that its person may see, in the one order, and nothing else. Pure.

use std::collections::HashMap;

use uuid::Uuid;

use super::case::{Case, Step, What};
use super::seats::Seat;
use super::truth::Truth;
use super::verdict::{Broken, Violation};
use super::view::{Disorder, Ended, Shown, View};
use crate::journal::{How, Item, Stands};

pub(super) fn check(case: &Case, truth: &Truth) -> Vec<Violation> {
    let mut found = agree(case, truth);
    for (&tab, &person) in &case.tabs {
        let key = (truth.id(), tab);
        let watched = Watched { truth, person };
        let steps = case.logs.get(&key).map_or(&[][..], Vec::as_slice);
        let mut of_tab: Vec<Violation> =
            steps.iter().filter_map(|step| watched.leak(step)).collect();
        of_tab.extend(watched.check(case.shown.get(&key).unwrap_or(&Shown::default())));
        let name = case.name(person);
        found.extend(of_tab.into_iter().map(|violation| violation.of(name)));
    }
    found
        .into_iter()
        .map(|violation| violation.at(truth.id()))
        .collect()
}

/// A rev is one change: everybody who is shown it is shown the same.
fn agree(case: &Case, truth: &Truth) -> Vec<Violation> {
    let mut known: HashMap<i64, (i64, Uuid, Stands)> = HashMap::new();
    let mut found = Vec::new();
    let histories = case.histories.get(&truth.id()).into_iter().flatten();
    let read =
        histories.flat_map(|history| history.items.iter().map(|item| (history.person, item)));
    let received = case.logs_of(truth.id()).flat_map(|(tab, steps)| {
        let items = steps.iter().filter_map(|step| match &step.what {
            What::Received(received) => Some(&received.item),
            _ => None,
        });
        items.map(move |item| (case.tabs.get(&tab).copied().unwrap_or(tab), item))
    });
    // The keeper's reading first: it is what others differ from.
    let truth_itself = truth
        .history
        .items
        .iter()
        .map(|item| (truth.place.keeper, item));
    for (person, item) in truth_itself.chain(read).chain(received) {
        let Item::Message(message) = item else {
            continue;
        };
        let shown = (message.seq, message.uuid, message.stands);
        let first = *known.entry(message.rev).or_insert(shown);
        if (first.0, first.1) != (shown.0, shown.1) {
            let what = format!(
                "rev {} is message {} to some and {} to others",
                message.rev, first.1, shown.1
            );
            found.push(Violation::new(Broken::Reordered, what).of(case.name(person)));
        } else if first.2 != shown.2 {
            let what = format!(
                "rev {} says {:?} to some and {:?} to others",
                message.rev, first.2, shown.2
            );
            found.push(Violation::new(Broken::Stale, what).of(case.name(person)));
        }
    }
    found
}

/// One tab's time with one conversation.
struct Watched<'a> {
    truth: &'a Truth<'a>,
    person: u32,
}

impl Watched<'_> {
    fn check(&self, shown: &Shown) -> Vec<Violation> {
        let disorder = shown.disorder.iter().map(|disorder| match disorder {
            Disorder::Twice(rev) => Violation::new(
                Broken::Duplicated,
                format!("rev {rev} came twice on one connection"),
            ),
            Disorder::Behind(rev, last) => {
                let what = format!("rev {rev} came after rev {last} on one connection");
                Violation::new(Broken::Reordered, what)
            }
        });
        let mut found: Vec<Violation> = disorder.collect();
        for view in &shown.views {
            let seat = self.truth.seats.at(self.person, view.began);
            // Without a seat, all of it was leaked, and that is said already.
            found.extend(seat.into_iter().flat_map(|seat| self.complete(view, &seat)));
        }
        found.extend(self.ending(shown.views.last()));
        found
    }

    fn leak(&self, step: &Step) -> Option<Violation> {
        let What::Received(received) = &step.what else {
            return None;
        };
        let (item, seats) = (&received.item, &self.truth.seats);
        // What the truth does not know yet came in after it was read.
        if item.rev() > self.truth.rev {
            return None;
        }
        let may = match received.how {
            How::Live => seats.may_receive(self.person, item),
            How::Resume | How::Page => seats.may_read(self.person, item),
        };
        (!may).then(|| {
            Violation::new(
                Broken::Leaked,
                format!("rev {} was not for them", item.rev()),
            )
        })
    }

    /// What is missing up to where the page knows the conversation.
    fn complete(&self, view: &View, seat: &Seat) -> Vec<Violation> {
        let truth = self.truth;
        let last_rev = seat
            .left
            .map_or(i64::MAX, |(left, _)| left)
            .min(view.head());
        let last_seq = seat.left.map_or(i64::MAX, |(_, after)| after);
        let lost = |what: String| Violation::new(Broken::Lost, what);
        let mut found = Vec::new();
        for (&seq, message) in truth.messages.range(..=last_seq) {
            let sent = truth.sent_rev(seq);
            let shown_from = view.first.is_some_and(|first| seq >= first) || sent > view.began;
            match view.messages.get(&seq) {
                None if sent > last_rev
                    || !shown_from
                    || view.above.contains(&seq)
                    || truth.seats.is_before(seat, seq)
                    || message.rev > last_rev && view.answers_about(sent).next().is_some()
                    || self.before_their_time(view, sent, seq) => {}
                None => found.push(lost(format!(
                    "message {seq} ({}) was never shown",
                    message.uuid
                ))),
                Some(shown) if shown.uuid != message.uuid => {
                    let what = format!(
                        "message {seq} is {} here and {} to others",
                        shown.uuid, message.uuid
                    );
                    found.push(Violation::new(Broken::Reordered, what));
                }
                Some(shown)
                    if shown.rev < message.rev
                        && message.rev <= last_rev
                        && !view.left_behind.contains(&seq)
                        && !self.before_their_time(view, message.rev, seq) =>
                {
                    found.push(lost(format!(
                        "message {seq} is shown as of rev {}, not {}",
                        shown.rev, message.rev
                    )));
                }
                Some(_) => {}
            }
        }
        let from = seat.joined.max(view.began + 1);
        let notices = truth.notices.range(from..);
        let missing = notices
            .take_while(|(rev, _)| **rev <= last_rev)
            .filter(|(rev, notice)| {
                // A notice has its place behind a message.
                !view.notices.contains(rev)
                    && !view.is_above(notice.after)
                    && !self.before_their_time(view, **rev, notice.after + 1)
            });
        found.extend(missing.map(|(rev, notice)| {
            lost(format!(
                "that somebody was {} (rev {rev}) was never shown",
                notice.what
            ))
        }));
        found
    }

    /// Whether the page asked for what it missed or was loaded anew, and this was not for its person then: they have been let
    /// in again since.
    fn before_their_time(&self, view: &View, sent: i64, place: i64) -> bool {
        let seats = &self.truth.seats;
        view.told_about(sent).any(|to| {
            let seat = seats.at(self.person, to);
            seat.is_none_or(|seat| seats.is_before(&seat, place))
        })
    }

    /// Whether it shows at the end what it should: all, or that its person is out.
    fn ending(&self, last: Option<&View>) -> Option<Violation> {
        let truth = self.truth;
        let open = last.filter(|view| view.ended == Ended::Open);
        match (truth.seats.at_end(self.person), open) {
            (Some(_), Some(view)) if view.head() < truth.rev => Some(Violation::new(
                Broken::Gap,
                format!(
                    "the page knows all up to rev {} of {}",
                    view.head(),
                    truth.rev
                ),
            )),
            (Some(seat), None) => Some(Violation::new(
                Broken::Lost,
                format!("that they are in (rev {}) was never shown", seat.joined),
            )),
            (None, Some(_)) => Some(Violation::new(
                Broken::Lost,
                "that they are out was never shown",
            )),
            _ => None,
        }
    }
}
