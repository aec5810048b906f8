//! Whether every page showed everything that its person may see, in the one order, and nothing else. Pure.

use std::collections::HashMap;

use uuid::Uuid;

use super::ground_truth::GroundTruth;
use super::index::Index;
use super::memberships::Membership;
use super::replay::{Disorder, PageView, Replay, ViewEnd};
use super::result::{Anomaly, Violation};
use super::tab_events::{EventKind, TabEvent};
use crate::journal::{Content, Item, Message, Received, Via};

pub(super) fn check(index: &Index, truth: &GroundTruth) -> Vec<Violation> {
    let mut found = conflicts(index, truth);
    for (&tab, &person) in &index.tabs {
        let key = (truth.id(), tab);
        let check = TabCheck { truth, person };
        let events = index.events.get(&key).map_or(&[][..], Vec::as_slice);
        let mut own = check.leaks(events);
        own.extend(check.replay(index.replays.get(&key).unwrap_or(&Replay::default())));
        let name = index.name(person);
        found.extend(own.into_iter().map(|violation| violation.for_person(name)));
    }
    found
        .into_iter()
        .map(|violation| violation.in_conversation(truth.id()))
        .collect()
}

/// A rev is one change: everybody who sees it sees the same.
fn conflicts(index: &Index, truth: &GroundTruth) -> Vec<Violation> {
    let mut known: HashMap<i64, (i64, Uuid, Content)> = HashMap::new();
    let mut found = Vec::new();
    let read_backs = index.read_backs.get(&truth.id()).into_iter().flatten();
    let read = read_backs.flat_map(|one| one.items.iter().map(|item| (one.person, item)));
    let received = index.events_of(truth.id()).flat_map(|(tab, events)| {
        let items = events.iter().filter_map(|event| match &event.kind {
            EventKind::Received(received) => Some(&received.item),
            _ => None,
        });
        items.map(move |item| (index.tabs.get(&tab).copied().unwrap_or(tab), item))
    });
    // The ground truth first: others differ from it.
    let own = truth.read_back.items.iter();
    let own = own.map(|item| (truth.conversation.owner, item));
    for (person, item) in own.chain(read).chain(received) {
        let Item::Message(message) = item else {
            continue;
        };
        let (rev, shown) = (message.rev, (message.seq, message.uuid, message.content));
        let first = *known.entry(rev).or_insert(shown);
        let violation = if (first.0, first.1) != (shown.0, shown.1) {
            let detail = format!("rev {rev} is message {} and message {}", first.1, shown.1);
            Violation::new(Anomaly::Reordered, detail)
        } else if first.2 != shown.2 {
            let detail = format!(
                "rev {rev} has two contents: {:?} and {:?}",
                first.2, shown.2
            );
            Violation::new(Anomaly::Stale, detail)
        } else {
            continue;
        };
        found.push(violation.for_person(index.name(person)));
    }
    found
}

/// The check of one conversation on one tab.
struct TabCheck<'a> {
    truth: &'a GroundTruth<'a>,
    person: u32,
}

