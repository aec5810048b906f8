//! What is counted, and the page of `/metrics`. No I/O.

use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::outcomes::{PushLabels, PushOutcome, Record, RecordLabels};
use super::requests::Requests;

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
    delivery: Histogram,
    relay_lag: Gauge<f64, AtomicU64>,
    signals_dropped: Counter,
    database: Gauge,
    outbox_rows: Gauge,
    outbox_seconds: Gauge<f64, AtomicU64>,
    pushes: Family<PushLabels, Counter>,
    worker_lag: Gauge<f64, AtomicU64>,
    requests: Requests,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("confab");
        let requests = Requests::register(&mut registry);
        let counted = Counted {
            registry: Mutex::new(registry),
            requests,
            sends: Counter::default(),
            batch: Histogram::new(exponential_buckets(1.0, 2.0, 8)),
            records: Family::default(),
            holes: Counter::default(),
            resyncs: Counter::default(),
            malformed_frames: Counter::default(),
            sockets: Gauge::<i64, AtomicI64>::default(),
            // 1 ms to 65 s.
            delivery: Histogram::new(exponential_buckets(0.001, 2.0, 17)),
            relay_lag: Gauge::default(),
            signals_dropped: Counter::default(),
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
            "Sends acknowledged as durable, including retries; when it does not grow while users write, check database_up",
            self.sends.clone(),
        );
        registry.register(
            "send_batch_size",
            "Sends per commit; when most are above 32, commits in PostgreSQL are the bottleneck: check its disk",
            self.batch.clone(),
        );
        registry.register(
            "relay_records",
            "Kafka records read; when malformed grows, find what else writes to the topic: the log has partition and offset; when stale_epoch keeps growing after a failover or restore, two chats share a topic prefix; dropped are signals that arrived while PostgreSQL did not respond",
            self.records.clone(),
        );
        registry.register("hub_gap_reads", "Changes read from PostgreSQL because their Kafka record was late or lost; when it grows steadily, check Kafka", self.holes.clone());
        registry.register(
            "socket_resyncs",
            "Sockets that had to catch up on missed changes; when it grows steadily, browsers are too slow for their traffic, or this replica was disconnected from PostgreSQL",
            self.resyncs.clone(),
        );
        registry.register(
            "socket_malformed_frames",
            "Malformed frames from clients, skipped; when it grows, clients other than the chat's pages connect",
            self.malformed_frames.clone(),
        );
        registry.register(
            "sockets",
            "Open live connections; when replicas differ much for long, check the ingress: it should distribute new connections over all replicas",
            self.sockets.clone(),
        );
        registry.register(
            "delivery_duration_seconds",
            "Time from the commit of a message to its write to a socket, by the clocks of PostgreSQL and this replica; when it grows, compare relay_lag_seconds (Kafka) with database_up and hub_gap_reads (PostgreSQL)",
            self.delivery.clone(),
        );
        registry.register(
            "relay_lag_seconds",
            "Age of the last Kafka record when this replica read it; when it grows, the replica or its connection to Kafka is overloaded: add replicas, or check the brokers",
            self.relay_lag.clone(),
        );
        registry.register(
            "signals_dropped",
            "Typing, presence and read receipt signals that Kafka did not accept; when it grows, Kafka is unavailable: check the brokers (no message is lost)",
            self.signals_dropped.clone(),
        );
        registry.register(
            "database_up",
            "1 while PostgreSQL responds; when 0, sends are rejected: on all replicas, check PostgreSQL; on one replica, check the network of its node",
            self.database.clone(),
        );
        registry.register(
            "outbox_rows",
            "Changes that Kafka has not acknowledged, counted up to 100000; when it grows, Kafka is unavailable: messages still arrive within a second, and the topic is completed later",
            self.outbox_rows.clone(),
        );
        registry.register(
            "outbox_oldest_seconds",
            "Age of the oldest change that Kafka has not acknowledged; when above 300, check the brokers: they are unavailable, full, or reject a record (see the log)",
            self.outbox_seconds.clone(),
        );
        registry.register("push_notifications", "Push notifications by outcome; when failed grows, the push service or the connection to it is down, and they are retried; when refused grows, see the log", self.pushes.clone());
        registry.register(
            "worker_lag_seconds",
            "Age of the record that the shared consumer group processes; when it grows, notifications are late: check PostgreSQL, Kafka and the connection to the push services",
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

    pub fn resync(&self) {
        self.0.resyncs.inc();
    }

    /// A message that was accepted then was written to a socket. Clocks that differ show as nothing, or as more.
    pub fn delivered(&self, accepted: time::OffsetDateTime) {
        let age = time::OffsetDateTime::now_utc() - accepted;
        self.0.delivery.observe(age.as_seconds_f64().max(0.0));
    }

    /// How old the record was that the relay read last.
    pub fn relay_lag(&self, age: Duration) {
        self.0.relay_lag.set(age.as_secs_f64());
    }

    pub fn signal_dropped(&self) {
        self.0.signals_dropped.inc();
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

    /// A request was answered; `route` is the template that it matched.
    pub fn request(
        &self,
        method: &Method,
        route: Option<&str>,
        status: StatusCode,
        took: Duration,
    ) {
        self.0.requests.answered(method, route, status, took);
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

#[cfg(test)]
mod tests {
    use super::*;

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
    }

    #[test]
    fn each_help_tells_when_it_is_bad_and_what_to_do_and_the_page_for_people_on_call_has_more() {
        let on_call = include_str!("../../../docs/operations.md");
        let page = Metrics::default().text();
        let helps: Vec<_> = page
            .lines()
            .filter_map(|line| line.strip_prefix("# HELP ")?.split_once(' '))
            .collect();
        assert!(!helps.is_empty(), "{page}");
        for (name, help) in helps {
            assert!(help.contains("; when "), "{name}: {help}");
            let told = on_call.contains(&format!("`{name}"));
            assert!(told, "docs/operations.md says nothing of {name}");
        }
    }

    #[test]
    fn the_page_for_people_on_call_explains_no_metric_that_is_gone() {
        let on_call = include_str!("../../../docs/operations.md");
        let section = on_call
            .split("\n## ")
            .filter(|part| !part.starts_with("The operator"));
        let explained: Vec<_> = section
            .flat_map(|part| part.split('`').skip(1).step_by(2))
            .filter(|name| name.starts_with("confab_"))
            .filter_map(|name| name.split(['{', ' ']).next())
            .collect();
        assert!(!explained.is_empty());
        let page = Metrics::default().text();
        for name in explained {
            let family = name.strip_suffix("_total").unwrap_or(name);
            let counter = page.contains(&format!("# TYPE {family} counter\n"));
            let known =
                page.contains(&format!("# TYPE {family} ")) && counter == name.ends_with("_total");
            assert!(
                known,
                "docs/operations.md explains {name}, which no replica has"
            );
        }
    }

    #[test]
    fn names_follow_the_rules_of_the_glossary() {
        let page = Metrics::default().text();
        for line in page.lines() {
            let Some((name, kind)) = line
                .strip_prefix("# TYPE ")
                .and_then(|type_| type_.split_once(' '))
            else {
                continue;
            };
            let time = ["duration", "lag", "oldest", "age"];
            let is_time = name.split('_').any(|word| time.contains(&word));
            assert_eq!(name.ends_with("_seconds"), is_time, "{name}");
            // The page adds `_total` to the names of counters.
            assert!(
                name.starts_with("confab_") && !name.ends_with("_total"),
                "{name} is a {kind}"
            );
        }
    }
}
