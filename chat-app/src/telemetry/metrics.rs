//! The metrics of a replica, and the page of `/metrics`. No I/O.
//!
//! [`Metrics`] is one set of families that all parts share by cloning a handle. It lives as long as the process.

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

use super::outcomes::{
    LoginLabels, LoginOutcome, PushLabels, PushOutcome, RelayLabels, RelayOutcome, WebhookLabels,
    WebhookOutcome,
};
use super::requests::Requests;

#[derive(Clone)]
pub struct Metrics(Arc<Families>);

struct Families {
    registry: Mutex<Registry>,
    sends_committed: Counter,
    send_batch_size: Histogram,
    relay_records: Family<RelayLabels, Counter>,
    hub_gap_reads: Counter,
    socket_resyncs: Counter,
    malformed_frames: Counter,
    sockets: Gauge,
    delivery_duration: Histogram,
    relay_lag: Gauge<f64, AtomicU64>,
    signals_dropped: Counter,
    database_up: Gauge,
    outbox_rows: Gauge,
    outbox_oldest_seconds: Gauge<f64, AtomicU64>,
    push_notifications: Family<PushLabels, Counter>,
    webhook_deliveries: Family<WebhookLabels, Counter>,
    worker_lag: Gauge<f64, AtomicU64>,
    provider_logins: Family<LoginLabels, Counter>,
    requests: Requests,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = exposition::registry("chat-app");
        let requests = Requests::register(registry.sub_registry_with_prefix("confab"));
        let families = Families {
            registry: Mutex::new(registry),
            requests,
            sends_committed: Counter::default(),
            send_batch_size: Histogram::new(exponential_buckets(1.0, 2.0, 8)),
            relay_records: Family::default(),
            hub_gap_reads: Counter::default(),
            socket_resyncs: Counter::default(),
            malformed_frames: Counter::default(),
            sockets: Gauge::<i64, AtomicI64>::default(),
            // 1 ms to 65 s.
            delivery_duration: Histogram::new(exponential_buckets(0.001, 2.0, 17)),
            relay_lag: Gauge::default(),
            signals_dropped: Counter::default(),
            database_up: Gauge::default(),
            outbox_rows: Gauge::default(),
            outbox_oldest_seconds: Gauge::default(),
            push_notifications: Family::default(),
            webhook_deliveries: Family::default(),
            worker_lag: Gauge::default(),
            provider_logins: Family::default(),
        };
        families.register();
        families.begin_at_zero();
        Self(Arc::new(families))
    }
}

impl Families {
    fn register(&self) {
        let mut registry = self
            .registry
            .lock()
            .expect("nobody panics holding this lock");
        let registry = registry.sub_registry_with_prefix("confab");
        registry.register(
            "sends_committed",
            "Sends acknowledged as durable, including retries; when it does not grow while users write, check database_up",
            self.sends_committed.clone(),
        );
        registry.register(
            "send_batch_size",
            "Sends per commit; when most are above 32, commits in PostgreSQL are the bottleneck: check its disk",
            self.send_batch_size.clone(),
        );
        registry.register(
            "relay_records",
            "Kafka records read; when malformed grows, find what else writes to the topic: the log has partition and offset; when stale_epoch keeps growing after a failover or restore, two chats share a topic prefix; dropped are signals that arrived while PostgreSQL did not respond",
            self.relay_records.clone(),
        );
        registry.register("hub_gap_reads", "Changes read from PostgreSQL because their Kafka record was late or lost; when it grows steadily, check Kafka", self.hub_gap_reads.clone());
        registry.register(
            "socket_resyncs",
            "Sockets that had to catch up on missed changes; when it grows steadily, browsers are too slow for their traffic, or this replica was disconnected from PostgreSQL",
            self.socket_resyncs.clone(),
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
            self.delivery_duration.clone(),
        );
        registry.register(
            "relay_lag_seconds",
            "Age of the last Kafka record when this replica read it; when it grows, the replica or its connection to Kafka is overloaded: add replicas, or check the brokers",
            self.relay_lag.clone(),
        );
        registry.register(
            "signals_dropped",
            "Typing, presence and read receipt signals that Kafka did not accept; when it grows, Kafka is unreachable: check the brokers (no message is lost)",
            self.signals_dropped.clone(),
        );
        registry.register(
            "database_up",
            "1 while PostgreSQL responds; when 0, sends are rejected: on all replicas, check PostgreSQL; on one replica, check the network of its node",
            self.database_up.clone(),
        );
        registry.register(
            "outbox_rows",
            "Changes that Kafka has not acknowledged, counted up to 100000; when it grows, Kafka is unreachable: messages still arrive within a second, and the topic is completed later",
            self.outbox_rows.clone(),
        );
        registry.register(
            "outbox_oldest_seconds",
            "Age of the oldest change that Kafka has not acknowledged; when above 300, check the brokers: they are unreachable, full, or reject a record (see the log)",
            self.outbox_oldest_seconds.clone(),
        );
        registry.register("push_notifications", "Push notifications by outcome; when failed grows, the push service or the connection to it is down, and they are retried; when refused grows, see the log", self.push_notifications.clone());
        registry.register("webhook_deliveries", "Attempts to deliver an event to the receiver of a webhook by outcome; when failed grows, a receiver or the connection to it is down, and its webhook's page has the status; when forbidden grows, a receiver has a private address: see webhooks.md", self.webhook_deliveries.clone());
        registry.register(
            "worker_lag_seconds",
            "Age of the record that the shared consumer group processes; when it grows, notifications are late: check PostgreSQL, Kafka and the connection to the push services",
            self.worker_lag.clone(),
        );
        registry.register(
            "provider_logins",
            "Logins at providers of OpenID Connect by outcome; when unavailable grows, the provider or the connection to it is down, or its settings are wrong; when invalid grows, its keys, its clock or its settings are wrong, or someone forges answers: see the log",
            self.provider_logins.clone(),
        );
    }
}

