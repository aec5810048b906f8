//! What operators see: logs, `/livez`, `/readyz`, `/metrics`. Does I/O (its own port).

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Kafka may take this long at start; then the replica serves without it.
const RELAY_PATIENCE: Duration = Duration::from_secs(10);

/// Starts logging to standard error; fails on a filter that can't be read.
pub fn init(log: &Log) -> Result<(), String> {
    let filter = EnvFilter::try_new(&log.filter).map_err(|error| format!("CONFAB_LOG: {error}"))?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match log.format {
        LogFormat::Json => logs.json().flatten_event(true).init(),
        LogFormat::Text => logs.init(),
    }
    Ok(())
}

/// Whether the replica takes traffic: a latch. Once ready only SIGTERM takes it away: a replica without Kafka or
/// PostgreSQL still serves what it can, and a fleet that goes unready together serves nothing.
#[derive(Clone)]
pub struct Readiness(Arc<ReadinessState>);

struct ReadinessState {
    started: Instant,
    database: AtomicBool,
    relay: AtomicBool,
    latched: AtomicBool,
    stopping: AtomicBool,
}

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(ReadinessState {
            started: Instant::now(),
            database: AtomicBool::new(false),
            relay: AtomicBool::new(false),
            latched: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
        }))
    }
}

impl Readiness {
    /// PostgreSQL was seen, with a schema that serves.
    pub fn database_seen(&self) {
        self.0.database.store(true, Ordering::Relaxed);
    }

    /// Kafka has assigned partitions.
    pub fn relay_assigned(&self) {
        self.0.relay.store(true, Ordering::Relaxed);
    }

    /// SIGTERM has come.
    pub fn stopping(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    /// Ready or not, and a sentence that says for what it waits.
    pub fn check(&self) -> (bool, &'static str) {
        let state = &self.0;
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        if is(&state.stopping) {
            return (false, "stopping");
        }
        if !is(&state.latched) {
            if !is(&state.database) {
                return (
                    false,
                    "waiting for PostgreSQL to answer with a schema that serves",
                );
            }
            if !is(&state.relay) && state.started.elapsed() < RELAY_PATIENCE {
                return (
                    false,
                    "waiting for Kafka to assign partitions, at most 10 s",
                );
            }
            state.latched.store(true, Ordering::Relaxed);
        }
        if is(&state.relay) {
            (true, "ready")
        } else {
            (true, "ready, degraded: Kafka has not answered yet")
        }
    }
}

/// What became of a Kafka record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// Handed to somebody here.
    Delivered,
    /// Concerned nobody here.
    Passed,
    /// Could not be read.
    Malformed,
}

