//! Files: put, sent with a message, looked at, gone. Does I/O.
//!
//! A file's row is there before its bytes, and its bytes are counted once they are all kept: `bytes` is 0 till then.

use std::collections::HashMap;

use sqlx::{FromRow, PgConnection, Row};
use uuid::Uuid;

use super::Pool;
use crate::domain::{Attachment, ConversationId, UserId};

/// Which of a file's two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Kind {
    /// As it was put, or without what it told besides.
    Original,
    Thumbnail,
}

/// Where a file's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Place {
    /// In `attachment_chunks`.
    Postgres,
    S3,
}

/// A file that is about to be put.
#[derive(Debug)]
pub struct New<'a> {
    pub id: Uuid,
    pub conversation: ConversationId,
    pub owner: UserId,
    /// What it is called, cleaned.
    pub name: &'a str,
    /// Where its bytes will be.
    pub place: Place,
}

/// What is known of a file once its bytes are there.
#[derive(Debug)]
pub struct Known<'a> {
    /// By its bytes.
    pub media_type: &'a str,
    pub bytes: u64,
    /// Of an image that pages show, in pixels.
    pub size: Option<(u32, u32)>,
    /// Whether there is a smaller image.
    pub thumbnail: bool,
}

/// Whether a file may be put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    Yes,
    /// They are no member, or there is no such conversation.
    NotMember,
    /// They have this many on their way already.
    TooMany,
}

/// Makes a file's row. Of more than `limit` unsent files of a person the oldest make room; those under way don't.
pub async fn begin(pool: &Pool, new: &New<'_>, limit: i64) -> sqlx::Result<Begun> {
    let mut tx = pool.begin().await?;
    let member: Option<i64> = sqlx::query_scalar(
        "SELECT user_id FROM members WHERE conversation_id = $1 AND user_id = $2 AND left_rev IS NULL",
    )
    .bind(new.conversation)
    .bind(new.owner)
    .fetch_optional(&mut *tx)
    .await?;
    if member.is_none() {
        return Ok(Begun::NotMember);
    }
    // One at a time of a person: several at once would all find room.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('confab.attachments'), $1::int)")
        .bind((new.owner.0 & 0x7fff_ffff) as i32)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "DELETE FROM attachments WHERE seq IS NULL AND bytes > 0 AND id IN (
             SELECT id FROM attachments WHERE owner_id = $1 AND seq IS NULL ORDER BY created_at DESC OFFSET $2)",
    )
    .bind(new.owner)
    .bind(limit - 1)
    .execute(&mut *tx)
    .await?;
    let made = sqlx::query(
        "INSERT INTO attachments (id, conversation_id, owner_id, name, media_type, bytes, stored)
         SELECT $1, $2, $3, $4, '', 0, $5
         WHERE (SELECT count(*) FROM attachments WHERE owner_id = $3 AND seq IS NULL) < $6",
    )
    .bind(new.id)
    .bind(new.conversation)
    .bind(new.owner)
    .bind(new.name)
    .bind(new.place)
    .bind(limit)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(match made.rows_affected() {
        0 => Begun::TooMany,
        _ => Begun::Yes,
    })
}

/// The file is whole: it may be sent from now on. `None` where its row is gone.
pub async fn complete(
    pool: &Pool,
    id: Uuid,
    known: &Known<'_>,
) -> sqlx::Result<Option<Attachment>> {
    let side = |side: u32| i32::try_from(side).ok();
    sqlx::query_as(
        "UPDATE attachments SET media_type = $2, bytes = $3, width = $4, height = $5, thumbnail = $6
         WHERE id = $1 RETURNING *",
    )
    .bind(id)
    .bind(known.media_type)
    .bind(i64::try_from(known.bytes).unwrap_or(i64::MAX))
    .bind(known.size.and_then(|(width, _)| side(width)))
    .bind(known.size.and_then(|(_, height)| side(height)))
    .bind(known.thumbnail)
    .fetch_optional(pool)
    .await
}

/// Takes back a file that is not sent; whether there was one of theirs.
pub async fn discard(
    pool: &Pool,
    conversation: ConversationId,
    owner: UserId,
    id: Uuid,
) -> sqlx::Result<bool> {
    let gone = sqlx::query(
        "DELETE FROM attachments WHERE id = $1 AND conversation_id = $2 AND owner_id = $3 AND seq IS NULL",
    )
    .bind(id)
    .bind(conversation)
    .bind(owner)
    .execute(pool)
    .await?;
    Ok(gone.rows_affected() > 0)
}

