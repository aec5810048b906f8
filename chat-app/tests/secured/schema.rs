//! Migrations that are killed, meet a lock, find a database of another release, or run beside the previous release.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use chat_app::store::schema::{self, Compatibility};
use sqlx::{ConnectOptions, PgPool};

use crate::migrate;

fn url(pool: &PgPool) -> String {
    pool.connect_options().to_url_lossy().to_string()
}

async fn applied(pool: &PgPool) -> i64 {
    schema::applied(&mut pool.acquire().await.unwrap())
        .await
        .unwrap()
}

/// As sqlx creates it, with a trigger that holds the first migration up at its very end.
const SLOW_FIRST: &str = "
    CREATE TABLE _sqlx_migrations (
        version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz NOT NULL DEFAULT now(),
        success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL);
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(2); RETURN NEW; END';
    CREATE TRIGGER wait BEFORE INSERT ON _sqlx_migrations
        FOR EACH ROW WHEN (NEW.version = 1) EXECUTE FUNCTION wait()";

#[sqlx::test(migrations = false)]
async fn a_migration_that_was_killed_midway_is_made_whole_by_the_next(pool: PgPool) {
    killed_in_the_first(&pool).await;
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event = 'PgSleep'";
    let ended: i64 = sqlx::query_scalar(ended).fetch_one(&pool).await.unwrap();
    assert_eq!(ended, 1, "PostgreSQL notices at once");
    made_whole(&pool).await;
}

#[sqlx::test(migrations = false)]
async fn a_migration_whose_end_postgresql_has_not_noticed_is_waited_for(pool: PgPool) {
    killed_in_the_first(&pool).await;
    made_whole(&pool).await;
}

async fn killed_in_the_first(pool: &PgPool) {
    sqlx::raw_sql(SLOW_FIRST).execute(pool).await.unwrap();
    let mut killed = Command::new(env!("CARGO_BIN_EXE_chat-app"))
        .args(["migrate", "--database-url", &url(pool)])
        .spawn()
        .unwrap();
    let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event = 'PgSleep')";
    while !sqlx::query_scalar::<_, bool>(waits)
        .fetch_one(pool)
        .await
        .unwrap()
    {
        assert!(killed.try_wait().unwrap().is_none(), "it ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(applied(pool).await, 0, "it was not committed");
}

async fn made_whole(pool: &PgPool) {
    let done = migrate(&url(pool), &[]).await.unwrap();
    let done: serde_json::Value = serde_json::from_str(&done).unwrap();
    assert_eq!(done["applied"], schema::target(), "{done}");
    assert_eq!(done["target"], schema::target(), "{done}");
    assert_eq!(applied(pool).await, schema::target());
    assert_eq!(
        schema::check(pool).await.unwrap(),
        Compatibility::Compatible
    );
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_migration_that_another_release_knew_otherwise_is_refused(pool: PgPool) {
    sqlx::query("UPDATE _sqlx_migrations SET checksum = 'another' WHERE version = 1")
        .execute(&pool)
        .await
        .unwrap();
    let refused = migrate(&url(&pool), &[]).await.unwrap_err();
    assert!(
        refused.contains("migration 1 was applied to this database by another release"),
        "{refused}"
    );
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_lock_that_somebody_holds_is_reported_and_not_waited_for_without_end(pool: PgPool) {
    let mut holder = pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE _sqlx_migrations IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *holder)
        .await
        .unwrap();
    let url = url(&pool);
    let waits = tokio::time::timeout(Duration::from_secs(60), migrate(&url, &[]));
    let refused = waits.await.expect("it waits without end").unwrap_err();
    assert!(refused.contains("pg_stat_activity"), "{refused}");
    holder.rollback().await.unwrap();
    migrate(&url, &[]).await.unwrap();
}

/// What a release relies on: each column with its type and whether a write may leave it out. For functions see functions.rs.
const RELIED_ON: &str = "
    SELECT table_name || '.' || column_name, udt_name::text,
           is_nullable = 'YES' OR column_default IS NOT NULL OR is_identity = 'YES'
    FROM information_schema.columns WHERE table_schema = 'public'";

/// Columns that a migration dropped on purpose: no release before it uses them.
const DROPPED: [&str; 0] = [];

type Relied = BTreeMap<String, (String, bool)>;

async fn relied_on(pool: &PgPool) -> Relied {
    let all: Vec<(String, String, bool)> = sqlx::query_as(RELIED_ON).fetch_all(pool).await.unwrap();
    let columns = all.into_iter();
    columns
        .map(|(name, type_, optional)| (name, (type_, optional)))
        .collect()
}

/// What a release that was made for `before` would miss.
fn missed(before: &Relied, after: &Relied) -> Vec<String> {
    let table = |name: &str| name.split_once('.').map(|(table, _)| format!("{table}."));
    let had = |name: &str| {
        let table = table(name);
        table.is_some_and(|table| before.keys().any(|known| known.starts_with(&table)))
    };
    let changed = before.iter().filter(|(name, (type_, optional))| {
        let now = after.get(*name);
        now.is_none_or(|(now, still)| now != type_ || *optional && !still)
    });
    let demanded = after.iter().filter(|(name, (_, optional))| {
        !optional && !before.contains_key(*name) && had(name.as_str())
    });
    changed
        .chain(demanded)
        .map(|(name, _)| name.clone())
        .filter(|name| !DROPPED.contains(&name.as_str()))
        .collect()
}

#[sqlx::test(migrations = false)]
async fn each_migration_leaves_what_the_release_before_relies_on(pool: PgPool) {
    let migrations = sqlx::migrate!();
    let mut before = Relied::new();
    for migration in migrations.iter() {
        migrations.run_to(migration.version, &pool).await.unwrap();
        let after = relied_on(&pool).await;
        let missed = missed(&before, &after);
        assert!(missed.is_empty(), "{}: {missed:?}", migration.description);
        before = after;
    }
    for (contracts, name) in [
        (
            "ALTER TABLE reactions RENAME COLUMN emoji TO sign",
            "reactions.emoji",
        ),
        (
            "ALTER TABLE messages ALTER COLUMN edited_at SET NOT NULL",
            "messages.edited_at",
        ),
        (
            "ALTER TABLE owner ADD COLUMN why text NOT NULL",
            "owner.why",
        ),
        (
            "ALTER TABLE users DROP COLUMN avatar CASCADE",
            "users.avatar",
        ),
    ] {
        sqlx::raw_sql(contracts).execute(&pool).await.unwrap();
        let missed = missed(&before, &relied_on(&pool).await);
        assert!(
            missed.iter().any(|miss| miss == name),
            "{contracts}: {missed:?}"
        );
    }
}
