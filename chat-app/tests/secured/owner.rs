//! A database belongs to one chat.

use sqlx::{ConnectOptions, PgPool};

use crate::migrate;

#[sqlx::test(migrations = false)]
async fn the_first_chat_keeps_the_database_until_its_row_is_deleted(pool: PgPool) {
    let url = pool.connect_options().to_url_lossy().to_string();
    let run = async |instance: &str| migrate(&url, &["--instance", instance]).await;
    let done = run("chat.elder").await.unwrap();
    assert!(done.contains(r#""maxConnections":"#), "{done}");
    let identity: String = sqlx::query_scalar(
        r#"SELECT format('"systemIdentifier":"%s"', system_identifier) FROM pg_control_system()"#,
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let database = pool.connect_options().get_database().unwrap().to_owned();
    let database = format!(r#""database":"{database}""#);
    assert!(
        done.contains(&identity) && done.contains(&database),
        "{done}"
    );
    run("chat.elder").await.expect("again, by its owner");

    let refused = run("chat.younger").await.unwrap_err();
    assert!(
        refused.starts_with("DatabaseInUse: The database belongs to the chat chat.elder since 20"),
        "{refused}"
    );
    assert!(refused.contains("DELETE FROM owner"), "{refused}");
    sqlx::query("DELETE FROM owner")
        .execute(&pool)
        .await
        .unwrap();
    run("chat.younger").await.unwrap();
    run("chat.elder").await.unwrap_err();
}

#[sqlx::test(migrations = false)]
async fn a_claimed_database_is_not_touched(pool: PgPool) {
    let url = pool.connect_options().to_url_lossy().to_string();
    migrate(&url, &["--instance", "chat.elder"]).await.unwrap();
    sqlx::raw_sql("DELETE FROM _sqlx_migrations; DELETE FROM schema_functions")
        .execute(&pool)
        .await
        .unwrap();
    let refused = migrate(&url, &["--instance", "chat.younger"])
        .await
        .unwrap_err();
    assert!(refused.starts_with("DatabaseInUse: "), "{refused}");
    let applied: (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM _sqlx_migrations), (SELECT count(*) FROM schema_functions)",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(applied, (0, 0));
}

#[sqlx::test(migrations = false)]
async fn of_two_chats_that_come_at_once_one_gets_the_database(pool: PgPool) {
    let url = pool.connect_options().to_url_lossy().to_string();
    let (one, other) = tokio::join!(
        migrate(&url, &["--instance", "chat.one"]),
        migrate(&url, &["--instance", "chat.other"]),
    );
    assert_eq!(
        one.is_ok() as u8 + other.is_ok() as u8,
        1,
        "{one:?} {other:?}"
    );
}

#[sqlx::test(migrations = false)]
async fn a_database_that_does_not_exist_is_named_with_what_to_do(pool: PgPool) {
    let options = pool.connect_options().as_ref().clone();
    let absent = options.database("no-such-database").to_url_lossy();
    let error = migrate(absent.as_str(), &[]).await.unwrap_err();
    assert!(
        error.starts_with(
            "the database \"no-such-database\" does not exist in PostgreSQL at 127.0.0.1:"
        ),
        "{error}"
    );
    assert!(error.contains("create it"), "{error}");
}
