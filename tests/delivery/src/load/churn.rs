//! Membership changes while others send. Does I/O.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::read_back;
use super::shared::{Performed, Shared};
use crate::journal::{Action, Answer, ConversationKind};

/// After that time, something was sent that a removed person may not read.
const PROBE_AFTER: Duration = Duration::from_millis(300);

/// Adds or removes somebody at each tick; the changes of one person in one conversation are sequential.
pub(super) async fn run(
    shared: Arc<Shared>,
    every: Duration,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let mut rng = fastrand::Rng::with_seed(shared.plan.seed ^ 0x0063_6875_726e);
    let mut idle: Vec<(i64, u32)> = {
        let rooms = shared.rooms();
        let all = rooms
            .values()
            .flat_map(|room| room.churning.iter().map(|&p| (room.id, p)));
        all.collect()
    };
    idle.sort_unstable();
    let (done, mut returned) = mpsc::unbounded_channel();
    let mut ticks = tokio::time::interval(every);
    ticks.tick().await;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        while let Ok(pair) = returned.try_recv() {
            idle.push(pair);
        }
        let by_owner = !rng.bool();
        if idle.is_empty() {
            continue; // all changes are in progress
        }
        let (conversation, person) = idle.swap_remove(rng.usize(..idle.len()));
        let (shared, done) = (shared.clone(), done.clone());
        tasks.spawn(async move {
            change(&shared, conversation, person, by_owner).await;
            let _ = done.send((conversation, person));
        });
    }
}

/// Removes a member, or adds a person who is not a member.
async fn change(shared: &Shared, conversation: i64, person: u32, by_owner: bool) {
    let (kind, owner, is_member) = {
        let rooms = shared.rooms();
        let room = &rooms[&conversation];
        (room.kind, room.owner, room.members.contains(&person))
    };
    let them = shared.person(person);
    let (who, name, at) = (person, them.name.as_str(), format!("/c/{conversation}"));
    let (action, actor, path, form) = match (is_member, by_owner) {
        (true, false) => (Action::Leave { who }, person, format!("{at}/leave"), vec![]),
        (true, true) => {
            let path = format!("{at}/members/{}/remove", them.user);
            (Action::Leave { who }, owner, path, vec![])
        }
        (false, false) if kind == ConversationKind::Public => {
            (Action::Join { who }, person, format!("{at}/join"), vec![])
        }
        (false, _) => (
            Action::Join { who },
            owner,
            format!("{at}/members"),
            vec![("people", name)],
        ),
    };
    let op = shared.record_intent(shared.recorder.now(), actor, conversation, action);
    let Performed {
        answer, attempts, ..
    } = shared.perform(actor, &path, &form, true).await;
    shared.record_outcome(op, attempts, answer);
    // A retry that finds no member to remove: the first attempt removed the member.
    let done = answer.is_ok() || matches!(answer, Answer::Unknown { status: Some(404) });
    if !done {
        return;
    }
    if let Some(room) = shared.rooms().get_mut(&conversation) {
        if is_member {
            room.members.remove(&person);
        } else {
            room.members.insert(person);
        }
    }
    if is_member {
        // What the removed person can still read. A failed read proves nothing.
        tokio::time::sleep(PROBE_AFTER).await;
        let _ = read_back::probe(shared, person, conversation).await;
    }
}
