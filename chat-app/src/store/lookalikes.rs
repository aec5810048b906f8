//! Finds names that look like another person's. Does I/O.
//!
//! An index holds the key of each login name, and another the keys of each display name as `domain::lookalike_keys` computes
//! them. A release that does not know the keys changes a display name without them, so what is found is compared again.

use sqlx::{AssertSqlSafe, PgConnection};

use super::Pool;
use crate::domain::{UserId, UserName, look_alike, lookalike_keys};

/// The key of a login name: the skeleton of its few possible characters. The index of the migration has the same words.
const KEY_OF_NAME: &str = "translate(replace(name, 'm', 'rn'), '01', 'ol')";

/// The login name of another person that looks like this one.
pub async fn of_name(pool: &Pool, name: &UserName) -> sqlx::Result<Option<String>> {
    let sql = format!("SELECT name FROM users WHERE {KEY_OF_NAME} = $1 AND name <> $2 LIMIT 1");
    let [key, _] = lookalike_keys(name.as_str());
    sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(key)
        .bind(name.as_str())
        .fetch_optional(pool)
        .await
}

/// The login name of another person who is called so, or whose display name looks the same and is written in another way.
/// People may have the same display name: pages show their login names beside it.
pub async fn of_display_name(
    pool: &Pool,
    person: UserId,
    display_name: &str,
) -> sqlx::Result<Option<String>> {
    let sql = format!(
        "SELECT name, display_name FROM users
         WHERE id <> $1 AND NOT former AND ({KEY_OF_NAME} = ANY ($2) OR display_name_keys && $2)"
    );
    let found: Vec<(String, Option<String>)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(person)
        .bind(lookalike_keys(display_name).as_slice())
        .fetch_all(pool)
        .await?;
    let mut alike = found.into_iter().filter(|(name, other)| {
        let written_otherwise = |other: &String| {
            look_alike(other, display_name) && other.to_lowercase() != display_name.to_lowercase()
        };
        look_alike(name, display_name) || other.as_ref().is_some_and(written_otherwise)
    });
    Ok(alike.next().map(|(name, _)| name))
}

/// Adds the keys of display names that were set without them, by a release that does not know them. Returns how many.
/// Integrations have none: they are labeled, and several may have one name.
pub async fn bring_up_to_date(connection: &mut PgConnection) -> sqlx::Result<usize> {
    let (mut after, mut total) = (UserId(0), 0);
    loop {
        let page: Vec<(UserId, String)> = sqlx::query_as(
            "SELECT id, display_name FROM users
             WHERE display_name IS NOT NULL AND display_name_keys IS NULL AND NOT bot AND id > $1 ORDER BY id LIMIT 500",
        )
        .bind(after)
        .fetch_all(&mut *connection)
        .await?;
        let Some(&(last, _)) = page.last() else {
            return Ok(total);
        };
        for (person, display_name) in &page {
            // Not if it was changed meanwhile.
            sqlx::query(
                "UPDATE users SET display_name_keys = $3 WHERE id = $1 AND display_name = $2",
            )
            .bind(person)
            .bind(display_name)
            .bind(lookalike_keys(display_name).as_slice())
            .execute(&mut *connection)
            .await?;
        }
        (after, total) = (last, total + page.len());
    }
}
