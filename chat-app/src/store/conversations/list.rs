//! The list of conversations, paged by key: every page costs the same. Does I/O.

use std::fmt;

use serde::Deserialize;
use sqlx::Row;
use time::OffsetDateTime;

use super::summary_of;
use crate::domain::{ConversationId, ConversationSummary, UserId};
use crate::store::Pool;

#[derive(Debug)]
pub struct Listed {
    /// Latest activity first.
    pub conversations: Vec<ConversationSummary>,
    /// Where the list continues; `None` at its end.
    pub end: Option<ListEnd>,
}

/// The sort key of the last conversation of a page. As text: `bucket.last.id`, with times in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ListEnd {
    bucket: OffsetDateTime,
    last_at: OffsetDateTime,
    id: ConversationId,
}

/// At most `limit` of the member's conversations after `end`, latest activity first. Direct ones are listed once they have
/// messages.
pub async fn list(
    pool: &Pool,
    member: UserId,
    end: Option<ListEnd>,
    limit: usize,
) -> sqlx::Result<Listed> {
    // The index orders by bucket; only the rows of the page's buckets are sorted exactly.
    let mut rows = sqlx::query(summaries!(
        ", m.bucket",
        "m.user_id = $1 AND (c.last_seq > 0 OR c.kind <> 'direct')
         AND m.bucket <= coalesce($2, 'infinity')
         AND ($2 IS NULL OR m.bucket < $2 OR c.last_at < $3 OR (c.last_at = $3 AND c.id > $4))
         ORDER BY m.bucket DESC, c.last_at DESC, c.id LIMIT $5"
    ))
    .bind(member)
    .bind(end.map(|end| end.bucket))
    .bind(end.map(|end| end.last_at))
    .bind(end.map(|end| end.id))
    // One more than the page has shows whether there are more.
    .bind(limit as i64 + 1)
    .fetch_all(pool)
    .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let end = match rows.last().filter(|_| more) {
        Some(last) => Some(ListEnd {
            bucket: last.try_get("bucket")?,
            last_at: last.try_get("last_at")?,
            id: last.try_get("id")?,
        }),
        None => None,
    };
    let conversations = rows.iter().map(summary_of).collect::<sqlx::Result<_>>()?;
    Ok(Listed { conversations, end })
}

impl fmt::Display for ListEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [bucket, last] =
            [self.bucket, self.last_at].map(|at| at.unix_timestamp_nanos() / 1_000);
        write!(f, "{bucket}.{last}.{}", self.id)
    }
}

impl TryFrom<String> for ListEnd {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts: Option<Vec<i64>> = text.split('.').map(|part| part.parse().ok()).collect();
        let Some([bucket, last, id]) = parts.as_deref() else {
            return Err("three numbers are expected");
        };
        let at = |micros: i64| {
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
                .map_err(|_| "no time")
        };
        Ok(Self {
            bucket: at(*bucket)?,
            last_at: at(*last)?,
            id: ConversationId(*id),
        })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_end_is_parsed_as_it_was_written() {
        let end = ListEnd {
            bucket: datetime!(2026-03-04 06:00:00 UTC),
            last_at: datetime!(2026-03-04 05:06:07.123456 UTC),
            id: ConversationId(12),
        };
        assert_eq!(end.to_string(), "1772604000000000.1772600767123456.12");
        assert_eq!(ListEnd::try_from(end.to_string()), Ok(end));
        for text in ["", "1.2", "1.2.x", "1.2.3.4", "9223372036854775807.1.1"] {
            assert!(ListEnd::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
