//! Who may see whose presence, typing and read receipts. Does I/O.
//!
//! A user who opts out neither shares nor sees, so each query checks both sides. If one of two users has blocked the
//! other, neither sees whether the other is online or types.

use serde::Serialize;
use sqlx::{FromRow, Row};

use super::Pool;
use crate::domain::{ConversationId, SessionId, UserId};

/// Read receipts are shown in conversations of at most this many members.
const MAX_RECEIPT_MEMBERS: i64 = 10;

#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Sharing {
    pub presence: bool,
    /// Users whom they have blocked or who have blocked them.
    pub hidden: Vec<UserId>,
}

#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Observers {
    /// The name of the user whom they observe.
    pub name: String,
    pub users: Vec<UserId>,
}

/// How far another member has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow)]
pub struct Reader {
    pub user: UserId,
    pub name: String,
    pub seq: i64,
}

/// What the user of each session shares. Sessions that have ended, or whose user may no longer log in, are left out.
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

/// Who may see that a user types. `None` for nobody: if the user is no member, or the room is large.
pub async fn who_may_see_typing(
    pool: &Pool,
    person: UserId,
    id: ConversationId,
) -> sqlx::Result<Option<Observers>> {
    sqlx::query_as(
        "SELECT coalesce(me.display_name, me.name) AS name, array_agg(u.id) AS users
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

/// Who may see how far a user has read. `None` for nobody: if the conversation is not small.
pub async fn who_may_see_receipts(
    pool: &Pool,
    person: UserId,
    id: ConversationId,
) -> sqlx::Result<Option<Observers>> {
    sqlx::query_as(
        "SELECT coalesce(me.display_name, me.name) AS name,
                array_agg(u.id) FILTER (WHERE u.share_receipts) AS users
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
    .bind(MAX_RECEIPT_MEMBERS)
    .fetch_optional(pool)
    .await
}

/// How far the other members have read, as far as this member may see. Empty if the conversation is not small.
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
    .bind(MAX_RECEIPT_MEMBERS)
    .fetch_all(pool)
    .await
}
