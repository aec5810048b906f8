//! Everything that the chat stores about a user, as JSON built by PostgreSQL. Does I/O.

use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row};

use super::Pool;
use super::attachments::Backend;
use crate::domain::{Attachment, ConversationId, UserId};

/// Account and settings.
pub async fn profile(pool: &Pool, user: UserId) -> sqlx::Result<String> {
    sqlx::query_scalar(
        "SELECT jsonb_pretty(jsonb_build_object(
             'name', name, 'display_name', display_name, 'created_at', created_at, 'language', language,
             'time_zone', time_zone, 'share_presence', share_presence, 'share_typing', share_typing,
             'share_receipts', share_receipts, 'administrator', is_admin,
             'devices', (SELECT coalesce(jsonb_agg(jsonb_build_object('device', s.device, 'since', s.created_at,
                         'last_seen', s.last_seen_at)), '[]') FROM sessions s WHERE s.user_id = u.id),
             'logins', (SELECT coalesce(jsonb_agg(jsonb_build_object('issuer', i.issuer, 'subject', i.subject,
                        'account', i.account, 'since', i.created_at) ORDER BY i.id), '[]')
                        FROM identities i WHERE i.user_id = u.id),
             'saved', (SELECT coalesce(jsonb_agg(jsonb_build_object('conversation', v.conversation_id, 'place', v.seq,
                       'since', v.created_at) ORDER BY v.number), '[]') FROM saved v WHERE v.user_id = u.id),
             'blocked', (SELECT coalesce(jsonb_agg(x.name), '[]') FROM blocks b JOIN users x ON x.id = b.blocked_id
                         WHERE b.user_id = u.id)))
         FROM users u WHERE id = $1",
    )
    .bind(user)
    .fetch_one(pool)
    .await
}

/// The conversations that the user is or was in.
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

/// The `seq`s of the user's messages in a conversation: eight bytes each, so that the messages can be read in pages.
pub async fn seqs(pool: &Pool, id: ConversationId, user: UserId) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar(
        "SELECT seq FROM messages WHERE conversation_id = $1 AND sender_id = $2 AND deleted_at IS NULL ORDER BY seq",
    )
    .bind(id)
    .bind(user)
    .fetch_all(pool)
    .await
}

/// The messages with these `seq`s.
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

/// A file that the user has sent.
#[derive(Debug)]
pub struct SentFile {
    pub json: String,
    pub file: Attachment,
    pub backend: Backend,
}

pub async fn files(pool: &Pool, user: UserId) -> sqlx::Result<Vec<SentFile>> {
    let rows = sqlx::query(
        "SELECT *, jsonb_build_object('id', id, 'conversation', conversation_id, 'place', seq, 'name', name,
                'media_type', media_type, 'bytes', bytes, 'sent_at', created_at)::text AS json
         FROM attachments WHERE owner_id = $1 AND seq IS NOT NULL ORDER BY conversation_id, seq, id",
    )
    .bind(user)
    .fetch_all(pool)
    .await?;
    let sent = |row: &PgRow| {
        Ok(SentFile {
            json: row.try_get("json")?,
            file: Attachment::from_row(row)?,
            backend: row.try_get("stored")?,
        })
    };
    rows.iter().map(sent).collect()
}
