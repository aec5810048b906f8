//! What the API server refuses: a state of the chat that the status reports, not an error. Pure.

use std::fmt;

use kube::Error;

/// A request that the API server did not grant, such as over a quota, an admission policy or a missing permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What was requested, such as `applying Service team-app`.
    request: String,
    code: u16,
    /// The API server's words.
    words: String,
}

impl Refusal {
    /// None: the API server did not answer.
    pub(crate) fn of(request: impl Into<String>, error: &Error) -> Option<Self> {
        let Error::Api(status) = error else {
            return None;
        };
        let words = [&status.message, &status.reason].map(|words| words.trim());
        Some(Self {
            request: request.into(),
            code: status.code,
            words: words
                .into_iter()
                .find(|words| !words.is_empty())
                .unwrap_or("no reason given")
                .to_owned(),
        })
    }

    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// Whether the same request may be granted soon: a conflict, too many requests, an expired token, a failing server.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self.code, 401 | 408 | 409 | 429 | 500..)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.request, self.code, self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::Status;

    fn refusal(code: u16, message: &str) -> Refusal {
        let status = Status::failure(message, "Forbidden").with_code(code);
        Refusal::of("applying Service team-app", &Error::Api(status.boxed())).unwrap()
    }

    #[test]
    fn a_refusal_names_the_request_and_quotes_the_api_server() {
        assert_eq!(
            refusal(403, "exceeded quota: one").to_string(),
            "applying Service team-app (403): exceeded quota: one"
        );
        assert_eq!(
            refusal(403, " ").to_string(),
            "applying Service team-app (403): Forbidden"
        );
    }

    #[test]
    fn what_may_pass_by_itself_is_told_from_what_needs_a_person() {
        for code in [400, 403, 404, 405, 413, 415, 422] {
            assert!(!refusal(code, "").may_pass(), "{code}");
        }
        for code in [401, 408, 409, 429, 500, 503, 504] {
            assert!(refusal(code, "").may_pass(), "{code}");
        }
    }
}
