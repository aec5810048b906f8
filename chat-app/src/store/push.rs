//! Web Push subscriptions, and the pushes to send to each. Does I/O.

use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use time::OffsetDateTime;

use super::Pool;
use crate::domain::{ConversationId, Excerpt, SessionId, UserId};

/// A subscription as the browser registers it.
#[derive(Debug)]
pub struct Subscription {
    /// The URL at the push service.
    pub endpoint: String,
    /// The browser's public key, an uncompressed point.
    pub p256dh: Vec<u8>,
    /// The browser's secret, 16 bytes.
    pub auth: Vec<u8>,
    /// The language tag of the page.
    pub language: &'static str,
}

/// A subscription as its owner sees it.
#[derive(Debug, sqlx::FromRow)]
pub struct ListedSubscription {
    pub id: i64,
    /// Browser and operating system, such as `Firefox, Linux`.
    pub device: Option<String>,
    /// The session in which it was created.
    pub session_id: SessionId,
    pub created_at: OffsetDateTime,
}

/// Creates or updates a subscription. Deletes the user's oldest subscriptions beyond `limit`.
pub async fn subscribe(
    pool: &Pool,
    (user, session): (UserId, SessionId),
    subscription: &Subscription,
    limit: i64,
) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    // Serializes the subscriptions of a user, so that two at once cannot exceed the limit.
    sqlx::query("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE")
        .bind(user)
        .execute(&mut *tx)
        .await?;
    // An endpoint is one browser: if someone else logs in there, the former user's pending pushes are deleted.
    sqlx::query("DELETE FROM push_subscriptions WHERE endpoint = $1 AND user_id <> $2")
        .bind(&subscription.endpoint)
        .bind(user)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO push_subscriptions AS s (session_id, user_id, endpoint, p256dh, auth, language)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (endpoint) DO UPDATE
         SET session_id = excluded.session_id, p256dh = excluded.p256dh, auth = excluded.auth,
             language = excluded.language",
    )
    .bind(session)
    .bind(user)
    .bind(&subscription.endpoint)
    .bind(&subscription.p256dh)
    .bind(&subscription.auth)
    .bind(subscription.language)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "DELETE FROM push_subscriptions WHERE user_id = $1 AND endpoint <> $2 AND id IN (
             SELECT id FROM push_subscriptions WHERE user_id = $1 ORDER BY created_at DESC, id DESC OFFSET $3)",
    )
    .bind(user)
    .bind(&subscription.endpoint)
    .bind(limit)
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// False if it was not this user's.
pub async fn unsubscribe_by_endpoint(
    pool: &Pool,
    user: UserId,
    endpoint: &str,
) -> sqlx::Result<bool> {
    let gone = sqlx::query("DELETE FROM push_subscriptions WHERE user_id = $1 AND endpoint = $2")
        .bind(user)
        .bind(endpoint)
        .execute(pool)
        .await?;
    Ok(gone.rows_affected() > 0)
}

/// False if it was not this user's.
pub async fn unsubscribe_by_id(pool: &Pool, user: UserId, id: i64) -> sqlx::Result<bool> {
    let gone = sqlx::query("DELETE FROM push_subscriptions WHERE user_id = $1 AND id = $2")
        .bind(user)
        .bind(id)
        .execute(pool)
        .await?;
    Ok(gone.rows_affected() > 0)
}

/// The user's subscriptions, newest first.
pub async fn subscriptions(pool: &Pool, user: UserId) -> sqlx::Result<Vec<ListedSubscription>> {
    sqlx::query_as(
        "SELECT p.id, s.device, p.session_id, p.created_at FROM push_subscriptions p
         JOIN sessions s ON s.id = p.session_id
         WHERE p.user_id = $1 ORDER BY p.created_at DESC, p.id DESC",
    )
    .bind(user)
    .fetch_all(pool)
    .await
}

/// The time of the day without pushes. It ends on the next day if `to` is before `from`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct QuietHours {
    /// The start (inclusive) in minutes after midnight.
    #[sqlx(rename = "dnd_from")]
    pub from: i16,
    /// The end (exclusive) in minutes after midnight.
    #[sqlx(rename = "dnd_to")]
    pub to: i16,
    /// The IANA time zone.
    #[sqlx(rename = "time_zone")]
    pub zone: String,
}

pub async fn quiet_hours(pool: &Pool, user: UserId) -> sqlx::Result<Option<QuietHours>> {
    sqlx::query_as(
        "SELECT dnd_from, dnd_to, coalesce(time_zone, 'UTC') AS time_zone FROM users
         WHERE id = $1 AND dnd_from IS NOT NULL AND dnd_to IS NOT NULL",
    )
    .bind(user)
    .fetch_optional(pool)
    .await
}

