//! The search index: made for messages from before there was one, and made again for another language. Does I/O.
//!
//! Triggers keep it from then on. All of it goes newest first and in batches, each its own transaction, so that it
//! can be stopped at any time and goes on where it was. A message is locked meanwhile, lest an edit be overwritten.

use sqlx::{Connection, PgConnection};

/// Messages a transaction: well under a second.
const BATCH: i64 = 2_000;

/// Whether this PostgreSQL has a text search configuration of this name.
pub async fn knows(connection: &mut PgConnection, language: &str) -> sqlx::Result<bool> {
    // Like 22P02 and 42602, which a name that can't be one has, this is an answer.
    let found = sqlx::query("SELECT $1::text::regconfig")
        .bind(language)
        .execute(connection)
        .await;
    match found {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Brings the index up to date in this language; answers how many messages were read for it.
pub async fn bring_up_to_date(connection: &mut PgConnection, language: &str) -> sqlx::Result<u64> {
    choose(connection, language).await?;
    Ok(add_missing(connection).await? + renew_stale(connection).await?)
}

/// From here on new messages are read in this language; all that are there already are stale if it is another one.
async fn choose(connection: &mut PgConnection, language: &str) -> sqlx::Result<()> {
    let mut tx = connection.begin().await?;
    // Waits for the sends under way, whose triggers still go by the language before.
    sqlx::query("LOCK TABLE searchable IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "UPDATE search_settings SET language = $1, stale_to = (SELECT max(number) FROM searchable)
         WHERE language <> $1",
    )
    .bind(language)
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Adds the messages that have no entry, below all numbers that there are.
async fn add_missing(connection: &mut PgConnection) -> sqlx::Result<u64> {
    sqlx::query(
        "CREATE TEMP TABLE missing AS
         SELECT least((SELECT min(number) FROM searchable), 0)
                - row_number() OVER (ORDER BY m.created_at DESC, m.conversation_id, m.seq DESC) AS number,
                m.conversation_id, m.seq
         FROM messages m
         WHERE m.deleted_at IS NULL AND NOT EXISTS (
             SELECT FROM searchable x WHERE x.conversation_id = m.conversation_id AND x.seq = m.seq)",
    )
    .execute(&mut *connection)
    .await?;
    // Without the statistics each batch would be thought to be half of the table, and read all messages to find its own.
    for sql in [
        "CREATE INDEX missing_number ON missing (number)",
        "ANALYZE missing",
    ] {
        sqlx::query(sql).execute(&mut *connection).await?;
    }
    let mut added = 0;
    loop {
        let batch: i64 = sqlx::query_scalar(
            "WITH batch AS (
                 DELETE FROM missing WHERE number IN (SELECT number FROM missing ORDER BY number DESC LIMIT $1)
                 RETURNING number, conversation_id, seq
             ), written AS (
                 INSERT INTO searchable (number, conversation_id, seq, words)
                 SELECT b.number, m.conversation_id, m.seq, search_words_of(b.number, m.conversation_id, m.seq, m.sender_id, m.body)
                 FROM batch b
                 JOIN messages m ON m.conversation_id = b.conversation_id AND m.seq = b.seq AND m.deleted_at IS NULL
                 FOR SHARE OF m
                 ON CONFLICT (conversation_id, seq) DO NOTHING
             )
             SELECT count(*) FROM batch",
        )
        .bind(BATCH)
        .fetch_one(&mut *connection)
        .await?;
        if batch == 0 {
            break;
        }
        added += batch as u64;
    }
    sqlx::query("DROP TABLE missing")
        .execute(connection)
        .await?;
    Ok(added)
}

/// Makes the vectors of another language again.
async fn renew_stale(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let mut renewed = 0;
    loop {
        let batch: Option<i64> = sqlx::query_scalar(
            "WITH batch AS (
                 SELECT x.number FROM searchable x, search_settings s WHERE x.number <= s.stale_to
                 ORDER BY x.number DESC LIMIT $1
             ), locked AS MATERIALIZED (
                 SELECT b.number, m.conversation_id, m.seq, m.sender_id, m.body
                 FROM batch b JOIN searchable x ON x.number = b.number
                 JOIN messages m ON m.conversation_id = x.conversation_id AND m.seq = x.seq
                 FOR SHARE OF m
             ), renewed AS (
                 UPDATE searchable x SET words = search_words_of(l.number, l.conversation_id, l.seq, l.sender_id, l.body)
                 FROM locked l WHERE x.number = l.number
             ), moved AS (
                 UPDATE search_settings SET stale_to = (SELECT min(number) - 1 FROM batch)
                 WHERE stale_to IS NOT NULL
             )
             SELECT nullif(count(*), 0) FROM batch",
        )
        .bind(BATCH)
        .fetch_one(&mut *connection)
        .await?;
        match batch {
            Some(messages) => renewed += messages as u64,
            None => return Ok(renewed),
        }
    }
}