impl Families {
    /// Prometheus sees no increase in a counter whose first value is not 0.
    fn begin_at_zero(&self) {
        for outcome in RelayOutcome::ALL {
            self.relay_records
                .get_or_create_owned(&RelayLabels { outcome });
        }
        for outcome in WebhookOutcome::ALL {
            self.webhook_deliveries
                .get_or_create_owned(&WebhookLabels { outcome });
        }
        for outcome in PushOutcome::ALL {
            self.push_notifications
                .get_or_create_owned(&PushLabels { outcome });
        }
    }
}

impl Metrics {
    pub fn batch_committed(&self, sends: usize) {
        self.0.sends_committed.inc_by(sends as u64);
        self.0.send_batch_size.observe(sends as f64);
    }

    /// The relay read a Kafka record.
    pub fn relay_record(&self, outcome: RelayOutcome) {
        self.0
            .relay_records
            .get_or_create(&RelayLabels { outcome })
            .inc();
    }

    /// The hub reads a gap from PostgreSQL.
    pub fn gap_read(&self) {
        self.0.hub_gap_reads.inc();
    }

    pub fn socket_resync(&self) {
        self.0.socket_resyncs.inc();
    }

    /// A message accepted at this time was written to a socket. Clock skew makes the duration zero or too long.
    pub fn delivered(&self, accepted: time::OffsetDateTime) {
        let age = time::OffsetDateTime::now_utc() - accepted;
        self.0
            .delivery_duration
            .observe(age.as_seconds_f64().max(0.0));
    }

    /// The age of the record that the relay read last.
    pub fn set_relay_lag(&self, age: Duration) {
        self.0.relay_lag.set(age.as_secs_f64());
    }

    pub fn signal_dropped(&self) {
        self.0.signals_dropped.inc();
    }

    /// A browser sent a frame that could not be parsed.
    pub fn malformed_frame(&self) {
        self.0.malformed_frames.inc();
    }

    pub fn set_sockets(&self, open: usize) {
        self.0.sockets.set(open as i64);
    }

    pub fn set_database_up(&self, up: bool) {
        self.0.database_up.set(i64::from(up));
    }

    /// The number of records that Kafka has not acknowledged, and the age of the oldest.
    pub fn set_outbox(&self, rows: i64, seconds: f64) {
        self.0.outbox_rows.set(rows);
        self.0.outbox_oldest_seconds.set(seconds);
    }

    /// A push was delivered, was dropped, or will be retried.
    pub fn push_notification(&self, outcome: PushOutcome) {
        self.0
            .push_notifications
            .get_or_create(&PushLabels { outcome })
            .inc();
    }

