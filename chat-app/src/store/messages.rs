//! Messages: appended in batches, read in pages or by `rev`, changed one at a time. Does I/O.

mod append;

use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};

pub use self::append::{Appended, Draft, Extra, append};
use super::{Outcome, Pool};
use crate::domain::{ConversationId, Integration, Message, Page, Pin, Quote, Span, UserId, Window};
use crate::store::notices;

/// The SELECT of all reads of messages. What belongs to a message comes as JSON, so that a page is one query. Most messages
/// have none of it, and each CASE spares PostgreSQL a look: only a changed message has reactions or a pin.
macro_rules! messages {
    ($rest:literal) => {
        concat!(
            "SELECT m.conversation_id, m.seq, m.rev, m.sent_rev IS NOT NULL AS changed, m.sender_id,
                    coalesce(m.alias, u.display_name, u.name) AS sender_name, u.avatar,
                    CASE WHEN u.bot THEN coalesce(u.display_name, u.name) END AS integration, m.icon, m.client_id, m.body, m.created_at,
                    m.edited_at IS NOT NULL AS edited, m.deleted_at IS NOT NULL AS deleted, m.reply_to,
                    CASE WHEN m.reply_to IS NOT NULL THEN (
                     SELECT jsonb_build_object('seq', q.seq, 'integration', qu.bot,
                                               'sender_name', coalesce(q.alias, qu.display_name, qu.name),
                                               'excerpt', ",
            excerpt!("q"),
            ")
                     FROM messages q JOIN users qu ON qu.id = q.sender_id
                     WHERE q.conversation_id = m.conversation_id AND q.seq = m.reply_to) END AS quote,
                    CASE WHEN strpos(m.body, '@') > 0 THEN (
                     SELECT jsonb_agg(jsonb_build_object('user', x.user_id, 'name', xu.name))
                     FROM mentions x JOIN users xu ON xu.id = x.user_id
                     WHERE x.conversation_id = m.conversation_id AND x.seq = m.seq) END AS mentions,
                    CASE WHEN m.sent_rev IS NOT NULL THEN (
                     SELECT jsonb_agg(jsonb_build_object('emoji', r.emoji, 'users', r.users, 'names', r.names)
                                      ORDER BY r.first, r.emoji)
                     FROM (SELECT r.emoji, min(r.created_at) AS first,
                                  array_agg(r.user_id ORDER BY r.created_at) AS users,
                                  array_agg(coalesce(ru.display_name, ru.name) ORDER BY r.created_at) AS names
                           FROM reactions r JOIN users ru ON ru.id = r.user_id
                           WHERE r.conversation_id = m.conversation_id AND r.seq = m.seq GROUP BY r.emoji) r) END AS reactions,
                    CASE WHEN m.sent_rev IS NOT NULL THEN (
                     SELECT jsonb_build_object('user', p.user_id, 'name', coalesce(pu.display_name, pu.name))
                     FROM pins p JOIN users pu ON pu.id = p.user_id
                     WHERE p.conversation_id = m.conversation_id AND p.seq = m.seq) END AS pin,
                    (SELECT jsonb_agg(jsonb_build_object('id', a.id, 'conversation', a.conversation_id, 'name', a.name,
                                                         'media_type', a.media_type, 'bytes', a.bytes, 'width', a.width,
                                                         'height', a.height, 'thumbnail', a.thumbnail)
                                      ORDER BY a.created_at, a.id)
                     FROM attachments a
                     WHERE a.conversation_id = m.conversation_id AND a.seq = m.seq) AS attachments
             FROM messages m JOIN users u ON u.id = m.sender_id ",
            $rest
        )
    };
}

pub(super) use messages;

impl FromRow<'_, PgRow> for Message {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let quote: Option<Json<Quote>> = row.try_get("quote")?;
        let pin: Option<Json<Pin>> = row.try_get("pin")?;
        let integration: Option<String> = row.try_get("integration")?;
        let icon = row.try_get("icon")?;
        Ok(Self {
            conversation: row.try_get("conversation_id")?,
            seq: row.try_get("seq")?,
            rev: row.try_get("rev")?,
            changed: row.try_get("changed")?,
            sender: row.try_get("sender_id")?,
            sender_name: row.try_get("sender_name")?,
            sender_avatar: row.try_get("avatar")?,
            integration: integration.map(|name| Box::new(Integration { name, icon })),
            client_id: row.try_get("client_id")?,
            body: row.try_get("body")?,
            at: row.try_get("created_at")?,
            edited: row.try_get("edited")?,
            deleted: row.try_get("deleted")?,
            quote: quote.map(|Json(quote)| quote),
            mentions: list(row, "mentions")?,
            reactions: list(row, "reactions")?,
            pin: pin.map(|Json(pin)| Box::new(pin)),
            attachments: list(row, "attachments")?,
        })
    }
}

/// A JSON array, which is null if it has no elements.
fn list<T: serde::de::DeserializeOwned>(row: &PgRow, column: &str) -> sqlx::Result<Vec<T>> {
    let found: Option<Json<Vec<T>>> = row.try_get(column)?;
    Ok(found.map(|Json(list)| list).unwrap_or_default())
}

/// The message with this `seq`.
pub async fn one(
    executor: impl PgExecutor<'_>,
    id: ConversationId,
    seq: i64,
) -> sqlx::Result<Option<Message>> {
    sqlx::query_as(messages!("WHERE m.conversation_id = $1 AND m.seq = $2"))
        .bind(id)
        .bind(seq)
        .fetch_optional(executor)
        .await
}

