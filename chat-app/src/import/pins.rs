//! The pins of a conversation's messages. Pure.

use std::collections::HashMap;

use super::conversation::Coming;
use super::report::Report;
use super::slack::{self, Pin, Ts};
use crate::store::pins::MAX_PINS;

/// By the time of the message: those that were pinned last, as many as the chat takes.
pub(super) fn of(slack: &slack::Conversation) -> HashMap<i64, Pin> {
    let pins = slack.pins.iter().cloned();
    let mut pins: Vec<Pin> = pins
        .filter_map(|pin| serde_json::from_value(pin).ok())
        .collect();
    pins.sort_by_key(|pin| std::cmp::Reverse(pin.created));
    pins.truncate(MAX_PINS);
    pins.into_iter().map(|pin| (pin.id.0, pin)).collect()
}

impl Pin {
    /// When it was pinned; not before it was sent.
    pub(super) fn at(&self) -> Ts {
        let micros = self.created.and_then(|at| at.checked_mul(1_000_000));
        self.id.max(Ts(micros.unwrap_or_default()))
    }
}

impl Coming<'_> {
    /// Reports the pins that have no message here.
    pub(super) fn report_pins(&self, slack: &slack::Conversation, report: &mut Report) {
        let has_place = |time: &&i64| {
            self.places
                .binary_search_by_key(*time, |(at, _)| *at)
                .is_ok()
        };
        let placed = self.pins.keys().filter(has_place).count();
        if slack.pins.len() > placed {
            report.problem(
                "conversations have pins of files, of messages that are not in the export, or more than 100, which are left out",
                || self.name.to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pinned(pins: &[Value]) -> HashMap<i64, Pin> {
        of(&serde_json::from_value(json!({"id": "C1", "pins": pins})).unwrap())
    }

    #[test]
    fn only_messages_are_pinned_at_a_time_after_they_were_sent() {
        let message =
            json!({"id": "1704099600.000001", "type": "C", "created": 1_704_099_700, "user": "U1"});
        let early = json!({"id": "1704099601.000001", "created": 3});
        let endless = json!({"id": "1704099602.000001", "created": i64::MAX});
        let file = json!({"id": "F1", "type": "F", "user": "U1"});
        let found = pinned(&[message, early, endless, file]);
        let at = |time: i64| found[&time].at().0;
        assert_eq!(found.len(), 3);
        assert_eq!(at(1_704_099_600_000_001), 1_704_099_700_000_000);
        assert_eq!(at(1_704_099_601_000_001), 1_704_099_601_000_001);
        assert_eq!(at(1_704_099_602_000_001), 1_704_099_602_000_001);
    }

    #[test]
    fn the_newest_hundred_are_kept() {
        let pins: Vec<Value> = (0..=100)
            .map(|n| json!({"id": format!("17040996{n:02}.000001"), "created": 1_704_200_000 + n}))
            .collect();
        let found = pinned(&pins);
        assert_eq!(found.len(), MAX_PINS);
        assert!(!found.contains_key(&1_704_099_600_000_001));
    }
}
