//! Outgoing webhooks: events topic → [`crate::workers`] → PostgreSQL → [`sender`] → receivers. Does I/O.
//!
//! A webhook gets the events of its room in the order of their revs, each at least once: its row in PostgreSQL says how far it
//! is. The consumer group that all replicas share wakes it; whichever replica then claims it delivers, one event after the
//! other. All state is in PostgreSQL; this module holds only the key and an HTTP client, which live as long as the process.

mod event;
pub(crate) mod sender;
mod signature;

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, HeaderMap, USER_AGENT};
use axum::http::{Request, Response, StatusCode};
use time::OffsetDateTime;

use crate::outbound::{self, HttpClient, PrivateNetworks};
use crate::store::webhooks::StoredSecret;
use crate::store::webhooks::deliveries::DueDelivery;
use signature::Secret;
pub(crate) use signature::{WebhookKey, WebhookKeyError};

/// How long a receiver may take to answer.
const LIMIT: Duration = Duration::from_secs(10);
/// So much of an answer is read, and thrown away, to use the connection again.
const ANSWER_BYTES: usize = 16 * 1024;
const AGENT: &str = concat!("Confab/", env!("CARGO_PKG_VERSION"));

/// How a receiver takes an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PostResult {
    Delivered(StatusCode),
    /// It is gone for good.
    Gone,
    /// It rejects this event.
    Refused(StatusCode),
    /// To be retried, after this time if the receiver named one.
    Later(Option<StatusCode>, Option<Duration>),
    /// It has no address that is allowed.
    Forbidden,
}

pub(crate) struct WebhookClient {
    key: WebhookKey,
    private: PrivateNetworks,
    client: HttpClient,
}

impl WebhookClient {
    pub(crate) fn new(key: WebhookKey, private: PrivateNetworks) -> Self {
        Self {
            key,
            client: outbound::client(private.clone()),
            private,
        }
    }

    /// Whether a webhook may have this URL.
    pub(crate) fn is_valid_url(&self, text: &str) -> bool {
        outbound::endpoint(text, &self.private).is_some()
    }

    /// A new secret as the receiver takes it, and what is stored of it.
    pub(crate) fn new_secret(&self) -> Result<(String, StoredSecret), getrandom::Error> {
        let mut salt = [0; 32];
        getrandom::fill(&mut salt)?;
        let secret = self.key.secret(&salt);
        let hash = secret.hash();
        Ok((secret.text(), StoredSecret { salt, hash }))
    }

    /// `None` if the chat's key is not the one that the secret was derived from.
    fn secret(&self, due: &DueDelivery) -> Option<Secret> {
        let secret = self.key.secret(&due.salt);
        (secret.hash().as_slice() == due.secret_hash).then_some(secret)
    }

    async fn post(&self, due: &DueDelivery, secret: &Secret, body: String) -> PostResult {
        let Some(request) = self.request(due, secret, body) else {
            return PostResult::Forbidden;
        };
        match tokio::time::timeout(LIMIT, self.answer(request)).await {
            Ok(Ok(answer)) => result(answer.status(), answer.headers()),
            Ok(Err(error)) if outbound::is_not_public(&error) => PostResult::Forbidden,
            Ok(Err(error)) => {
                tracing::debug!(%error, "could not reach the receiver of a webhook");
                PostResult::Later(None, None)
            }
            Err(_) => PostResult::Later(None, None),
        }
    }

    async fn answer(
        &self,
        request: Request<Body>,
    ) -> Result<Response<()>, hyper_util::client::legacy::Error> {
        let (head, body) = self.client.request(request).await?.into_parts();
        // The connection is closed if there is more, or it comes slowly.
        let rest = to_bytes(Body::new(body), ANSWER_BYTES);
        let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
        Ok(Response::from_parts(head, ()))
    }

    fn request(&self, due: &DueDelivery, secret: &Secret, body: String) -> Option<Request<Body>> {
        let url = outbound::endpoint(&due.url, &self.private)?;
        let id = format!("msg_{}", due.delivery.simple());
        let timestamp = OffsetDateTime::now_utc().unix_timestamp();
        Request::post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT)
            .header("webhook-signature", secret.signature(&id, timestamp, &body))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .body(Body::from(body))
            .ok()
    }
}

fn result(status: StatusCode, headers: &HeaderMap) -> PostResult {
    let later = || PostResult::Later(Some(status), outbound::retry_after(headers));
    match status {
        _ if status.is_success() => PostResult::Delivered(status),
        StatusCode::GONE => PostResult::Gone,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            later()
        }
        _ if status.is_server_error() => later(),
        // A redirect, too: following it would lead past the check of the address.
        _ => PostResult::Refused(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header::RETRY_AFTER;

    #[test]
    fn the_answer_decides_whether_and_when_to_retry() {
        let answered = |status: u16, wait: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, wait.parse().unwrap())]);
            result(StatusCode::from_u16(status).unwrap(), &headers)
        };
        for taken in [200, 202, 204] {
            let status = StatusCode::from_u16(taken).unwrap();
            assert_eq!(answered(taken, ""), PostResult::Delivered(status));
        }
        assert_eq!(answered(410, ""), PostResult::Gone);
        for refused in [301, 302, 307, 400, 401, 404, 422] {
            let status = StatusCode::from_u16(refused).unwrap();
            assert_eq!(answered(refused, "7"), PostResult::Refused(status));
        }
        for later in [408, 425, 429, 500, 503] {
            let status = StatusCode::from_u16(later).unwrap();
            let wait = Some(Duration::from_secs(7));
            assert_eq!(answered(later, "7"), PostResult::Later(Some(status), wait));
        }
    }
}
