//! Search in the conversations of a user: resolves names, finds messages. Does I/O.
//!
//! The SQL function `find_messages` does the search; this module builds its query.

pub mod index;

use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::Pool;
use crate::domain::{ConversationId, UserId};
use crate::search::Language;
use crate::search::pattern::Pattern;
use crate::search::query::{Named, Problem, Query};

/// A query that the database can run.
#[derive(Debug)]
pub struct Prepared {
    /// The `tsquery`, with the lexemes of operators.
    wanted: String,
    /// What to mark in the texts found.
    pub marked: Vec<Pattern>,
    /// The language of the index.
    pub language: Language,
    before: Option<Date>,
    after: Option<Date>,
    /// The words that were omitted.
    pub left_out: Option<Problem>,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Hit {
    /// Its number over all conversations, which pages the results.
    pub number: i64,
    #[sqlx(rename = "conversation_id")]
    pub conversation: ConversationId,
    pub seq: i64,
    /// The name of the conversation, as the user sees it.
    pub place: String,
    #[sqlx(rename = "sender_id")]
    pub sender: UserId,
    pub sender_avatar: Option<Uuid>,
    pub sender_name: String,
    /// Whether an integration sent it.
    pub integration: bool,
    pub body: String,
    /// The names of its files.
    pub files: Vec<String>,
    #[sqlx(rename = "created_at")]
    pub at: OffsetDateTime,
}

/// Resolves names and cuts words. A name that does not exist is a problem.
pub async fn prepare(
    pool: &Pool,
    me: UserId,
    query: &Query,
) -> sqlx::Result<Result<Prepared, Vec<Problem>>> {
    let mut problems = Vec::new();
    let mut parts = Vec::new();
    let people = people(pool, me, &query.from).await?;
    parts.extend(lexemes("from", &query.from, &people, |name| {
        problems.push(Problem::Nobody(name));
    }));
    let conversations = conversations(pool, me, &query.conversations).await?;
    parts.extend(lexemes(
        "in",
        &query.conversations,
        &conversations,
        |name| {
            problems.push(Problem::Nowhere(name));
        },
    ));
    for (has, excluded) in &query.has {
        parts.push(negated(&format!("'has {}'", has.name()), *excluded));
    }
    let language = index::language(pool).await?;
    let mut left_out = Vec::new();
    let mut marked = Vec::new();
    for term in &query.terms {
        let Some(pattern) = Pattern::of(term, language) else {
            left_out.push(term.text.clone());
            continue;
        };
        parts.push(negated(&pattern.tsquery(), term.excluded));
        if !term.excluded {
            marked.push(pattern);
        }
    }
    let left_out = (!left_out.is_empty()).then(|| Problem::LeftOut(left_out.join(", ")));
    let dates = query.before.is_some() || query.after.is_some();
    match left_out {
        Some(problem) if parts.is_empty() && !dates => problems.push(problem),
        left_out if problems.is_empty() => {
            return Ok(Ok(Prepared {
                wanted: parts.join(" & "),
                marked,
                language,
                before: query.before,
                after: query.after,
                left_out,
            }));
        }
        _ => {}
    }
    Ok(Err(problems))
}

fn negated(query: &str, excluded: bool) -> String {
    format!("{}({query})", if excluded { "!" } else { "" })
}

/// Combines the names of one operator: any of those wanted, none of those excluded.
fn lexemes(
    operator: &str,
    named: &[Named],
    ids: &[Vec<i64>],
    mut unknown: impl FnMut(String),
) -> Vec<String> {
    let (mut wanted, mut parts) = (Vec::new(), Vec::new());
    for (named, ids) in std::iter::zip(named, ids) {
        if ids.is_empty() {
            unknown(named.name.clone());
        }
        let any = ids.iter().map(|id| format!("'{operator} {id}'"));
        if named.excluded {
            parts.extend(any.map(|lexeme| format!("!{lexeme}")));
        } else {
            wanted.extend(any);
        }
    }
    if !wanted.is_empty() {
        parts.push(format!("({})", wanted.join(" | ")));
    }
    parts
}

/// The users of each name: by login name or display name.
async fn people(pool: &Pool, me: UserId, named: &[Named]) -> sqlx::Result<Vec<Vec<i64>>> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar(
        "SELECT CASE lower(wanted) WHEN 'me' THEN ARRAY[$1] ELSE ARRAY(
             SELECT u.id FROM users u WHERE u.name = lower(wanted) OR lower(u.display_name) = lower(wanted)) END
         FROM unnest($2::text[]) WITH ORDINALITY AS w (wanted, ord) ORDER BY ord",
    )
    .bind(me)
    .bind(names(named))
    .fetch_all(pool)
    .await
}

