//! The SQL functions of a release: applied when they changed, by one migration at a time, never older over newer ones.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chat_app::store::schema::functions::{self, Functions, OWN};
use chat_app::store::schema::{self, Compatibility};
use sqlx::{ConnectOptions, PgConnection, PgPool};

use crate::migrate;

/// What these tests apply in the place of the real functions.
const ONE: Functions = Functions {
    release: [0, 1, 0],
    files: &[(
        "answer",
        "CREATE OR REPLACE FUNCTION answer() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    )],
};
const TWO: Functions = Functions {
    release: [0, 1, 0],
    files: &[(
        "answer",
        "CREATE OR REPLACE FUNCTION answer() RETURNS integer LANGUAGE sql AS 'SELECT 2'",
    )],
};
const CALLS_LATER: Functions = Functions {
    release: [0, 1, 0],
    files: &[
        (
            "answer",
            "CREATE OR REPLACE FUNCTION answer() RETURNS integer LANGUAGE sql AS 'SELECT later()'",
        ),
        (
            "later",
            "CREATE OR REPLACE FUNCTION later() RETURNS integer LANGUAGE sql AS 'SELECT 3'",
        ),
    ],
};
const CALLS_MISSING: Functions = Functions {
    release: [0, 1, 0],
    files: &[
        TWO.files[0],
        (
            "broken",
            "CREATE OR REPLACE FUNCTION broken() RETURNS integer LANGUAGE sql AS 'SELECT missing()'",
        ),
    ],
};

async fn apply(connection: &mut PgConnection, functions: &Functions) -> bool {
    functions::apply(connection, functions).await.unwrap()
}

async fn answer(connection: &mut PgConnection) -> i32 {
    sqlx::query_scalar("SELECT answer()")
        .fetch_one(connection)
        .await
        .unwrap()
}

async fn times_applied(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM schema_functions")
        .fetch_one(pool)
        .await
        .unwrap()
}

fn url(pool: &PgPool) -> String {
    pool.connect_options().to_url_lossy().to_string()
}

#[sqlx::test]
async fn functions_are_applied_again_when_one_changed_and_else_nothing_is_written(pool: PgPool) {
    let mut connection = pool.acquire().await.unwrap();
    assert!(apply(&mut connection, &ONE).await);
    assert_eq!(answer(&mut connection).await, 1);
    assert!(apply(&mut connection, &TWO).await);
    assert_eq!(answer(&mut connection).await, 2);

    sqlx::query("SET default_transaction_read_only = on")
        .execute(&mut *connection)
        .await
        .unwrap();
    assert!(
        !apply(&mut connection, &TWO).await,
        "a write would have failed"
    );
    sqlx::query("SET default_transaction_read_only = off")
        .execute(&mut *connection)
        .await
        .unwrap();
    assert!(
        apply(&mut connection, &ONE).await,
        "a change that is taken back is a change"
    );
    assert_eq!(answer(&mut connection).await, 1);
}

#[sqlx::test]
async fn functions_of_an_older_release_do_not_replace_newer_ones(pool: PgPool) {
    let newer = Functions {
        release: [0, 2, 0],
        ..TWO
    };
    let mut connection = pool.acquire().await.unwrap();
    assert!(apply(&mut connection, &ONE).await);
    let serves = functions::compatible(&mut connection, &newer);
    assert!(!serves.await.unwrap(), "a replica needs its own functions");

    assert!(apply(&mut connection, &newer).await);
    let never_applied = Functions {
        release: [0, 1, 9],
        files: &[("answer", "never read")],
    };
    for older in [&ONE, &never_applied] {
        assert!(!apply(&mut connection, older).await);
        let serves = functions::compatible(&mut connection, older);
        assert!(serves.await.unwrap(), "newer functions serve {older:?}");
    }
    assert_eq!(answer(&mut connection).await, 2);
}

#[sqlx::test]
async fn a_replica_that_starts_late_works_with_functions_applied_after_its_own(pool: PgPool) {
    let mut connection = pool.acquire().await.unwrap();
    assert!(apply(&mut connection, &ONE).await);
    assert!(apply(&mut connection, &TWO).await);
    let serves = functions::compatible(&mut connection, &ONE);
    assert!(serves.await.unwrap());
}

#[sqlx::test]
async fn a_function_may_call_one_that_comes_later_but_not_one_that_is_missing(pool: PgPool) {
    let mut connection = pool.acquire().await.unwrap();
    assert!(apply(&mut connection, &CALLS_LATER).await);
    assert_eq!(answer(&mut connection).await, 3);

    let error = functions::apply(&mut connection, &CALLS_MISSING)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("function broken: "), "{error}");
    assert_eq!(answer(&mut connection).await, 3, "nothing was replaced");
    assert_eq!(times_applied(&pool).await, 1);
}

#[sqlx::test]
async fn of_two_migrations_at_once_one_applies_the_functions(pool: PgPool) {
    let url = url(&pool);
    let (one, other) = tokio::join!(migrate(&url, &[]), migrate(&url, &[]));
    one.unwrap();
    other.unwrap();
    assert_eq!(times_applied(&pool).await, 1);
    assert_eq!(
        schema::check(&pool).await.unwrap(),
        Compatibility::Compatible
    );
}

/// The database of this test has the migrations and nothing else: as a migration leaves it that was killed there.
#[sqlx::test]
async fn a_migration_that_was_killed_before_the_functions_is_finished_by_the_next(pool: PgPool) {
    let url = url(&pool);
    let mut held = pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE schema_functions IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *held)
        .await
        .unwrap();
    let mut killed = Command::new(env!("CARGO_BIN_EXE_chat-app"))
        .args(["migrate", "--database-url", &url])
        .spawn()
        .unwrap();
    let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock')";
    while !sqlx::query_scalar::<_, bool>(waits)
        .fetch_one(&pool)
        .await
        .unwrap()
    {
        assert!(killed.try_wait().unwrap().is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    held.rollback().await.unwrap();
    assert_eq!(
        schema::check(&pool).await.unwrap(),
        Compatibility::OldFunctions
    );
    let refused = serve_fails(&url).await;
    assert!(refused.contains("run chat-app migrate"), "{refused}");

    migrate(&url, &[]).await.unwrap();
    assert_eq!(
        schema::check(&pool).await.unwrap(),
        Compatibility::Compatible
    );
    assert_eq!(times_applied(&pool).await, 1);
    bodies_are_those_of_the_files(&pool).await;
}

/// What a replica says that can't start.
async fn serve_fails(url: &str) -> String {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_chat-app"))
        .args(["serve", "--database-url", url])
        .args(["--kafka-bootstrap-servers", "127.0.0.1:1"])
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while serve.try_wait().unwrap().is_none() {
        if Instant::now() > end {
            serve.kill().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let output = serve.wait_with_output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

/// Also of those that a migration had to create for its triggers.
async fn bodies_are_those_of_the_files(pool: &PgPool) {
    let all: Vec<(String, String)> = sqlx::query_as(
        "SELECT proname::text, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert_eq!(all.len(), OWN.files.len());
    for (name, body) in all {
        let file = OWN.files.iter().find(|(file, _)| *file == name);
        let (_, text) = file.unwrap_or_else(|| panic!("there is no chat-app/sql/{name}.sql"));
        assert!(text.contains(&body), "{name}");
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_database_of_a_test_is_as_migrate_leaves_it(pool: PgPool) {
    assert_eq!(
        schema::check(&pool).await.unwrap(),
        Compatibility::Compatible
    );
    bodies_are_those_of_the_files(&pool).await;
    migrate(&url(&pool), &[]).await.unwrap();
    assert_eq!(times_applied(&pool).await, 1, "there was nothing to do");
}

/// The functions that the last release calls: `WRITE_RELEASED=1` writes them.
const RELEASED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sql/released.txt");

/// Name, parameters and result of each function. PostgreSQL refuses to replace a function with another name of a parameter
/// or another result, and takes other types for another function.
async fn signatures(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT format('%s(%s) %s', proname, pg_get_function_arguments(oid), pg_get_function_result(oid))
         FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// Those of the released signatures that are no more.
fn missed(released: &str, now: &[String]) -> Vec<String> {
    let lines = released.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter(|line| !now.iter().any(|signature| signature == line))
        .map(ToOwned::to_owned)
        .collect()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn functions_keep_the_signatures_that_the_last_release_calls(pool: PgPool) {
    let before = signatures(&pool).await;
    if std::env::var_os("WRITE_RELEASED").is_some() {
        std::fs::write(RELEASED, released(&before)).unwrap();
    }
    let missing = missed(&std::fs::read_to_string(RELEASED).unwrap(), &before);
    assert!(missing.is_empty(), "{missing:#?}");

    let next = released(&before);
    for (contracts, name) in [
        ("DROP FUNCTION next_rev", "next_rev("),
        (
            "DROP FUNCTION react; CREATE FUNCTION react(conversation bigint, OUT outcome text) LANGUAGE sql AS 'SELECT NULL'",
            "react(",
        ),
        (
            "DROP FUNCTION search_number; CREATE FUNCTION search_number(at timestamptz) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "search_number(",
        ),
        (
            "DROP FUNCTION end_sessions; CREATE FUNCTION end_sessions(person bigint, but bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 1'",
            "end_sessions(",
        ),
    ] {
        sqlx::raw_sql(contracts).execute(&pool).await.unwrap();
        let missed = missed(&next, &signatures(&pool).await);
        assert!(
            missed.iter().any(|miss| miss.starts_with(name)),
            "{contracts}: {missed:?}"
        );
    }
}

/// The file of a release: without the functions that it keeps for the release before.
fn released(signatures: &[String]) -> String {
    let retired = |signature: &str| {
        let name = signature.split('(').next().unwrap_or_default();
        let file = OWN.files.iter().find(|(file, _)| *file == name);
        file.is_some_and(|(_, text)| text.contains("\n-- Retired: "))
    };
    let kept = signatures.iter().filter(|signature| !retired(signature));
    let lines: String = kept.map(|signature| format!("{signature}\n")).collect();
    format!("# The functions that the last release calls: chat-app/migrations/README.md.\n{lines}")
}