/// A file that this person may see, and where it is: of a message that they may read, or their own unsent one.
pub async fn visible(
    pool: &Pool,
    conversation: ConversationId,
    viewer: UserId,
    id: Uuid,
) -> sqlx::Result<Option<(Attachment, Place)>> {
    let row = sqlx::query(
        "SELECT a.* FROM attachments a
         JOIN conversations c ON c.id = a.conversation_id
         JOIN members m ON m.conversation_id = c.id AND m.user_id = $3 AND m.left_rev IS NULL
         WHERE a.id = $1 AND a.conversation_id = $2 AND a.bytes > 0
           AND CASE WHEN a.seq IS NULL THEN a.owner_id = $3 ELSE c.kind = 'public' OR m.joined_seq < a.seq END",
    )
    .bind(id)
    .bind(conversation)
    .bind(viewer)
    .fetch_optional(pool)
    .await?;
    row.map(|row| Ok((Attachment::from_row(&row)?, row.try_get("stored")?)))
        .transpose()
}

/// The files of these messages by the messages' `seq`, in the order in which they were put.
pub async fn of_messages(
    pool: &Pool,
    conversation: ConversationId,
    seqs: &[i64],
) -> sqlx::Result<HashMap<i64, Vec<Attachment>>> {
    let rows = sqlx::query(
        "SELECT * FROM attachments WHERE conversation_id = $1 AND seq = ANY ($2) ORDER BY seq, created_at, id",
    )
    .bind(conversation)
    .bind(seqs)
    .fetch_all(pool)
    .await?;
    let mut found: HashMap<i64, Vec<Attachment>> = HashMap::new();
    for row in &rows {
        let files = found.entry(row.try_get("seq")?).or_default();
        files.push(Attachment::from_row(row)?);
    }
    Ok(found)
}

/// Keeps a piece of a file.
pub async fn put_piece(
    pool: &Pool,
    id: Uuid,
    kind: Kind,
    number: i32,
    bytes: &[u8],
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO attachment_chunks (attachment_id, kind, number, bytes) VALUES ($1, $2, $3, $4)",
    )
    .bind(id)
    .bind(kind)
    .bind(number)
    .bind(bytes)
    .execute(pool)
    .await?;
    Ok(())
}

pub async fn piece(
    pool: &Pool,
    id: Uuid,
    kind: Kind,
    number: i32,
) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar(
        "SELECT bytes FROM attachment_chunks WHERE attachment_id = $1 AND kind = $2 AND number = $3",
    )
    .bind(id)
    .bind(kind)
    .bind(number)
    .fetch_optional(pool)
    .await
}

/// All pieces, in their order.
pub async fn pieces(pool: &Pool, id: Uuid, kind: Kind) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar(
        "SELECT bytes FROM attachment_chunks WHERE attachment_id = $1 AND kind = $2 ORDER BY number",
    )
    .bind(id)
    .bind(kind)
    .fetch_all(pool)
    .await
}

/// Whether this connection may sweep until it closes: one replica sweeps at a time.
pub async fn lead(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtext('confab.attachments.sweep'))")
        .fetch_one(connection)
        .await
}

/// Deletes files that were not sent for so many seconds; how many.
pub async fn delete_unsent(
    connection: &mut PgConnection,
    seconds: f64,
    limit: i64,
) -> sqlx::Result<u64> {
    let gone = sqlx::query(
        "DELETE FROM attachments WHERE seq IS NULL AND id IN (
             SELECT id FROM attachments WHERE seq IS NULL AND created_at < now() - make_interval(secs => $1)
             ORDER BY created_at LIMIT $2)",
    )
    .bind(seconds)
    .bind(limit)
    .execute(connection)
    .await?;
    Ok(gone.rows_affected())
}

/// Files whose rows have been gone for so many seconds and whose objects are still in the bucket.
pub async fn gone(
    connection: &mut PgConnection,
    seconds: f64,
    limit: i64,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "SELECT attachment_id FROM attachments_gone WHERE gone_at <= now() - make_interval(secs => $1)
         ORDER BY gone_at LIMIT $2",
    )
    .bind(seconds)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Their objects are gone too.
pub async fn forget(connection: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM attachments_gone WHERE attachment_id = ANY ($1)")
        .bind(ids)
        .execute(connection)
        .await?;
    Ok(())
}
