//! PostgreSQL: one module for each family of tables. Does I/O; every error is an [`sqlx::Error`].
//!
//! Functions take a pool or a connection and keep no state.

/// The [`Excerpt`](crate::domain::Excerpt) of the message of this alias as JSON, with at most 500 characters of its text.
macro_rules! excerpt {
    ($message:literal) => {
        concat!(
            "jsonb_build_object('body', coalesce(left(", $message, ".body, 500), ''), 'deleted', ", $message, ".deleted_at IS NOT NULL,
                 'files', CASE WHEN ", $message, ".body = '' AND ", $message, ".deleted_at IS NULL THEN (
                     SELECT jsonb_build_object('count', count(*), 'photos', count(a.width), 'name', coalesce(min(a.name), ''))
                     FROM attachments a WHERE a.conversation_id = ", $message, ".conversation_id AND a.seq = ", $message, ".seq) END)"
        )
    };
}

pub mod access_tokens;
pub mod accounts;
pub mod admin;
pub mod attachments;
pub mod attempts;
pub mod audit;
pub mod avatars;
pub mod backup;
pub mod blocks;
pub mod bots;
pub mod changes;
pub mod conversations;
pub mod devices;
pub mod export;
pub mod hooks;
pub mod housekeeping;
pub mod identities;
pub mod import;
pub mod invites;
pub mod lookalikes;
pub mod messages;
pub mod missed;
pub mod notices;
pub mod oidc_flows;
pub mod outbox;
pub mod owner;
pub mod people;
pub mod pins;
pub mod push;
pub mod replay;
pub mod resets;
pub mod rooms;
pub mod saved;
pub mod schema;
pub mod search;
pub mod server;
pub mod sessions;
pub mod timeline;
pub mod users;

/// A pool of connections. The writer has a connection of its own.
pub type Pool = sqlx::PgPool;

/// The outcome of a change that a user requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The first and the last rev that it took; `None` if nothing had to change.
    Done(Option<(i64, i64)>),
    NotFound,
    Forbidden,
}

/// Why a requested change was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not exist, or the user may not know that it does.
    NotFound,
    Forbidden,
}

impl Outcome {
    /// The first and the last rev of the change; `None` where it changed nothing.
    pub fn revs(self) -> Result<Option<(i64, i64)>, Refusal> {
        match self {
            Self::Done(revs) => Ok(revs),
            Self::NotFound => Err(Refusal::NotFound),
            Self::Forbidden => Err(Refusal::Forbidden),
        }
    }
}

impl sqlx::FromRow<'_, sqlx::postgres::PgRow> for Outcome {
    fn from_row(row: &sqlx::postgres::PgRow) -> sqlx::Result<Self> {
        use sqlx::Row;
        let (first, last): (Option<i64>, Option<i64>) =
            (row.try_get("first")?, row.try_get("rev")?);
        Ok(match row.try_get("outcome")? {
            "done" => Self::Done(first.zip(last)),
            "forbidden" => Self::Forbidden,
            _ => Self::NotFound,
        })
    }
}
