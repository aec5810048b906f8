//! Access tokens: with which programs use the API for an account. Pure.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{AccessTokenId, SessionId, User};

/// The longest name of an access token in characters.
pub const TOKEN_NAME_CHARS: usize = 64;

/// What a program may do with an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Read everything that the account sees.
    Read,
    /// Send and change messages, and move read marks.
    Write,
}

impl Scope {
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The scopes with these names. Those that another release knows are left out.
    pub fn named(names: &[String]) -> Vec<Self> {
        let is_named = |scope: &Self| names.iter().any(|name| name == scope.as_str());
        Self::ALL.into_iter().filter(is_named).collect()
    }
}

/// An access token as its owner sees it.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub id: AccessTokenId,
    pub name: String,
    /// How it begins.
    pub prefix: String,
    pub scopes: Vec<Scope>,
    pub created_at: OffsetDateTime,
    /// `None` if it does not expire.
    pub expires_at: Option<OffsetDateTime>,
    pub used_at: Option<OffsetDateTime>,
    pub expired: bool,
}

/// The program that calls the API, by its access token.
#[derive(Clone, Debug)]
pub struct Caller {
    pub token: AccessTokenId,
    /// The account that it acts as.
    pub user: User,
    pub bot: bool,
    pub scopes: Vec<Scope>,
    pub expires_at: Option<OffsetDateTime>,
}

impl Caller {
    /// The hub closes its live streams by this: tokens and sessions are numbered together.
    pub fn session(&self) -> SessionId {
        SessionId(self.token.0)
    }
}
