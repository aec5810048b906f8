//! The history of another chat: accounts, conversations, and their messages in batches. Does I/O.
//!
//! The rows of `imported_users` and `imported_conversations` say what has come: each is written in the transaction of what it
//! describes, so that an import which is killed continues exactly where it was.

mod accounts;
pub mod rows;

use sqlx::{Connection, PgConnection};
use uuid::Uuid;

pub use self::accounts::{NewAccount, accounts, adopt, create_account, named};
use self::rows::Rows;
use crate::domain::{ConversationId, ConversationKind, UserId};

/// Prepares the connection of an import. False while another import runs.
pub async fn lead(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::raw_sql("SET confab.importing = 'on'")
        .execute(&mut *connection)
        .await?;
    sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtext('confab.import'))")
        .fetch_one(connection)
        .await
}

/// How far a conversation has come.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Progress {
    #[sqlx(rename = "conversation_id")]
    pub conversation: ConversationId,
    /// The time of its newest message, in microseconds.
    pub reached: i64,
    pub rev: i64,
    pub last_seq: i64,
    pub finished: bool,
}

/// `None` if nothing of the conversation has come.
pub async fn progress(
    connection: &mut PgConnection,
    source: &str,
    source_id: &str,
) -> sqlx::Result<Option<Progress>> {
    sqlx::query_as(
        "SELECT i.conversation_id, i.reached, c.rev, c.last_seq, i.finished_at IS NOT NULL AS finished
         FROM imported_conversations i JOIN conversations c ON c.id = i.conversation_id
         WHERE i.source = $1 AND i.source_id = $2",
    )
    .bind(source)
    .bind(source_id)
    .fetch_optional(connection)
    .await
}

/// Creates a conversation without members, which nobody sees.
pub async fn begin(
    connection: &mut PgConnection,
    source: &str,
    source_id: &str,
) -> sqlx::Result<ConversationId> {
    sqlx::query_scalar(
        "WITH made AS (INSERT INTO conversations (kind) VALUES ('group') RETURNING id)
         INSERT INTO imported_conversations (source, source_id, conversation_id)
         SELECT $1, $2, id FROM made RETURNING conversation_id",
    )
    .bind(source)
    .bind(source_id)
    .fetch_one(connection)
    .await
}

/// The times and places of a conversation's messages, in order.
pub async fn places(
    connection: &mut PgConnection,
    id: ConversationId,
) -> sqlx::Result<Vec<(i64, i64)>> {
    sqlx::query_as(
        "SELECT (extract(epoch FROM created_at) * 1000000)::bigint, seq FROM messages WHERE conversation_id = $1 ORDER BY seq",
    )
    .bind(id)
    .fetch_all(connection)
    .await
}

/// Consecutive messages and notices of a conversation.
#[derive(Debug, Default)]
pub struct Batch {
    /// `conversation_id, seq, rev, sender_id, client_id, body, created_at, edited_at, deleted_at, reply_to, sent_rev`
    pub messages: Rows,
    /// `conversation_id, rev, after_seq, kind, actor_id, subject_id, text, created_at`
    pub notices: Rows,
    /// `conversation_id, seq, emoji, user_id, created_at`
    pub reactions: Rows,
    /// `conversation_id, seq, user_id, created_at`
    pub pins: Rows,
    /// `user_id, conversation_id, seq`
    pub mentions: Rows,
    /// Files that are stored, and the messages they belong to.
    pub attachments: Vec<(Uuid, i64)>,
}

