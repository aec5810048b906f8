//! Web Push: events topic → [`crate::workers`] → PostgreSQL → [`sender`] → push services → devices. RFC 8030, 8291 and 8292.
//! Does I/O.
//!
//! The consumer group that all replicas share records once which subscriptions get a push for a message. Any replica
//! then claims the pushes that are due, encrypts each for its browser and posts it to that browser's push service. All
//! state is in PostgreSQL; this module holds only the key and an HTTP client, which live as long as the process.

use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use axum::http::{Request, StatusCode, Uri};
use time::OffsetDateTime;
use web_push_native::p256::PublicKey;

use crate::outbound::{self, HttpClient, PrivateNetworks};
use crate::store::push::DuePush;

mod payload;
pub(crate) mod quiet;
pub(crate) mod sender;
pub(crate) mod vapid;

pub(crate) use vapid::{KeyError, VapidKey};

/// How long a push service may take to accept a push.
const LIMIT: Duration = Duration::from_secs(8);
/// How long a push service keeps a push for a device that is off.
const TTL: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushResult {
    Sent,
    /// The subscription has expired or was cancelled.
    Gone,
    /// Pushes to this endpoint are not allowed, or the keys are invalid.
    Forbidden,
    /// The push service rejects the push for good.
    Refused(StatusCode),
    /// To be retried, after this time if the push service named one.
    Later(Option<Duration>),
}

pub struct PushClient {
    key: VapidKey,
    contact: Option<String>,
    private: PrivateNetworks,
    client: HttpClient,
}

impl PushClient {
    /// `contact` is the URL by which push services can reach the operators of this deployment.
    pub(crate) fn new(key: VapidKey, contact: Option<String>, private: PrivateNetworks) -> Self {
        Self {
            key,
            contact,
            client: outbound::client(private.clone()),
            private,
        }
    }

    /// The public key with which browsers subscribe.
    pub fn public_key(&self) -> String {
        self.key.public()
    }

    /// Whether pushes to this endpoint are allowed.
    pub fn is_valid_endpoint(&self, text: &str) -> bool {
        self.endpoint(text).is_some()
    }

    fn endpoint(&self, text: &str) -> Option<Uri> {
        outbound::endpoint(text, &self.private)
    }

    /// Posts a push to its push service.
    pub async fn send(&self, due: &DuePush) -> PushResult {
        let Some(request) = self.request(due) else {
            return PushResult::Forbidden;
        };
        match tokio::time::timeout(LIMIT, self.client.request(request)).await {
            Ok(Ok(answer)) => outcome(answer.status(), answer.headers()),
            Ok(Err(error)) if outbound::is_not_public(&error) => PushResult::Forbidden,
            Ok(Err(error)) => {
                tracing::debug!(%error, "could not reach a push service");
                PushResult::Later(None)
            }
            Err(_) => PushResult::Later(None),
        }
    }

    fn request(&self, due: &DuePush) -> Option<Request<Body>> {
        let endpoint = self.endpoint(&due.endpoint)?;
        let encrypted = encrypted(due)?;
        let authorization =
            self.key
                .authorization(&endpoint, self.contact.as_deref(), SystemTime::now());
        let age = (OffsetDateTime::now_utc() - due.at).unsigned_abs();
        Request::post(endpoint)
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .header("ttl", TTL.saturating_sub(age).as_secs())
            .header("urgency", if due.personal { "high" } else { "normal" })
            .header("topic", payload::tag(due.conversation))
            .body(Body::from(encrypted))
            .ok()
    }
}

/// The payload, encrypted for the browser.
fn encrypted(due: &DuePush) -> Option<Vec<u8>> {
    let key = PublicKey::from_sec1_bytes(&due.p256dh).ok()?;
    let auth: [u8; 16] = due.auth.as_slice().try_into().ok()?;
    web_push_native::encrypt(payload::payload(due), &key, &auth.into()).ok()
}

/// Whether these are valid keys of a subscription: a point on the curve and 16 bytes.
pub(crate) fn are_valid_keys(p256dh: &[u8], auth: &[u8]) -> bool {
    p256dh.len() == 65 && auth.len() == 16 && PublicKey::from_sec1_bytes(p256dh).is_ok()
}

fn outcome(status: StatusCode, headers: &HeaderMap) -> PushResult {
    match status {
        _ if status.is_success() => PushResult::Sent,
        StatusCode::NOT_FOUND | StatusCode::GONE => PushResult::Gone,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            PushResult::Later(outbound::retry_after(headers))
        }
        _ if status.is_server_error() => PushResult::Later(outbound::retry_after(headers)),
        _ => PushResult::Refused(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header::RETRY_AFTER;
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
    use web_push_native::p256::SecretKey;

    fn answered(status: u16, wait: &str) -> PushResult {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, wait.parse().unwrap())]);
        outcome(StatusCode::from_u16(status).unwrap(), &headers)
    }

    #[test]
    fn the_response_decides_whether_and_when_to_retry() {
        assert_eq!(answered(201, ""), PushResult::Sent);
        assert_eq!(answered(410, ""), PushResult::Gone);
        assert_eq!(answered(404, ""), PushResult::Gone);
        assert_eq!(answered(302, ""), PushResult::Refused(StatusCode::FOUND));
        assert_eq!(
            answered(403, ""),
            PushResult::Refused(StatusCode::FORBIDDEN)
        );
        assert_eq!(answered(503, ""), PushResult::Later(None));
        let later = |seconds| PushResult::Later(Some(Duration::from_secs(seconds)));
        assert_eq!(answered(429, "7"), later(7));
    }

    /// RFC 8291, appendix A: the encryption is tested against the standard, not only against its own inverse.
    #[test]
    fn a_payload_is_encrypted_as_the_standard_says() {
        let encrypted = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tl\
                      zAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        let key = BASE64
            .decode("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
            .unwrap();
        let auth = BASE64.decode("BTBZMqHH6r4Tts7J_aSIgg").unwrap();
        let decrypted = web_push_native::decrypt(
            BASE64.decode(encrypted).unwrap(),
            &SecretKey::from_slice(&key).unwrap(),
            &<[u8; 16]>::try_from(auth).unwrap().into(),
        );
        assert_eq!(
            decrypted.unwrap(),
            b"When I grow up, I want to be a watermelon"
        );
    }

    #[test]
    fn only_the_browser_can_decrypt_the_payload() {
        let key = SecretKey::from_slice(&[7; 32]).unwrap();
        let due = DuePush {
            p256dh: key.public_key().to_sec1_bytes().to_vec(),
            auth: vec![9; 16],
            ..DuePush::example()
        };
        assert!(
            are_valid_keys(&due.p256dh, &due.auth),
            "{}",
            due.p256dh.len()
        );
        let decrypt =
            |auth: [u8; 16]| web_push_native::decrypt(encrypted(&due).unwrap(), &key, &auth.into());
        assert_eq!(decrypt([9; 16]).unwrap(), payload::payload(&due));
        assert!(decrypt([8; 16]).is_err());
    }
}
