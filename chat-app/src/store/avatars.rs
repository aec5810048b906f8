//! Avatars. Does I/O.

use uuid::Uuid;

use super::Pool;
use crate::domain::UserId;

#[derive(Debug, sqlx::FromRow)]
pub struct AvatarImage {
    /// JPEG or PNG: see [`crate::avatars::render`].
    pub media_type: String,
    pub content: Vec<u8>,
}

pub async fn find(pool: &Pool, id: Uuid) -> sqlx::Result<Option<AvatarImage>> {
    sqlx::query_as("SELECT media_type, content FROM avatars WHERE id = $1")
        .bind(id)
        .fetch_optional(pool)
        .await
}

/// Replaces the user's avatar. The id is new, so that no cache shows the old one.
pub async fn put(pool: &Pool, user: UserId, id: Uuid, avatar: &AvatarImage) -> sqlx::Result<()> {
    sqlx::query(
        "WITH kept AS (
             INSERT INTO avatars (id, user_id, media_type, content) VALUES ($2, $1, $3, $4)
             ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, media_type = excluded.media_type, content = excluded.content
         )
         UPDATE users SET avatar = $2 WHERE id = $1",
    )
    .bind(user)
    .bind(id)
    .bind(&avatar.media_type)
    .bind(&avatar.content)
    .execute(pool)
    .await?;
    Ok(())
}

pub async fn remove(pool: &Pool, user: UserId) -> sqlx::Result<()> {
    sqlx::query(
        "WITH gone AS (DELETE FROM avatars WHERE user_id = $1)
         UPDATE users SET avatar = NULL WHERE id = $1",
    )
    .bind(user)
    .execute(pool)
    .await?;
    Ok(())
}
