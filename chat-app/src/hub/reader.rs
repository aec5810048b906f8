//! Reads what is missing of a conversation from PostgreSQL. Does I/O.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{Delivery, Hole, Hub};
use crate::domain::ConversationId;
use crate::event::Event;
use crate::postgres::limited;
use crate::store::{Pool, changes, timeline};
use crate::telemetry::Metrics;

/// Changes read at once; what is left of a larger hole is another one.
const BATCH: i64 = 500;
/// A read takes milliseconds; one that takes longer is tried again.
const LIMIT: Duration = Duration::from_secs(5);

/// Reads holes until told to stop.
pub async fn run(hub: Hub, pool: Pool, metrics: Metrics, stop: CancellationToken) {
    loop {
        let due = hub.state().order.due(Instant::now());
        // One after the other, on one connection: what clears the outbox needs another, and holes are many when PostgreSQL is
        // slow.
        for hole in due {
            metrics.hole();
            let reading = limited(LIMIT, read(&hub, &pool, hole));
            let Some(outcome) = stop.run_until_cancelled(reading).await else {
                return;
            };
            if let Err(error) = outcome {
                tracing::debug!(%error, conversation = %hole.conversation, "could not read a gap");
                hub.state().order.failed(hole.conversation, Instant::now());
            }
        }
        let next = hub.state().order.next_due();
        let wake = async {
            match next {
                Some(next) => tokio::time::sleep_until(next.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = hub.0.hole.notified() => {}
            () = wake => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn read(hub: &Hub, pool: &Pool, hole: Hole) -> sqlx::Result<()> {
    let id = hole.conversation;
    let Some(after) = hole.after else {
        // Whatever was committed before the last look had been found by it.
        let stood = changes::stood(pool, id, &hub.position().snapshot).await?;
        hub.update(|order| order.based(id, stood.unwrap_or(hole.up_to), Instant::now()));
        return Ok(());
    };
    let (up_to, items) = missing(hub, pool, id, after, hole.up_to).await?;
    hub.update(|order| order.filled(id, up_to, items, Instant::now()));
    Ok(())
}

/// The deliveries of the revs after `after`, and how far they reach.
async fn missing(
    hub: &Hub,
    pool: &Pool,
    id: ConversationId,
    after: i64,
    up_to: i64,
) -> sqlx::Result<(i64, Vec<(i64, Delivery)>)> {
    let (changes, reach) = timeline::addressed_changes(pool, id, after, up_to, BATCH).await?;
    let events: Vec<Event> = changes.iter().map(Event::of).collect();
    if events.iter().any(|event| event.to.is_none()) && hub.is_unknown(id) {
        // Whoever joins from now on arrives as a change of a later rev.
        hub.learn_room(id, &timeline::seats(pool, id, &hub.people()).await?);
    }
    let items = events
        .iter()
        .filter_map(|event| Some((event.rev, Delivery::of(event)?)));
    Ok((reach, items.collect()))
}
