//! Web Push: the browsers that take pushes, and what each is to be told. Does I/O.

use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use time::OffsetDateTime;

use super::Pool;
use crate::domain::{ConversationId, Excerpt, SessionId, UserId};

/// A browser that takes pushes, as it registers.
#[derive(Debug)]
pub struct Subscription {
    /// Where the push service takes them.
    pub endpoint: String,
    /// The browser's public key, an uncompressed point.
    pub p256dh: Vec<u8>,
    /// The browser's secret, 16 bytes.
    pub auth: Vec<u8>,
    /// The tag of its page's language.
    pub language: &'static str,
}

/// A browser that takes pushes, as its person sees it.
#[derive(Debug, sqlx::FromRow)]
pub struct Device {
    pub id: i64,
    /// What the person knows it by.
    pub device: Option<String>,
    /// The session that it was made in.
    pub session_id: SessionId,
    pub created_at: OffsetDateTime,
}

/// Registers a browser, or renews what is known of it; a person's oldest beyond `limit` goes.
pub async fn subscribe(
    pool: &Pool,
    (user, session): (UserId, SessionId),
    subscription: &Subscription,
    limit: i64,
) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    // Two at once must not both be the last that fits.
    sqlx::query("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE")
        .bind(user)
        .execute(&mut *tx)
        .await?;
    // A browser is its endpoint's: who signs in there next takes it over, and what waited for the last one goes.
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

/// Forgets the browser with this endpoint; whether it was this person's.
pub async fn unsubscribe(pool: &Pool, user: UserId, endpoint: &str) -> sqlx::Result<bool> {
    let gone = sqlx::query("DELETE FROM push_subscriptions WHERE user_id = $1 AND endpoint = $2")
        .bind(user)
        .bind(endpoint)
        .execute(pool)
        .await?;
    Ok(gone.rows_affected() > 0)
}

/// Forgets a browser; whether it was this person's.
pub async fn forget(pool: &Pool, user: UserId, id: i64) -> sqlx::Result<bool> {
    let gone = sqlx::query("DELETE FROM push_subscriptions WHERE user_id = $1 AND id = $2")
        .bind(user)
        .bind(id)
        .execute(pool)
        .await?;
    Ok(gone.rows_affected() > 0)
}

/// The person's browsers that take pushes, newest first.
pub async fn devices(pool: &Pool, user: UserId) -> sqlx::Result<Vec<Device>> {
    sqlx::query_as(
        "SELECT p.id, s.device, p.session_id, p.created_at FROM push_subscriptions p
         JOIN sessions s ON s.id = p.session_id
         WHERE p.user_id = $1 ORDER BY p.created_at DESC, p.id DESC",
    )
    .bind(user)
    .fetch_all(pool)
    .await
}

/// When a person is not to be disturbed: minutes of the day, and the zone.
pub type Quiet = (i16, i16, String);

/// The person's hours without disturbance.
pub async fn quiet(pool: &Pool, user: UserId) -> sqlx::Result<Option<Quiet>> {
    sqlx::query_as(
        "SELECT dnd_from, dnd_to, coalesce(time_zone, 'UTC') FROM users
         WHERE id = $1 AND dnd_from IS NOT NULL AND dnd_to IS NOT NULL",
    )
    .bind(user)
    .fetch_optional(pool)
    .await
}

