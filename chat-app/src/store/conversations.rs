//! Conversations as their members see them: lists, summaries, read marks. Does I/O.

use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};

use super::Pool;
use crate::domain::{ConversationId, ConversationSummary, Level, Preview, UserId};

/// The number of messages of the membership `m` in the conversation `c` that are not read. Each message counts one by its
/// `seq`; only where there are some, the tombstones among them are looked up.
macro_rules! unread {
    () => {
        "CASE WHEN c.last_seq > greatest(m.last_read_seq, m.joined_seq)
              THEN c.last_seq - greatest(m.last_read_seq, m.joined_seq) - (
                  SELECT count(*) FROM tombstones t
                  WHERE t.conversation_id = c.id AND t.seq > greatest(m.last_read_seq, m.joined_seq))
              ELSE 0 END"
    };
}

/// The SELECT of all summaries, with `$more` columns; `m` is the membership of the viewer, which `$rest` selects.
macro_rules! summaries {
    ($rest:literal) => {
        summaries!("", $rest)
    };
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT c.id, c.kind, c.rev, c.last_seq, m.last_read_seq, m.read_version, m.joined_seq, m.role, m.level, ",
            unread!(),
            " AS unread,
                    c.topic, c.last_at, other.id AS partner, other.name AS partner_name, other.avatar,
                    CASE WHEN c.kind = 'direct' THEN coalesce(other.display_name, other.name)
                         ELSE coalesce(c.title, (
                             SELECT string_agg(coalesce(g.display_name, g.name), ', ' ORDER BY g.id)
                             FROM (SELECT gu.* FROM members gm JOIN users gu ON gu.id = gm.user_id
                                   WHERE gm.conversation_id = c.id AND gm.left_rev IS NULL AND gm.user_id <> m.user_id
                                   ORDER BY gm.user_id LIMIT 4) g), '') END AS name,
                    (SELECT count(*) FROM mentions x
                     WHERE x.user_id = m.user_id AND x.conversation_id = c.id AND x.seq > m.last_read_seq) AS mentions,
                    newest.sender_id, coalesce(newest.alias, sender.display_name, sender.name) AS sender_name,
                    sender.bot AS integration, ",
            excerpt!("newest"),
            " AS excerpt",
            $more,
            " FROM members m
             JOIN conversations c ON c.id = m.conversation_id
             LEFT JOIN users other ON other.id = CASE c.direct_low WHEN m.user_id THEN c.direct_high ELSE c.direct_low END
             LEFT JOIN messages newest ON newest.conversation_id = c.id AND newest.seq = c.last_seq
                                      AND (c.kind = 'public' OR newest.seq > m.joined_seq)
             LEFT JOIN users sender ON sender.id = newest.sender_id
             WHERE m.left_rev IS NULL AND ",
            $rest
        )
    };
}

mod list;

pub use self::list::{ListEnd, Listed, list};

/// The member's conversations whose name holds `q`, latest activity first.
pub async fn named(
    pool: &Pool,
    member: UserId,
    q: &str,
    limit: i64,
) -> sqlx::Result<Vec<ConversationSummary>> {
    let rows = sqlx::query(summaries!(
        "m.user_id = $1 AND ($2 = '' OR strpos(lower(c.title), $2) > 0 OR strpos(other.name, $2) > 0
              OR strpos(lower(other.display_name), $2) > 0)
         ORDER BY m.bucket DESC, c.last_at DESC, c.id LIMIT $3"
    ))
    .bind(member)
    .bind(q.trim().to_lowercase())
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter().map(summary_of).collect()
}

/// The conversation as this member sees it; `None` if they are no member.
pub async fn summary(
    pool: &Pool,
    member: UserId,
    id: ConversationId,
) -> sqlx::Result<Option<ConversationSummary>> {
    let row = sqlx::query(summaries!("m.user_id = $1 AND c.id = $2"))
        .bind(member)
        .bind(id)
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(summary_of).transpose()
}

/// A user, and a conversation as they see it.
pub type MemberKey = (UserId, ConversationId);

/// The conversations as these users see them. Those of which the user is no member are left out.
pub async fn summaries(
    connection: &mut PgConnection,
    keys: &[MemberKey],
) -> sqlx::Result<Vec<(MemberKey, ConversationSummary)>> {
    let (people, ids): (Vec<UserId>, Vec<ConversationId>) = keys.iter().copied().unzip();
    let rows = sqlx::query(summaries!(
        ", m.user_id",
        // Parameters in a SELECT of their own: the plan does not depend on their values, so PostgreSQL keeps a generic one
        // instead of planning each time, which takes longer than the query.
        "(m.user_id, m.conversation_id) IN (SELECT * FROM unnest((SELECT $1::bigint[]), (SELECT $2::bigint[])))"
    ))
    .bind(people)
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let summary = summary_of(row)?;
            Ok(((row.try_get("user_id")?, summary.id), summary))
        })
        .collect()
}

