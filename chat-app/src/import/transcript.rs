//! The messages of a conversation in the order of their times, one day after the other. Does I/O (files).
//!
//! Two days are in memory at most. A message may lie in the file of a day that is not its own, as far as one file away.

use std::vec::IntoIter;

use super::Error;
use super::archive::Archive;
use super::report::Report;
use super::slack::{self, Message, Ts};

pub(super) struct Transcript {
    days: IntoIter<String>,
    /// Messages that an earlier one may follow.
    waiting: Vec<Message>,
    last: Ts,
    /// No message is younger.
    now: Ts,
}

impl Transcript {
    pub(super) fn new(days: Vec<String>, now: Ts) -> Self {
        Self {
            days: days.into_iter(),
            waiting: Vec::new(),
            last: Ts(0),
            now,
        }
    }

    /// The next messages, about a day; `None` after the last.
    pub(super) fn next(
        &mut self,
        archive: &mut Archive,
        report: &mut Report,
    ) -> Result<Option<Vec<Message>>, Error> {
        loop {
            let Some(day) = self.days.next() else {
                let rest = std::mem::take(&mut self.waiting);
                return Ok((!rest.is_empty()).then(|| self.ordered(rest, report)));
            };
            let mut fresh = self.messages(&day, archive, report)?;
            let Some(first) = fresh.iter().map(|message| message.ts).min() else {
                continue;
            };
            self.waiting.append(&mut fresh);
            self.waiting.sort_by_key(|message| message.ts);
            let ready = self.waiting.partition_point(|message| message.ts < first);
            if ready > 0 {
                let rest = self.waiting.split_off(ready);
                let ready = std::mem::replace(&mut self.waiting, rest);
                return Ok(Some(self.ordered(ready, report)));
            }
        }
    }

    fn messages(
        &self,
        day: &str,
        archive: &mut Archive,
        report: &mut Report,
    ) -> Result<Vec<Message>, Error> {
        let json = archive.read(day)?.unwrap_or_default();
        let (values, broken) = slack::elements(&json);
        if let Some(error) = broken {
            report.problem(
                "files of days are broken: what is before the break was imported; export these days again",
                || format!("{day}: {error}"),
            );
        }
        let mut messages = Vec::with_capacity(values.len());
        for value in values {
            // Of a number as `ts`, only the rounded value would be left.
            match serde_json::from_value::<Message>(value) {
                Ok(message) if message.ts <= self.now => messages.push(message),
                Ok(message) => report.problem(
                    "messages are from the future, and are left out: later messages would stand before them",
                    || format!("{day}: ts {}", message.ts),
                ),
                Err(error) => report.problem(
                    "messages have no valid `ts`, which must be text such as \"1355517523.000005\", and are left out",
                    || format!("{day}: {error}"),
                ),
            }
        }
        Ok(messages)
    }

    /// Without those that are there twice, or too far from their day.
    fn ordered(&mut self, messages: Vec<Message>, report: &mut Report) -> Vec<Message> {
        let kept = messages.into_iter().filter(|message| {
            let ts = message.ts;
            if ts == self.last {
                report.problem(
                    "messages are in the export twice, and come once",
                    || format!("ts {ts}"),
                );
            } else if ts < self.last {
                report.problem(
                    "messages lie in files of much later days, and are left out: put them into the right file",
                    || format!("ts {ts}"),
                );
            }
            let later = ts > self.last;
            self.last = self.last.max(ts);
            later
        });
        kept.collect()
    }
}
