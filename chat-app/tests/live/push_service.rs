//! A push service for tests: accepts pushes, verifies each by RFC 8292, and decrypts it as the browser would.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::Value;
use web_push_native::p256::SecretKey;
use web_push_native::p256::ecdsa::signature::Verifier;
use web_push_native::p256::ecdsa::{Signature, VerifyingKey};

/// The seed of the browsers' keys.
const SECRET: [u8; 32] = [7; 32];
const AUTH: [u8; 16] = [9; 16];

#[derive(Clone, Debug)]
pub struct Got {
    pub payload: Value,
    pub ttl: u64,
    pub urgency: String,
    pub topic: String,
}

#[derive(Default)]
struct Seen {
    /// By device, in order of arrival.
    got: HashMap<String, Vec<Got>>,
    /// The responses to the next pushes of each device, before they are accepted.
    refusals: HashMap<String, Vec<u16>>,
    asked: HashMap<String, usize>,
}

#[derive(Clone)]
pub struct PushService {
    address: SocketAddr,
    key: String,
    seen: Arc<Mutex<Seen>>,
}

impl PushService {
    pub async fn start(key: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self {
            address: listener.local_addr().unwrap(),
            key,
            seen: Arc::default(),
        };
        let router = Router::new()
            .route("/push/{device}", post(take))
            .with_state(service.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        service
    }

    pub fn endpoint(&self, device: &str) -> String {
        format!("http://{}/push/{device}", self.address)
    }

    /// The subscription of a device.
    pub fn subscription(&self, device: &str) -> [(&'static str, String); 3] {
        let key = SecretKey::from_slice(&SECRET).unwrap().public_key();
        [
            ("endpoint", self.endpoint(device)),
            ("p256dh", BASE64.encode(key.to_sec1_bytes())),
            ("auth", BASE64.encode(AUTH)),
        ]
    }

    pub fn refuse(&self, device: &str, statuses: &[u16]) {
        let mut seen = self.seen.lock().unwrap();
        seen.refusals.insert(device.to_owned(), statuses.to_vec());
    }

    pub fn got(&self, device: &str) -> Vec<Got> {
        let seen = self.seen.lock().unwrap();
        seen.got.get(device).cloned().unwrap_or_default()
    }

    /// The number of requests for a device.
    pub fn asked(&self, device: &str) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.asked.get(device).copied().unwrap_or(0)
    }

    /// Verifies signature, audience, expiry and key of the `Authorization` header.
    fn verified(&self, headers: &HeaderMap) -> Option<()> {
        let header = headers.get("authorization")?.to_str().ok()?;
        let (token, key) = header.strip_prefix("vapid t=")?.split_once(", k=")?;
        let (signed, signature) = token.rsplit_once('.')?;
        let verifying = VerifyingKey::from_sec1_bytes(&BASE64.decode(key).ok()?).ok()?;
        let signature = Signature::from_slice(&BASE64.decode(signature).ok()?).ok()?;
        verifying.verify(signed.as_bytes(), &signature).ok()?;
        let claims = BASE64.decode(signed.split_once('.')?.1).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        let now = time::OffsetDateTime::now_utc().unix_timestamp();
        let audience = format!("http://{}", self.address);
        let lasts = (now..now + 24 * 60 * 60).contains(&claims["exp"].as_i64()?);
        (key == self.key && claims["aud"] == audience && lasts).then_some(())
    }
}

async fn take(
    State(service): State<PushService>,
    Path(device): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let mut seen = service.seen.lock().unwrap();
    *seen.asked.entry(device.clone()).or_default() += 1;
    if service.verified(&headers).is_none() {
        return StatusCode::FORBIDDEN;
    }
    let refusals = seen.refusals.entry(device.clone()).or_default();
    if !refusals.is_empty() {
        return StatusCode::from_u16(refusals.remove(0)).unwrap();
    }
    let Some(got) = opened(&headers, &body) else {
        return StatusCode::BAD_REQUEST;
    };
    seen.got.entry(device).or_default().push(got);
    StatusCode::CREATED
}

fn opened(headers: &HeaderMap, body: &Bytes) -> Option<Got> {
    let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
    let key = SecretKey::from_slice(&SECRET).unwrap();
    let sealed = (header("content-encoding")? == "aes128gcm" && body.len() <= 4096)
        .then(|| body.to_vec())?;
    let payload = web_push_native::decrypt(sealed, &key, &AUTH.into()).ok()?;
    Some(Got {
        payload: serde_json::from_slice(&payload).ok()?,
        ttl: header("ttl")?.parse().ok()?,
        urgency: header("urgency")?,
        topic: header("topic")?,
    })
}
