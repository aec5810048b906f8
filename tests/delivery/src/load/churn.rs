//! People come and go while others talk. Does I/O.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::readback;
use super::shared::Shared;
use crate::journal::{Action, Answer, Kind};

/// Until then something was said that is not for them any more.
const LOOK_AFTER: Duration = Duration::from_millis(300);

/// Has somebody come or go every while, one change of a person after the other.
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
            .flat_map(|room| room.restless.iter().map(|&p| (room.id, p)));
        all.collect()
    };
    idle.sort_unstable();
    let (back, mut returned) = mpsc::unbounded_channel();
    let mut ticks = tokio::time::interval(every);
    ticks.tick().await;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        while let Ok(pair) = returned.try_recv() {
            idle.push(pair);
        }
        let by_themselves = rng.bool();
        if idle.is_empty() {
            continue; // all are in the middle of it
        }
        let (conversation, person) = idle.swap_remove(rng.usize(..idle.len()));
        let (shared, back) = (shared.clone(), back.clone());
        tasks.spawn(async move {
            step(&shared, conversation, person, by_themselves).await;
            let _ = back.send((conversation, person));
        });
    }
}

/// Lets somebody in who is out, or out who is in.
async fn step(shared: &Shared, conversation: i64, person: u32, by_themselves: bool) {
    let (kind, keeper, inside) = {
        let rooms = shared.rooms();
        let room = &rooms[&conversation];
        (room.kind, room.keeper, room.inside.contains(&person))
    };
    let them = shared.person(person);
    let (who, name, at) = (person, them.name.as_str(), format!("/c/{conversation}"));
    let (action, actor, path, form) = match (inside, by_themselves) {
        (true, true) => (Action::Leave { who }, person, format!("{at}/leave"), vec![]),
        (true, false) => {
            let path = format!("{at}/members/{}/remove", them.user);
            (Action::Leave { who }, keeper, path, vec![])
        }
        (false, true) if kind == Kind::Public => {
            (Action::Join { who }, person, format!("{at}/join"), vec![])
        }
        (false, _) => (
            Action::Join { who },
            keeper,
            format!("{at}/members"),
            vec![("people", name)],
        ),
    };
    let op = shared.intend(shared.recorder.now(), actor, conversation, action);
    let (answer, tries, _) = shared.settle(actor, &path, &form, true).await;
    shared.conclude(op, tries, answer);
    // A second try finds nobody to take out: the first one did.
    let done = answer.is_ok() || matches!(answer, Answer::Unknown { status: Some(404) });
    if !done {
        return;
    }
    if let Some(room) = shared.rooms().get_mut(&conversation) {
        if inside {
            room.inside.remove(&person);
        } else {
            room.inside.insert(person);
        }
    }
    if inside {
        // Somebody who is out looks what they can still read; that they can't look proves nothing.
        tokio::time::sleep(LOOK_AFTER).await;
        let _ = readback::probe(shared, person, conversation).await;
    }
}
