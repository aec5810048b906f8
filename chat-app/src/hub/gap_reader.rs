//! PostgreSQL → hub: reads the gaps of the sequencer that are due. Does I/O (PostgreSQL).
//!
//! A task without state, woken by the hub when a gap appears. It ends with the hard shutdown.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{Delivery, Gap, Hub};
use crate::domain::ConversationId;
use crate::event::Event;
use crate::postgres::limited;
use crate::store::{Pool, changes, timeline};
use crate::telemetry::Metrics;

/// Changes read at once; the rest of a larger gap is another gap.
const BATCH: i64 = 500;
/// A read takes milliseconds; one that takes longer is retried.
const LIMIT: Duration = Duration::from_secs(5);

/// Reads gaps until `stop` is cancelled.
pub(crate) async fn run(hub: Hub, pool: Pool, metrics: Metrics, stop: CancellationToken) {
    loop {
        let due = hub.state().sequencer.due(Instant::now());
        // One after the other, on one connection: the task that clears the outbox needs another one of the pool, and
        // gaps are many when PostgreSQL is slow.
        for gap in due {
            metrics.gap_read();
            let reading = limited(LIMIT, read(&hub, &pool, gap));
            let Some(outcome) = stop.run_until_cancelled(reading).await else {
                return;
            };
            if let Err(error) = outcome {
                tracing::debug!(%error, conversation = %gap.conversation, "could not read a gap");
                hub.state()
                    .sequencer
                    .read_failed(gap.conversation, Instant::now());
            }
        }
        let next = hub.state().sequencer.next_due();
        let wake = async {
            match next {
                Some(next) => tokio::time::sleep_until(next.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = hub.0.gap.notified() => {}
            () = wake => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn read(hub: &Hub, pool: &Pool, gap: Gap) -> sqlx::Result<()> {
    let id = gap.conversation;
    let Some(after) = gap.after else {
        // Everything committed before the last poll was found by it.
        let head = changes::head_at(pool, id, &hub.position().snapshot).await?;
        hub.update(|sequencer| sequencer.head_read(id, head.unwrap_or(gap.up_to), Instant::now()));
        return Ok(());
    };
    let (up_to, items) = missing(hub, pool, id, after, gap.up_to).await?;
    hub.update(|sequencer| sequencer.gap_filled(id, up_to, items, Instant::now()));
    Ok(())
}

/// The deliveries of the revs after `after`, and the rev up to which they are complete.
async fn missing(
    hub: &Hub,
    pool: &Pool,
    id: ConversationId,
    after: i64,
    up_to: i64,
) -> sqlx::Result<(i64, Vec<(i64, Delivery)>)> {
    let (changes, reach) = timeline::addressed_changes(pool, id, after, up_to, BATCH).await?;
    let events: Vec<Event> = changes.iter().map(Event::of).collect();
    if events.iter().any(|event| event.to.is_none()) && !hub.has_loaded(id) {
        // Whoever joins from now on arrives as a change with a later rev.
        let memberships = timeline::memberships(pool, id, &hub.users()).await?;
        hub.load_room(id, &memberships);
    }
    let items = events
        .iter()
        .filter_map(|event| Some((event.rev, Delivery::of(event)?)));
    Ok((reach, items.collect()))
}
