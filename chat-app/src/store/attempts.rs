//! Attempts at logging in and signing up, counted for all replicas. Does I/O: one statement for an attempt.

use std::time::Duration;

use super::Pool;

/// How often something may be tried.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// SHA-256 of what is limited.
    pub key: [u8; 32],
    /// Attempts that may follow each other at once.
    pub burst: u32,
    /// The time after which one more is allowed.
    pub every: Duration,
    /// How long an attempt may wait for its turn.
    pub patience: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Taken {
    /// It may go ahead after this time.
    After(Duration),
    /// It was not counted, and may be repeated after this time.
    Refused(Duration),
}

/// Counts an attempt against all limits, unless one of them is exhausted.
pub async fn take(pool: &Pool, limits: &[Limit]) -> sqlx::Result<Taken> {
    let column = |value: fn(&Limit) -> f64| limits.iter().map(value).collect::<Vec<_>>();
    let (refused, wait): (bool, f64) =
        sqlx::query_as("SELECT refused, wait FROM take_attempt($1, $2, $3, $4)")
            .bind(keys(limits))
            .bind(column(|limit| limit.every.as_secs_f64()))
            .bind(column(|limit| limit.burst.into()))
            .bind(column(|limit| limit.patience.as_secs_f64()))
            .fetch_one(pool)
            .await?;
    let wait = Duration::from_secs_f64(wait.max(0.0));
    Ok(match refused {
        true => Taken::Refused(wait),
        false => Taken::After(wait),
    })
}

/// Uncounts an attempt: it succeeded.
pub async fn give_back(pool: &Pool, limits: &[Limit]) -> sqlx::Result<()> {
    let every: Vec<f64> = limits
        .iter()
        .map(|limit| limit.every.as_secs_f64())
        .collect();
    sqlx::query(
        "WITH mine AS (
             SELECT a.key, l.every FROM unnest($1::bytea[], $2::float8[]) AS l (key, every)
             JOIN attempts a ON a.key = l.key ORDER BY a.key FOR UPDATE OF a
         )
         UPDATE attempts a SET clear_at = a.clear_at - make_interval(secs => mine.every)
         FROM mine WHERE a.key = mine.key",
    )
    .bind(keys(limits))
    .bind(every)
    .execute(pool)
    .await?;
    Ok(())
}

fn keys(limits: &[Limit]) -> Vec<&[u8]> {
    limits.iter().map(|limit| limit.key.as_slice()).collect()
}
