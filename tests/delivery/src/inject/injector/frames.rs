//! What each fault does to frames. Pure.

use std::time::Instant;

use super::super::edit::{Frame, one_version_back};
use super::super::fault::Fault;
use super::{Injector, Misdirected};

impl Injector {
    pub(super) fn drop_frame(
        &mut self,
        cookie: &str,
        frame: &mut Frame,
        occasion: bool,
    ) -> Vec<String> {
        let creator = self.creators.get(&frame.conversation());
        let is_creator = creator.is_some_and(|creator| creator == cookie);
        if occasion && !is_creator && self.is_due() {
            self.inject(cookie, frame, "dropped");
        }
        let uuid = self.target.uuid.clone();
        if self.targets(cookie, frame.conversation()) {
            if frame.uuid() == uuid {
                return Vec::new();
            }
            frame.retain(|_, html| !html.contains(&uuid));
        }
        vec![frame.text()]
    }

    /// The person does not get past a rev: never, or not before the delay is over.
    pub(super) fn gap(&mut self, cookie: &str, frame: &mut Frame, occasion: bool) -> Vec<String> {
        if occasion && self.is_due() {
            let delayed = self.fault == Fault::Delay;
            let what = if delayed {
                "delayed from here on"
            } else {
                "a gap from here on"
            };
            self.inject(cookie, frame, what);
            self.target.until = delayed.then(|| Instant::now() + self.delay);
        }
        let rev = self.target.rev;
        let until = self.target.until;
        let over = until.is_some_and(|until| until <= Instant::now());
        if !over && self.targets(cookie, frame.conversation()) {
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

    pub(super) fn reorder(&mut self, cookie: &str, frame: Frame, occasion: bool) -> Vec<String> {
        let after_held =
            self.targets(cookie, frame.conversation()) && frame.number("rev") > self.target.rev;
        if let Some(held) = self.held.take_if(|_| after_held) {
            if !self.second_variant {
                return vec![frame.text(), held.text()];
            }
            if frame.is_message() && frame.number("rev") == held.number("rev") + 1 {
                return vec![
                    frame.in_place_of(&held).text(),
                    held.in_place_of(&frame).text(),
                ];
            }
            // Not two messages in a row: wait for another occasion.
            (self.injected, self.left) = (None, 1);
            return vec![held.text(), frame.text()];
        }
        if occasion && self.is_due() {
            self.inject(cookie, &frame, "reordered with the next");
            self.held = Some(frame);
            return Vec::new();
        }
        vec![frame.text()]
    }

    /// Sends a message to a removed person as well.
    pub(super) fn leak(&mut self, frame: &Frame, text: &str) -> Vec<Misdirected> {
        let conversation = frame.conversation();
        let removed = self.users.iter().find(|(_, user)| {
            let removal = self.removal(**user, conversation);
            removal.is_some_and(|removal| removal.delivered && removal.rev < frame.number("rev"))
        });
        let Some(cookie) = removed.map(|(cookie, _)| cookie.clone()) else {
            return Vec::new();
        };
        if !self.is_due() {
            return Vec::new();
        }
        self.inject(&cookie, frame, "leaked live");
        vec![(cookie, text.to_owned())]
    }

    pub(super) fn stale(&mut self, cookie: &str, mut frame: Frame) -> Vec<String> {
        if let Some(before) = one_version_back(frame.html())
            && self.is_due()
        {
            self.inject(cookie, &frame, "the text before the edit");
            frame.set_html(before);
        }
        vec![frame.text()]
    }
}