    /// An attempt to deliver an event to the receiver of a webhook has ended.
    pub fn webhook_delivery(&self, outcome: WebhookOutcome) {
        self.0
            .webhook_deliveries
            .get_or_create(&WebhookLabels { outcome })
            .inc();
    }

    /// The age of the record that the shared consumer group works on here; 0 if there is none.
    pub fn set_worker_lag(&self, seconds: f64) {
        self.0.worker_lag.set(seconds);
    }

    /// Prometheus sees no increase in a counter whose first value is not 0.
    pub fn begin_provider(&self, provider: &str) {
        for outcome in LoginOutcome::ALL {
            let provider = provider.to_owned();
            let labels = LoginLabels { provider, outcome };
            self.0.provider_logins.get_or_create_owned(&labels);
        }
    }

    /// An attempt to log in at a provider ended.
    pub fn login(&self, provider: &str, outcome: LoginOutcome) {
        let provider = provider.to_owned();
        let labels = LoginLabels { provider, outcome };
        self.0.provider_logins.get_or_create(&labels).inc();
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

    /// A page on which every metric is: routes are there once they were requested.
    fn full_page() -> String {
        let metrics = Metrics::default();
        metrics.request(&Method::GET, None, StatusCode::OK, Duration::ZERO);
        metrics.begin_provider("sso");
        metrics.text()
    }

    #[test]
    fn metrics_have_help_and_values() {
        let metrics = Metrics::default();
        metrics.batch_committed(3);
        metrics.relay_record(RelayOutcome::Malformed);
        let page = metrics.text();
        assert!(page.contains("confab_sends_committed_total 3"), "{page}");
        assert!(
            page.contains(r#"confab_relay_records_total{outcome="malformed"} 1"#),
            "{page}"
        );
    }

    #[test]
    fn each_outcome_is_counted_from_0() {
        let page = full_page();
        let count = |name: &str| {
            let own = page.lines().filter(|line| line.starts_with(name));
            own.filter(|line| line.ends_with(" 0")).count()
        };
        assert_eq!(count("confab_relay_records_total{"), 5, "{page}");
        assert_eq!(count("confab_push_notifications_total{"), 6, "{page}");
        assert_eq!(count("confab_webhook_deliveries_total{"), 6, "{page}");
        assert_eq!(count("confab_provider_logins_total{"), 4, "{page}");
    }

    #[test]
    fn each_help_tells_when_it_is_bad_and_what_to_do_and_the_page_for_people_on_call_has_more() {
        let on_call = include_str!("../../../docs/operations.md");
        let page = full_page();
        let helps: Vec<_> = page
            .lines()
            .filter_map(|line| line.strip_prefix("# HELP ")?.split_once(' '))
            .collect();
        assert!(!helps.is_empty(), "{page}");
        for (name, help) in helps {
            assert!(help.contains("; when "), "{name}: {help}");
            let explained = ["`", "_total`", "_total{", "_info`"]
                .iter()
                .any(|end| on_call.contains(&format!("`{name}{end}")));
            assert!(explained, "docs/operations.md does not explain {name}");
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
        let page = full_page();
        for name in explained {
            let (family, type_) = match name.rsplit_once('_') {
                Some((family, "total")) => (family, "counter"),
                Some((family, "info")) => (family, "info"),
                _ => (name, "gauge"),
            };
            let is = |type_| page.contains(&format!("# TYPE {family} {type_}\n"));
            assert!(
                is(type_) || (type_ == "gauge" && is("histogram")),
                "docs/operations.md explains {name}, which no replica has"
            );
        }
    }

    #[test]
    fn names_follow_the_rules_of_the_glossary() {
        let page = full_page();
        for line in page.lines() {
            let Some((name, kind)) = line
                .strip_prefix("# TYPE ")
                .and_then(|type_| type_.split_once(' '))
            else {
                continue;
            };
            let time = ["duration", "lag", "oldest", "age", "time"];
            let is_time = name.split('_').any(|word| time.contains(&word));
            assert_eq!(name.ends_with("_seconds"), is_time, "{name}");
            // The page adds `_total` to the names of counters.
            let is_ours = name.starts_with("confab_") || name == "process_start_time_seconds";
            assert!(is_ours && !name.ends_with("_total"), "{name} is a {kind}");
        }
    }
}
