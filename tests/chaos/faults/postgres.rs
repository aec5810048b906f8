//! Faults of PostgreSQL. Each function is one cycle: it injects the fault, repairs it, and returns the proof that it took
//! effect. Does I/O.

use std::time::Duration;

use confab_tests::wait::seconds;
use confab_tests::{Result, ensure, free_port};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row};

use crate::local::Local;
use crate::local::postgres::{CONNECTIONS, Postgres};
use crate::local::process::Signal;
use crate::pace::Pace;
use crate::proxy::{Counts, ProxyMode};

const SLOW: Duration = Duration::from_millis(200);

pub(super) async fn restarted(local: &mut Local, pace: &mut Pace) -> Result<String> {
    // A fast shutdown, or a crash.
    let signal = pace.pick(&[Signal::Int, Signal::Kill]);
    let proof = local.postgres.stop(signal).await?;
    local.postgres.start().await?;
    Ok(proof)
}

/// Promotes a standby that has each acknowledged commit on its disk and has not replayed it yet.
pub(super) async fn failed_over(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let (lag, port) = (seconds(30), free_port()?);
    let standby = local
        .postgres
        .standby(&format!("standby_{port}"), port, lag)
        .await?;
    pace.hold(seconds(3)).await;
    let behind: i64 = standby.query(
        "SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::bigint::text",
    )
    .await?
    .parse()?;
    ensure!(behind > 0, "the standby did not lag");
    let ended = local.postgres.stop(Signal::Kill).await?;
    for replica in &local.replicas {
        // A failover makes sure that nobody uses the old primary.
        replica.postgres.set_upstreams(vec![standby.address]);
        replica.postgres.cut();
    }
    standby.promote().await?;
    local.postgres = standby;
    let timeline = "SELECT timeline_id::text FROM pg_control_checkpoint()";
    local.postgres.run("CHECKPOINT").await?;
    let timeline = local.postgres.query(timeline).await?;
    Ok(format!(
        "{ended}; its standby, {behind} bytes behind, took over as timeline {timeline}"
    ))
}

/// Opens a transaction with an id and keeps it open: it holds back the xmin of every snapshot.
pub(super) async fn old_snapshot(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let mut holder = local.postgres.superuser().await?;
    sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ")
        .execute(&mut holder)
        .await?;
    let id: String = sqlx::query_scalar("SELECT pg_current_xact_id()::text")
        .fetch_one(&mut holder)
        .await?;
    pace.until_enough().await;
    let horizon = local
        .postgres
        .query("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        .await?;
    ensure!(
        horizon == id,
        "transaction {id} held nothing back: the xmin is {horizon}"
    );
    holder.close().await?;
    Ok(format!("transaction {id} stayed open during the fault"))
}

pub(super) async fn commits_cut(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let before = counts(local);
    for number in local.running() {
        local.replicas[number].postgres.cut_commits(8);
    }
    pace.hold(seconds(2)).await;
    for replica in &local.replicas {
        replica.postgres.cut_commits(0);
    }
    let cut = counts(local).commits_cut - before.commits_cut;
    ensure!(cut > 0, "no commit was cut");
    Ok(format!(
        "{cut} connections cut between a commit and its answer"
    ))
}

pub(super) async fn slow(local: &mut Local, pace: &mut Pace) -> Result<String> {
    let before = counts(local);
    for replica in &local.replicas {
        replica.postgres.set_mode(ProxyMode::Delay(SLOW));
    }
    pace.until_enough().await;
    for replica in &local.replicas {
        replica.postgres.set_mode(ProxyMode::Pass);
    }
    let late = counts(local).delayed - before.delayed;
    ensure!(late > 0, "no answer was delayed");
    Ok(format!(
        "{late} answers of PostgreSQL delayed by {} ms",
        SLOW.as_millis()
    ))
}

/// Takes all connections, those of the chat as soon as they are terminated.
pub(super) async fn connections_exhausted(local: &mut Local, pace: &mut Pace) -> Result<String> {
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
    let count = taken.len();
    Ok(format!(
        "{cut} connections of the chat terminated, {count} of {CONNECTIONS} taken: {refused}"
    ))
}

/// Connects until there is no slot left; returns PostgreSQL's error.
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
            "PostgreSQL has more slots than max_connections"
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
