//! Requests to addresses that people choose: of push services, and of the receivers of webhooks. Does I/O.
//!
//! [`client`] connects only to allowed addresses ([`address`]) and follows no redirect, which would lead past the check.

use std::error::Error;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::RETRY_AFTER;
use backon::{BackoffBuilder, ExponentialBuilder};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

mod address;

use address::{Connector, NotPublic};
pub(crate) use address::{PrivateNetworks, endpoint};

/// The longest delay that a receiver may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(6 * 60 * 60);
/// The delay after the first failure; each further failure doubles it.
const MIN_DELAY: Duration = Duration::from_secs(10);
const MAX_DELAY: Duration = Duration::from_secs(60 * 60);
/// After so many failures the delay is [`MAX_DELAY`].
const MAX_DOUBLINGS: usize = 9;

pub(crate) type HttpClient = Client<HttpsConnector<Connector>, Body>;

/// A client that keeps a few idle connections for half a minute.
pub(crate) fn client(private: PrivateNetworks) -> HttpClient {
    let https = HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .wrap_connector(Connector { private });
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(8)
        .build(https)
}

/// Whether a request failed because its receiver has no address that is allowed.
pub(crate) fn is_not_public(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // `source` of an I/O error skips the inner error itself and returns that one's source.
        let inner = error.downcast_ref::<std::io::Error>();
        if inner.is_some_and(|io| io.get_ref().is_some_and(|inner| inner.is::<NotPublic>())) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// How long the receiver asks to wait: seconds, or a date (RFC 9110, 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
            Duration::try_from(at - OffsetDateTime::now_utc()).unwrap_or_default()
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

/// The delay after so many failures in a row before this one, or the longer one that the receiver asked for.
pub(crate) fn delay(failures: usize, asked: Option<Duration>) -> Duration {
    let mut delays = ExponentialBuilder::default()
        .with_min_delay(MIN_DELAY)
        .with_max_delay(MAX_DELAY)
        .without_max_times()
        .build();
    let own = delays.nth(failures.min(MAX_DOUBLINGS)).unwrap_or(MAX_DELAY);
    own.max(asked.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_an_hour_and_may_be_longer_if_the_receiver_asks() {
        let seconds = [0, 1, 2, 8, 9, usize::MAX].map(|failures| delay(failures, None).as_secs());
        assert_eq!(seconds, [10, 20, 40, 2560, 3600, 3600]);
        let asked = |seconds| delay(0, Some(Duration::from_secs(seconds))).as_secs();
        assert_eq!((asked(3), asked(11)), (10, 11));
    }

    #[test]
    fn a_receiver_may_ask_to_wait_for_six_hours_at_most() {
        let asked = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers).map(|wait| wait.as_secs())
        };
        assert_eq!(asked("7"), Some(7));
        assert_eq!(asked("999999999"), Some(6 * 60 * 60));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT"), Some(0));
        assert_eq!(asked("soon"), None);
    }
}
