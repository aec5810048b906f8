//! In front of the API server: counts what the operator asks for, and does to it what a test wants. I/O.
//!
//! A request counts when it has arrived here whole. What was counted and passed on reaches the API server even if the operator
//! is killed meanwhile, as it would without a proxy; so the audit log holds exactly what was passed on.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kube::Client;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::{Mutex as AsyncMutex, watch};

use super::watching::{Watching, passed_on};

/// Longer than any request of the operator.
const LONGEST: usize = 8 << 20;

/// The operator's process, for whoever is to kill it.
#[derive(Clone, Default)]
pub struct Victim(Arc<AsyncMutex<Option<Child>>>);

/// When the operator is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// At which request, from 1.
    pub at: usize,
    /// Whether the request still has its effect.
    pub side: Side,
}

/// On which side of a request the operator is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The request has no effect.
    Before,
    /// It has, but its answer never arrives.
    After,
}

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

    /// Whether it is a write of something else than an Event.
    pub fn writes(&self) -> bool {
        self.method != Method::GET && !self.uri.contains("/events")
    }
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Deed {
    Pass,
    /// The operator is killed.
    Crash(Side),
    /// It is answered with this status, as the API server would put it.
    Refuse(u16, &'static str),
    /// It is passed on; then it is answered with this status, as if it had failed.
    PassAndRefuse(u16, &'static str),
    /// It is answered with this JSON.
    Answer(Arc<str>),
    Hang,
    /// It is passed on after this time.
    Delay(Duration),
    /// It is a watch, whose events are passed on like this.
    Watch(Watching),
}

type Judge = dyn Fn(&Call) -> Deed + Send + Sync;

#[derive(Clone)]
pub struct ApiProxy(Arc<Inner>);

struct Inner {
    upstream: Client,
    address: String,
    victim: Victim,
    run: Mutex<Run>,
    cut: watch::Sender<u64>,
}

/// Everything about one process of the operator.
#[derive(Clone)]
struct Run {
    tag: String,
    judge: Arc<Judge>,
    arrived: Arc<AtomicUsize>,
    passed: Arc<AtomicUsize>,
    crashed: bool,
}

impl ApiProxy {
    /// Listens. Requests reach the API server as `upstream`'s.
    pub async fn start(upstream: Client, victim: &Victim) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let proxy = Self(Arc::new(Inner {
            upstream,
            address: format!("http://{}", listener.local_addr()?),
            victim: victim.clone(),
            run: Mutex::new(Run::new("nobody")),
            cut: watch::Sender::default(),
        }));
        let router = Router::new().fallback(handle).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(proxy)
    }

    /// Its address, as an API server's.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// Counts from 1 again, for a process that the audit log shows as `tag`.
    pub fn begin(&self, tag: &str) {
        *self.run() = Run::new(tag);
    }

    /// Decides about each request from now on.
    pub fn judge(&self, judge: impl Fn(&Call) -> Deed + Send + Sync + 'static) {
        self.run().judge = Arc::new(judge);
    }

    /// Kills the operator at a request.
    pub fn crash_at(&self, crash: Crash) {
        self.judge(move |call| match call.number == crash.at {
            true => Deed::Crash(crash.side),
            false => Deed::Pass,
        });
    }

    /// Ends all watches that are under way, in the middle.
    pub fn cut_watches(&self) {
        self.0.cut.send_modify(|times| *times += 1);
    }

    /// How many requests arrived, and how many of them were passed on.
    pub fn counts(&self) -> (usize, usize) {
        let run = self.run();
        (run.arrived.load(SeqCst), run.passed.load(SeqCst))
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

    /// Kills the process that `of` counts for, unless another has begun.
    async fn crash(&self, of: &Run) {
        let current = {
            let mut run = self.run();
            let current = Arc::ptr_eq(&run.arrived, &of.arrived);
            run.crashed |= current;
            current
        };
        if current {
            self.0.victim.kill().await;
        }
    }
}

impl Run {
    fn new(tag: &str) -> Self {
        Self {
            tag: tag.to_owned(),
            judge: Arc::new(|_| Deed::Pass),
            arrived: Arc::default(),
            passed: Arc::default(),
            crashed: false,
        }
    }
}

async fn handle(State(proxy): State<ApiProxy>, request: Request) -> Response {
    // On its own, so that it ends although the operator, and with it the connection, is gone.
    let handled = tokio::spawn(async move { answer(&proxy, request).await });
    match handled.await.expect("answering does not panic") {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

async fn answer(proxy: &ApiProxy, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LONGEST).await?;
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
    let pass = || pass_on(proxy, &run, &call, &parts.headers, body.clone());
    match (run.judge)(&call) {
        Deed::Pass => streamed(proxy, &call, pass().await?, Watching::AsItIs),
        Deed::Watch(how) => streamed(proxy, &call, pass().await?, how),
        Deed::Crash(Side::Before) => {
            proxy.crash(&run).await;
            Ok(StatusCode::BAD_GATEWAY.into_response())
        }
        Deed::Crash(Side::After) => {
            let answer = pass().await?;
            proxy.crash(&run).await;
            Ok(answer)
        }
        Deed::Refuse(code, reason) => Ok(refusal(code, reason)),
        Deed::PassAndRefuse(code, reason) => {
            let _ = to_bytes(pass().await?.into_body(), LONGEST).await?;
            Ok(refusal(code, reason))
        }
        Deed::Answer(json) => Ok((
            [(header::CONTENT_TYPE, "application/json")],
            json.to_string(),
        )
            .into_response()),
        Deed::Hang => std::future::pending().await,
        Deed::Delay(time) => {
            tokio::time::sleep(time).await;
            streamed(proxy, &call, pass().await?, Watching::AsItIs)
        }
    }
}

async fn pass_on(
    proxy: &ApiProxy,
    run: &Run,
    call: &Call,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response> {
    run.passed.fetch_add(1, SeqCst);
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
    // The body is sent on as it comes.
    for name in [
        header::TRANSFER_ENCODING,
        header::CONTENT_LENGTH,
        header::CONNECTION,
    ] {
        parts.headers.remove(name);
    }
    Ok(Response::from_parts(parts, Body::new(body)))
}

/// A watch goes through a task that can end it.
fn streamed(proxy: &ApiProxy, call: &Call, response: Response, how: Watching) -> Result<Response> {
    if !call.watches() || !response.status().is_success() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = passed_on(body, how, proxy.0.cut.subscribe());
    Ok(Response::from_parts(parts, body))
}

fn refusal(code: u16, reason: &str) -> Response {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "refused by a test", "reason": reason, "code": code});
    let code = StatusCode::from_u16(code).expect("tests refuse with a status of HTTP");
    (code, axum::Json(status)).into_response()
}

impl Victim {
    pub(super) async fn set(&self, child: Child) {
        *self.0.lock().await = Some(child);
    }

    /// Kills it and waits for its end. That it has ended is fine.
    pub async fn kill(&self) {
        if let Some(child) = self.0.lock().await.as_mut() {
            let _ = child.kill().await;
        }
    }

    /// SIGTERM, and an error if it has not ended after `limit`.
    pub async fn terminate(&self, limit: Duration) -> Result<()> {
        let mut child = self.0.lock().await;
        let Some(child) = child.as_mut() else {
            return Ok(());
        };
        if let Some(pid) = child.id() {
            let asked = tokio::process::Command::new("kill")
                .arg("-TERM")
                .arg(pid.to_string())
                .status()
                .await?;
            ensure!(asked.success(), "kill -TERM {pid}: {asked}");
        }
        tokio::time::timeout(limit, child.wait())
            .await
            .context("it goes on after SIGTERM")??;
        Ok(())
    }

    pub(super) async fn ended(&self) -> bool {
        match self.0.lock().await.as_mut() {
            Some(child) => child.try_wait().is_ok_and(|status| status.is_some()),
            None => true,
        }
    }

    pub(super) async fn pid(&self) -> Option<u32> {
        self.0.lock().await.as_ref()?.id()
    }
}
