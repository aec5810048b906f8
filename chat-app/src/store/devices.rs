//! The browsers in which a person has logged in before. Does I/O.

use super::Pool;
use crate::domain::UserId;

/// Remembers a browser, and forgets those that were not used for longest if there are many.
pub async fn remember(pool: &Pool, user: UserId, token_hash: &[u8; 32]) -> sqlx::Result<()> {
    sqlx::query(
        "WITH forgotten AS (
             DELETE FROM known_devices WHERE user_id = $1 AND token_hash IN (
                 SELECT token_hash FROM known_devices WHERE user_id = $1 AND token_hash <> $2
                 ORDER BY seen_at DESC OFFSET 19)
         )
         INSERT INTO known_devices (user_id, token_hash) VALUES ($1, $2)
         ON CONFLICT (user_id, token_hash) DO UPDATE SET seen_at = now()",
    )
    .bind(user)
    .bind(token_hash.as_slice())
    .execute(pool)
    .await?;
    Ok(())
}
