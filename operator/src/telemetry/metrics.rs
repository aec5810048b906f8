//! Metrics, named as controller-runtime names them where they mean the same. No I/O.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use kube::runtime::controller::Action;
use kube::runtime::reflector::Store;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::conditions::ChatConditions;
use crate::context::Cached;
use crate::names::LEASE;

const CONTROLLER: &str = "chatdeployment";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Controller {
    controller: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ControllerResult {
    controller: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Lease {
    name: &'static str,
}

pub(crate) struct Metrics {
    registry: Registry,
    reconcile: Family<ControllerResult, Counter>,
    reconcile_errors: Family<Controller, Counter>,
    reconcile_time: Family<Controller, Histogram>,
    leader_election: Family<Lease, Gauge>,
    topic_reconcile_duration: Histogram,
    next_id: AtomicU64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = exposition::registry("operator");
        let reconcile = Family::default();
        let reconcile_errors = Family::default();
        let reconcile_time = Family::new_with_constructor(histogram as fn() -> Histogram);
        let leader_election = Family::default();
        registry.register(
            "controller_runtime_reconcile",
            "Number of reconciliations by result",
            reconcile.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_errors",
            "Number of failed reconciliations",
            reconcile_errors.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_time_seconds",
            "Duration of reconciliations",
            reconcile_time.clone(),
        );
        let topic_reconcile_duration = histogram();
        registry.register(
            "confab_topic_reconcile_duration_seconds",
            "Duration of reconciling the Kafka topics of a chat, which runs in parallel to its reconciliation",
            topic_reconcile_duration.clone(),
        );
        registry.register(
            "leader_election_master_status",
            "1 if this process holds the Lease",
            leader_election.clone(),
        );
        let metrics = Self {
            registry,
            reconcile,
            reconcile_errors,
            reconcile_time,
            leader_election,
            topic_reconcile_duration,
            next_id: AtomicU64::new(1),
        };
        metrics.begin_at_zero();
        metrics
    }

    /// Prometheus sees no increase in a counter whose first value is not 0.
    fn begin_at_zero(&self) {
        let controller = CONTROLLER;
        for result in ["success", "requeue_after", "error"] {
            let labels = ControllerResult { controller, result };
            self.reconcile.get_or_create_owned(&labels);
        }
        let labels = Controller { controller };
        self.reconcile_errors.get_or_create_owned(&labels);
        self.reconcile_time.get_or_create_owned(&labels);
        self.leading(false);
    }

    /// Also exposes the conditions of these chats, in these namespaces; empty: all.
    pub(crate) fn with_chats(mut self, chats: Store<Cached>, namespaces: Vec<String>) -> Self {
        let conditions = Box::new(ChatConditions::new(chats, namespaces));
        self.registry.register_collector(conditions);
        self
    }

    /// `action` is None for a reconcile that failed.
    pub(crate) fn reconciled(&self, action: Option<&Action>, took: Duration) {
        let result = match action {
            None => "error",
            Some(action) if *action == Action::await_change() => "success",
            Some(_) => "requeue_after",
        };
        self.reconcile
            .get_or_create(&ControllerResult {
                controller: CONTROLLER,
                result,
            })
            .inc();
        let controller = Controller {
            controller: CONTROLLER,
        };
        if action.is_none() {
            self.reconcile_errors.get_or_create(&controller).inc();
        }
        self.reconcile_time
            .get_or_create(&controller)
            .observe(took.as_secs_f64());
    }

    pub(crate) fn leading(&self, leading: bool) {
        self.leader_election
            .get_or_create(&Lease { name: LEASE })
            .set(i64::from(leading));
    }

    pub(crate) fn topic_reconcile_duration(&self) -> Histogram {
        self.topic_reconcile_duration.clone()
    }

    /// Identifies the log lines of one reconcile.
    pub(crate) fn next_reconcile_id(&self) -> u64 {
        self.next_id.fetch_add(1, Relaxed)
    }

    /// In the text format of OpenMetrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a String takes all");
        text
    }
}

/// From 5 ms to 20 s.
fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.005, 2.0, 13))
}

#[cfg(test)]
mod tests {
    use kube::runtime::reflector;

    use super::*;

    #[test]
    fn reconciliations_are_counted_by_result_under_controller_runtimes_names() {
        let metrics = Metrics::new();
        metrics.reconciled(
            Some(&Action::requeue(Duration::from_secs(1))),
            Duration::from_millis(7),
        );
        metrics.reconciled(None, Duration::from_millis(7));
        metrics.leading(true);
        let text = metrics.text();
        for line in [
            r#"controller_runtime_reconcile_total{controller="chatdeployment",result="requeue_after"} 1"#,
            r#"controller_runtime_reconcile_total{controller="chatdeployment",result="error"} 1"#,
            r#"controller_runtime_reconcile_errors_total{controller="chatdeployment"} 1"#,
            r#"controller_runtime_reconcile_time_seconds_count{controller="chatdeployment"} 2"#,
            r#"leader_election_master_status{name="confab-operator"} 1"#,
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn the_page_for_people_on_call_explains_every_metric_and_no_other() {
        let on_call = include_str!("../../../docs/operations.md");
        let section = on_call
            .split("\n## ")
            .find(|part| part.starts_with("The operator"));
        let rows = section
            .expect("the page has a section of the operator")
            .lines();
        let mut explained: Vec<_> = rows
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .filter(|name| name.contains('_') && !name.contains(' '))
            .map(str::to_owned)
            .collect();
        let metrics = Metrics::new().with_chats(reflector::store().0, Vec::new());
        let mut all: Vec<_> = metrics
            .text()
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
            .map(|(name, kind)| match kind {
                "counter" => format!("{name}_total"),
                "info" => format!("{name}_info"),
                _ => name.to_owned(),
            })
            .collect();
        explained.sort_unstable();
        all.sort_unstable();
        assert_eq!(explained, all);
    }
}
