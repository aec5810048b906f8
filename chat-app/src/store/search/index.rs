//! The search index. Does I/O.
//!
//! Triggers queue what was sent, edited or deleted in `unindexed`, and [`add_queued`] takes it from there: search follows
//! within about a second, and a send does not wait for it. Entries from before, those of an import, and those in another language are
//! made in batches of one transaction each, from the newest on, so that this can be interrupted at any time and continues
//! where it was. Whatever writes entries holds an advisory lock, so that nobody replaces newer words by older ones.

use sqlx::types::Json;
use sqlx::{Connection, PgConnection, PgExecutor, Postgres, Transaction};

use crate::domain::{ConversationId, UserId};
use crate::search::Language;
use crate::search::entry::{File, entry};

/// Messages in a transaction, which takes well under a second.
const BATCH: i64 = 2_000;

/// The way of cutting words, as a number: raise it when the same text is cut into other words than before.
const CUTTING: i32 = 1;

/// A message to index.
#[derive(sqlx::FromRow)]
struct Unwritten {
    /// Null for the next number.
    number: Option<i64>,
    conversation_id: ConversationId,
    seq: i64,
    /// Null if the message was deleted.
    sender_id: Option<UserId>,
    body: Option<String>,
    files: Json<Vec<(String, String)>>,
}

/// The SELECT of messages to index; `x` has their number, if any, and where they are.
macro_rules! unwritten {
    ($from:literal) => {
        concat!(
            "SELECT x.number, x.conversation_id, x.seq, m.sender_id, m.body,
                    coalesce((SELECT jsonb_agg(jsonb_build_array(a.name, a.media_type) ORDER BY a.created_at, a.id)
                              FROM attachments a WHERE a.conversation_id = x.conversation_id AND a.seq = x.seq), '[]') AS files
             FROM ",
            $from,
            " LEFT JOIN messages m ON m.conversation_id = x.conversation_id AND m.seq = x.seq AND m.deleted_at IS NULL
             ORDER BY m.created_at, x.conversation_id, x.seq"
        )
    };
}

/// What became of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Another replica takes from it.
    Taken,
    /// More may be in it.
    Full,
    Empty,
}

/// Indexes messages of the queue, as many as one transaction takes.
pub async fn add_queued(connection: &mut PgConnection) -> sqlx::Result<Queue> {
    let mut tx = connection.begin().await?;
    let locked: bool =
        sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtext('confab.search'))")
            .fetch_one(&mut *tx)
            .await?;
    if !locked {
        return Ok(Queue::Taken);
    }
    let queued: Vec<(ConversationId, i64)> = sqlx::query_as(
        "DELETE FROM unindexed WHERE ctid = ANY (ARRAY(SELECT ctid FROM unindexed LIMIT $1)) RETURNING conversation_id, seq",
    )
    .bind(BATCH)
    .fetch_all(&mut *tx)
    .await?;
    if queued.is_empty() {
        return Ok(Queue::Empty);
    }
    let full = queued.len() as i64 == BATCH;
    let (conversations, seqs): (Vec<_>, Vec<_>) = queued.into_iter().unzip();
    let messages = sqlx::query_as(unwritten!(
        "(SELECT DISTINCT NULL::bigint AS number, q.conversation_id, q.seq
          FROM unnest((SELECT $1::bigint[]), (SELECT $2::bigint[])) AS q (conversation_id, seq)) x"
    ))
    .bind(conversations)
    .bind(seqs)
    .fetch_all(&mut *tx)
    .await?;
    write(&mut tx, &messages).await?;
    tx.commit().await?;
    Ok(if full { Queue::Full } else { Queue::Empty })
}