fn summary_of(row: &PgRow) -> sqlx::Result<ConversationSummary> {
    let sender: Option<UserId> = row.try_get("sender_id")?;
    let preview = match sender {
        Some(sender) => Some(Preview {
            sender,
            sender_name: row.try_get("sender_name")?,
            integration: row.try_get("integration")?,
            excerpt: row.try_get::<Json<_>, _>("excerpt")?.0,
        }),
        None => None,
    };
    Ok(ConversationSummary {
        id: row.try_get("id")?,
        kind: row.try_get("kind")?,
        rev: row.try_get("rev")?,
        last_seq: row.try_get("last_seq")?,
        last_read_seq: row.try_get("last_read_seq")?,
        read_version: row.try_get("read_version")?,
        joined_seq: row.try_get("joined_seq")?,
        unread: row.try_get("unread")?,
        mentions: row.try_get("mentions")?,
        role: row.try_get("role")?,
        level: row.try_get("level")?,
        name: row.try_get("name")?,
        topic: row.try_get("topic")?,
        partner: row.try_get("partner")?,
        partner_name: row.try_get("partner_name")?,
        avatar: row.try_get("avatar")?,
        last_at: row.try_get("last_at")?,
        preview,
    })
}

/// The direct conversation of these two, created if needed. `None` with oneself, with an integration, or if the other user does not
/// exist, is disabled or has left.
pub async fn open_direct(
    pool: &Pool,
    me: UserId,
    other: UserId,
) -> sqlx::Result<Option<ConversationId>> {
    if me == other {
        return Ok(None);
    }
    let (low, high) = (me.min(other), me.max(other));
    let mut tx = pool.begin().await?;
    // The update changes nothing: it makes the statement return the row even if it was created concurrently.
    let made: Option<(ConversationId,)> = sqlx::query_as(
        "INSERT INTO conversations (direct_low, direct_high)
         SELECT $1, $2 WHERE (SELECT count(*) FROM users
                               WHERE id IN ($1, $2) AND disabled_at IS NULL AND NOT former AND NOT bot) = 2
         ON CONFLICT (direct_low, direct_high) DO UPDATE SET direct_low = excluded.direct_low
         RETURNING id",
    )
    .bind(low)
    .bind(high)
    .fetch_optional(&mut *tx)
    .await?;
    if let Some((id,)) = made {
        sqlx::query(
            "INSERT INTO members (conversation_id, user_id, joined_rev, bucket)
             SELECT $1, person, 0, date_bin('6 hours', now(), '2020-01-01 00:00:00+00') FROM unnest($2) AS person
             ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(vec![low, high])
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(made.map(|(id,)| id))
}

/// The read mark of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Marked {
    pub last_read_seq: i64,
    /// The number of messages that are not read.
    pub unread: i64,
    /// The version of the mark: older ones are void.
    pub read_version: i64,
}

/// Moves the read mark forward, at most to the newest message. Has no effect if the mark was made before the member
/// marked something unread (an older `version`). `None` if they are no member.
pub async fn mark_read(
    pool: &Pool,
    member: UserId,
    id: ConversationId,
    seq: i64,
    version: Option<i64>,
) -> sqlx::Result<Option<Marked>> {
    sqlx::query_as(
        concat!("UPDATE members m SET last_read_seq = CASE WHEN coalesce($4, m.read_version) >= m.read_version
                                              THEN greatest(m.last_read_seq, least($3, c.last_seq))
                                              ELSE m.last_read_seq END
         FROM conversations c
         WHERE c.id = m.conversation_id AND m.conversation_id = $2 AND m.user_id = $1 AND m.left_rev IS NULL
         RETURNING m.last_read_seq, m.read_version, ", unread!(), " AS unread"),
    )
    .bind(member)
    .bind(id)
    .bind(seq)
    .bind(version)
    .fetch_optional(pool)
    .await
}

/// Marks the message and everything after it unread; earlier marks become void. `None` if they are no member.
pub async fn mark_unread(
    pool: &Pool,
    member: UserId,
    id: ConversationId,
    seq: i64,
) -> sqlx::Result<Option<Marked>> {
    sqlx::query_as(
        concat!("UPDATE members m SET last_read_seq = greatest(1, least($3, c.last_seq + 1)) - 1, read_version = m.read_version + 1
         FROM conversations c
         WHERE c.id = m.conversation_id AND m.conversation_id = $2 AND m.user_id = $1 AND m.left_rev IS NULL
         RETURNING m.last_read_seq, m.read_version, ", unread!(), " AS unread"),
    )
    .bind(member)
    .bind(id)
    .bind(seq)
    .fetch_optional(pool)
    .await
}

/// Sets the notification level of the member. False if they are no member.
pub async fn set_level(
    pool: &Pool,
    member: UserId,
    id: ConversationId,
    level: Level,
) -> sqlx::Result<bool> {
    let set = sqlx::query(
        "UPDATE members SET level = $3 WHERE conversation_id = $2 AND user_id = $1 AND left_rev IS NULL",
    )
    .bind(member)
    .bind(id)
    .bind(level)
    .execute(pool)
    .await?;
    Ok(set.rows_affected() > 0)
}
