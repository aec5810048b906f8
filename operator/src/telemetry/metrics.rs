//! Figures, named as controller-runtime names them where they mean the same. No I/O.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use kube::runtime::controller::Action;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

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

/// All figures of the operator.
pub struct Metrics {
    registry: Registry,
    reconciles: Family<ControllerResult, Counter>,
    errors: Family<Controller, Counter>,
    seconds: Family<Controller, Histogram>,
    leader: Family<Lease, Gauge>,
    looks: Histogram,
    ids: AtomicU64,
}

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let reconciles = Family::default();
        let errors = Family::default();
        let seconds = Family::new_with_constructor(histogram as fn() -> Histogram);
        let leader = Family::default();
        registry.register(
            "controller_runtime_reconcile",
            "Number of reconciliations by result",
            reconciles.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_errors",
            "Number of failed reconciliations",
            errors.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_time_seconds",
            "Duration of reconciliations",
            seconds.clone(),
        );
        let looks = histogram();
        registry.register(
            "confab_topic_reconcile_duration_seconds",
            "Duration of reconciling the Kafka topics of a chat, which runs in parallel to its reconciliation",
            looks.clone(),
        );
        registry.register(
            "leader_election_master_status",
            "1 if this process holds the Lease",
            leader.clone(),
        );
        Self {
            registry,
            reconciles,
            errors,
            seconds,
            leader,
            looks,
            ids: AtomicU64::new(1),
        }
    }

    /// Counts one reconciliation. None: it was broken off.
    pub fn reconciled(&self, action: Option<&Action>, took: Duration) {
        let result = match action {
            None => "error",
            Some(action) if *action == Action::await_change() => "success",
            Some(_) => "requeue_after",
        };
        self.reconciles
            .get_or_create(&ControllerResult {
                controller: CONTROLLER,
                result,
            })
            .inc();
        let controller = Controller {
            controller: CONTROLLER,
        };
        if action.is_none() {
            self.errors.get_or_create(&controller).inc();
        }
        self.seconds
            .get_or_create(&controller)
            .observe(took.as_secs_f64());
    }

    /// Whether this process works.
    pub fn leading(&self, leading: bool) {
        self.leader
            .get_or_create(&Lease {
                name: crate::leader::LEASE,
            })
            .set(i64::from(leading));
    }

    /// For whoever looks at Kafka to observe how long that takes.
    pub fn looks(&self) -> Histogram {
        self.looks.clone()
    }

    /// Tells one reconciliation's log lines from another's.
    pub fn next_reconcile_id(&self) -> u64 {
        self.ids.fetch_add(1, Relaxed)
    }

    /// In OpenMetrics' text form.
    pub fn text(&self) -> String {
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
        let mut all: Vec<_> = Metrics::new()
            .text()
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
            .map(|(name, kind)| match kind {
                "counter" => format!("{name}_total"),
                _ => name.to_owned(),
            })
            .collect();
        explained.sort_unstable();
        all.sort_unstable();
        assert_eq!(explained, all);
    }
}
