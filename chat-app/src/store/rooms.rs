//! Groups and rooms: created, joined, left, renamed. Does I/O; each change is one call that is its own transaction.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::{Outcome, Pool};
use crate::domain::{ConversationId, ConversationKind, Member, Role, User, UserId};
use crate::store::users::user_of;

/// A room in the directory.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DirectoryEntry {
    pub id: ConversationId,
    pub title: String,
    pub topic: String,
    pub members: i64,
    pub joined: bool,
}

/// Creates a group or a room with `owner` as its owner and `people` as members.
pub async fn create(
    pool: &Pool,
    owner: UserId,
    kind: ConversationKind,
    (title, topic): (Option<&str>, &str),
    people: &[UserId],
) -> sqlx::Result<ConversationId> {
    sqlx::query_scalar("SELECT create_conversation($1, $2, $3, $4, $5)")
        .bind(kind)
        .bind(title)
        .bind(topic)
        .bind(owner)
        .bind(people)
        .fetch_one(pool)
        .await
}

/// Public rooms whose title or topic contains `q`, by title.
pub async fn directory(
    pool: &Pool,
    person: UserId,
    q: &str,
    limit: i64,
) -> sqlx::Result<Vec<DirectoryEntry>> {
    sqlx::query_as(
        "SELECT c.id, c.title, c.topic,
                (SELECT count(*) FROM members m WHERE m.conversation_id = c.id AND m.left_rev IS NULL) AS members,
                EXISTS (SELECT FROM members m WHERE m.conversation_id = c.id AND m.user_id = $1 AND m.left_rev IS NULL) AS joined
         FROM conversations c
         WHERE c.kind = 'public' AND (strpos(lower(c.title), lower($2)) > 0 OR strpos(lower(c.topic), lower($2)) > 0)
         ORDER BY lower(c.title), c.id LIMIT $3",
    )
    .bind(person)
    .bind(q.trim())
    .bind(limit)
    .fetch_all(pool)
    .await
}

pub async fn join(pool: &Pool, id: ConversationId, person: UserId) -> sqlx::Result<Outcome> {
    sqlx::query_as("SELECT * FROM join_room($1, $2)")
        .bind(id)
        .bind(person)
        .fetch_one(pool)
        .await
}

pub async fn add(
    pool: &Pool,
    id: ConversationId,
    actor: UserId,
    people: &[UserId],
) -> sqlx::Result<Outcome> {
    sqlx::query_as("SELECT * FROM add_people($1, $2, $3)")
        .bind(id)
        .bind(actor)
        .bind(people)
        .fetch_one(pool)
        .await
}

/// Removes a member; with `person` as the actor, leaves.
pub async fn remove_member(
    pool: &Pool,
    id: ConversationId,
    actor: UserId,
    person: UserId,
    as_admin: bool,
) -> sqlx::Result<Outcome> {
    sqlx::query_as("SELECT * FROM remove_member($1, $2, $3, $4)")
        .bind(id)
        .bind(actor)
        .bind(person)
        .bind(as_admin)
        .fetch_one(pool)
        .await
}

/// Sets title and topic.
pub async fn describe(
    pool: &Pool,
    id: ConversationId,
    actor: UserId,
    (title, topic): (Option<&str>, &str),
    as_admin: bool,
) -> sqlx::Result<Outcome> {
    sqlx::query_as("SELECT * FROM describe($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(actor)
        .bind(title)
        .bind(topic)
        .bind(as_admin)
        .fetch_one(pool)
        .await
}

pub async fn set_role(
    pool: &Pool,
    id: ConversationId,
    actor: UserId,
    (person, role): (UserId, Role),
    as_admin: bool,
) -> sqlx::Result<Outcome> {
    sqlx::query_as("SELECT * FROM set_role($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(actor)
        .bind(person)
        .bind(role)
        .bind(as_admin)
        .fetch_one(pool)
        .await
}

/// The members whose name contains `q`, owners first, then by name.
pub async fn members(
    pool: &Pool,
    id: ConversationId,
    q: &str,
    limit: i64,
) -> sqlx::Result<Vec<Member>> {
    let rows = sqlx::query(
        "SELECT m.role, u.id, u.name, u.display_name, u.avatar, u.bot
         FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.conversation_id = $1 AND m.left_rev IS NULL
           AND (strpos(u.name, lower($2)) > 0 OR strpos(lower(u.display_name), lower($2)) > 0)
         ORDER BY m.role DESC, lower(coalesce(u.display_name, u.name)), u.id LIMIT $3",
    )
    .bind(id)
    .bind(q.trim().trim_start_matches('@'))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter().map(member_of).collect()
}

/// The members with a higher id than `after`, by id.
pub async fn members_after(
    pool: &Pool,
    id: ConversationId,
    after: UserId,
    limit: i64,
) -> sqlx::Result<Vec<Member>> {
    let rows = sqlx::query(
        "SELECT m.role, u.id, u.name, u.display_name, u.avatar, u.bot
         FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.conversation_id = $1 AND m.left_rev IS NULL AND m.user_id > $2
         ORDER BY m.user_id LIMIT $3",
    )
    .bind(id)
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter().map(member_of).collect()
}

fn member_of(row: &PgRow) -> sqlx::Result<Member> {
    Ok(Member {
        user: user_of(row, "id")?,
        role: row.try_get("role")?,
        integration: row.try_get("bot")?,
    })
}

pub async fn size(pool: &Pool, id: ConversationId) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "SELECT count(*) FROM members WHERE conversation_id = $1 AND left_rev IS NULL",
    )
    .bind(id)
    .fetch_one(pool)
    .await
}

/// The users with these names who are neither disabled nor former.
pub async fn named(pool: &Pool, names: &[String]) -> sqlx::Result<Vec<User>> {
    let rows = sqlx::query(
        "SELECT id, name, display_name, avatar FROM users
         WHERE name = ANY ($1) AND disabled_at IS NULL AND NOT former",
    )
    .bind(names)
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| user_of(row, "id")).collect()
}
