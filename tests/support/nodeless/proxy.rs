//! A proxy in front of the API server: counts the requests of the operator and injects faults. I/O.
//!
//! A request counts when it has arrived completely. A request that was forwarded reaches the API server even if the operator is
//! killed meanwhile, as it would without a proxy; so the audit log contains exactly the forwarded requests.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kube::Client;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch as signal;

use super::crash::{Crash, Side};
use super::process::OperatorProcess;
use super::watch::{self, WatchBehavior};

/// Longer than any request of the operator.
const BODY_LIMIT: usize = 8 << 20;

/// A request of the operator.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its number, from 1.
    pub number: usize,
    pub method: Method,
    pub uri: String,
}

impl Call {
    pub fn watches(&self) -> bool {
        self.uri.contains("watch=true") || self.uri.contains("watch=1")
    }

    /// Whether it writes anything but an Event.
    pub fn writes(&self) -> bool {
        self.method != Method::GET && !self.uri.contains("/events")
    }
}

/// What the proxy does with a request.
#[derive(Clone, Debug)]
pub enum Behavior {
    Pass,
    /// Kill the operator.
    Crash(Side),
    /// Answer with this status and reason, as the API server would.
    Refuse(u16, &'static str),
    /// Forward it, then answer with this status as if it had failed.
    PassAndRefuse(u16, &'static str),
    /// Answer with this JSON.
    Answer(Arc<str>),
    Hang,
    /// Forward it after this time.
    Delay(Duration),
    /// Forward the events of a watch like this.
    Watch(WatchBehavior),
}

type Decide = dyn Fn(&Call) -> Behavior + Send + Sync;

#[derive(Clone)]
pub struct ApiProxy(Arc<Inner>);

struct Inner {
    upstream: Client,
    address: String,
    process: OperatorProcess,
    run: Mutex<Run>,
    cut: signal::Sender<u64>,
}

/// The state for one process of the operator.
#[derive(Clone)]
struct Run {
    tag: String,
    decide: Arc<Decide>,
    arrived: Arc<AtomicUsize>,
    forwarded: Arc<AtomicUsize>,
    crashed: bool,
}

impl ApiProxy {
    /// Listens, and forwards requests through `upstream`.
    pub async fn start(upstream: Client, process: &OperatorProcess) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let proxy = Self(Arc::new(Inner {
            upstream,
            address: format!("http://{}", listener.local_addr()?),
            process: process.clone(),
            run: Mutex::new(Run::new("nobody")),
            cut: signal::Sender::default(),
        }));
        let router = Router::new().fallback(handle).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(proxy)
    }

    /// Its address for the operator.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// Starts to count from 1, for a process that the audit log shows as `tag`.
    pub fn begin(&self, tag: &str) {
        *self.run() = Run::new(tag);
    }

    /// Decides what to do with each request from now on.
    pub fn on_request(&self, decide: impl Fn(&Call) -> Behavior + Send + Sync + 'static) {
        self.run().decide = Arc::new(decide);
    }

    /// Kills the operator at a request.
    pub fn crash_at(&self, crash: Crash) {
        self.on_request(move |call| match call.number == crash.at {
            true => Behavior::Crash(crash.side),
            false => Behavior::Pass,
        });
    }

    /// Cuts all open watches.
    pub fn cut_watches(&self) {
        self.0.cut.send_modify(|times| *times += 1);
    }

    /// The number of requests that arrived, and of those that were forwarded.
    pub fn counts(&self) -> (usize, usize) {
        let run = self.run();
        (run.arrived.load(SeqCst), run.forwarded.load(SeqCst))
    }

    /// Whether the operator was killed here.
    pub fn crashed(&self) -> bool {
        self.run().crashed
    }

    fn run(&self) -> std::sync::MutexGuard<'_, Run> {
        self.0
            .run
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    /// Kills the process that `of` belongs to, unless another was started.
    async fn crash(&self, of: &Run) {
        let current = {
            let mut run = self.run();
            let current = Arc::ptr_eq(&run.arrived, &of.arrived);
            run.crashed |= current;
            current
        };
        if current {
            self.0.process.kill().await;
        }
    }
}

impl Run {
    fn new(tag: &str) -> Self {
        Self {
            tag: tag.to_owned(),
            decide: Arc::new(|_| Behavior::Pass),
            arrived: Arc::default(),
            forwarded: Arc::default(),
            crashed: false,
        }
    }
}

async fn handle(State(proxy): State<ApiProxy>, request: Request) -> Response {
    // A separate task, so that it completes even if the operator, and with it the connection, is gone.
    let handled = tokio::spawn(async move { answer(&proxy, request).await });
    match handled.await.expect("answering does not panic") {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

async fn answer(proxy: &ApiProxy, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await?;
    let (run, call) = {
        let run = proxy.run();
        if run.crashed {
            return Ok(StatusCode::BAD_GATEWAY.into_response());
        }
        let call = Call {
            number: run.arrived.fetch_add(1, SeqCst) + 1,
            method: parts.method,
            uri: parts.uri.to_string(),
        };
        (run.clone(), call)
    };
    let forward = || forward_request(proxy, &run, &call, &parts.headers, body.clone());
    match (run.decide)(&call) {
        Behavior::Pass => streamed(proxy, &call, forward().await?, WatchBehavior::Unchanged),
        Behavior::Watch(how) => streamed(proxy, &call, forward().await?, how),
        Behavior::Crash(Side::Before) => {
            proxy.crash(&run).await;
            Ok(StatusCode::BAD_GATEWAY.into_response())
        }
        Behavior::Crash(Side::After) => {
            let answer = forward().await?;
            proxy.crash(&run).await;
            Ok(answer)
        }
        Behavior::Refuse(code, reason) => Ok(refusal(code, reason)),
        Behavior::PassAndRefuse(code, reason) => {
            let _ = to_bytes(forward().await?.into_body(), BODY_LIMIT).await?;
            Ok(refusal(code, reason))
        }
        Behavior::Answer(json) => Ok((
            [(header::CONTENT_TYPE, "application/json")],
            json.to_string(),
        )
            .into_response()),
        Behavior::Hang => std::future::pending().await,
        Behavior::Delay(time) => {
            tokio::time::sleep(time).await;
            streamed(proxy, &call, forward().await?, WatchBehavior::Unchanged)
        }
    }
}

async fn forward_request(
    proxy: &ApiProxy,
    run: &Run,
    call: &Call,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response> {
    run.forwarded.fetch_add(1, SeqCst);
    let mut request = axum::http::Request::builder()
        .method(call.method.clone())
        .uri(&call.uri)
        .header(header::USER_AGENT, &run.tag);
    for name in [header::ACCEPT, header::CONTENT_TYPE] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let request = request.body(kube::client::Body::from(Vec::from(body)))?;
    let response = proxy
        .0
        .upstream
        .send(request)
        .await
        .context("the API server")?;
    let (mut parts, body) = response.into_parts();
    // The body is streamed.
    for name in [
        header::TRANSFER_ENCODING,
        header::CONTENT_LENGTH,
        header::CONNECTION,
    ] {
        parts.headers.remove(name);
    }
    Ok(Response::from_parts(parts, Body::new(body)))
}

/// Sends a watch through a task that can cut it.
fn streamed(
    proxy: &ApiProxy,
    call: &Call,
    response: Response,
    how: WatchBehavior,
) -> Result<Response> {
    if !call.watches() || !response.status().is_success() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = watch::forward(body, how, proxy.0.cut.subscribe());
    Ok(Response::from_parts(parts, body))
}

fn refusal(code: u16, reason: &str) -> Response {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "refused by a test", "reason": reason, "code": code});
    let code = StatusCode::from_u16(code).expect("tests refuse with a status of HTTP");
    (code, axum::Json(status)).into_response()
}
