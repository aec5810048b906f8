//! What goes wrong, told in two ways: a fixed sentence to the person, the whole chain once to the log. No I/O but logging.

mod render;

pub(super) use render::{accepts_json, render};

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::passwords::PasswordError;
use crate::telemetry::Seldom;
use crate::text::Text;
use crate::writer::SendError;

/// While PostgreSQL is away, every request is one.
static UNSERVED: Seldom = Seldom::new();

/// Why a request gets no ordinary answer.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// There is no such thing, or it is not theirs: nobody can tell which.
    #[error("not found")]
    NotFound,
    /// Nobody is signed in; a browser is sent to log in and from there to `next`.
    #[error("signed out")]
    SignedOut {
        /// Where they wanted to go.
        next: Option<String>,
    },
    /// They see it, but it is not theirs to change.
    #[error("forbidden")]
    Forbidden,
    /// The other one takes no messages from the sender.
    #[error("blocked by the recipient")]
    Blocked,
    /// A file of the message is gone, or not the sender's.
    #[error("an attachment no longer exists")]
    NoAttachment,
    /// The request makes no sense.
    #[error("bad request")]
    BadRequest,
    /// A page of another site sent this.
    #[error("cross-origin request")]
    CrossOrigin,
    /// What was given is wrong; the sentence says how.
    #[error("invalid: {0}")]
    Invalid(String),
    /// What was given is not taken; the status and the sentence say why.
    #[error("rejected with {0}: {1}")]
    Refused(StatusCode, String),
    /// The body is over the limit.
    #[error("request body too large")]
    TooLarge,
    #[error("registration is closed")]
    RegistrationClosed,
    /// Only with an invitation.
    #[error("an invitation is required")]
    InviteNeeded,
    /// An invitation or a reset link that is used up, taken back, run out, or made up.
    #[error("the link no longer works")]
    LinkSpent,
    /// Too many tries for one account.
    #[error("too many login attempts")]
    TooManyLogins(Duration),
    /// Too many passwords wait to be hashed.
    #[error("too many concurrent password checks")]
    Busy,
    /// More sends than the writer takes.
    #[error("the writer's queue is full")]
    WriterBusy,
    /// The send may or may not be in; sending it again is safe.
    #[error("PostgreSQL did not respond to the writer")]
    NotSentYet,
    /// PostgreSQL can't be reached.
    #[error("PostgreSQL is unavailable")]
    DatabaseAway(#[source] Arc<sqlx::Error>),
    #[error("timed out")]
    TimedOut,
    #[error("internal error")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl AppError {
    /// Status, and the id of the sentence; its heading has the same id with `-heading`.
    fn told(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::NotFound => (S::NOT_FOUND, "error-not-found"),
            Self::SignedOut { .. } => (S::UNAUTHORIZED, "error-signed-out"),
            Self::Forbidden => (S::FORBIDDEN, "error-forbidden"),
            Self::Blocked => (S::FORBIDDEN, "error-blocked"),
            Self::NoAttachment => (S::UNPROCESSABLE_ENTITY, "error-no-attachment"),
            Self::BadRequest => (S::BAD_REQUEST, "error-bad-request"),
            Self::CrossOrigin => (S::FORBIDDEN, "error-cross-origin"),
            Self::Invalid(_) => (S::UNPROCESSABLE_ENTITY, "error-bad-request"),
            Self::Refused(status, _) => (*status, "error-bad-request"),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "error-too-large"),
            Self::RegistrationClosed => (S::FORBIDDEN, "error-registration-closed"),
            Self::InviteNeeded => (S::FORBIDDEN, "error-invite-needed"),
            Self::LinkSpent => (S::NOT_FOUND, "error-link-spent"),
            Self::TooManyLogins(_) => (S::TOO_MANY_REQUESTS, "error-too-many-logins"),
            Self::Busy => (S::TOO_MANY_REQUESTS, "error-busy"),
            Self::WriterBusy => (S::SERVICE_UNAVAILABLE, "error-writer-busy"),
            Self::NotSentYet => (S::SERVICE_UNAVAILABLE, "error-not-sent-yet"),
            Self::DatabaseAway(_) => (S::SERVICE_UNAVAILABLE, "error-database-away"),
            Self::TimedOut => (S::SERVICE_UNAVAILABLE, "error-timed-out"),
            Self::Internal(_) => (S::INTERNAL_SERVER_ERROR, "error-internal"),
        }
    }

    /// The sentence: all that a person is told besides the heading.
    fn sentence(&self, text: Text) -> String {
        match self {
            Self::Invalid(sentence) | Self::Refused(_, sentence) => sentence.clone(),
            error => text.get(error.told().1),
        }
    }

    fn heading(&self, text: Text) -> String {
        text.get(&format!("{}-heading", self.told().1))
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyLogins(wait) => Some(*wait),
            Self::Busy | Self::NotSentYet | Self::DatabaseAway(_) => Some(Duration::from_secs(2)),
            Self::WriterBusy => Some(Duration::from_secs(1)),
            Self::TimedOut => Some(Duration::from_secs(5)),
            Self::Refused(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, _) => {
                Some(Duration::from_secs(10))
            }
            _ => None,
        }
    }

    /// An empty or plain refusal of a layer, an extractor or the router.
    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::SERVICE_UNAVAILABLE => Self::TimedOut,
            status if status.is_server_error() => Self::Internal(status.to_string().into()),
            _ => Self::BadRequest,
        }
    }

    fn log(&self) {
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
struct Chain<'a>(&'a dyn StdError);

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
        let mut response = self.told().0.into_response();
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
        let away = match &*error {
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => true,
            // Connection exceptions, insufficient resources, operator intervention: PostgreSQL starts, stops or is full.
            // Read-only: it is a standby now.
            E::Database(db) => db.code().is_some_and(|code| {
                ["08", "53", "57", "25006"]
                    .iter()
                    .any(|class| code.starts_with(class))
            }),
            _ => false,
        };
        if away {
            Self::DatabaseAway(error)
        } else {
            Self::Internal(error.into())
        }
    }
}

impl From<getrandom::Error> for AppError {
    fn from(error: getrandom::Error) -> Self {
        Self::Internal(error.into())
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
