//! A receiver of webhooks for tests: verifies each request as Standard Webhooks asks for, and keeps what it has taken.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// A request that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    pub id: String,
    pub body: Value,
}

impl Taken {
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }

    pub fn seq(&self) -> i64 {
        self.message()["seq"].as_i64().unwrap()
    }

    pub fn message(&self) -> &Value {
        &self.body["data"]["message"]
    }
}

/// What a receiver does in place of taking a request.
#[derive(Clone, Copy, Debug)]
pub enum Instead {
    Answer(u16),
    /// Answers this status, and another address.
    Redirect,
    /// Never answers.
    Hang,
}

#[derive(Default)]
struct Seen {
    /// By receiver, in order of arrival.
    taken: HashMap<String, Vec<Taken>>,
    instead: HashMap<String, Vec<Instead>>,
    asked: HashMap<String, usize>,
    secrets: HashMap<String, Vec<u8>>,
}

/// Many receivers at one address.
#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
        };
        let router = Router::new()
            .route("/{name}", post(take))
            .with_state(receiver.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        receiver
    }

    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }

    /// The secret with which a receiver verifies.
    pub fn learn(&self, name: &str, secret: &str) {
        let bytes = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap());
        let mut seen = self.seen.lock().unwrap();
        seen.secrets.insert(name.to_owned(), bytes.unwrap());
    }

    /// What it does with its next requests.
    pub fn next(&self, name: &str, instead: &[Instead]) {
        let mut seen = self.seen.lock().unwrap();
        seen.instead.insert(name.to_owned(), instead.to_vec());
    }

    pub fn taken(&self, name: &str) -> Vec<Taken> {
        let seen = self.seen.lock().unwrap();
        seen.taken.get(name).cloned().unwrap_or_default()
    }

    /// The number of requests, taken or not.
    pub fn asked(&self, name: &str) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.asked.get(name).copied().unwrap_or(0)
    }

    fn request(&self, name: &str, headers: &HeaderMap, body: &str) -> Result<StatusCode, Instead> {
        let mut seen = self.seen.lock().unwrap();
        *seen.asked.entry(name.to_owned()).or_default() += 1;
        let instead = seen.instead.entry(name.to_owned()).or_default();
        if !instead.is_empty() {
            return Err(instead.remove(0));
        }
        let secret = seen.secrets.get(name).cloned().unwrap_or_default();
        let Some(id) = verified(&secret, headers, body) else {
            return Ok(StatusCode::UNAUTHORIZED);
        };
        let body = serde_json::from_str(body).unwrap();
        let taken = seen.taken.entry(name.to_owned()).or_default();
        taken.push(Taken { id, body });
        Ok(StatusCode::NO_CONTENT)
    }
}

/// The id of the request if its signature is right and its time is now.
fn verified(secret: &[u8], headers: &HeaderMap, body: &str) -> Option<String> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let age = now - timestamp.parse::<i64>().ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    let code = BASE64_STANDARD
        .decode(header("webhook-signature")?.strip_prefix("v1,")?)
        .ok()?;
    let right = mac.verify_slice(&code).is_ok() && (-5..300).contains(&age);
    (right && header("content-type")? == "application/json").then(|| id.to_owned())
}

async fn take(
    State(receiver): State<Receiver>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, HeaderMap) {
    let mut answer = HeaderMap::new();
    let status = match receiver.request(&name, &headers, &body) {
        Ok(status) => status,
        Err(Instead::Answer(status)) => StatusCode::from_u16(status).unwrap(),
        Err(Instead::Redirect) => {
            let elsewhere = receiver.url("elsewhere");
            answer.insert("location", elsewhere.parse().unwrap());
            StatusCode::TEMPORARY_REDIRECT
        }
        Err(Instead::Hang) => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            StatusCode::OK
        }
    };
    (status, answer)
}
