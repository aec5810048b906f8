//! An API server in memory: get, apply, create, merge, delete. It remembers what was written. No I/O.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::http::{Method, Request, Response, StatusCode};
use kube::client::Body;
use serde_json::{Value, json};
use tower::Service;

#[derive(Clone, Default)]
pub(crate) struct ApiServer(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Value>,
    writes: Vec<String>,
    uids: u32,
    refusals: Vec<Refusal>,
}

/// Requests of this method whose path ends like this are answered with this code and message.
struct Refusal {
    method: Method,
    path: String,
    code: u16,
    message: String,
}

impl ApiServer {
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.0.lock().unwrap().objects.get(path).cloned()
    }

    pub(crate) fn put(&self, path: &str, object: Value) {
        self.0
            .lock()
            .unwrap()
            .objects
            .insert(path.to_owned(), object);
    }

    pub(crate) fn remove(&self, path: &str) {
        self.0.lock().unwrap().objects.remove(path);
    }

    /// As another writer: a merge patch.
    pub(crate) fn merge(&self, path: &str, patch: Value) {
        merge(
            self.0
                .lock()
                .unwrap()
                .objects
                .get_mut(path)
                .expect("an object"),
            &patch,
        );
    }

    pub(crate) fn all(&self) -> BTreeMap<String, Value> {
        self.0.lock().unwrap().objects.clone()
    }

    /// Verb and path of each write, without events.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.0.lock().unwrap().writes.clone()
    }

    /// Refuses such requests from now on.
    pub(crate) fn refuse(&self, method: Method, path: &str, code: u16, message: &str) {
        let (path, message) = (path.to_owned(), message.to_owned());
        self.0.lock().unwrap().refusals.push(Refusal {
            method,
            path,
            code,
            message,
        });
    }

    /// Grants everything again.
    pub(crate) fn grant(&self) {
        self.0.lock().unwrap().refusals.clear();
    }

    pub(crate) fn forget_writes(&self) {
        self.0.lock().unwrap().writes.clear();
    }

    fn answer(&self, method: &Method, path: &str, query: &str, body: Value) -> (StatusCode, Value) {
        let mut state = self.0.lock().unwrap();
        let object = path.trim_end_matches("/status").to_owned();
        if *method != Method::GET && !path.contains("/events") {
            state.writes.push(format!("{method} {path}"));
        }
        if let Some(refusal) = state.refusal(method, path) {
            return refusal;
        }
        match *method {
            Method::GET if path.ends_with("/pods") || path.ends_with("/events") => {
                (StatusCode::OK, state.list(path))
            }
            Method::GET => found(state.objects.get(&object).cloned()),
            Method::DELETE => found(state.objects.remove(&object)),
            Method::POST => {
                let name = body["metadata"]["name"].as_str().unwrap_or_default();
                let created = state.store(&format!("{object}/{name}"), body.clone());
                (StatusCode::CREATED, created)
            }
            Method::PATCH if query.contains("force=true") && !path.ends_with("/status") => {
                (StatusCode::OK, state.store(&object, body))
            }
            _ => {
                let Some(live) = state.objects.get_mut(&object) else {
                    return found(None);
                };
                merge(live, &body);
                (StatusCode::OK, live.clone())
            }
        }
    }
}

impl State {
    fn refusal(&self, method: &Method, path: &str) -> Option<(StatusCode, Value)> {
        let mut refusals = self.refusals.iter();
        let of = |it: &&Refusal| it.method == *method && path.ends_with(&it.path);
        let refusal = refusals.find(of)?;
        let body = json!({"kind": "Status", "status": "Failure", "message": refusal.message, "code": refusal.code});
        let code = StatusCode::from_u16(refusal.code).expect("a status of HTTP");
        Some((code, body))
    }

    fn list(&self, path: &str) -> Value {
        let below = format!("{path}/");
        let objects = self.objects.iter();
        let items: Vec<_> = objects
            .filter(|(path, _)| path.starts_with(&below))
            .map(|(_, object)| object)
            .collect();
        json!({"metadata": {}, "items": items})
    }

    /// One field manager: what is applied replaces what was, but for status and uid.
    fn store(&mut self, path: &str, mut object: Value) -> Value {
        self.uids += 1;
        let before = self.objects.get(path).cloned().unwrap_or_default();
        let uid = before["metadata"]["uid"]
            .as_str()
            .map_or_else(|| format!("uid-{}", self.uids), str::to_owned);
        object["metadata"]["uid"] = json!(uid);
        if !before["status"].is_null() {
            object["status"] = before["status"].clone();
        }
        self.objects.insert(path.to_owned(), object.clone());
        object
    }
}

fn found(object: Option<Value>) -> (StatusCode, Value) {
    match object {
        Some(object) => (StatusCode::OK, object),
        None => (
            StatusCode::NOT_FOUND,
            json!({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}),
        ),
    }
}

/// RFC 7386.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in patch {
        if value.is_null() {
            target.as_object_mut().expect("an object").remove(key);
        } else {
            merge(&mut target[key], value);
        }
    }
}

impl Service<Request<Body>> for ApiServer {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move {
            let (method, uri) = (request.method().clone(), request.uri().clone());
            let bytes = request.into_body().collect_bytes().await.expect("a body");
            let body = serde_json::from_slice(&bytes).unwrap_or_default();
            let (status, object) =
                server.answer(&method, uri.path(), uri.query().unwrap_or_default(), body);
            Ok(Response::builder()
                .status(status)
                .body(Body::from(object.to_string().into_bytes()))
                .expect("a response"))
        })
    }
}
