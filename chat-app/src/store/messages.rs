//! Messages: appended in batches by the writer, read by pages and by `rev`, changed one at a time. Does I/O.

use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Outcome, Pool};
use crate::domain::{ConversationId, ConversationKind, Message, Page, Quote, UserId, Window};
use crate::store::notices;

/// What every read of messages selects; what belongs to each comes as JSON, so that a page is one query.
macro_rules! messages {
    ($rest:literal) => {
        concat!(
            "SELECT m.conversation_id, m.seq, m.rev, m.sent_rev IS NOT NULL AS changed, m.sender_id,
                    coalesce(u.display_name, u.name) AS sender_name, u.avatar, m.client_id, m.body, m.created_at,
                    m.edited_at IS NOT NULL AS edited, m.deleted_at IS NOT NULL AS deleted, m.reply_to,
                    (SELECT jsonb_build_object('seq', q.seq, 'sender_name', coalesce(qu.display_name, qu.name),
                                               'body', left(q.body, 300), 'deleted', q.deleted_at IS NOT NULL)
                     FROM messages q JOIN users qu ON qu.id = q.sender_id
                     WHERE q.conversation_id = m.conversation_id AND q.seq = m.reply_to) AS quote,
                    (SELECT jsonb_agg(jsonb_build_object('user', x.user_id, 'name', xu.name))
                     FROM mentions x JOIN users xu ON xu.id = x.user_id
                     WHERE x.conversation_id = m.conversation_id AND x.seq = m.seq) AS mentions,
                    (SELECT jsonb_agg(jsonb_build_object('emoji', r.emoji, 'users', r.users, 'names', r.names)
                                      ORDER BY r.first, r.emoji)
                     FROM (SELECT r.emoji, min(r.created_at) AS first,
                                  array_agg(r.user_id ORDER BY r.created_at) AS users,
                                  array_agg(coalesce(ru.display_name, ru.name) ORDER BY r.created_at) AS names
                           FROM reactions r JOIN users ru ON ru.id = r.user_id
                           WHERE r.conversation_id = m.conversation_id AND r.seq = m.seq GROUP BY r.emoji) r) AS reactions,
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

impl FromRow<'_, PgRow> for Message {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let quote: Option<Json<Quote>> = row.try_get("quote")?;
        Ok(Self {
            conversation: row.try_get("conversation_id")?,
            seq: row.try_get("seq")?,
            rev: row.try_get("rev")?,
            changed: row.try_get("changed")?,
            sender: row.try_get("sender_id")?,
            sender_name: row.try_get("sender_name")?,
            sender_avatar: row.try_get("avatar")?,
            client_id: row.try_get("client_id")?,
            body: row.try_get("body")?,
            at: row.try_get("created_at")?,
            edited: row.try_get("edited")?,
            deleted: row.try_get("deleted")?,
            quote: quote.map(|Json(quote)| quote),
            mentions: list(row, "mentions")?,
            reactions: list(row, "reactions")?,
            attachments: list(row, "attachments")?,
        })
    }
}

/// A JSON array, which is null where it has no elements.
fn list<T: serde::de::DeserializeOwned>(row: &PgRow, column: &str) -> sqlx::Result<Vec<T>> {
    let found: Option<Json<Vec<T>>> = row.try_get(column)?;
    Ok(found.map(|Json(list)| list).unwrap_or_default())
}

/// What a message may have besides its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Extra {
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<i64>,
    /// The names that it calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// The sender's uploads that go with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Uuid>,
}

impl Extra {
    /// Whether there is nothing besides the text.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A message to append.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Where to.
    pub conversation: ConversationId,
    /// Who sends it.
    pub sender: UserId,
    /// The client's own id of the send: a retry is the same message.
    pub client_id: Uuid,
    /// What it says; checked before.
    pub body: String,
    /// What goes with it.
    pub extra: Extra,
}

/// What became of a [`Draft`].
#[derive(Clone, Debug)]
pub enum Appended {
    /// It is in the conversation now.
    Sent {
        /// The message as it stands.
        message: Message,
        /// In what kind of conversation.
        kind: ConversationKind,
        /// Who gets it; `None` in a large room.
        recipients: Option<Vec<UserId>>,
    },
    /// It was there already.
    Duplicate(Message),
    /// The sender is no member, or there is no such conversation.
    NotMember,
    /// The other one takes no messages from the sender.
    Blocked,
    /// An attachment is gone, or not the sender's.
    NoAttachment,
}