/// Appends a batch in one transaction; `to` is how far the conversation is then.
pub async fn append(
    connection: &mut PgConnection,
    batch: Batch,
    to: &Progress,
) -> sqlx::Result<()> {
    let mut tx = connection.begin().await?;
    for (target, rows) in [
        (
            "messages (conversation_id, seq, rev, sender_id, client_id, body, created_at, edited_at, deleted_at, reply_to, sent_rev)",
            batch.messages,
        ),
        (
            "notices (conversation_id, rev, after_seq, kind, actor_id, subject_id, text, created_at)",
            batch.notices,
        ),
        (
            "reactions (conversation_id, seq, emoji, user_id, created_at)",
            batch.reactions,
        ),
        (
            "pins (conversation_id, seq, user_id, created_at)",
            batch.pins,
        ),
        ("mentions (user_id, conversation_id, seq)", batch.mentions),
    ] {
        rows.copy_to(&mut tx, target).await?;
    }
    attach(&mut tx, to.conversation, &batch.attachments).await?;
    sqlx::query(
        "WITH moved AS (UPDATE imported_conversations SET reached = $4 WHERE conversation_id = $1)
         UPDATE conversations SET rev = $2, last_seq = $3, last_at = to_timestamp($4 / 1000000.0) WHERE id = $1",
    )
    .bind(to.conversation)
    .bind(to.rev)
    .bind(to.last_seq)
    .bind(to.reached)
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

async fn attach(
    connection: &mut PgConnection,
    id: ConversationId,
    files: &[(Uuid, i64)],
) -> sqlx::Result<()> {
    let (ids, seqs): (Vec<Uuid>, Vec<i64>) = files.iter().copied().unzip();
    let done = sqlx::query(
        "UPDATE attachments a SET seq = f.seq FROM unnest($2::uuid[], $3::bigint[]) AS f (id, seq)
         WHERE a.id = f.id AND a.conversation_id = $1 AND a.seq IS NULL AND a.bytes > 0",
    )
    .bind(id)
    .bind(ids)
    .bind(seqs)
    .execute(connection)
    .await?;
    match done.rows_affected() == files.len() as u64 {
        true => Ok(()),
        // The sweeper has deleted one: the batch took a day.
        false => Err(sqlx::Error::RowNotFound),
    }
}

/// Creates the row of a file, or takes the one that an interrupted import left. Returns whether its contents are stored.
pub async fn start_file(
    pool: &super::Pool,
    new: &super::attachments::NewFile<'_>,
) -> sqlx::Result<bool> {
    let mut tx = pool.begin().await?;
    let stored: bool = sqlx::query_scalar(
        "INSERT INTO attachments AS a (id, conversation_id, owner_id, name, media_type, bytes, stored)
         VALUES ($1, $2, $3, $4, '', 0, $5)
         ON CONFLICT (id) DO UPDATE SET created_at = now() RETURNING a.bytes > 0",
    )
    .bind(new.id)
    .bind(new.conversation)
    .bind(new.owner)
    .bind(new.name)
    .bind(new.backend)
    .fetch_one(&mut *tx)
    .await?;
    if !stored {
        for sql in [
            "DELETE FROM attachment_chunks WHERE attachment_id = $1",
            "DELETE FROM attachments_gone WHERE attachment_id = $1",
        ] {
            sqlx::query(sql).bind(new.id).execute(&mut *tx).await?;
        }
    }
    tx.commit().await?;
    Ok(stored)
}

/// What a conversation becomes when all of it has come.
#[derive(Debug)]
pub struct Finished<'a> {
    pub conversation: ConversationId,
    /// A direct conversation has the two members in the order of their ids.
    pub kind: ConversationKind,
    pub title: Option<&'a str>,
    pub topic: &'a str,
    pub members: &'a [UserId],
    pub owner: Option<UserId>,
    /// The account that stands for the other chat, and that chat's name.
    pub origin: (UserId, &'a str),
}

/// Adds the members, who have read everything, and announces the conversation with one notice. A direct conversation of two
/// people who have one already becomes a group of them.
pub async fn finish(connection: &mut PgConnection, finished: &Finished<'_>) -> sqlx::Result<()> {
    let mut tx = connection.begin().await?;
    let pair = match (finished.kind, finished.members) {
        (ConversationKind::Direct, &[low, high]) => Some((low, high)),
        _ => None,
    };
    sqlx::query(
        "INSERT INTO members (conversation_id, user_id, joined_rev, last_read_seq, role, bucket)
         SELECT c.id, u.id, 0, c.last_seq, CASE WHEN u.id = $3 THEN 'owner' ELSE 'member' END,
                date_bin('6 hours', c.last_at, '2020-01-01 00:00:00+00')
         FROM conversations c, users u
         WHERE c.id = $1 AND u.id = ANY ($2) AND ($4 OR u.disabled_at IS NULL AND NOT u.former)",
    )
    .bind(finished.conversation)
    .bind(finished.members)
    .bind(finished.owner)
    .bind(pair.is_some())
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "UPDATE conversations c SET
             kind = CASE WHEN pair.free OR $2 <> 'direct' THEN $2 ELSE 'group' END, title = $3, topic = $4,
             direct_low = CASE WHEN pair.free THEN $5 END, direct_high = CASE WHEN pair.free THEN $6 END,
             large = (SELECT count(*) FROM members m WHERE m.conversation_id = c.id) > 64
         FROM (SELECT $5::bigint IS NOT NULL AND NOT EXISTS (
                   SELECT FROM conversations o WHERE o.direct_low = $5 AND o.direct_high = $6) AS free) pair
         WHERE c.id = $1",
    )
    .bind(finished.conversation)
    .bind(finished.kind)
    .bind(finished.title)
    .bind(finished.topic)
    .bind(pair.map(|(low, _)| low))
    .bind(pair.map(|(_, high)| high))
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "UPDATE imported_conversations SET finished_at = now(), last_rev = n.rev - 1
         FROM (SELECT add_notice($1, 'imported', $2, NULL, $3) AS rev) n WHERE conversation_id = $1",
    )
    .bind(finished.conversation)
    .bind(finished.origin.0)
    .bind(finished.origin.1)
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}
