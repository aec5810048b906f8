//! Sends, edits, deletions, reactions and pins, each due at a fixed time. Does I/O.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context, Result};
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::room::Room;
use super::shared::{Performed, Shared};
use crate::journal::{Action, Answer, Micros};
use crate::page;

/// More than these stay pinned in no conversation: the chat has a limit.
const PINNED: usize = 10;
const EMOJI: [&str; 4] = ["🎉", "👍", "❤️", "👀"];

/// Draws what is due when from the seed, and spawns a task for each.
pub(super) struct Driver {
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: CancellationToken,
    rng: fastrand::Rng,
    rooms: Vec<i64>,
}

/// The answer to a send that succeeded.
#[derive(Deserialize)]
struct Sent {
    seq: i64,
    rev: i64,
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>, tasks: TaskTracker, stop: CancellationToken) -> Self {
        let mut rooms: Vec<i64> = shared.rooms().keys().copied().collect();
        rooms.sort_unstable();
        Self {
            rng: fastrand::Rng::with_seed(shared.plan.seed ^ 0x0073_656e_6473),
            shared,
            tasks,
            stop,
            rooms,
        }
    }

    pub(super) async fn run(mut self) {
        let plan = &self.shared.plan;
        let sends = plan.sends.unwrap_or(u64::MAX);
        let changes = [plan.edits, plan.deletions, plan.reactions, plan.pins];
        let mut next = self.shared.recorder.now() as f64;
        for _ in 0..sends {
            let step = 1e6 / *self.shared.rate();
            // Jitter, so that sends are neither in lockstep nor in bursts.
            let at = (next + self.rng.f64() * step) as Micros;
            next += step;
            let due = sleep_until(Instant::from_std(self.shared.recorder.instant(at)));
            if self.stop.run_until_cancelled(due).await.is_none() {
                return;
            }
            self.send(at);
            for (kind, share) in changes.into_iter().enumerate() {
                if self.rng.f64() < share {
                    self.change(kind, at);
                }
            }
        }
        self.shared.all_sent.cancel();
    }

    fn send(&mut self, at: Micros) {
        let conversation = self.rooms[self.rng.usize(..self.rooms.len())];
        let retried = self.rng.f64() < self.shared.plan.retried;
        let uuid = uuid::Builder::from_random_bytes(self.rng.u128(..).to_le_bytes()).into_uuid();
        let (who, by_churning) = (self.rng.usize(..), self.rng.f64() < 0.2);
        let person = {
            let rooms = self.shared.rooms();
            let room = &rooms[&conversation];
            let churning: Vec<u32> = room
                .churning
                .iter()
                .filter(|p| room.members.contains(p))
                .copied()
                .collect();
            let from = if by_churning && !churning.is_empty() {
                &churning
            } else {
                &room.permanent
            };
            from[who % from.len()]
        };
        let shared = self.shared.clone();
        self.tasks
            .spawn(async move { send(&shared, at, person, conversation, uuid, retried).await });
    }

    /// An edit, a deletion, a reaction or a pin, of one of the latest messages.
    fn change(&mut self, kind: usize, at: Micros) {
        let conversation = self.rooms[self.rng.usize(..self.rooms.len())];
        let chosen = {
            let mut rooms = self.shared.rooms();
            let room = rooms
                .get_mut(&conversation)
                .expect("rooms are never removed");
            match kind {
                0 => edit(room, &mut self.rng),
                1 => delete(room, &mut self.rng),
                2 => react(room, &mut self.rng),
                _ => pin(room, &mut self.rng),
            }
        };
        let Some((person, action)) = chosen else {
            return; // there is nothing to change yet
        };
        let shared = self.shared.clone();
        self.tasks
            .spawn(async move { change(&shared, at, person, conversation, action).await });
    }
}

fn edit(room: &mut Room, rng: &mut fastrand::Rng) -> Option<(u32, Action)> {
    let target = room.idle(rng)?;
    target.busy = true;
    target.version += 1;
    let (seq, version) = (target.seq, target.version);
    Some((target.sender, Action::Edit { seq, version }))
}

fn delete(room: &mut Room, rng: &mut fastrand::Rng) -> Option<(u32, Action)> {
    let (seq, sender) = room.idle(rng).map(|target| (target.seq, target.sender))?;
    room.targets.retain(|target| target.seq != seq);
    room.pinned.retain(|pinned| *pinned != seq);
    Some((sender, Action::Delete { seq }))
}