/// Sets the quiet hours, or clears them and keeps the time zone.
pub async fn set_quiet_hours(
    pool: &Pool,
    user: UserId,
    hours: Option<&QuietHours>,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE users SET dnd_from = $2, dnd_to = $3, time_zone = coalesce($4, time_zone) WHERE id = $1",
    )
    .bind(user)
    .bind(hours.map(|hours| hours.from))
    .bind(hours.map(|hours| hours.to))
    .bind(hours.map(|hours| &hours.zone))
    .execute(pool)
    .await?;
    Ok(())
}

/// Records the pushes for these messages, due some seconds after each was sent: whoever reads it in the meantime gets
/// none. Idempotent.
pub async fn record(pool: &Pool, messages: &[(ConversationId, i64)]) -> sqlx::Result<()> {
    let (conversations, seqs): (Vec<_>, Vec<_>) = messages.iter().copied().unzip();
    // A pending push keeps its due time, so that a conversation that never pauses still causes pushes.
    sqlx::query(
        "INSERT INTO pushes AS p (subscription_id, conversation_id, seq, due_at)
         SELECT DISTINCT ON (s.id, x.conversation_id)
                s.id, x.conversation_id, x.seq, greatest(x.created_at + interval '3 seconds', s.retry_at)
         FROM unnest($1, $2) AS sent (conversation_id, seq)
         JOIN messages x ON x.conversation_id = sent.conversation_id AND x.seq = sent.seq
         JOIN conversations c ON c.id = x.conversation_id
         JOIN members m ON m.conversation_id = x.conversation_id AND m.left_rev IS NULL
         JOIN users u ON u.id = m.user_id
         JOIN push_subscriptions s ON s.user_id = m.user_id
         WHERE m.user_id <> x.sender_id AND x.seq > greatest(m.last_read_seq, m.joined_seq)
           AND x.created_at > s.created_at AND x.created_at > now() - interval '1 day'
           AND x.deleted_at IS NULL AND u.disabled_at IS NULL AND NOT u.former
           AND (m.level = 'all' OR (m.level = 'mentions' AND (c.kind = 'direct' OR EXISTS (
                SELECT FROM mentions y WHERE y.user_id = m.user_id AND y.conversation_id = x.conversation_id AND y.seq = x.seq))))
           AND NOT EXISTS (SELECT FROM blocks b WHERE b.user_id = m.user_id AND b.blocked_id = x.sender_id)
         ORDER BY s.id, x.conversation_id, x.seq DESC
         ON CONFLICT (subscription_id, conversation_id) DO UPDATE
         SET seq = excluded.seq, due_at = coalesce(p.due_at, excluded.due_at)
         WHERE p.seq < excluded.seq",
    )
    .bind(conversations)
    .bind(seqs)
    .execute(pool)
    .await?;
    Ok(())
}

/// A push that is due, with the current state of its message.
#[derive(Clone, Debug)]
pub struct DuePush {
    pub subscription: i64,
    /// The URL at the push service.
    pub endpoint: String,
    /// The browser's public key.
    pub p256dh: Vec<u8>,
    /// The browser's secret.
    pub auth: Vec<u8>,
    /// The language tag.
    pub language: String,
    /// Consecutive failures of its push service.
    pub failures: i16,
    pub conversation: ConversationId,
    pub seq: i64,
    /// Whether the message mentions the user, or is a direct message.
    pub personal: bool,
    /// False if the message was read or deleted, or the user may no longer see it.
    pub wanted: bool,
    pub quiet_hours: Option<QuietHours>,
    pub at: OffsetDateTime,
    /// The title of the room; `None` for direct messages.
    pub title: Option<String>,
    pub sender_name: String,
    /// Whether an integration sent it.
    pub integration: bool,
    pub excerpt: Excerpt,
}

