//! Who shares what with whom: presence, typing, how far they have read. Does I/O.
//!
//! Whoever opts out neither shares nor sees, so each query asks both sides; and where one has blocked the other, neither
//! learns whether the other is there or types.

use serde::Serialize;
use sqlx::{FromRow, Row};

use super::Pool;
use crate::domain::{ConversationId, SessionId, UserId};

/// Receipts are for conversations of at most this many.
const RECEIPTS: i64 = 10;

#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Sharing {
    /// Whether they are there.
    pub presence: bool,
    /// Whom they have blocked, and who has blocked them.
    pub hidden: Vec<UserId>,
}

#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Audience {
    /// What the person is called whom it is about.
    pub name: String,
    pub others: Vec<UserId>,
}

/// Another member, and how far they have read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow)]
pub struct Reader {
    pub user: UserId,
    pub name: String,
    /// The last message that they have read.
    pub seq: i64,
}

/// What each session's person shares; nothing of those that have ended, or whose person may not be here any more.
pub async fn sharing(
    pool: &Pool,
    sessions: &[SessionId],
) -> sqlx::Result<Vec<(SessionId, Sharing)>> {
    let rows = sqlx::query(
        "SELECT s.id, u.share_presence AS presence,
                ARRAY(SELECT b.blocked_id FROM blocks b WHERE b.user_id = u.id
                      UNION SELECT b.user_id FROM blocks b WHERE b.blocked_id = u.id) AS hidden
         FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.id = ANY ($1) AND s.expires_at > now() AND u.disabled_at IS NULL AND NOT u.former",
    )
    .bind(sessions)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("id")?, Sharing::from_row(row)?)))
        .collect()
}

/// Who is told that somebody types; `None` for nobody, as where they are no member or the room is large.
pub async fn who_may_see_typing(
    pool: &Pool,
    person: UserId,
    id: ConversationId,
) -> sqlx::Result<Option<Audience>> {
    sqlx::query_as(
        "SELECT coalesce(me.display_name, me.name) AS name, array_agg(u.id) AS others
         FROM users me
         JOIN members mine ON mine.user_id = me.id AND mine.conversation_id = $2 AND mine.left_rev IS NULL
         JOIN conversations c ON c.id = mine.conversation_id AND NOT c.large
         JOIN members m ON m.conversation_id = c.id AND m.user_id <> me.id AND m.left_rev IS NULL
         JOIN users u ON u.id = m.user_id AND u.share_typing
         WHERE me.id = $1 AND me.share_typing
           AND NOT EXISTS (SELECT FROM blocks b WHERE b.user_id = me.id AND b.blocked_id = u.id)
           AND NOT EXISTS (SELECT FROM blocks b WHERE b.user_id = u.id AND b.blocked_id = me.id)
         GROUP BY me.id",
    )
    .bind(person)
    .bind(id)
    .fetch_optional(pool)
    .await
}

/// Who is told how far somebody has read; `None` for nobody, as where the conversation is no small one.
pub async fn who_may_see_receipts(
    pool: &Pool,
    person: UserId,
    id: ConversationId,
) -> sqlx::Result<Option<Audience>> {
    sqlx::query_as(
        "SELECT coalesce(me.display_name, me.name) AS name,
                array_agg(u.id) FILTER (WHERE u.share_receipts) AS others
         FROM users me
         JOIN members mine ON mine.user_id = me.id AND mine.conversation_id = $2 AND mine.left_rev IS NULL
         JOIN conversations c ON c.id = mine.conversation_id AND c.kind IN ('direct', 'group') AND NOT c.large
         JOIN members m ON m.conversation_id = c.id AND m.user_id <> me.id AND m.left_rev IS NULL
         JOIN users u ON u.id = m.user_id
         WHERE me.id = $1 AND me.share_receipts
         GROUP BY me.id HAVING count(*) < $3 AND bool_or(u.share_receipts)",
    )
    .bind(person)
    .bind(id)
    .bind(RECEIPTS)
    .fetch_optional(pool)
    .await
}

/// How far the others have read, as far as this member may know: nobody where the conversation is no small one.
pub async fn readers(pool: &Pool, member: UserId, id: ConversationId) -> sqlx::Result<Vec<Reader>> {
    sqlx::query_as(
        r#"SELECT u.id AS "user", coalesce(u.display_name, u.name) AS name, m.last_read_seq AS seq
         FROM users me
         JOIN conversations c ON c.id = $2 AND c.kind IN ('direct', 'group') AND NOT c.large
         JOIN members m ON m.conversation_id = c.id AND m.user_id <> me.id AND m.left_rev IS NULL
         JOIN users u ON u.id = m.user_id AND u.share_receipts
         WHERE me.id = $1 AND me.share_receipts
           AND EXISTS (SELECT FROM members x WHERE x.conversation_id = c.id AND x.user_id = me.id AND x.left_rev IS NULL)
           AND (SELECT count(*) FROM members x WHERE x.conversation_id = c.id AND x.left_rev IS NULL) <= $3
         ORDER BY u.id"#,
    )
    .bind(member)
    .bind(id)
    .bind(RECEIPTS)
    .fetch_all(pool)
    .await
}
