//! What the chat holds of one person, as JSON that PostgreSQL makes. Does I/O.

use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use super::Pool;
use super::attachments::Place;
use crate::domain::{Attachment, ConversationId, UserId};

/// What they are called and have set.
pub async fn profile(pool: &Pool, user: UserId) -> sqlx::Result<String> {
    sqlx::query_scalar(
        "SELECT jsonb_pretty(jsonb_build_object(
             'name', name, 'display_name', display_name, 'created_at', created_at, 'language', language,
             'time_zone', time_zone, 'share_presence', share_presence, 'share_typing', share_typing,
             'share_receipts', share_receipts, 'administrator', is_admin,
             'devices', (SELECT coalesce(jsonb_agg(jsonb_build_object('device', s.device, 'since', s.created_at,
                         'last_seen', s.last_seen_at)), '[]') FROM sessions s WHERE s.user_id = u.id),
             'blocked', (SELECT coalesce(jsonb_agg(x.name), '[]') FROM blocks b JOIN users x ON x.id = b.blocked_id
                         WHERE b.user_id = u.id)))
         FROM users u WHERE id = $1",
    )
    .bind(user)
    .fetch_one(pool)
    .await
}

/// The conversations they are or were in.
pub async fn conversations(
    pool: &Pool,
    user: UserId,
) -> sqlx::Result<Vec<(ConversationId, String)>> {
    sqlx::query_as(
        "SELECT c.id, jsonb_build_object('id', c.id, 'kind', c.kind, 'title', c.title, 'role', m.role,
                'left', m.left_rev IS NOT NULL, 'with', other.name)::text
         FROM members m JOIN conversations c ON c.id = m.conversation_id
         LEFT JOIN users other ON other.id = CASE c.direct_low WHEN m.user_id THEN c.direct_high ELSE c.direct_low END
         WHERE m.user_id = $1 ORDER BY c.id",
    )
    .bind(user)
    .fetch_all(pool)
    .await
}

/// The places of what they said in a conversation, in order: eight bytes each, so that the rest can be read by pages.
pub async fn places(pool: &Pool, id: ConversationId, user: UserId) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar(
        "SELECT seq FROM messages WHERE conversation_id = $1 AND sender_id = $2 AND deleted_at IS NULL ORDER BY seq",
    )
    .bind(id)
    .bind(user)
    .fetch_all(pool)
    .await
}

/// What they said at these places.
pub async fn messages(pool: &Pool, id: ConversationId, seqs: &[i64]) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "SELECT jsonb_build_object('place', seq, 'sent_at', created_at, 'edited_at', edited_at,
                'reply_to', reply_to, 'text', body, 'files', ARRAY(
                    SELECT a.name FROM attachments a WHERE a.conversation_id = m.conversation_id AND a.seq = m.seq
                    ORDER BY a.created_at, a.id))::text
         FROM messages m WHERE conversation_id = $1 AND seq = ANY ($2) AND deleted_at IS NULL ORDER BY seq",
    )
    .bind(id)
    .bind(seqs)
    .fetch_all(pool)
    .await
}

#[derive(Debug)]
pub struct Sent {
    pub json: String,
    pub file: Attachment,
    /// Where its bytes are.
    pub place: Place,
}

pub async fn files(pool: &Pool, user: UserId) -> sqlx::Result<Vec<Sent>> {
    let rows = sqlx::query(
        "SELECT *, jsonb_build_object('id', id, 'conversation', conversation_id, 'place', seq, 'name', name,
                'media_type', media_type, 'bytes', bytes, 'sent_at', created_at)::text AS json
         FROM attachments WHERE owner_id = $1 AND seq IS NOT NULL ORDER BY conversation_id, seq, id",
    )
    .bind(user)
    .fetch_all(pool)
    .await?;
    let sent = |row: &PgRow| {
        Ok(Sent {
            json: row.try_get("json")?,
            file: Attachment::from_row(row)?,
            place: row.try_get("stored")?,
        })
    };
    rows.iter().map(sent).collect()
}
