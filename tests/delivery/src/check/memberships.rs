//! Who was in a conversation when: intervals of revs, from its notices. Pure.

use std::collections::HashMap;

use super::index::Index;
use crate::journal::{Conversation, ConversationKind, Item, Message, Notice};

/// The memberships of a conversation, by person.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    public: bool,
    by_person: HashMap<u32, Vec<Membership>>,
}

/// An interval in which a person was in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Membership {
    /// The rev of the change that added the member.
    pub joined: i64,
    /// Messages up to this one predate the membership.
    pub floor: i64,
    /// The rev of the change that removed the member, and the message before it.
    pub left: Option<(i64, i64)>,
}

impl Membership {
    /// Whether the person was in at this rev.
    fn contains(&self, rev: i64) -> bool {
        self.joined <= rev && self.left.is_none_or(|(left, _)| rev <= left)
    }

    /// Whether the member may ever read this state of a message.
    fn may_read(&self, public: bool, message: &Message) -> bool {
        (public || message.seq > self.floor)
            && self.left.is_none_or(|(left, _)| message.rev <= left)
    }
}

impl Memberships {
    /// From the notices, oldest first. Who was a member when the run began and has no notices was in all the time.
    pub(super) fn of<'a>(
        index: &Index,
        conversation: &Conversation,
        notices: impl Iterator<Item = &'a Notice>,
    ) -> Self {
        let mut by_person: HashMap<u32, Vec<Membership>> = HashMap::new();
        for notice in notices {
            let who = notice.subject.as_deref().unwrap_or(&notice.actor);
            if let Some(&person) = index.by_name.get(who) {
                apply(by_person.entry(person).or_default(), notice);
            }
        }
        for &person in &conversation.members {
            // A direct conversation has no notices.
            let from_the_start = Membership {
                joined: 0,
                floor: 0,
                left: None,
            };
            let own = by_person.entry(person).or_default();
            if own.is_empty() {
                own.push(from_the_start);
            }
        }
        Self {
            public: conversation.kind == ConversationKind::Public,
            by_person,
        }
    }

    fn of_person(&self, person: u32) -> &[Membership] {
        self.by_person.get(&person).map_or(&[], Vec::as_slice)
    }

    /// The membership at the end, if the person is in.
    pub(super) fn current(&self, person: u32) -> Option<Membership> {
        let last = self.of_person(person).last().copied();
        last.filter(|membership| membership.left.is_none())
    }

    /// The membership of a page that was loaded at this rev.
    pub(super) fn at(&self, person: u32, rev: i64) -> Option<Membership> {
        let mut own = self.of_person(person).iter();
        own.rfind(|membership| membership.joined <= rev).copied()
    }

    /// Whether a message is hidden from a member because it predates the membership.
    pub(super) fn predates(&self, membership: &Membership, seq: i64) -> bool {
        !self.public && seq <= membership.floor
    }

    /// Whether the person may receive this live.
    pub(super) fn may_receive(&self, person: u32, item: &Item) -> bool {
        let own = self.of_person(person).iter();
        let mut then = own.filter(|membership| membership.contains(item.rev()));
        match item {
            Item::Notice(_) => then.next().is_some(),
            Item::Message(message) => {
                then.any(|membership| !self.predates(membership, message.seq))
            }
        }
    }

    /// Whether the person may read this on a page whose last change is `rev`. Who joins later may read it then, not
    /// before. Notices reveal nothing that was sent.
    pub(super) fn may_read(&self, person: u32, item: &Item, rev: i64) -> bool {
        let own = self.of_person(person).iter();
        let mut own = own.filter(|membership| membership.joined <= rev);
        match item {
            Item::Notice(_) => true,
            Item::Message(message) => {
                own.any(|membership| membership.may_read(self.public, message))
            }
        }
    }
}

/// Starts or ends a membership of the person whom a notice is about.
fn apply(own: &mut Vec<Membership>, notice: &Notice) {
    match notice.kind.as_str() {
        "created" | "joined" | "added" => own.push(Membership {
            joined: notice.rev,
            floor: notice.after,
            left: None,
        }),
        "left" | "removed" => {
            if let Some(membership) = own.last_mut() {
                membership.left = Some((notice.rev, notice.after));
            }
        }
        _ => {}
    }
}