/// Sets or takes away the person's hours without disturbance.
pub async fn set_quiet(pool: &Pool, user: UserId, quiet: Option<Quiet>) -> sqlx::Result<()> {
    let (from, to, zone) = match quiet {
        Some((from, to, zone)) => (Some(from), Some(to), Some(zone)),
        None => (None, None, None),
    };
    sqlx::query(
        "UPDATE users SET dnd_from = $2, dnd_to = $3, time_zone = coalesce($4, time_zone) WHERE id = $1",
    )
    .bind(user)
    .bind(from)
    .bind(to)
    .bind(zone)
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes whom these messages are to be told, some seconds after they were sent: whoever has read them until then is
/// spared. A message that was noted before changes nothing.
pub async fn note(pool: &Pool, messages: &[(ConversationId, i64)]) -> sqlx::Result<()> {
    let (conversations, seqs): (Vec<_>, Vec<_>) = messages.iter().copied().unzip();
    // What is pending keeps its time: a conversation that never pauses is told of all the same.
    sqlx::query(
        "INSERT INTO pushes AS p (subscription_id, conversation_id, seq, due_at)
         SELECT DISTINCT ON (s.id, x.conversation_id)
                s.id, x.conversation_id, x.seq, greatest(x.created_at + interval '3 seconds', s.retry_at)
         FROM unnest($1, $2) AS told (conversation_id, seq)
         JOIN messages x ON x.conversation_id = told.conversation_id AND x.seq = told.seq
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

/// A push whose time has come, with what it says as it is now.
#[derive(Clone, Debug)]
pub struct Due {
    pub subscription: i64,
    /// Where the push service takes it.
    pub endpoint: String,
    /// The browser's public key.
    pub p256dh: Vec<u8>,
    /// The browser's secret.
    pub auth: Vec<u8>,
    /// The tag of the language.
    pub language: String,
    /// How often in a row its push service has failed.
    pub failures: i16,
    pub conversation: ConversationId,
    pub seq: i64,
    /// Whether it calls the person, or is to them alone.
    pub personal: bool,
    /// Whether it is still worth telling: neither read nor gone, and the person is there to be told.
    pub wanted: bool,
    /// When they are not to be disturbed.
    pub quiet: Option<Quiet>,
    pub at: OffsetDateTime,
    /// What the room is called; none between two people.
    pub title: Option<String>,
    /// What the sender is called.
    pub sender_name: String,
    pub excerpt: Excerpt,
}

/// Takes what is due: no other replica gets it for a minute, which is longer than a push may take.
pub async fn take(pool: &Pool, limit: usize) -> sqlx::Result<Vec<Due>> {
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
                coalesce(sender.display_name, sender.name, '') AS sender_name,
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

fn due_of(row: &PgRow) -> sqlx::Result<Due> {
    let (from, to): (Option<i16>, Option<i16>) = (row.try_get("dnd_from")?, row.try_get("dnd_to")?);
    let zone: Option<String> = row.try_get("time_zone")?;
    Ok(Due {
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
        quiet: from
            .zip(to)
            .map(|(from, to)| (from, to, zone.unwrap_or_default())),
        at: row.try_get("at")?,
        title: row.try_get("title")?,
        sender_name: row.try_get("sender_name")?,
        excerpt: row.try_get::<Json<_>, _>("excerpt")?.0,
    })
}

/// Done with it, told or not. What came meanwhile is due at once.
pub async fn done(pool: &Pool, due: &Due) -> sqlx::Result<()> {
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

/// The browser's push service answers again.
pub async fn recovered(pool: &Pool, subscription: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE push_subscriptions SET failures = 0, retry_at = '-infinity' WHERE id = $1 AND failures > 0")
        .bind(subscription)
        .execute(pool)
        .await?;
    Ok(())
}

/// Leaves the browser's push service alone for a while: everything for it waits.
pub async fn postpone(
    pool: &Pool,
    subscription: i64,
    wait: std::time::Duration,
) -> sqlx::Result<()> {
    sqlx::query(
        "WITH failed AS (
             UPDATE push_subscriptions SET failures = least(failures + 1, 100), retry_at = now() + make_interval(secs => $2)
             WHERE id = $1 RETURNING id, retry_at)
         UPDATE pushes p SET due_at = f.retry_at FROM failed f
         WHERE p.subscription_id = f.id AND p.due_at IS NOT NULL",
    )
    .bind(subscription)
    .bind(wait.as_secs_f64())
    .execute(pool)
    .await?;
    Ok(())
}

/// Forgets a browser that takes no more pushes.
pub async fn drop_dead(pool: &Pool, subscription: i64) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM push_subscriptions WHERE id = $1")
        .bind(subscription)
        .execute(pool)
        .await?;
    Ok(())
}

#[cfg(test)]
impl Due {
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
            quiet: None,
            at: OffsetDateTime::UNIX_EPOCH,
            title: None,
            sender_name: "Ada".into(),
            excerpt: Excerpt {
                body: "hello".into(),
                ..Excerpt::default()
            },
        }
    }
}