impl TabCheck<'_> {
    fn leaks(&self, events: &[TabEvent]) -> Vec<Violation> {
        let mut found = Vec::new();
        // The last change of the page or range to which the next items belong.
        let mut read_up_to = 0;
        for event in events {
            match &event.kind {
                EventKind::Page(page) => read_up_to = page.rev,
                EventKind::Range(range) => read_up_to = range.to,
                EventKind::Received(received) => found.extend(self.leak(received, read_up_to)),
                EventKind::Removed => {}
            }
        }
        found
    }

    fn leak(&self, received: &Received, read_up_to: i64) -> Option<Violation> {
        let (item, memberships) = (&received.item, &self.truth.memberships);
        // The ground truth does not have what was sent after it was read.
        if item.rev() > self.truth.rev {
            return None;
        }
        let may = match received.via {
            Via::Live => memberships.may_receive(self.person, item),
            Via::Resume | Via::Page => memberships.may_read(self.person, item, read_up_to),
        };
        (!may).then(|| {
            let detail = format!("rev {} was not for them", item.rev());
            Violation::new(Anomaly::Leaked, detail)
        })
    }

    fn replay(&self, replay: &Replay) -> Vec<Violation> {
        let disorder = replay.disorder.iter().map(|disorder| match disorder {
            Disorder::Duplicate(rev) => Violation::new(
                Anomaly::Duplicated,
                format!("rev {rev} came twice on one connection"),
            ),
            Disorder::OutOfOrder(rev, last) => Violation::new(
                Anomaly::Reordered,
                format!("rev {rev} came after rev {last} on one connection"),
            ),
        });
        let mut found: Vec<Violation> = disorder.collect();
        for view in &replay.views {
            // Without a membership, everything on the page is a leak, which is reported already.
            if let Some(membership) = self.truth.memberships.at(self.person, view.opened_at) {
                found.extend(self.missing_messages(view, &membership));
                found.extend(self.missing_notices(view, &membership));
            }
        }
        found.extend(self.ending(replay.views.last()));
        found
    }

    /// Messages up to the head of the page that it does not show, or shows in an old state.
    fn missing_messages(&self, view: &PageView, membership: &Membership) -> Vec<Violation> {
        let truth = self.truth;
        let last_rev = last_rev(view, membership);
        let last_seq = membership.left.map_or(i64::MAX, |(_, after)| after);
        let mut found = Vec::new();
        for (&seq, message) in truth.messages.range(..=last_seq) {
            let (anomaly, detail) = match view.messages.get(&seq) {
                None if !self.is_expected(view, membership, message, last_rev) => continue,
                None => (
                    Anomaly::Lost,
                    format!("message {seq} ({}) was never shown", message.uuid),
                ),
                Some(shown) if shown.uuid != message.uuid => (
                    Anomaly::Reordered,
                    format!(
                        "message {seq} is {} here and {} for others",
                        shown.uuid, message.uuid
                    ),
                ),
                Some(shown)
                    if shown.rev < message.rev
                        && message.rev <= last_rev
                        && !view.off_screen.contains(&seq)
                        && !self.was_hidden(view, message.rev, seq) =>
                {
                    (
                        Anomaly::Lost,
                        format!(
                            "message {seq} is shown as of rev {}, not {}",
                            shown.rev, message.rev
                        ),
                    )
                }
                Some(_) => continue,
            };
            found.push(Violation::new(anomaly, detail));
        }
        found
    }

    /// Whether the page should show a message that it does not show.
    fn is_expected(
        &self,
        view: &PageView,
        membership: &Membership,
        message: &Message,
        last_rev: i64,
    ) -> bool {
        let seq = message.seq;
        let sent = self.truth.sent_rev(seq);
        let on_page = view.first.is_some_and(|first| seq >= first) || sent > view.opened_at;
        let changed_after_a_resume =
            message.rev > last_rev && view.resumes_covering(sent).next().is_some();
        sent <= last_rev
            && on_page
            && !view.above.contains(&seq)
            && !self.truth.memberships.predates(membership, seq)
            && !changed_after_a_resume
            && !self.was_hidden(view, sent, seq)
    }

    fn missing_notices(&self, view: &PageView, membership: &Membership) -> Vec<Violation> {
        let last_rev = last_rev(view, membership);
        let from = membership.joined.max(view.opened_at + 1);
        let notices = self.truth.notices.range(from..);
        let missing = notices
            .take_while(|(rev, _)| **rev <= last_rev)
            .filter(|(rev, notice)| {
                // The position of a notice is after a message.
                !view.notices.contains(rev)
                    && !view.is_above(notice.after)
                    && !self.was_hidden(view, **rev, notice.after + 1)
            });
        missing
            .map(|(rev, notice)| {
                let detail = format!("the notice \"{}\" (rev {rev}) was never shown", notice.kind);
                Violation::new(Anomaly::Lost, detail)
            })
            .collect()
    }

    /// Whether the page read this rev, by a resume or a reload, when its person was not a member or the item predated the
    /// membership: the person was added again later.
    fn was_hidden(&self, view: &PageView, rev: i64, seq: i64) -> bool {
        let memberships = &self.truth.memberships;
        view.reads_covering(rev).any(|read_at| {
            let membership = memberships.at(self.person, read_at);
            membership.is_none_or(|membership| memberships.predates(&membership, seq))
        })
    }

    /// Whether the page shows at the end what it should: everything, or that its person was removed.
    fn ending(&self, last: Option<&PageView>) -> Option<Violation> {
        let truth = self.truth;
        let open = last.filter(|view| view.end == ViewEnd::StillOpen);
        match (truth.memberships.current(self.person), open) {
            (Some(_), Some(view)) if view.head() < truth.rev => {
                let (head, rev) = (view.head(), truth.rev);
                let detail = format!("the page is complete up to rev {head} of {rev}");
                Some(Violation::new(Anomaly::Gap, detail))
            }
            (Some(membership), None) => {
                let joined = membership.joined;
                let detail = format!("the page never showed that they are a member (rev {joined})");
                Some(Violation::new(Anomaly::Lost, detail))
            }
            (None, Some(_)) => {
                let detail = "the page never showed that they were removed";
                Some(Violation::new(Anomaly::Lost, detail))
            }
            _ => None,
        }
    }
}

/// The last rev that the page has to show.
fn last_rev(view: &PageView, membership: &Membership) -> i64 {
    let left = membership.left.map_or(i64::MAX, |(left, _)| left);
    left.min(view.head())
}
