//! How often people may try to log in, to sign up, to enter codes and to prove who they are, and programs may post and call
//! the API. Does I/O.
//!
//! PostgreSQL counts for all replicas. Whoever has logged in with a browser before has a limit of their own there, which
//! strangers cannot use up. All others share limits by name, and by address where trusted proxies name addresses. What
//! everybody shares is slowed down first and refused last, so that one stranger cannot keep all others out.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::source::Source;
use crate::app::App;
use crate::domain::{HookId, UserId};
use crate::error::AppError;
use crate::store::attempts::{self, Limit, Taken};

/// How long an attempt may wait for its turn: less than a proxy's time limit.
const PATIENCE: Duration = Duration::from_secs(10);

/// An attempt that may go ahead.
pub(super) struct Attempt<'a> {
    app: &'a App,
    limits: Vec<Limit>,
}

impl<'a> Attempt<'a> {
    /// To log in; `known` is the browser, if the person of this name has used it before.
    pub(super) async fn log_in(
        app: &'a App,
        name: &str,
        known: Option<[u8; 32]>,
        Source(source): Source,
    ) -> Result<Self, AppError> {
        let name = name.trim().to_lowercase();
        let limits = match (known, source) {
            (Some(device), _) => vec![own(key("device", (&name, device)))],
            (None, Some(source)) => vec![
                own(key("name and address", (&name, source))),
                // Of many addresses.
                limit(key("name", &name), 50, 20),
                shared(key("address", source), 20, 2),
            ],
            (None, None) => vec![own(key("name", &name)), shared(key("logins", ()), 20, 1)],
        };
        Self::take(app, limits).await
    }

    /// To log in at a provider, which decides whether it succeeds.
    pub(super) async fn at_provider(
        app: &'a App,
        Source(source): Source,
    ) -> Result<Self, AppError> {
        let all = Limit {
            every: Duration::from_millis(50),
            ..shared(key("provider logins", ()), 200, 1)
        };
        let one = source.map(|source| limit(key("provider logins", source), 60, 2));
        Self::take(app, one.into_iter().chain([all]).collect()).await
    }

    /// To create an account.
    pub(super) async fn sign_up(app: &'a App, Source(source): Source) -> Result<Self, AppError> {
        let every = Duration::from_secs(60) / app.config.security.sign_ups_per_minute.get();
        let all = Limit {
            every,
            ..shared(key("sign-ups", ()), 20, 1)
        };
        let one = source.map(|source| limit(key("sign-ups", source), 20, 30));
        Self::take(app, one.into_iter().chain([all]).collect()).await
    }

    /// To become the first admin.
    pub(super) async fn set_up(app: &'a App) -> Result<Self, AppError> {
        Self::take(app, vec![shared(key("set up", ()), 10, 1)]).await
    }

    /// To post with a hook: bursts, and then one message a second.
    pub(super) async fn post(app: &'a App, hook: HookId) -> Result<Self, AppError> {
        Self::take(app, vec![limit(key("hook", hook), 60, 1)]).await
    }

    /// To call the API, for one account: bursts, and then ten requests a second.
    pub(super) async fn call(app: &'a App, user: UserId) -> Result<Self, AppError> {
        let calls = Limit {
            every: Duration::from_millis(100),
            ..limit(key("API", user), 600, 1)
        };
        Self::take(app, vec![calls]).await
    }

    /// To prove with a password who uses an open session. Nobody else can use this up.
    pub(super) async fn prove(app: &'a App, user: UserId) -> Result<Self, AppError> {
        Self::take(app, vec![own(key("proof", user))]).await
    }

    /// To enter a code of an authenticator app. A million codes are few, so that this is slow: who knows the password and tries all year
    /// finds one with a probability of a tenth.
    pub(super) async fn code(
        app: &'a App,
        user: UserId,
        place: CodePlace,
    ) -> Result<Self, AppError> {
        let of = match place {
            CodePlace::Session => key("code in session", user),
            CodePlace::KnownDevice(device) => key("code on device", (user, device)),
            CodePlace::Elsewhere => key("code", user),
        };
        Self::take(app, vec![limit(of, 10, 15 * 60)]).await
    }

    /// To enter a recovery code, which nobody can guess: strangers must not keep its owner out.
    pub(super) async fn recovery_code(app: &'a App, user: UserId) -> Result<Self, AppError> {
        Self::take(app, vec![shared(key("recovery code", user), 20, 1)]).await
    }

    /// Waits for the attempt's turn.
    async fn take(app: &'a App, limits: Vec<Limit>) -> Result<Self, AppError> {
        match attempts::take(&app.pool, &limits).await? {
            Taken::After(wait) => {
                tokio::time::sleep(wait).await;
                Ok(Self { app, limits })
            }
            Taken::Refused(wait) => Err(AppError::TooManyAttempts(wait)),
        }
    }

    /// Only attempts that fail count.
    pub(super) async fn succeeded(self) -> sqlx::Result<()> {
        attempts::give_back(&self.app.pool, &self.limits).await
    }
}

/// Where a person enters a code. Each has a limit of its own, which attempts elsewhere do not use up.
#[derive(Clone, Copy, Debug)]
pub(super) enum CodePlace {
    Session,
    /// The hash of the token of a browser in which they have logged in before.
    KnownDevice([u8; 32]),
    Elsewhere,
}

/// What only one person has an interest in using up.
fn own(key: [u8; 32]) -> Limit {
    limit(key, 10, 6)
}

/// An attempt beyond the limit is refused at once.
fn limit(key: [u8; 32], burst: u32, seconds: u64) -> Limit {
    Limit {
        key,
        burst,
        every: Duration::from_secs(seconds),
        patience: Duration::ZERO,
    }
}

/// An attempt beyond the limit waits for its turn.
fn shared(key: [u8; 32], burst: u32, seconds: u64) -> Limit {
    Limit {
        patience: PATIENCE,
        ..limit(key, burst, seconds)
    }
}

/// `Debug` writes what is limited without ambiguity: texts are quoted.
fn key(kind: &str, of: impl std::fmt::Debug) -> [u8; 32] {
    Sha256::digest(format!("{kind} {of:?}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_limited_has_a_key_of_its_own() {
        let keys = [
            key("name", "ada"),
            key("name", "bob"),
            key("name", "ada\" 1"),
            key("device", "ada"),
            key("device", ("ada", [1; 32])),
            key("device", ("ada", [2; 32])),
        ];
        for (n, one) in keys.iter().enumerate() {
            assert!(!keys[n + 1..].contains(one));
        }
        assert_eq!(key("name", "ada"), key("name", "ada".to_owned()));
    }
}