/// About `limit` messages of a conversation, none up to `floor`.
pub async fn page(
    pool: &Pool,
    id: ConversationId,
    floor: i64,
    window: Window,
    limit: i64,
) -> sqlx::Result<Page> {
    let (mut messages, older, newer) = match window {
        Window::Latest => {
            let (messages, older) = before(pool, id, floor, i64::MAX, limit).await?;
            (messages, older, false)
        }
        Window::Before(seq) => {
            let (messages, older) = before(pool, id, floor, seq, limit).await?;
            (messages, older, true)
        }
        Window::After(seq) => {
            let (messages, newer) = after(pool, id, floor, seq, limit).await?;
            (messages, true, newer)
        }
        Window::Around(seq) => {
            let (mut messages, older) = before(pool, id, floor, seq, limit / 2).await?;
            let (rest, newer) = after(pool, id, floor, seq - 1, limit / 2).await?;
            messages.extend(rest);
            (messages, older, newer)
        }
    };
    messages.sort_by_key(|message| message.seq);
    let first = if older {
        messages.first().map_or(floor, |m| m.seq)
    } else {
        floor
    };
    let last = if newer {
        messages.last().map_or(floor, |m| m.seq)
    } else {
        i64::MAX
    };
    Ok(Page {
        notices: notices::between(pool, id, first, last).await?,
        messages,
        older,
        newer,
    })
}

/// The `limit` messages before `seq`, newest first, and whether there are older ones.
async fn before(
    pool: &Pool,
    id: ConversationId,
    floor: i64,
    seq: i64,
    limit: i64,
) -> sqlx::Result<(Vec<Message>, bool)> {
    let found = sqlx::query_as(messages!(
        "WHERE m.conversation_id = $1 AND m.seq > $2 AND m.seq < $3 ORDER BY m.seq DESC LIMIT $4"
    ))
    .bind(id)
    .bind(floor)
    .bind(seq)
    .bind(limit + 1)
    .fetch_all(pool)
    .await?;
    Ok(cut(found, limit))
}

/// The `limit` messages after `seq`, and whether there are newer ones.
async fn after(
    pool: &Pool,
    id: ConversationId,
    floor: i64,
    seq: i64,
    limit: i64,
) -> sqlx::Result<(Vec<Message>, bool)> {
    let found = sqlx::query_as(messages!(
        "WHERE m.conversation_id = $1 AND m.seq > greatest($2, $3) ORDER BY m.seq LIMIT $4"
    ))
    .bind(id)
    .bind(floor)
    .bind(seq)
    .bind(limit + 1)
    .fetch_all(pool)
    .await?;
    Ok(cut(found, limit))
}

fn cut(mut messages: Vec<Message>, limit: i64) -> (Vec<Message>, bool) {
    let more = messages.len() as i64 > limit;
    messages.truncate(limit as usize);
    (messages, more)
}

/// The current state of the messages that changed in these revs, at most the first `limit` of each conversation.
pub async fn changed(
    connection: &mut PgConnection,
    spans: &[Span],
    limit: i64,
) -> sqlx::Result<Vec<Message>> {
    let (conversations, after, up_to) = Span::columns(spans);
    sqlx::query_as(concat!(
        "SELECT found.* FROM unnest((SELECT $1::bigint[]), (SELECT $2::bigint[]), (SELECT $3::bigint[]))
                               AS span (conversation_id, after, up_to)
         CROSS JOIN LATERAL (",
        messages!(
            "WHERE m.conversation_id = span.conversation_id AND m.rev > span.after AND m.rev <= span.up_to
             ORDER BY m.rev LIMIT $4"
        ),
        ") found"
    ))
    .bind(conversations)
    .bind(after)
    .bind(up_to)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Changes the body and the mentions of one's own message.
pub async fn edit(
    pool: &Pool,
    id: ConversationId,
    seq: i64,
    person: UserId,
    body: &str,
    mentions: &[String],
) -> sqlx::Result<Outcome> {
    sqlx::query_as("SELECT * FROM edit_message($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(seq)
        .bind(person)
        .bind(body)
        .bind(mentions)
        .fetch_one(pool)
        .await
}

pub async fn delete(
    pool: &Pool,
    id: ConversationId,
    seq: i64,
    person: UserId,
    as_admin: bool,
) -> sqlx::Result<Outcome> {
    sqlx::query_as("SELECT * FROM delete_message($1, $2, $3, $4)")
        .bind(id)
        .bind(seq)
        .bind(person)
        .bind(as_admin)
        .fetch_one(pool)
        .await
}

/// Adds or removes a reaction. Without `present`, it is toggled.
pub async fn react(
    pool: &Pool,
    id: ConversationId,
    seq: i64,
    person: UserId,
    emoji: &str,
    present: Option<bool>,
) -> sqlx::Result<Outcome> {
    sqlx::query_as(
        "SELECT * FROM react($1, $2, $3, $4, coalesce($5, NOT EXISTS (
             SELECT FROM reactions WHERE conversation_id = $1 AND seq = $2 AND user_id = $3 AND emoji = $4)))",
    )
    .bind(id)
    .bind(seq)
    .bind(person)
    .bind(emoji)
    .bind(present)
    .fetch_one(pool)
    .await
}
