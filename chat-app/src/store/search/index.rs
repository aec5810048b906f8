//! The search index: built for messages from before it existed and for those of an import, and rebuilt for another language.
//! Does I/O.
//!
//! From then on triggers maintain it. It is built from the newest message on, in batches of one transaction each, so that
//! it can be interrupted at any time and continues where it was. The messages of a batch are locked, so that an edit is
//! not overwritten.

use sqlx::{Connection, PgConnection};

/// Messages in a transaction, which takes well under a second.
const BATCH: i64 = 2_000;

/// Whether PostgreSQL has a text search configuration of this name.
pub async fn knows(connection: &mut PgConnection, language: &str) -> sqlx::Result<bool> {
    // An error of the database, such as 22P02 or 42602 for an invalid name, means no.
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

/// Brings the index up to date in this language. Returns the number of messages that were indexed.
pub async fn bring_up_to_date(connection: &mut PgConnection, language: &str) -> sqlx::Result<u64> {
    set_language(connection, language).await?;
    Ok(add_missing(connection).await? + rebuild_stale(connection).await?)
}

/// Sets the language for new messages. If it is another one, all existing entries become stale.
async fn set_language(connection: &mut PgConnection, language: &str) -> sqlx::Result<()> {
    let mut tx = connection.begin().await?;
    // Waits for sends in progress, whose triggers still use the former language.
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

/// Adds the messages without an entry, with numbers below all others: those of an import, or all from before the index. Numbers
/// must grow with time, so the entries of messages that are older than one without are made again too.
pub async fn add_missing(connection: &mut PgConnection) -> sqlx::Result<u64> {
    sqlx::query(
        "WITH newest AS (
             SELECT max(m.created_at) AS at FROM messages m
             WHERE m.deleted_at IS NULL AND NOT EXISTS (
                 SELECT FROM searchable x WHERE x.conversation_id = m.conversation_id AND x.seq = m.seq))
         DELETE FROM searchable x USING newest, messages m
         WHERE m.conversation_id = x.conversation_id AND m.seq = x.seq AND m.created_at < newest.at",
    )
    .execute(&mut *connection)
    .await?;
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
    // Without statistics, the planner takes a batch for half of the table and reads all messages to find those of it.
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

/// Rebuilds the entries of the former language.
async fn rebuild_stale(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let mut rebuilt = 0;
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
            Some(messages) => rebuilt += messages as u64,
            None => return Ok(rebuilt),
        }
    }
}
