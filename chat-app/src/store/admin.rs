//! What admins read and do. Each act and its entry in the audit log are one statement. Does I/O.

use sqlx::Row;
use time::OffsetDateTime;

use super::Pool;
use super::users::user_of;
use crate::domain::{ConversationId, User, UserId};

/// A user as admins see them.
#[derive(Clone, Debug)]
pub struct Person {
    pub user: User,
    pub admin: bool,
    pub disabled: bool,
    pub second_factor: bool,
    pub created_at: OffsetDateTime,
}

/// An act on a user, as the SQL function `administer` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Disable,
    Enable,
    /// Ends all their sessions.
    SignOut,
    MakeAdmin,
    UnmakeAdmin,
    /// They have lost it.
    RemoveSecondFactor,
}

impl Act {
    fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::SignOut => "sign_out",
            Self::MakeAdmin => "make_admin",
            Self::UnmakeAdmin => "unmake_admin",
            Self::RemoveSecondFactor => "remove_second_factor",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    Done,
    NotFound,
    /// No admin would be left.
    LastAdmin,
}

fn done(outcome: &str) -> Done {
    match outcome {
        "done" => Done::Done,
        "last_admin" => Done::LastAdmin,
        _ => Done::NotFound,
    }
}

macro_rules! people {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, display_name, avatar, is_admin, disabled_at IS NOT NULL AS disabled, created_at,
                    EXISTS (SELECT FROM authenticators a WHERE a.user_id = users.id) AS second_factor
             FROM users ",
            $rest
        )
    };
}

/// Users whose name or display name contains `q`, by name, after `after`.
pub async fn people(pool: &Pool, q: &str, after: &str, limit: i64) -> sqlx::Result<Vec<Person>> {
    let rows = sqlx::query(people!(
        "WHERE NOT former AND NOT bot AND name > $2
               AND ($1 = '' OR strpos(name, $1) > 0 OR strpos(lower(display_name), $1) > 0)
             ORDER BY name LIMIT $3"
    ))
    .bind(q.trim().to_lowercase())
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter().map(person_of).collect()
}

pub async fn person(pool: &Pool, id: UserId) -> sqlx::Result<Option<Person>> {
    let row = sqlx::query(people!("WHERE NOT former AND NOT bot AND id = $1"))
        .bind(id)
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(person_of).transpose()
}

fn person_of(row: &sqlx::postgres::PgRow) -> sqlx::Result<Person> {
    Ok(Person {
        user: user_of(row, "id")?,
        admin: row.try_get("is_admin")?,
        disabled: row.try_get("disabled")?,
        second_factor: row.try_get("second_factor")?,
        created_at: row.try_get("created_at")?,
    })
}

/// Acts on a user. Sessions that this ends, end on every replica.
pub async fn act(pool: &Pool, actor: UserId, person: UserId, act: Act) -> sqlx::Result<Done> {
    let outcome: String = sqlx::query_scalar("SELECT administer($1, $2, $3)")
        .bind(actor)
        .bind(person)
        .bind(act.as_str())
        .fetch_one(pool)
        .await?;
    Ok(done(&outcome))
}

/// A room as admins see it, without messages.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Room {
    pub id: ConversationId,
    pub public: bool,
    pub title: String,
    pub topic: String,
    pub members: i64,
}

/// Rooms whose title contains `q`, by id, after `after`.
pub async fn rooms(
    pool: &Pool,
    q: &str,
    after: ConversationId,
    limit: i64,
) -> sqlx::Result<Vec<Room>> {
    sqlx::query_as(
        "SELECT c.id, c.kind = 'public' AS public, c.title, c.topic,
                (SELECT count(*) FROM members m WHERE m.conversation_id = c.id AND m.left_rev IS NULL) AS members
         FROM conversations c
         WHERE c.kind IN ('public', 'private') AND c.id > $2 AND ($1 = '' OR strpos(lower(c.title), $1) > 0)
         ORDER BY c.id LIMIT $3",
    )
    .bind(q.trim().to_lowercase())
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await
}

pub async fn room(pool: &Pool, id: ConversationId) -> sqlx::Result<Option<Room>> {
    sqlx::query_as(
        "SELECT c.id, c.kind = 'public' AS public, c.title, c.topic,
                (SELECT count(*) FROM members m WHERE m.conversation_id = c.id AND m.left_rev IS NULL) AS members
         FROM conversations c WHERE c.kind IN ('public', 'private') AND c.id = $1",
    )
    .bind(id)
    .fetch_optional(pool)
    .await
}

/// The members of a room, by name, after `after`.
pub async fn members(
    pool: &Pool,
    id: ConversationId,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<User>> {
    let rows = sqlx::query(
        "SELECT u.id, u.name, u.display_name, u.avatar FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.conversation_id = $1 AND m.left_rev IS NULL AND u.name > $2 ORDER BY u.name LIMIT $3",
    )
    .bind(id)
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| user_of(row, "id")).collect()
}

/// Renames a room; its topic stays.
pub async fn rename(
    pool: &Pool,
    actor: UserId,
    id: ConversationId,
    title: &str,
) -> sqlx::Result<Done> {
    let outcome: Option<String> = sqlx::query_scalar(
        "WITH done AS (
             SELECT d.outcome FROM conversations c, describe(c.id, $1, $3, c.topic, true) d
             WHERE c.id = $2 AND c.kind IN ('public', 'private')
         ), logged AS (
             INSERT INTO audit_log (actor_id, act, conversation_id, detail)
             SELECT $1, 'rename_room', $2, $3 FROM done WHERE outcome = 'done'
         )
         SELECT outcome FROM done",
    )
    .bind(actor)
    .bind(id)
    .bind(title)
    .fetch_optional(pool)
    .await?;
    Ok(done(outcome.as_deref().unwrap_or("")))
}

pub async fn remove_member(
    pool: &Pool,
    actor: UserId,
    id: ConversationId,
    person: UserId,
) -> sqlx::Result<Done> {
    let outcome: Option<String> = sqlx::query_scalar(
        "WITH done AS (
             SELECT d.outcome FROM conversations c, remove_member(c.id, $1, $3, true) d
             WHERE c.id = $2 AND c.kind IN ('public', 'private')
         ), logged AS (
             INSERT INTO audit_log (actor_id, act, conversation_id, subject_id)
             SELECT $1, 'remove_member', $2, $3 FROM done WHERE outcome = 'done'
         )
         SELECT outcome FROM done",
    )
    .bind(actor)
    .bind(id)
    .bind(person)
    .fetch_optional(pool)
    .await?;
    Ok(done(outcome.as_deref().unwrap_or("")))
}

/// Replaces a message with a tombstone, in any conversation.
pub async fn remove_message(
    pool: &Pool,
    actor: UserId,
    id: ConversationId,
    seq: i64,
) -> sqlx::Result<Done> {
    let outcome: String = sqlx::query_scalar(
        "WITH done AS (
             SELECT outcome FROM delete_message($2, $3, $1, true)
         ), logged AS (
             INSERT INTO audit_log (actor_id, act, subject_id, conversation_id, detail)
             SELECT $1, 'remove_message', m.sender_id, $2, $3::text FROM done
             JOIN messages m ON m.conversation_id = $2 AND m.seq = $3 WHERE outcome = 'done'
         )
         SELECT outcome FROM done",
    )
    .bind(actor)
    .bind(id)
    .bind(seq)
    .fetch_one(pool)
    .await?;
    Ok(done(&outcome))
}
