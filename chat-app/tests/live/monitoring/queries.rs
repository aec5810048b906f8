//! Compares the names in a query with what Prometheus has scraped.

use std::collections::BTreeSet;

use serde_json::Value;

use super::text;
use crate::prometheus::Prometheus;

const RUNBOOK: &str = include_str!("../../../../docs/operations.md");

/// Fails unless the metrics of a query exist and have the labels by which it selects, groups and joins.
pub async fn names_what_exists(prometheus: &Prometheus, query: &str) {
    let mut selectors = BTreeSet::new();
    let mut labels = BTreeSet::new();
    let metrics = read(&prometheus.parse(query).await, &mut selectors, &mut labels);
    assert!(!metrics.is_empty(), "{query}");
    for selector in selectors {
        let found = prometheus.labels(&selector).await;
        assert!(!found.is_empty(), "{query}: there is no {selector}");
    }
    for (metric, label) in labels {
        let found = prometheus.labels(&metric).await;
        assert!(
            found.contains(&label),
            "{query}: {metric} has no label {label}, but {found:?}"
        );
    }
}

/// The metrics below a node of a syntax tree; collects selectors that must match and labels that metrics must have.
fn read(
    node: &Value,
    selectors: &mut BTreeSet<String>,
    labels: &mut BTreeSet<(String, String)>,
) -> BTreeSet<String> {
    let mut metrics = BTreeSet::new();
    if let (Some(metric), Some(matchers)) = (node["name"].as_str(), node["matchers"].as_array()) {
        metrics.insert(metric.to_owned());
        selectors.insert(metric.to_owned());
        for matcher in matchers.iter().filter(|it| it["name"] != "__name__") {
            let label = text(&matcher["name"]);
            selectors.extend(values(metric, matcher));
            labels.insert((metric.to_owned(), label));
        }
    }
    let operands = [&node["expr"], &node["lhs"], &node["rhs"]];
    let arguments = node["args"].as_array().into_iter().flatten();
    let children = operands.into_iter().chain(arguments);
    for child in children.filter(|child| child.is_object()) {
        metrics.extend(read(child, selectors, labels));
    }
    let lists = [&node["grouping"], &node["matching"]["labels"]];
    for label in lists.into_iter().filter_map(Value::as_array).flatten() {
        let all = metrics.iter();
        labels.extend(all.map(|metric| (metric.clone(), text(label))));
    }
    metrics
}

/// One selector for each value that a matcher names. Values that a healthy chat does not have are compared with the docs.
fn values(metric: &str, matcher: &Value) -> Vec<String> {
    let (label, operator) = (text(&matcher["name"]), text(&matcher["type"]));
    let value = text(&matcher["value"]);
    let alternatives: Vec<&str> = if value.contains('(') {
        vec![&value]
    } else {
        value.split('|').collect()
    };
    match label.as_str() {
        "reason" => {
            for reason in alternatives {
                let documented = RUNBOOK.contains(&format!("| `{reason}` |"));
                assert!(documented, "docs/operations.md has no reason {reason}");
            }
            Vec::new()
        }
        "status" => {
            let known = ["True", "2xx", "4xx", "5xx"];
            assert!(alternatives.iter().all(|value| known.contains(value)));
            Vec::new()
        }
        _ if operator.starts_with('!') => Vec::new(),
        _ => alternatives
            .iter()
            .map(|value| format!("{metric}{{{label}{operator}\"{value}\"}}"))
            .collect(),
    }
}
