//! Why a request fails. The person sees a fixed sentence; the log gets the whole chain, once. No I/O except logging.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::files::blob::BlobError;
use crate::input_error::InputError;
use crate::passwords::PasswordError;
use crate::store::Refusal;
use crate::t;
use crate::telemetry::LogThrottle;
use crate::text::Text;
use crate::writer::SendError;

/// While PostgreSQL is down, every request fails: the log gets a few of them.
static UNSERVED: LogThrottle = LogThrottle::new();

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// It does not exist, or this person may not see it: the answer does not say which.
    #[error("not found")]
    NotFound,
    /// Nobody is logged in. A browser is redirected to the login page and from there to `next`.
    #[error("signed out")]
    SignedOut { next: Option<String> },
    /// The person has to enter their password again. A browser is redirected to the page that asks for it and from there to
    /// `next`.
    #[error("a recent proof is needed")]
    ProofNeeded { next: String },
    /// The person has to set up a second factor before anything else. A browser is redirected to the page for it.
    #[error("a second factor is needed")]
    SecondFactorNeeded,
    /// The person may see it but not change it.
    #[error("forbidden")]
    Forbidden,
    /// The recipient has blocked the sender.
    #[error("blocked by the recipient")]
    Blocked,
    /// An attachment no longer exists, or is not the sender's.
    #[error("an attachment no longer exists")]
    NoAttachment,
    #[error("bad request")]
    BadRequest,
    /// A page of another site sent the request.
    #[error("cross-origin request")]
    CrossOrigin,
    /// The person entered or uploaded something that can't be used.
    #[error("invalid input: {0:?}")]
    Invalid(InputError),
    #[error("request body too large")]
    TooLarge,
    #[error("registration is closed")]
    RegistrationClosed,
    #[error("an invitation is required")]
    InviteNeeded,
    /// An invitation or a reset link that is used up, revoked, expired or made up.
    #[error("the link is no longer valid")]
    LinkSpent,
    /// Of logging in, proving or signing up; the next one may be made after this time.
    #[error("too many attempts")]
    TooManyAttempts(Duration),
    /// Too many passwords are waiting to be hashed.
    #[error("too many concurrent password checks")]
    Busy,
    /// The writer's queue is full.
    #[error("the writer's queue is full")]
    WriterBusy,
    /// PostgreSQL did not answer in time: the message may be stored or not. Sending it again is safe.
    #[error("PostgreSQL did not respond to the writer")]
    NotSentYet,
    #[error("PostgreSQL is unreachable")]
    DatabaseAway(#[source] Arc<sqlx::Error>),
    #[error("timed out")]
    TimedOut,
    #[error("internal error")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl AppError {
    /// The status, and the id of the Fluent message; the heading's id is the same with `-heading`.
    pub(crate) fn describe(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::NotFound => (S::NOT_FOUND, "error-not-found"),
            Self::SignedOut { .. } => (S::UNAUTHORIZED, "error-signed-out"),
            Self::ProofNeeded { .. } => (S::FORBIDDEN, "error-proof-needed"),
            Self::SecondFactorNeeded => (S::FORBIDDEN, "error-second-factor-needed"),
            Self::Forbidden => (S::FORBIDDEN, "error-forbidden"),
            Self::Blocked => (S::FORBIDDEN, "error-blocked"),
            Self::NoAttachment => (S::UNPROCESSABLE_ENTITY, "error-no-attachment"),
            Self::BadRequest => (S::BAD_REQUEST, "error-bad-request"),
            Self::CrossOrigin => (S::FORBIDDEN, "error-cross-origin"),
            Self::Invalid(error) => (error.status(), "error-bad-request"),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "error-too-large"),
            Self::RegistrationClosed => (S::FORBIDDEN, "error-registration-closed"),
            Self::InviteNeeded => (S::FORBIDDEN, "error-invite-needed"),
            Self::LinkSpent => (S::NOT_FOUND, "error-link-spent"),
            Self::TooManyAttempts(_) => (S::TOO_MANY_REQUESTS, "error-too-many-attempts"),
            Self::Busy => (S::TOO_MANY_REQUESTS, "error-busy"),
            Self::WriterBusy => (S::SERVICE_UNAVAILABLE, "error-writer-busy"),
            Self::NotSentYet => (S::SERVICE_UNAVAILABLE, "error-not-sent-yet"),
            Self::DatabaseAway(_) => (S::SERVICE_UNAVAILABLE, "error-database-away"),
            Self::TimedOut => (S::SERVICE_UNAVAILABLE, "error-timed-out"),
            Self::Internal(_) => (S::INTERNAL_SERVER_ERROR, "error-internal"),
        }
    }

    /// All that a person sees besides the heading.
    pub(crate) fn sentence(&self, text: Text) -> String {
        match self {
            Self::Invalid(error) => error.sentence(text),
            Self::TooManyAttempts(wait) => {
                let seconds = wait.as_secs_f64().ceil().max(1.0);
                t!(text, "error-too-many-attempts", seconds = seconds)
            }
            error => text.get(error.describe().1),
        }
    }

    pub(crate) fn heading(&self, text: Text) -> String {
        text.get(&format!("{}-heading", self.describe().1))
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts(wait) => Some(*wait),
            Self::Busy | Self::NotSentYet | Self::DatabaseAway(_) => Some(Duration::from_secs(2)),
            Self::WriterBusy => Some(Duration::from_secs(1)),
            Self::TimedOut => Some(Duration::from_secs(5)),
            Self::Invalid(InputError::TooManyUploads | InputError::ImagesBusy) => {
                Some(Duration::from_secs(10))
            }
            _ => None,
        }
    }

    /// The error for a bare status from a layer, an extractor or the router.
    pub(crate) fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::SERVICE_UNAVAILABLE => Self::TimedOut,
            status if status.is_server_error() => Self::Internal(status.to_string().into()),
            _ => Self::BadRequest,
        }
    }

    pub(crate) fn log(&self) {
        let chain = Chain(self);
        match self {
            Self::Internal(_) => tracing::error!(error = %chain, "request failed"),
            Self::DatabaseAway(_) | Self::NotSentYet | Self::WriterBusy | Self::TimedOut => {
                match UNSERVED.due(Instant::now()) {
                    Some(suppressed) => {
                        tracing::warn!(error = %chain, suppressed, "request not served")
                    }
                    None => tracing::debug!(error = %chain, "request not served"),
                }
            }
            _ => tracing::debug!(error = %chain, "request rejected"),
        }
    }
}