/// Claims pushes that are due, for a minute, which is longer than a request may take.
pub async fn claim(pool: &Pool, limit: usize) -> sqlx::Result<Vec<DuePush>> {
    let rows = sqlx::query(concat!(
        "WITH due AS (
             SELECT p.subscription_id, p.conversation_id FROM pushes p
             WHERE p.due_at <= now() ORDER BY p.due_at LIMIT $1 FOR UPDATE SKIP LOCKED
         ), taken AS (
             UPDATE pushes p SET due_at = now() + interval '1 minute' FROM due d
             WHERE p.subscription_id = d.subscription_id AND p.conversation_id = d.conversation_id
             RETURNING p.subscription_id, p.conversation_id, p.seq
         )
         SELECT t.subscription_id, t.conversation_id, t.seq, s.endpoint, s.p256dh, s.auth, s.language, s.failures,
                u.dnd_from, u.dnd_to, u.time_zone, coalesce(x.created_at, now()) AS at, ",
            excerpt!("x"),
            " AS excerpt,
                CASE WHEN c.kind <> 'direct' THEN c.title END AS title,
                coalesce(x.alias, sender.display_name, sender.name, '') AS sender_name,
                coalesce(sender.bot, false) AS integration,
                c.kind = 'direct' OR EXISTS (SELECT FROM mentions y
                    WHERE y.user_id = s.user_id AND y.conversation_id = t.conversation_id AND y.seq = t.seq) AS personal,
                coalesce(x.deleted_at IS NULL AND x.created_at > now() - interval '1 day'
                    AND m.left_rev IS NULL AND m.last_read_seq < t.seq AND m.level <> 'none'
                    AND u.disabled_at IS NULL AND v.expires_at > now(), false) AS wanted
         FROM taken t
         JOIN push_subscriptions s ON s.id = t.subscription_id
         JOIN sessions v ON v.id = s.session_id
         JOIN users u ON u.id = s.user_id
         JOIN conversations c ON c.id = t.conversation_id
         LEFT JOIN members m ON m.conversation_id = t.conversation_id AND m.user_id = s.user_id
         LEFT JOIN messages x ON x.conversation_id = t.conversation_id AND x.seq = t.seq
         LEFT JOIN users sender ON sender.id = x.sender_id",
    ))
    .bind(limit as i64)
    .fetch_all(pool)
    .await?;
    rows.iter().map(due_of).collect()
}

fn due_of(row: &PgRow) -> sqlx::Result<DuePush> {
    let (from, to): (Option<i16>, Option<i16>) = (row.try_get("dnd_from")?, row.try_get("dnd_to")?);
    let zone: Option<String> = row.try_get("time_zone")?;
    Ok(DuePush {
        subscription: row.try_get("subscription_id")?,
        endpoint: row.try_get("endpoint")?,
        p256dh: row.try_get("p256dh")?,
        auth: row.try_get("auth")?,
        language: row.try_get("language")?,
        failures: row.try_get("failures")?,
        conversation: row.try_get("conversation_id")?,
        seq: row.try_get("seq")?,
        personal: row.try_get("personal")?,
        wanted: row.try_get("wanted")?,
        quiet_hours: from.zip(to).map(|(from, to)| QuietHours {
            from,
            to,
            zone: zone.unwrap_or_default(),
        }),
        at: row.try_get("at")?,
        title: row.try_get("title")?,
        sender_name: row.try_get("sender_name")?,
        integration: row.try_get("integration")?,
        excerpt: row.try_get::<Json<_>, _>("excerpt")?.0,
    })
}

/// Ends a push, sent or not. A message that arrived in the meantime is due at once.
pub async fn done(pool: &Pool, due: &DuePush) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE pushes SET due_at = CASE WHEN seq > $3 THEN now() END WHERE subscription_id = $1 AND conversation_id = $2",
    )
    .bind(due.subscription)
    .bind(due.conversation)
    .bind(due.seq)
    .execute(pool)
    .await?;
    Ok(())
}

/// The push service of this subscription has recovered.
pub async fn reset_failures(pool: &Pool, subscription: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE push_subscriptions SET failures = 0, retry_at = '-infinity' WHERE id = $1 AND failures > 0")
        .bind(subscription)
        .execute(pool)
        .await?;
    Ok(())
}

/// Postpones all pushes of a subscription, and counts a failure.
pub async fn postpone(
    pool: &Pool,
    subscription: i64,
    delay: std::time::Duration,
) -> sqlx::Result<()> {
    sqlx::query(
        "WITH failed AS (
             UPDATE push_subscriptions SET failures = least(failures + 1, 100), retry_at = now() + make_interval(secs => $2)
             WHERE id = $1 RETURNING id, retry_at)
         UPDATE pushes p SET due_at = f.retry_at FROM failed f
         WHERE p.subscription_id = f.id AND p.due_at IS NOT NULL",
    )
    .bind(subscription)
    .bind(delay.as_secs_f64())
    .execute(pool)
    .await?;
    Ok(())
}

/// Deletes a subscription that has expired, with its pushes.
pub async fn delete_subscription(pool: &Pool, subscription: i64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM push_subscriptions WHERE id = $1")
        .bind(subscription)
        .execute(pool)
        .await?;
    Ok(())
}

#[cfg(test)]
impl DuePush {
    /// A push of Ada's message 3 in the direct conversation 7.
    pub fn example() -> Self {
        Self {
            subscription: 1,
            endpoint: "https://push.example/1".into(),
            p256dh: Vec::new(),
            auth: Vec::new(),
            language: "en".into(),
            failures: 0,
            conversation: ConversationId(7),
            seq: 3,
            personal: true,
            wanted: true,
            quiet_hours: None,
            at: OffsetDateTime::UNIX_EPOCH,
            title: None,
            sender_name: "Ada".into(),
            integration: false,
            excerpt: Excerpt {
                body: "hello".into(),
                ..Excerpt::default()
            },
        }
    }
}
