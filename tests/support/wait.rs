//! The one way to wait: polls a condition until it holds or a limit has passed.

use std::time::Duration;

use anyhow::{Result, anyhow};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

/// How often a condition is polled.
const PERIOD: Duration = Duration::from_millis(100);

/// Waits until `condition` returns a value, for at most `limit`. An error means "not yet"; the last one
/// becomes the reason when the limit has passed.
pub async fn eventually<T>(
    limit: Duration,
    what: &str,
    mut condition: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let end = Instant::now() + limit;
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = anyhow!("there was no time to check");
    while Instant::now() < end {
        ticks.tick().await;
        match timeout_at(end, condition()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => last = error,
            Err(_) => break,
        }
    }
    let limit = limit.as_secs_f64();
    Err(anyhow!("not within {limit} s: {what} ({last:#})"))
}

/// A short form of `Duration::from_secs`.
pub const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[tokio::test]
    async fn a_condition_is_polled_until_it_holds() {
        let mut polls = 0;
        let value = eventually(seconds(5), "the third poll", async || {
            polls += 1;
            if polls < 3 {
                bail!("not yet");
            }
            Ok(polls)
        });
        assert_eq!(value.await.expect("it holds at the third"), 3);
    }

    #[tokio::test]
    async fn a_limit_that_passes_reports_the_last_error() {
        let limit = Duration::from_millis(250);
        let never = eventually(limit, "a sunny day", async || Err::<(), _>(anyhow!("rain")));
        let error = never.await.expect_err("it never holds").to_string();
        assert!(error.contains("a sunny day (rain)"), "{error}");
    }
}
