//! Attachments: uploaded, sent with a message, read, deleted. Does I/O.
//!
//! The row of a file exists before its contents. `bytes` is 0 until all of them are stored.

use sqlx::{FromRow, PgConnection, Row};
use uuid::Uuid;

use super::Pool;
use crate::domain::{Attachment, ConversationId, UserId};

/// The two variants of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Variant {
    /// As it was uploaded; an image without its metadata.
    Original,
    Thumbnail,
}

/// Where the contents of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Backend {
    /// In `attachment_chunks`.
    Postgres,
    S3,
}

/// A file to be uploaded.
#[derive(Debug)]
pub struct NewFile<'a> {
    pub id: Uuid,
    pub conversation: ConversationId,
    pub owner: UserId,
    /// Sanitized.
    pub name: &'a str,
    pub backend: Backend,
}

/// A file whose contents are stored.
#[derive(Debug)]
pub struct CompleteFile<'a> {
    /// Detected from its contents.
    pub media_type: &'a str,
    pub bytes: u64,
    /// Width and height of an image that pages show.
    pub size: Option<(u32, u32)>,
    pub thumbnail: bool,
}

/// Whether an upload may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    Yes,
    /// The user is no member, or there is no such conversation.
    NotMember,
    /// The user has too many uploads in progress.
    TooMany,
}

/// Creates the row of a file. Beyond `limit` unsent files of a user, the oldest are deleted, except uploads in progress.
pub async fn start(pool: &Pool, new: &NewFile<'_>, limit: i64) -> sqlx::Result<Started> {
    let mut tx = pool.begin().await?;
    let member: Option<i64> = sqlx::query_scalar(
        "SELECT user_id FROM members WHERE conversation_id = $1 AND user_id = $2 AND left_rev IS NULL",
    )
    .bind(new.conversation)
    .bind(new.owner)
    .fetch_optional(&mut *tx)
    .await?;
    if member.is_none() {
        return Ok(Started::NotMember);
    }
    // Serializes the uploads of a user: several at once would all find room.
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
    .bind(new.backend)
    .bind(limit)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(match made.rows_affected() {
        0 => Started::TooMany,
        _ => Started::Yes,
    })
}

/// Completes an upload: the file may be sent from now on. `None` if its row was deleted.
pub async fn complete(
    pool: &Pool,
    id: Uuid,
    complete: &CompleteFile<'_>,
) -> sqlx::Result<Option<Attachment>> {
    let side = |side: u32| i32::try_from(side).ok();
    sqlx::query_as(
        "UPDATE attachments SET media_type = $2, bytes = $3, width = $4, height = $5, thumbnail = $6
         WHERE id = $1 RETURNING *",
    )
    .bind(id)
    .bind(complete.media_type)
    .bind(i64::try_from(complete.bytes).unwrap_or(i64::MAX))
    .bind(complete.size.and_then(|(width, _)| side(width)))
    .bind(complete.size.and_then(|(_, height)| side(height)))
    .bind(complete.thumbnail)
    .fetch_optional(pool)
    .await
}

/// Deletes an unsent file. False if the user has no such file.
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

/// A file that this user may read, with its backend: of a message that they may read, or an unsent one of theirs.
pub async fn visible(
    pool: &Pool,
    conversation: ConversationId,
    viewer: UserId,
    id: Uuid,
) -> sqlx::Result<Option<(Attachment, Backend)>> {
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

pub async fn put_chunk(
    pool: &Pool,
    id: Uuid,
    variant: Variant,
    number: i32,
    bytes: &[u8],
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO attachment_chunks (attachment_id, kind, number, bytes) VALUES ($1, $2, $3, $4)",
    )
    .bind(id)
    .bind(variant)
    .bind(number)
    .bind(bytes)
    .execute(pool)
    .await?;
    Ok(())
}

pub async fn chunk(
    pool: &Pool,
    id: Uuid,
    variant: Variant,
    number: i32,
) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar(
        "SELECT bytes FROM attachment_chunks WHERE attachment_id = $1 AND kind = $2 AND number = $3",
    )
    .bind(id)
    .bind(variant)
    .bind(number)
    .fetch_optional(pool)
    .await
}

/// All chunks of a file, in order.
pub async fn chunks(pool: &Pool, id: Uuid, variant: Variant) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar(
        "SELECT bytes FROM attachment_chunks WHERE attachment_id = $1 AND kind = $2 ORDER BY number",
    )
    .bind(id)
    .bind(variant)
    .fetch_all(pool)
    .await
}

/// Takes the lock of the sweeper until the connection closes. False while another replica holds it.
pub async fn lead(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtext('confab.attachments.sweep'))")
        .fetch_one(connection)
        .await
}

/// Deletes files that have not been sent for so many seconds, and returns how many.
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

/// Files whose rows were deleted so many seconds ago, and whose objects are still in the bucket.
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

/// The objects of these files were deleted.
pub async fn objects_deleted(connection: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM attachments_gone WHERE attachment_id = ANY ($1)")
        .bind(ids)
        .execute(connection)
        .await?;
    Ok(())
}