impl EncodeLabelValue for Record {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        encoder.write_str(match self {
            Self::Delivered => "delivered",
            Self::Passed => "passed",
            Self::Malformed => "malformed",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RecordLabels {
    outcome: Record,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PushOutcome {
    /// The push service has it.
    Sent,
    /// The push service failed or asked for patience; it comes again.
    Failed,
    /// The push service does not want it.
    Refused,
    /// The browser takes no more; its subscription was dropped.
    Gone,
    /// The endpoint has no public address; its subscription was dropped.
    Forbidden,
    /// Read meanwhile, or not to be disturbed.
    Unwanted,
}

impl EncodeLabelValue for PushOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        encoder.write_str(match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Gone => "gone",
            Self::Forbidden => "forbidden",
            Self::Unwanted => "unwanted",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PushLabels {
    outcome: PushOutcome,
}

/// What is counted.
#[derive(Clone)]
pub struct Metrics(Arc<Counted>);

struct Counted {
    registry: Mutex<Registry>,
    sends: Counter,
    batch: Histogram,
    records: Family<RecordLabels, Counter>,
    holes: Counter,
    resyncs: Counter,
    malformed_frames: Counter,
    sockets: Gauge,
    database: Gauge,
    outbox_rows: Gauge,
    outbox_seconds: Gauge<f64, AtomicU64>,
    pushes: Family<PushLabels, Counter>,
    worker_lag: Gauge<f64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let counted = Counted {
            registry: Mutex::new(Registry::with_prefix("confab")),
            sends: Counter::default(),
            batch: Histogram::new(exponential_buckets(1.0, 2.0, 8)),
            records: Family::default(),
            holes: Counter::default(),
            resyncs: Counter::default(),
            malformed_frames: Counter::default(),
            sockets: Gauge::<i64, AtomicI64>::default(),
            database: Gauge::default(),
            outbox_rows: Gauge::default(),
            outbox_seconds: Gauge::default(),
            pushes: Family::default(),
            worker_lag: Gauge::default(),
        };
        counted.register();
        Self(Arc::new(counted))
    }
}

impl Counted {
    fn register(&self) {
        let mut registry = self
            .registry
            .lock()
            .expect("nobody panics holding this lock");
        registry.register(
            "sends_committed",
            "Sends that were answered as durable, retries of one included",
            self.sends.clone(),
        );
        registry.register(
            "batch_sends",
            "Sends in one commit; many at its end means that PostgreSQL is the bottleneck",
            self.batch.clone(),
        );
        registry.register(
            "relay_records",
            "Kafka records read; malformed ones are skipped and logged: find who writes them",
            self.records.clone(),
        );
        registry.register("hub_holes", "Changes read from PostgreSQL as their Kafka record was late or lost; look at Kafka when it grows steadily", self.holes.clone());
        registry.register(
            "socket_resyncs",
            "Sockets that were too slow and had to read what they missed",
            self.resyncs.clone(),
        );
        registry.register(
            "socket_malformed_frames",
            "Frames from browsers that can't be read, skipped",
            self.malformed_frames.clone(),
        );
        registry.register("sockets", "Open live connections", self.sockets.clone());
        registry.register(
            "database_up",
            "1 while PostgreSQL answers; at 0 sends are refused",
            self.database.clone(),
        );
        registry.register(
            "outbox_rows",
            "Changes that Kafka has not acknowledged; when it grows, Kafka is away",
            self.outbox_rows.clone(),
        );
        registry.register(
            "outbox_oldest_seconds",
            "How long the oldest of them has waited",
            self.outbox_seconds.clone(),
        );
        registry.register("pushes", "Notifications by what became of them; refused ones are logged, failed ones are tried again", self.pushes.clone());
        registry.register(
            "worker_lag_seconds",
            "How old the record is that the shared consumer group works on; when it grows, notifications are late",
            self.worker_lag.clone(),
        );
    }
}

impl Metrics {
    /// A batch of sends was committed.
    pub fn batch(&self, sends: usize) {
        self.0.sends.inc_by(sends as u64);
        self.0.batch.observe(sends as f64);
    }

    /// A Kafka record was read.
    pub fn record(&self, outcome: Record) {
        self.0
            .records
            .get_or_create(&RecordLabels { outcome })
            .inc();
    }

    /// A hole is read from PostgreSQL.
    pub fn hole(&self) {
        self.0.holes.inc();
    }

    /// A socket was too slow.
    pub fn resync(&self) {
        self.0.resyncs.inc();
    }

    /// A browser sent what can't be read.
    pub fn malformed_frame(&self) {
        self.0.malformed_frames.inc();
    }

    /// How many sockets are open.
    pub fn sockets(&self, open: usize) {
        self.0.sockets.set(open as i64);
    }

    /// Whether PostgreSQL answers.
    pub fn database_up(&self, up: bool) {
        self.0.database.set(i64::from(up));
    }

    /// What Kafka has not acknowledged.
    pub fn outbox(&self, rows: i64, seconds: f64) {
        self.0.outbox_rows.set(rows);
        self.0.outbox_seconds.set(seconds);
    }

    /// A push came to an end, or will be tried again.
    pub fn push(&self, outcome: PushOutcome) {
        self.0.pushes.get_or_create(&PushLabels { outcome }).inc();
    }

    /// How old the record is that the shared consumer group works on here; 0 when there is none.
    pub fn worker_lag(&self, seconds: f64) {
        self.0.worker_lag.set(seconds);
    }

    /// The page of `/metrics`.
    pub fn text(&self) -> String {
        let mut page = String::new();
        let registry = self
            .0
            .registry
            .lock()
            .expect("nobody panics holding this lock");
        if text::encode(&mut page, &registry).is_err() {
            let _ = writeln!(page, "# EOF");
        }
        page
    }
}

/// The routes of the admin port.
pub fn router(readiness: Readiness, metrics: Metrics) -> axum::Router {
    axum::Router::new()
        .route("/livez", get("ok\n"))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(page).with_state(metrics))
}

async fn readyz(State(readiness): State<Readiness>) -> impl IntoResponse {
    let (ready, why) = readiness.check();
    (
        if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        },
        format!("{why}\n"),
    )
}

async fn page(State(metrics): State<Metrics>) -> impl IntoResponse {
    (
        [(
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        )],
        metrics.text(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_says_for_what_it_waits() {
        let readiness = Readiness::default();
        assert!(readiness.check().1.contains("PostgreSQL"));
        readiness.database_seen();
        assert!(!readiness.check().0 && readiness.check().1.contains("Kafka"));
        readiness.relay_assigned();
        assert_eq!(readiness.check(), (true, "ready"));
        readiness.stopping();
        assert_eq!(readiness.check(), (false, "stopping"));
    }

    #[test]
    fn metrics_have_help_and_values() {
        let metrics = Metrics::default();
        metrics.batch(3);
        metrics.record(Record::Malformed);
        let page = metrics.text();
        assert!(page.contains("confab_sends_committed_total 3"), "{page}");
        assert!(
            page.contains(r#"confab_relay_records_total{outcome="malformed"} 1"#),
            "{page}"
        );
        assert!(page.contains("# HELP confab_outbox_rows "), "{page}");
    }
}
