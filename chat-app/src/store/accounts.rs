//! What a person sets for themselves. Does I/O.

use super::Pool;
use crate::domain::UserId;

/// The language they chose, as a tag; `None` where the browser decides.
pub async fn language(pool: &Pool, user: UserId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT language FROM users WHERE id = $1")
        .bind(user)
        .fetch_one(pool)
        .await
}
