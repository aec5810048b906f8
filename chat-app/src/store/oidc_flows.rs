//! Logins at providers that have begun and not ended. Does I/O.
//!
//! Each belongs to a browser, ends once, and ends within [`MINUTES`].

use time::OffsetDateTime;

use super::Pool;
use crate::domain::SessionId;

/// How long people have time to log in at a provider.
pub const MINUTES: i32 = 15;

/// What a login at a provider is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Login,
    /// To add the identity to the account of a session.
    Connect,
    /// To prove who uses a session.
    Confirm,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Connect => "connect",
            Self::Confirm => "confirm",
        }
    }
}

impl TryFrom<String> for Purpose {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let all = [Self::Login, Self::Connect, Self::Confirm];
        let found = all.into_iter().find(|purpose| purpose.as_str() == text);
        found.ok_or_else(|| format!("{text} is not a purpose"))
    }
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Flow {
    #[sqlx(try_from = "String")]
    pub purpose: Purpose,
    pub nonce: String,
    /// Of PKCE.
    pub verifier: String,
    /// Where the person was going.
    pub next: String,
    /// Of [`Purpose::Connect`] and [`Purpose::Confirm`].
    pub session_id: Option<SessionId>,
}

/// A login that has ended now.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Taken {
    #[sqlx(flatten)]
    pub flow: Flow,
    pub began_at: OffsetDateTime,
}

/// By which a login is found again.
#[derive(Clone, Copy, Debug)]
pub struct FlowKey<'a> {
    pub state_hash: [u8; 32],
    pub browser_hash: [u8; 32],
    pub provider: &'a str,
}

pub async fn begin(pool: &Pool, key: FlowKey<'_>, flow: &Flow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO oidc_flows (state_hash, browser_hash, provider, purpose, nonce, verifier, next, session_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(key.state_hash.as_slice())
    .bind(key.browser_hash.as_slice())
    .bind(key.provider)
    .bind(flow.purpose.as_str())
    .bind(&flow.nonce)
    .bind(&flow.verifier)
    .bind(&flow.next)
    .bind(flow.session_id)
    .execute(pool)
    .await?;
    Ok(())
}

/// Takes the login, which nobody can take again. `None` if there is none, or another browser has begun it.
pub async fn take(pool: &Pool, key: FlowKey<'_>) -> sqlx::Result<Option<Taken>> {
    sqlx::query_as(
        "DELETE FROM oidc_flows
         WHERE state_hash = $1 AND browser_hash = $2 AND provider = $3 AND began_at > now() - make_interval(mins => $4)
         RETURNING purpose, nonce, verifier, next, session_id, began_at",
    )
    .bind(key.state_hash.as_slice())
    .bind(key.browser_hash.as_slice())
    .bind(key.provider)
    .bind(MINUTES)
    .fetch_optional(pool)
    .await
}
