//! Who was in a conversation when: intervals of revs, as its notices tell. Pure.

use std::collections::HashMap;

use super::case::Case;
use crate::journal::{Conversation, Item, Kind, Message, Notice};

/// Who was in a conversation when.
#[derive(Debug, Default)]
pub(super) struct Seats {
    public: bool,
    seats: HashMap<u32, Vec<Seat>>,
}

/// One person's time in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    /// The change that let them in.
    pub joined: i64,
    /// Messages up to here were before their time.
    pub floor: i64,
    /// The change that let them out, and the message before it.
    pub left: Option<(i64, i64)>,
}

impl Seat {
    /// Whether they were in at this change.
    pub fn holds(&self, rev: i64) -> bool {
        self.joined <= rev && self.left.is_none_or(|(left, _)| rev <= left)
    }

    /// Whether they may read the message at all: from the first of their time to the last.
    fn reaches(&self, public: bool, message: &Message) -> bool {
        (public || message.seq > self.floor)
            && self.left.is_none_or(|(left, _)| message.rev <= left)
    }
}

impl Seats {
    /// From the notices, oldest first; before them everybody was in who began there.
    pub fn of<'a>(
        case: &Case,
        place: &Conversation,
        notices: impl Iterator<Item = &'a Notice>,
    ) -> Self {
        let mut seats: HashMap<u32, Vec<Seat>> = HashMap::new();
        let mut told = HashMap::<u32, Vec<Seat>>::new();
        for notice in notices {
            let who = notice.subject.as_deref().unwrap_or(&notice.actor);
            let Some(&person) = case.by_name.get(who) else {
                continue;
            };
            let own = told.entry(person).or_default();
            match notice.what.as_str() {
                "created" | "joined" | "added" => own.push(Seat {
                    joined: notice.rev,
                    floor: notice.after,
                    left: None,
                }),
                "left" | "removed" => {
                    if let Some(seat) = own.last_mut() {
                        seat.left = Some((notice.rev, notice.after));
                    }
                }
                _ => {}
            }
        }
        for &person in &place.members {
            // Of direct conversations nothing tells.
            let begin = Seat {
                joined: 0,
                floor: 0,
                left: None,
            };
            seats.insert(
                person,
                told.remove(&person)
                    .filter(|own| !own.is_empty())
                    .unwrap_or_else(|| vec![begin]),
            );
        }
        seats.extend(told);
        Self {
            public: place.kind == Kind::Public,
            seats,
        }
    }

    pub fn of_person(&self, person: u32) -> &[Seat] {
        self.seats.get(&person).map_or(&[], Vec::as_slice)
    }

    /// The last one, where the person is in at the end.
    pub fn at_end(&self, person: u32) -> Option<Seat> {
        self.of_person(person)
            .last()
            .copied()
            .filter(|seat| seat.left.is_none())
    }

    /// The one that a page belongs to which knows this rev.
    pub fn at(&self, person: u32, rev: i64) -> Option<Seat> {
        self.of_person(person)
            .iter()
            .rfind(|seat| seat.joined <= rev)
            .copied()
    }

    /// Whether a message up to this one is for somebody who has this seat.
    pub fn is_before(&self, seat: &Seat, seq: i64) -> bool {
        !self.public && seq <= seat.floor
    }

    /// Whether somebody may be handed this by itself.
    pub fn may_receive(&self, person: u32, item: &Item) -> bool {
        let seats = self.of_person(person).iter();
        let mut held = seats.filter(|seat| seat.holds(item.rev()));
        match item {
            Item::Notice(_) => held.next().is_some(),
            Item::Message(message) => held.any(|seat| !self.is_before(seat, message.seq)),
        }
    }

    /// Whether somebody may read this, whenever they ask. Notices tell nothing that was sent.
    pub fn may_read(&self, person: u32, item: &Item) -> bool {
        match item {
            Item::Notice(_) => true,
            Item::Message(message) => {
                let seats = self.of_person(person).iter();
                seats
                    .into_iter()
                    .any(|seat| seat.reaches(self.public, message))
            }
        }
    }
}