/// Appends the drafts in one call that is its own transaction; answers in their order.
pub async fn append(
    connection: &mut PgConnection,
    drafts: &[Draft],
) -> sqlx::Result<Vec<Appended>> {
    let extras: Vec<Option<Json<&Extra>>> = drafts
        .iter()
        .map(|draft| (!draft.extra.is_empty()).then_some(Json(&draft.extra)))
        .collect();
    let rows = sqlx::query("SELECT * FROM append_messages($1, $2, $3, $4, $5)")
        .bind(drafts.iter().map(|d| d.conversation).collect::<Vec<_>>())
        .bind(drafts.iter().map(|d| d.sender).collect::<Vec<_>>())
        .bind(drafts.iter().map(|d| d.client_id).collect::<Vec<_>>())
        .bind(drafts.iter().map(|d| d.body.as_str()).collect::<Vec<_>>())
        .bind(extras)
        .fetch_all(&mut *connection)
        .await?;
    if rows.len() != drafts.len() {
        return Err(sqlx::Error::Protocol(format!(
            "{} answers to {} drafts",
            rows.len(),
            drafts.len()
        )));
    }
    let mut appended = Vec::with_capacity(rows.len());
    for (draft, row) in std::iter::zip(drafts, &rows) {
        appended.push(appended_as(connection, draft, row).await?);
    }
    Ok(appended)
}

/// The outcome of one draft. What goes with it, or has happened to it since an earlier try, is read back.
async fn appended_as(
    connection: &mut PgConnection,
    draft: &Draft,
    row: &PgRow,
) -> sqlx::Result<Appended> {
    let outcome: &str = row.try_get("outcome")?;
    match outcome {
        "not_member" => return Ok(Appended::NotMember),
        "blocked" => return Ok(Appended::Blocked),
        "no_attachment" => return Ok(Appended::NoAttachment),
        _ => {}
    }
    let seq = row.try_get("seq")?;
    let message = if outcome == "sent" && draft.extra.is_empty() {
        plain(draft, row)?
    } else {
        one(&mut *connection, draft.conversation, seq)
            .await?
            .ok_or(sqlx::Error::RowNotFound)?
    };
    Ok(match outcome {
        "sent" => Appended::Sent {
            message,
            kind: row.try_get("kind")?,
            recipients: row.try_get("recipients")?,
        },
        _ => Appended::Duplicate(message),
    })
}

/// A message of nothing but text, as it has just become.
fn plain(draft: &Draft, row: &PgRow) -> sqlx::Result<Message> {
    Ok(Message {
        conversation: draft.conversation,
        seq: row.try_get("seq")?,
        rev: row.try_get("rev")?,
        changed: false,
        sender: draft.sender,
        sender_name: row.try_get("sender_name")?,
        sender_avatar: row.try_get("sender_avatar")?,
        client_id: draft.client_id,
        body: draft.body.clone(),
        at: row.try_get::<OffsetDateTime, _>("at")?,
        edited: false,
        deleted: false,
        quote: None,
        mentions: Vec::new(),
        reactions: Vec::new(),
        attachments: Vec::new(),
    })
}

/// The message at this place.
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

/// Part of a conversation, about `limit` messages of it; nothing up to `floor`.
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
        messages.last().map_or(floor, |m| m.seq - 1)
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

/// The current state of the messages that changed in the revs (after, up_to], by `rev`, at most `limit` of them.
pub async fn changed(
    pool: &Pool,
    id: ConversationId,
    after: i64,
    up_to: i64,
    limit: i64,
) -> sqlx::Result<Vec<Message>> {
    sqlx::query_as(messages!(
        "WHERE m.conversation_id = $1 AND m.rev > $2 AND m.rev <= $3 ORDER BY m.rev LIMIT $4"
    ))
    .bind(id)
    .bind(after)
    .bind(up_to)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// Changes what one's own message says, and whom it calls.
pub async fn edit(
    pool: &Pool,
    id: ConversationId,
    seq: i64,
    person: UserId,
    body: &str,
    called: &[String],
) -> sqlx::Result<Outcome> {
    sqlx::query_as("SELECT * FROM edit_message($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(seq)
        .bind(person)
        .bind(body)
        .bind(called)
        .fetch_one(pool)
        .await
}

/// Leaves a tombstone.
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

/// Adds a reaction, or takes it back. Without `present`, the other of what it is now.
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