/// Writes the entries of these messages, in this order; removes those of deleted ones.
async fn write(tx: &mut Transaction<'_, Postgres>, messages: &[Unwritten]) -> sqlx::Result<()> {
    let language = language(&mut **tx).await?;
    let (kept, gone): (Vec<_>, Vec<_>) =
        messages.iter().partition(|message| message.body.is_some());
    if !gone.is_empty() {
        sqlx::query(
            "DELETE FROM searchable s USING unnest($1::bigint[], $2::bigint[]) AS x (conversation_id, seq)
             WHERE s.conversation_id = x.conversation_id AND s.seq = x.seq",
        )
        .bind(gone.iter().map(|message| message.conversation_id).collect::<Vec<_>>())
        .bind(gone.iter().map(|message| message.seq).collect::<Vec<_>>())
        .execute(&mut **tx)
        .await?;
    }
    let words = kept.iter().map(|message| {
        let files = message
            .files
            .iter()
            .map(|(name, media_type)| File { name, media_type });
        entry(
            message.body.as_deref().unwrap_or_default(),
            &files.collect::<Vec<_>>(),
            language,
        )
    });
    sqlx::query(
        "INSERT INTO searchable (number, conversation_id, seq, words)
         SELECT x.number, x.conversation_id, x.seq, x.words::tsvector || array_to_tsvector(
                    -- Blocks of 2^10, 2^14 and 2^18 numbers.
                    ARRAY['n10 ' || (x.number >> 10)::text, 'n14 ' || (x.number >> 14)::text, 'n18 ' || (x.number >> 18)::text,
                          'in ' || x.conversation_id::text, 'from ' || x.sender_id::text])
         -- OFFSET 0 keeps the planner from calling nextval once for each use of the number.
         FROM (SELECT coalesce(s.number, w.number, nextval('searchable_number')) AS number,
                      w.conversation_id, w.seq, w.sender_id, w.words
               FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
                    WITH ORDINALITY AS w (number, conversation_id, seq, sender_id, words, place)
               LEFT JOIN searchable s ON s.conversation_id = w.conversation_id AND s.seq = w.seq
               ORDER BY w.place OFFSET 0) x
         ON CONFLICT (conversation_id, seq) DO UPDATE SET words = excluded.words",
    )
    .bind(kept.iter().map(|message| message.number).collect::<Vec<_>>())
    .bind(kept.iter().map(|message| message.conversation_id).collect::<Vec<_>>())
    .bind(kept.iter().map(|message| message.seq).collect::<Vec<_>>())
    .bind(kept.iter().map(|message| message.sender_id).collect::<Vec<_>>())
    .bind(words.collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The language of the index.
pub async fn language(executor: impl PgExecutor<'_>) -> sqlx::Result<Language> {
    let name: String = sqlx::query_scalar("SELECT language FROM search_settings")
        .fetch_one(executor)
        .await?;
    // Another release may know more languages.
    Ok(Language::of_name(&name).unwrap_or_default())
}

/// Brings the index up to date in this language. Returns the number of messages that were indexed.
pub async fn bring_up_to_date(
    connection: &mut PgConnection,
    language: Language,
) -> sqlx::Result<u64> {
    set_language(connection, language).await?;
    Ok(add_missing(connection).await? + rebuild_stale(connection).await?)
}

/// A transaction in which nobody else writes entries.
async fn alone(connection: &mut PgConnection) -> sqlx::Result<Transaction<'_, Postgres>> {
    let mut tx = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('confab.search'))")
        .execute(&mut *tx)
        .await?;
    Ok(tx)
}

/// Sets the language for new messages. If it is another one, or words were cut in another way, all existing entries become stale.
async fn set_language(connection: &mut PgConnection, language: Language) -> sqlx::Result<()> {
    let mut tx = alone(connection).await?;
    sqlx::query(
        "UPDATE search_settings SET language = $1, cutting = $2, stale_to = (SELECT max(number) FROM searchable)
         WHERE language <> $1 OR cutting <> $2",
    )
    .bind(language.name())
    .bind(CUTTING)
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
                 SELECT FROM searchable x WHERE x.conversation_id = m.conversation_id AND x.seq = m.seq) AND NOT EXISTS (
                 SELECT FROM unindexed q WHERE q.conversation_id = m.conversation_id AND q.seq = m.seq))
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
             SELECT FROM searchable x WHERE x.conversation_id = m.conversation_id AND x.seq = m.seq) AND NOT EXISTS (
             SELECT FROM unindexed q WHERE q.conversation_id = m.conversation_id AND q.seq = m.seq)",
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
        let mut tx = alone(connection).await?;
        let batch: Vec<Unwritten> = sqlx::query_as(concat!(
            "WITH x AS (DELETE FROM missing WHERE number IN (SELECT number FROM missing ORDER BY number DESC LIMIT $1)
                        RETURNING number, conversation_id, seq) ",
            unwritten!("x")
        ))
        .bind(BATCH)
        .fetch_all(&mut *tx)
        .await?;
        write(&mut tx, &batch).await?;
        tx.commit().await?;
        if batch.is_empty() {
            break;
        }
        added += batch.len() as u64;
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
        let mut tx = alone(connection).await?;
        let batch: Vec<Unwritten> = sqlx::query_as(unwritten!(
            "(SELECT s.number, s.conversation_id, s.seq FROM searchable s, search_settings
              WHERE s.number <= stale_to ORDER BY s.number DESC LIMIT $1) x"
        ))
        .bind(BATCH)
        .fetch_all(&mut *tx)
        .await?;
        let Some(reached) = batch.iter().filter_map(|message| message.number).min() else {
            return Ok(rebuilt);
        };
        write(&mut tx, &batch).await?;
        sqlx::query("UPDATE search_settings SET stale_to = $1")
            .bind(reached - 1)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        rebuilt += batch.len() as u64;
    }
}
