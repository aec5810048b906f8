//! workers → PostgreSQL → push services → devices: Web Push, RFC 8030, 8291 and 8292. Does I/O.
//!
//! The shared consumer group notes once whom a message is to be told; whichever replica comes first takes what is due,
//! seals it for the one browser and hands it to that browser's push service.

use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use axum::http::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use web_push_native::p256::PublicKey;

use crate::store::push::Due;

pub mod address;
mod payload;
pub mod quiet;
pub mod sender;
pub mod vapid;

use address::{Connector, NotPublic};
pub use vapid::{KeyError, VapidKey};

/// What a push service has to take a push.
const LIMIT: Duration = Duration::from_secs(8);
/// How long a push service keeps a push for a device that is off.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// A push service may ask for no more patience than this.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(6 * 60 * 60);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The push service has it.
    Sent,
    /// The browser takes no more.
    Gone,
    /// The endpoint is not one that may be pushed to, or its keys are none.
    Forbidden,
    /// The push service does not want it, now or later.
    Refused(StatusCode),
    /// Not now; after this time, where it said so.
    Later(Option<Duration>),
}

pub struct Push {
    key: VapidKey,
    contact: Option<String>,
    private_too: bool,
    client: Client<HttpsConnector<Connector>, Body>,
}

impl Push {
    /// With the deployment's key. `contact` is the URL that push services find its operators by.
    pub fn new(key: VapidKey, contact: Option<String>, private_too: bool) -> Self {
        let https = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(Connector { private_too });
        Self {
            key,
            contact,
            private_too,
            // It follows no redirects: an answer is looked at for its status alone.
            client: Client::builder(TokioExecutor::new())
                .pool_idle_timeout(Duration::from_secs(30))
                .pool_max_idle_per_host(8)
                .build(https),
        }
    }

    /// The public key that browsers subscribe with.
    pub fn public_key(&self) -> String {
        self.key.public()
    }

    /// The endpoint, where it may be pushed to.
    pub fn endpoint(&self, text: &str) -> Option<Uri> {
        address::endpoint(text, self.private_too)
    }

    /// Hands a push to its push service.
    pub async fn send(&self, due: &Due) -> Outcome {
        let Some(request) = self.request(due) else {
            return Outcome::Forbidden;
        };
        match tokio::time::timeout(LIMIT, self.client.request(request)).await {
            Ok(Ok(answer)) => outcome(answer.status(), answer.headers()),
            Ok(Err(error)) if is_not_public(&error) => Outcome::Forbidden,
            Ok(Err(error)) => {
                tracing::debug!(%error, "could not reach a push service");
                Outcome::Later(None)
            }
            Err(_) => Outcome::Later(None),
        }
    }

    fn request(&self, due: &Due) -> Option<Request<Body>> {
        let endpoint = self.endpoint(&due.endpoint)?;
        let sealed = sealed(due)?;
        let authorization =
            self.key
                .authorization(&endpoint, self.contact.as_deref(), SystemTime::now());
        let age = (OffsetDateTime::now_utc() - due.at).unsigned_abs();
        Request::post(endpoint)
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .header("ttl", KEPT.saturating_sub(age).as_secs())
            .header("urgency", if due.personal { "high" } else { "normal" })
            .header("topic", payload::tag(due.conversation))
            .body(Body::from(sealed))
            .ok()
    }
}

/// The payload as only the browser can read it.
fn sealed(due: &Due) -> Option<Vec<u8>> {
    let key = PublicKey::from_sec1_bytes(&due.p256dh).ok()?;
    let auth: [u8; 16] = due.auth.as_slice().try_into().ok()?;
    web_push_native::encrypt(payload::payload(due), &key, &auth.into()).ok()
}

/// Whether these are the keys of a browser: a point of the curve and 16 bytes.
pub fn are_keys(p256dh: &[u8], auth: &[u8]) -> bool {
    p256dh.len() == 65 && auth.len() == 16 && PublicKey::from_sec1_bytes(p256dh).is_ok()
}

fn is_not_public(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // An I/O error shows its inner error's source as its own, not the inner error itself.
        let inner = error.downcast_ref::<std::io::Error>();
        if inner.is_some_and(|io| io.get_ref().is_some_and(|inner| inner.is::<NotPublic>())) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn outcome(status: StatusCode, headers: &HeaderMap) -> Outcome {
    match status {
        _ if status.is_success() => Outcome::Sent,
        StatusCode::NOT_FOUND | StatusCode::GONE => Outcome::Gone,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            Outcome::Later(retry_after(headers))
        }
        _ if status.is_server_error() => Outcome::Later(retry_after(headers)),
        _ => Outcome::Refused(status),
    }
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
    use web_push_native::p256::SecretKey;

    fn answered(status: u16, wait: &str) -> Outcome {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, wait.parse().unwrap())]);
        outcome(StatusCode::from_u16(status).unwrap(), &headers)
    }

    #[test]
    fn an_answer_says_whether_to_come_again_and_when() {
        assert_eq!(answered(201, ""), Outcome::Sent);
        assert_eq!(answered(410, ""), Outcome::Gone);
        assert_eq!(answered(404, ""), Outcome::Gone);
        assert_eq!(answered(302, ""), Outcome::Refused(StatusCode::FOUND));
        assert_eq!(answered(403, ""), Outcome::Refused(StatusCode::FORBIDDEN));
        assert_eq!(answered(503, ""), Outcome::Later(None));
        let later = |seconds| Outcome::Later(Some(Duration::from_secs(seconds)));
        assert_eq!(answered(429, "7"), later(7));
        assert_eq!(answered(503, "999999999"), later(6 * 60 * 60));
        assert_eq!(answered(503, "Sun, 06 Nov 1994 08:49:37 GMT"), later(0));
    }

    /// RFC 8291, appendix A: so the seal is held to the standard, not to its own opposite alone.
    #[test]
    fn the_seal_is_that_of_the_standard() {
        let sealed = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tl\
                      zAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        let key = BASE64
            .decode("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
            .unwrap();
        let auth = BASE64.decode("BTBZMqHH6r4Tts7J_aSIgg").unwrap();
        let opened = web_push_native::decrypt(
            BASE64.decode(sealed).unwrap(),
            &SecretKey::from_slice(&key).unwrap(),
            &<[u8; 16]>::try_from(auth).unwrap().into(),
        );
        assert_eq!(
            opened.unwrap(),
            b"When I grow up, I want to be a watermelon"
        );
    }

    #[test]
    fn only_the_browser_opens_the_payload() {
        let key = SecretKey::from_slice(&[7; 32]).unwrap();
        let due = Due {
            p256dh: key.public_key().to_sec1_bytes().to_vec(),
            auth: vec![9; 16],
            ..Due::example()
        };
        assert!(are_keys(&due.p256dh, &due.auth), "{}", due.p256dh.len());
        let open =
            |auth: [u8; 16]| web_push_native::decrypt(sealed(&due).unwrap(), &key, &auth.into());
        assert_eq!(open([9; 16]).unwrap(), payload::payload(&due));
        assert!(open([8; 16]).is_err());
    }
}
