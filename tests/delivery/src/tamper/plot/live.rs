//! What is done to frames on their way to somebody. Pure.

use std::time::Instant;

use super::super::edit::{Frame, one_version_back};
use super::{Fault, Plot, Stray};

impl Plot {
    pub(super) fn drop_frame(
        &mut self,
        cookie: &str,
        frame: &mut Frame,
        strange: bool,
    ) -> Vec<String> {
        let made = self.makers.get(&frame.conversation()).map(String::as_str) == Some(cookie);
        if strange && !made && self.strikes() {
            self.plant(cookie, frame, "dropped");
        }
        let uuid = self.victim.uuid.clone();
        if self.hits(cookie, frame.conversation()) {
            if frame.uuid() == uuid {
                return Vec::new();
            }
            frame.retain(|_, html| !html.contains(&uuid));
        }
        vec![frame.text()]
    }

    /// Nobody gets past a rev: for ever, or for a while.
    pub(super) fn gap(&mut self, cookie: &str, frame: &mut Frame, strange: bool) -> Vec<String> {
        if strange && self.strikes() {
            let late = self.fault == Fault::Late;
            let what = if late {
                "late from here on"
            } else {
                "a gap from here on"
            };
            self.plant(cookie, frame, what);
            self.victim.until = late.then(|| Instant::now() + self.late);
        }
        let rev = self.victim.rev;
        let over = self
            .victim
            .until
            .is_some_and(|until| until <= Instant::now());
        if !over && self.hits(cookie, frame.conversation()) {
            if frame.number("rev") == rev {
                return Vec::new();
            }
            if frame.kind() == "resumed" {
                frame.retain(|item, _| item < rev);
                let to = frame.0["conversation"]["to"].as_i64().unwrap_or(0);
                frame.0["conversation"]["to"] = to.min(rev - 1).into();
            }
        }
        vec![frame.text()]
    }

    pub(super) fn swap(&mut self, cookie: &str, frame: Frame, strange: bool) -> Vec<String> {
        let next_of_held =
            self.hits(cookie, frame.conversation()) && frame.number("rev") > self.victim.rev;
        if let Some(held) = self.held.take_if(|_| next_of_held) {
            if !self.other_way {
                return vec![frame.text(), held.text()];
            }
            if frame.is_message() && frame.number("rev") == held.number("rev") + 1 {
                return vec![
                    frame.in_place_of(&held).text(),
                    held.in_place_of(&frame).text(),
                ];
            }
            // Not two messages in a row: another occasion.
            (self.planted, self.left) = (None, 1);
            return vec![held.text(), frame.text()];
        }
        if strange && self.strikes() {
            self.plant(cookie, &frame, "swapped with the next");
            self.held = Some(frame);
            return Vec::new();
        }
        vec![frame.text()]
    }

    /// A message that goes to somebody who is out as well.
    pub(super) fn leak(&mut self, frame: &Frame, text: &str) -> Vec<Stray> {
        let conversation = frame.conversation();
        let gone = self.users.iter().find(|(_, user)| {
            let last = self.out(**user, conversation);
            last.is_some_and(|last| last.told && last.rev < frame.number("rev"))
        });
        let Some(cookie) = gone.map(|(cookie, _)| cookie.clone()) else {
            return Vec::new();
        };
        if !self.strikes() {
            return Vec::new();
        }
        self.plant(&cookie, frame, "leaked live");
        vec![(cookie, text.to_owned())]
    }

    pub(super) fn stale(&mut self, cookie: &str, mut frame: Frame) -> Vec<String> {
        if let Some(before) = one_version_back(frame.html())
            && self.strikes()
        {
            self.plant(cookie, &frame, "the text before");
            frame.0["html"] = before.into();
        }
        vec![frame.text()]
    }
}