/// The conversations of each name: rooms by title, direct ones by the other user.
/// Starts from the names, not from the memberships of the user, who may have thousands.
async fn conversations(pool: &Pool, me: UserId, named: &[Named]) -> sqlx::Result<Vec<Vec<i64>>> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar(
        "SELECT ARRAY(
             SELECT c.id FROM (
                 SELECT c.id FROM conversations c WHERE c.title IS NOT NULL AND lower(c.title) = lower(wanted)
                 UNION
                 SELECT c.id FROM users u
                 JOIN conversations c ON c.direct_low = least(u.id, $1) AND c.direct_high = greatest(u.id, $1)
                 WHERE u.name = lower(wanted) OR lower(u.display_name) = lower(wanted)) c
             JOIN members m ON m.conversation_id = c.id AND m.user_id = $1 AND m.left_rev IS NULL)
         FROM unnest($2::text[]) WITH ORDINALITY AS w (wanted, ord) ORDER BY ord",
    )
    .bind(me)
    .bind(names(named))
    .fetch_all(pool)
    .await
}

fn names(named: &[Named]) -> Vec<&str> {
    named.iter().map(|named| named.name.as_str()).collect()
}

/// The newest `limit` matching messages that this user may read, with numbers below `older`.
pub async fn find(
    pool: &Pool,
    me: UserId,
    prepared: &Prepared,
    older: Option<i64>,
    limit: i32,
) -> sqlx::Result<Vec<Hit>> {
    // Days are those of the user's time zone.
    sqlx::query_as(
        "SELECT f.number, f.conversation_id, f.seq, m.sender_id, u.avatar AS sender_avatar, m.body, m.created_at,
                coalesce(m.alias, u.display_name, u.name) AS sender_name, u.bot AS integration,
                ARRAY(SELECT a.name FROM attachments a WHERE a.conversation_id = f.conversation_id AND a.seq = f.seq
                      ORDER BY a.created_at, a.id) AS files,
                CASE WHEN c.kind = 'direct' THEN (
                         SELECT coalesce(o.display_name, o.name) FROM users o
                         WHERE o.id = CASE c.direct_low WHEN $1 THEN c.direct_high ELSE c.direct_low END)
                     ELSE coalesce(c.title, (
                         SELECT string_agg(coalesce(g.display_name, g.name), ', ' ORDER BY g.id)
                         FROM (SELECT gu.* FROM members gm JOIN users gu ON gu.id = gm.user_id
                               WHERE gm.conversation_id = c.id AND gm.left_rev IS NULL AND gm.user_id <> $1
                               ORDER BY gm.user_id LIMIT 4) g), '') END AS place
         FROM (SELECT coalesce(me.time_zone, 'UTC') AS zone FROM users me WHERE me.id = $1) z
         CROSS JOIN LATERAL find_messages($1, $2::tsquery, ($3::date + 1)::timestamp AT TIME ZONE zone,
                                          $4::date::timestamp AT TIME ZONE zone, $5, $6) f
         JOIN messages m ON m.conversation_id = f.conversation_id AND m.seq = f.seq
         JOIN conversations c ON c.id = f.conversation_id
         JOIN users u ON u.id = m.sender_id
         ORDER BY f.number DESC",
    )
    .bind(me)
    .bind(&prepared.wanted)
    .bind(prepared.after)
    .bind(prepared.before)
    // The search subtracts one from it.
    .bind(older.unwrap_or(i64::MAX).max(i64::MIN + 1))
    .bind(limit)
    .fetch_all(pool)
    .await
}
