//! What happens to PostgreSQL. Each function is one cycle: it disturbs, proves that it did, and puts all right. Does I/O.

use std::time::Duration;

use confab_tests::wait::seconds;
use confab_tests::{Result, ensure, free_port};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row};

use crate::local::Local;
use crate::local::postgres::{CONNECTIONS, Postgres};
use crate::local::process::Signal;
use crate::pace::Pace;
use crate::proxy::{Counts, Manner};

const SLOW: Duration = Duration::from_millis(200);

pub async fn restarted(local: &mut Local, pace: &mut Pace) -> Result<String> {
    // In order, or by a crash.
    let signal = pace.pick(&[Signal::Int, Signal::Kill]);
    let proof = local.postgres.stop(signal).await?;
    local.postgres.start().await?;
    Ok(proof)
}

/// The standby has each acknowledged commit on its disk and has not applied it yet.
pub async fn failed_over(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let (lag, port) = (seconds(30), free_port()?);
    let standby = local
        .postgres
        .standby(&format!("standby_{port}"), port, lag)
        .await?;
    pace.hold(seconds(3)).await;
    let behind: i64 = standby.ask(
        "SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::bigint::text",
    )
    .await?
    .parse()?;
    ensure!(behind > 0, "the standby did not lag");
    let ended = local.postgres.stop(Signal::Kill).await?;
    for replica in &local.replicas {
        // Whoever fails a database over makes sure that nobody talks to the old one.
        replica.postgres.lead_to(vec![standby.address]);
        replica.postgres.cut();
    }
    standby.promote().await?;
    local.postgres = standby;
    let timeline = "SELECT timeline_id::text FROM pg_control_checkpoint()";
    local.postgres.run("CHECKPOINT").await?;
    let timeline = local.postgres.ask(timeline).await?;
    Ok(format!(
        "{ended}; its standby, {behind} bytes behind, took over as timeline {timeline}"
    ))
}

/// A transaction that has an id and never ends: until then everybody's view of what is in progress begins with it.
pub async fn old_snapshot(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let mut holder = local.postgres.superuser().await?;
    sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ")
        .execute(&mut holder)
        .await?;
    let id: String = sqlx::query_scalar("SELECT pg_current_xact_id()::text")
        .fetch_one(&mut holder)
        .await?;
    pace.enough().await;
    let horizon = local
        .postgres
        .ask("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        .await?;
    ensure!(
        horizon == id,
        "transaction {id} held nothing back: all before {horizon} are over"
    );
    holder.close().await?;
    Ok(format!("transaction {id} stayed open all the while"))
}

pub async fn commits_cut(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let before = counts(local);
    for number in local.running() {
        local.replicas[number].postgres.cut_commits(8);
    }
    pace.hold(seconds(2)).await;
    for replica in &local.replicas {
        replica.postgres.cut_commits(0);
    }
    let cut = counts(local).midway - before.midway;
    ensure!(cut > 0, "no commit was cut");
    Ok(format!(
        "{cut} connections cut between a commit and its answer"
    ))
}

pub async fn slow(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let before = counts(local);
    for replica in &local.replicas {
        replica.postgres.behave(Manner::Late(SLOW));
    }
    pace.enough().await;
    for replica in &local.replicas {
        replica.postgres.behave(Manner::Pass);
    }
    let late = counts(local).late - before.late;
    ensure!(late > 0, "no answer was held back");
    Ok(format!(
        "{late} answers of PostgreSQL held back by {} ms",
        SLOW.as_millis()
    ))
}

/// Somebody else takes every connection that there is, those of the chat as soon as they are cut.
pub async fn connections_used_up(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let mut taken = Vec::new();
    take_all(local, &mut taken).await?;
    let mut superuser = local.postgres.superuser().await?;
    let cut = sqlx::query(
        "SELECT count(pg_terminate_backend(pid)) AS cut FROM pg_stat_activity WHERE application_name LIKE 'confab-%'",
    )
    .fetch_one(&mut superuser)
    .await?;
    let cut: i64 = cut.try_get("cut")?;
    let refused = take_all(local, &mut taken).await?;
    pace.hold(seconds(3)).await;
    ensure!(cut > 0, "the chat had no connection");
    let places = taken.len();
    Ok(format!(
        "{cut} connections of the chat ended, {places} of {CONNECTIONS} taken: {refused}"
    ))
}

/// Connects until there is no place left; answers what PostgreSQL then says.
async fn take_all(local: &Local, taken: &mut Vec<PgConnection>) -> Result<String> {
    let url = Postgres::url(local.postgres.address);
    loop {
        match PgConnection::connect(&url).await {
            Ok(connection) => taken.push(connection),
            Err(error) if is_full(&error) => return Ok(error.to_string()),
            Err(error) => return Err(error.into()),
        }
        ensure!(
            taken.len() <= CONNECTIONS as usize,
            "PostgreSQL has more places than it was told"
        );
    }
}

fn is_full(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.as_deref() == Some("53300")
}

fn counts(local: &Local) -> Counts {
    let counts = local
        .replicas
        .iter()
        .map(|replica| replica.postgres.counts());
    counts.fold(Counts::default(), |sum, one| sum + one)
}