/// An error with all its sources.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn StdError);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let mut response = self.describe().0.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        Arc::new(error).into()
    }
}

impl From<Arc<sqlx::Error>> for AppError {
    fn from(error: Arc<sqlx::Error>) -> Self {
        use sqlx::Error as E;
        let unreachable = match &*error {
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => true,
            // Connection exception, insufficient resources, operator intervention: PostgreSQL is starting, stopping or full.
            // 25006, read-only transaction: the server is a standby now.
            E::Database(db) => db.code().is_some_and(|code| {
                ["08", "53", "57", "25006"]
                    .iter()
                    .any(|class| code.starts_with(class))
            }),
            _ => false,
        };
        if unreachable {
            Self::DatabaseAway(error)
        } else if is_not_text(&error) {
            Self::BadRequest
        } else {
            Self::Internal(error.into())
        }
    }
}

/// Whether a value has a NUL, the one character that PostgreSQL refuses in any text (`character_not_in_repertoire`). Most
/// fields reject it earlier.
fn is_not_text(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.as_deref() == Some("22021")
}

impl From<getrandom::Error> for AppError {
    fn from(error: getrandom::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::Forbidden => Self::Forbidden,
        }
    }
}

impl From<PasswordError> for AppError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            error => Self::Internal(error.into()),
        }
    }
}

impl From<SendError> for AppError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotMember => Self::NotFound,
            SendError::Blocked => Self::Blocked,
            SendError::NoAttachment => Self::NoAttachment,
            SendError::Busy => Self::WriterBusy,
            SendError::Unavailable => Self::NotSentYet,
        }
    }
}

impl From<InputError> for AppError {
    fn from(error: InputError) -> Self {
        Self::Invalid(error)
    }
}

impl From<BlobError> for AppError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Database(error) => error.into(),
            error => Self::Internal(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Problem;
    use crate::text::tests::{assert_every_variant, assert_translated};

    /// One of each variant: a test fails while one is missing.
    fn all() -> Vec<AppError> {
        use AppError as E;
        vec![
            E::NotFound,
            E::SignedOut { next: None },
            E::ProofNeeded { next: "/c".into() },
            E::SecondFactorNeeded,
            E::Forbidden,
            E::Blocked,
            E::NoAttachment,
            E::BadRequest,
            E::CrossOrigin,
            E::Invalid(InputError::MessageEmpty),
            E::TooLarge,
            E::RegistrationClosed,
            E::InviteNeeded,
            E::LinkSpent,
            E::TooManyAttempts(Duration::from_secs(6)),
            E::Busy,
            E::WriterBusy,
            E::NotSentYet,
            E::DatabaseAway(Arc::new(sqlx::Error::PoolClosed)),
            E::TimedOut,
            E::Internal("a fault".into()),
        ]
    }

    #[test]
    fn every_error_has_a_heading_and_a_sentence_in_every_language() {
        let all = all();
        assert_every_variant(include_str!("error.rs"), "AppError", &all);
        for error in all {
            assert_translated(&format!("{error:?}"), |text| error.heading(text));
            assert_translated(&format!("{error:?}"), |text| error.sentence(text));
        }
    }

    #[test]
    fn every_problem_with_a_search_is_a_sentence_in_every_language() {
        use Problem as P;
        let some = || "x".to_owned();
        let all = [
            P::TooLong,
            P::Operator(some()),
            P::Missing(some()),
            P::Date(some()),
            P::Has(some()),
            P::NotExcludable(some()),
            P::OnlyExcluded,
            P::Nobody(some()),
            P::Nowhere(some()),
            P::LeftOut(some()),
        ];
        assert_every_variant(include_str!("search/query.rs"), "Problem", &all);
        for problem in all {
            assert_translated(&format!("{problem:?}"), |text| problem.sentence(text));
        }
    }
}
