//! Messages past their retention, those of deleted accounts that asked for deletion, old attempts and groups of alerts. Does I/O.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{ConversationId, UserId};

/// Takes the lock of housekeeping until the connection closes. False while another replica holds it.
pub async fn lead(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtext('confab.housekeeping'))")
        .fetch_one(connection)
        .await
}

/// Up to `limit` conversations after `after` whose oldest message is older than `days`.
pub async fn with_old_messages(
    connection: &mut PgConnection,
    after: ConversationId,
    days: i32,
    limit: i64,
) -> sqlx::Result<Vec<ConversationId>> {
    sqlx::query_scalar(
        "SELECT c.id FROM conversations c
         CROSS JOIN LATERAL (SELECT m.created_at FROM messages m WHERE m.conversation_id = c.id
                             ORDER BY m.seq LIMIT 1) oldest
         WHERE c.id > $1 AND oldest.created_at < now() - make_interval(days => $2)
         ORDER BY c.id LIMIT $3",
    )
    .bind(after)
    .bind(days)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Deletes up to `limit` messages older than `days`, and returns how many.
pub async fn expire(
    connection: &mut PgConnection,
    id: ConversationId,
    days: i32,
    limit: i32,
) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT expire_messages($1, make_interval(days => $2), $3)")
        .bind(id)
        .bind(days)
        .bind(limit)
        .fetch_one(connection)
        .await
}

/// The user whose erasure has waited longest.
pub async fn next_erasure(connection: &mut PgConnection) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar("SELECT user_id FROM erasures ORDER BY created_at, user_id LIMIT 1")
        .fetch_optional(connection)
        .await
}

/// Every conversation that a user is or was in.
pub async fn conversations_of(
    connection: &mut PgConnection,
    user: UserId,
) -> sqlx::Result<Vec<ConversationId>> {
    sqlx::query_scalar(
        "SELECT conversation_id FROM members WHERE user_id = $1 ORDER BY conversation_id",
    )
    .bind(user)
    .fetch_all(connection)
    .await
}

/// Replaces up to `limit` messages of a user with tombstones, each in a transaction of its own, in the order of their
/// clients' ids after `after`. Returns where to continue, or `None` if there are no more.
pub async fn erase_some(
    connection: &mut PgConnection,
    id: ConversationId,
    user: UserId,
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Option<Uuid>> {
    let places: Vec<(i64, Uuid)> = sqlx::query_as(
        "SELECT seq, client_id FROM messages
         WHERE conversation_id = $1 AND sender_id = $2 AND client_id > $3 AND deleted_at IS NULL
         ORDER BY client_id LIMIT $4",
    )
    .bind(id)
    .bind(user)
    .bind(after)
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    for (seq, _) in &places {
        // As an admin: the user may no longer be a member.
        sqlx::query("SELECT delete_message($1, $2, $3, true)")
            .bind(id)
            .bind(seq)
            .bind(user)
            .execute(&mut *connection)
            .await?;
    }
    Ok(places.last().map(|(_, client_id)| *client_id))
}

/// The user has no messages left.
pub async fn finish_erasure(connection: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM erasures WHERE user_id = $1")
        .bind(user)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes the attempts that limit nothing any more, the devices that nobody can use any more, the logins and the setups of second
/// factors that nobody has ended, and the groups of alerts of which nothing was heard for a month: Alertmanager repeats what fires every few hours.
pub async fn forget(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query(
        "WITH devices AS (DELETE FROM known_devices WHERE seen_at < now() - interval '400 days'),
              flows AS (DELETE FROM oidc_flows WHERE began_at < now() - interval '1 hour'),
              logins AS (DELETE FROM pending_logins WHERE began_at < now() - interval '1 hour'),
              setups AS (DELETE FROM authenticator_setups WHERE began_at < now() - interval '1 hour'),
              alerts AS (DELETE FROM alert_groups WHERE changed_at < now() - interval '30 days')
         DELETE FROM attempts WHERE clear_at < now()",
    )
    .execute(connection)
    .await?;
    Ok(())
}