fn react(room: &mut Room, rng: &mut fastrand::Rng) -> Option<(u32, Action)> {
    let person = room.permanent[rng.usize(..room.permanent.len())];
    let emoji = EMOJI[rng.usize(..EMOJI.len())];
    let target = room.idle(rng)?;
    let seq = target.seq;
    let emoji_text = emoji.to_owned();
    let fresh = target.reacted.insert((person, emoji));
    fresh.then_some((
        person,
        Action::React {
            seq,
            emoji: emoji_text,
        },
    ))
}

/// Pins a message, or unpins the one that is pinned the longest. The pin of a message has ended before it is unpinned.
fn pin(room: &mut Room, rng: &mut fastrand::Rng) -> Option<(u32, Action)> {
    let person = room.permanent[rng.usize(..room.permanent.len())];
    if room.pinned.len() >= PINNED {
        let seq = room.pinned.pop_front()?;
        let present = false;
        return Some((person, Action::Pin { seq, present }));
    }
    let target = room.idle(rng)?;
    let fresh = !std::mem::replace(&mut target.pinned, true);
    let (seq, present) = (target.seq, true);
    fresh.then_some((person, Action::Pin { seq, present }))
}

/// Sends a message; returns its position.
async fn send(
    shared: &Shared,
    at: Micros,
    person: u32,
    conversation: i64,
    uuid: Uuid,
    retried: bool,
) -> Option<Sent> {
    shared.recorder.intended.fetch_add(1, Relaxed);
    let op = shared.record_intent(at, person, conversation, Action::Send { uuid });
    let (path, id, body) = (
        format!("/c/{conversation}/messages"),
        uuid.to_string(),
        page::body(0),
    );
    let form = [("client_id", id.as_str()), ("body", body.as_str())];
    let Performed {
        answer,
        attempts,
        reply,
    } = shared.perform(person, &path, &form, retried).await;
    let sent: Option<Sent> = reply.and_then(|reply| serde_json::from_str(&reply.body).ok());
    let result = match (answer, &sent) {
        (_, Some(sent)) => Answer::Ok {
            seq: sent.seq,
            rev: sent.rev,
        },
        // A success without a position is not an acknowledgement.
        (Answer::Done, None) => Answer::Unknown { status: None },
        (answer, None) => answer,
    };
    match result {
        Answer::Ok { .. } | Answer::Done => shared.recorder.acked(at),
        Answer::Refused { .. } => {
            shared.recorder.refused.fetch_add(1, Relaxed);
        }
        Answer::Unknown { .. } => {
            shared.recorder.unknown.fetch_add(1, Relaxed);
        }
    }
    shared.record_outcome(op, attempts, result);
    if let (Some(sent), Some(room)) = (&sent, shared.rooms().get_mut(&conversation)) {
        room.sent(sent.seq, person);
    }
    sent
}

async fn change(shared: &Shared, at: Micros, person: u32, conversation: i64, action: Action) {
    let op = shared.record_intent(at, person, conversation, action.clone());
    let (seq, rest, form) = match &action {
        Action::Edit { seq, version } => (*seq, "edit", vec![("body", page::body(*version))]),
        Action::Delete { seq } => (*seq, "delete", Vec::new()),
        Action::React { seq, emoji } => (
            *seq,
            "reactions",
            vec![("emoji", emoji.clone()), ("present", "true".to_owned())],
        ),
        Action::Pin { seq, present } => (*seq, "pin", vec![("present", present.to_string())]),
        Action::Send { .. } | Action::Join { .. } | Action::Leave { .. } => return,
    };
    let path = format!("/c/{conversation}/messages/{seq}/{rest}");
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let Performed {
        answer, attempts, ..
    } = shared.perform(person, &path, &form, true).await;
    shared.record_outcome(op, attempts, answer);
    if let Some(room) = shared.rooms().get_mut(&conversation) {
        match action {
            Action::Edit { .. } => room.edited(seq),
            Action::Pin { present: true, .. } if answer.is_ok() => room.pinned.push_back(seq),
            _ => {}
        }
    }
}

/// Sends a last message to each conversation, retried until it is stored: a tab that shows it is complete. Returns the rev of
/// each.
pub(super) async fn send_last_messages(shared: &Arc<Shared>) -> Result<HashMap<i64, i64>> {
    let rooms: Vec<(i64, u32)> = shared
        .rooms()
        .values()
        .map(|room| (room.id, room.owner))
        .collect();
    let mut ends = HashMap::new();
    for (conversation, owner) in rooms {
        let at = shared.recorder.now();
        let sent = send(shared, at, owner, conversation, Uuid::new_v4(), true).await;
        let sent =
            sent.with_context(|| format!("conversation {conversation} accepts no messages"))?;
        ends.insert(conversation, sent.rev);
    }
    Ok(ends)
}
