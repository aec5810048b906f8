//! A notification of Alertmanager (`webhook_configs`, version 4) as the message of its group. Pure.
//!
//! <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>. Grafana's webhooks have the same fields.

use std::collections::BTreeMap;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::markdown::{bold, cut, escaped, escaped_line, is_address, link, paragraphs, visible};
use super::{AlertGroup, PayloadError, time_of};
use crate::markdown::without_shown_escapes;

/// What stands at the end of a message whose alerts do not all fit.
const MORE_BYTES: usize = 32;

type Set = BTreeMap<String, String>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    group_key: String,
    status: Status,
    #[serde(default)]
    group_labels: Set,
    #[serde(default)]
    common_labels: Set,
    #[serde(default)]
    common_annotations: Set,
    #[serde(default, rename = "externalURL")]
    external_url: String,
    alerts: Vec<Alert>,
    /// Alerts that Alertmanager left out.
    #[serde(default)]
    truncated_alerts: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Firing,
    Resolved,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    status: Status,
    #[serde(default)]
    labels: Set,
    #[serde(default)]
    annotations: Set,
    #[serde(default)]
    starts_at: String,
    #[serde(default)]
    ends_at: String,
    #[serde(default, rename = "generatorURL")]
    generator_url: String,
}

/// A message of at most `limit` bytes; alerts that do not fit are counted.
pub(super) fn group(payload: serde_json::Value, limit: usize) -> Result<AlertGroup, PayloadError> {
    let notification: Notification =
        serde_json::from_value(payload).map_err(|_| PayloadError::Invalid)?;
    if notification.alerts.is_empty() {
        return Err(PayloadError::NoText);
    }
    Ok(AlertGroup {
        key: Sha256::digest(&notification.group_key).into(),
        resolved: notification.status == Status::Resolved,
        body: without_shown_escapes(&visible(&notification.body(limit))),
    })
}

impl Notification {
    fn body(&self, limit: usize) -> String {
        let head = cut(&paragraphs([self.title(), self.common()]), limit / 2);
        let mut left = limit.saturating_sub(head.len() + MORE_BYTES);
        let (mut lines, mut hidden) = (Vec::new(), self.truncated_alerts);
        for alert in self.firing_first() {
            let line = self.line(alert);
            match left.checked_sub(line.len() + 1) {
                Some(rest) if hidden == self.truncated_alerts => {
                    left = rest;
                    lines.push(line);
                }
                _ => hidden += 1,
            }
        }
        let mut body = paragraphs([head, lines.join("\n")]);
        if hidden > 0 {
            body.push_str(&format!("\n\n… +{hidden}"));
        }
        body
    }

    fn firing_first(&self) -> impl Iterator<Item = &Alert> {
        let of = |status| move |alert: &&Alert| alert.status == status;
        let firing = self.alerts.iter().filter(of(Status::Firing));
        firing.chain(self.alerts.iter().filter(of(Status::Resolved)))
    }

    /// As Alertmanager's own templates write it: `[FIRING:2] HighLatency (api prod)`.
    fn title(&self) -> String {
        let name = self.common_labels.get("alertname");
        let group = self.group_labels.iter();
        let group: Vec<&str> = group
            .filter(|(label, _)| *label != "alertname")
            .map(|(_, value)| value.as_str())
            .collect();
        let mut title = match self.status {
            Status::Firing => {
                let firing = self.firing_first().filter(|a| a.status == Status::Firing);
                format!("[FIRING:{}]", firing.count())
            }
            Status::Resolved => "[RESOLVED]".to_owned(),
        };
        if let Some(name) = name {
            title.push_str(&format!(" {name}"));
        }
        if !group.is_empty() {
            title.push_str(&format!(" ({})", group.join(" ")));
        }
        let title = match is_address(&self.external_url) {
            true => link(&self.external_url, &title),
            false => escaped_line(&title),
        };
        format!("{} {}", self.status.sign(), bold(&title))
    }

    /// What all alerts have in common.
    fn common(&self) -> String {
        let labels = self
            .common_labels
            .iter()
            .filter(|(name, _)| *name != "alertname" && !self.group_labels.contains_key(*name));
        paragraphs([annotations(self.common_annotations.iter()), pairs(labels)])
    }

    /// An alert with what it does not share with all others.
    fn line(&self, alert: &Alert) -> String {
        let own = |common: &Set, set: &Set| -> Vec<(String, String)> {
            let is_common = |(name, value): &(&String, &String)| common.get(*name) == Some(value);
            let own = set.iter().filter(|pair| !is_common(pair));
            own.map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        };
        let labels = own(&self.common_labels, &alert.labels);
        let notes = own(&self.common_annotations, &alert.annotations);
        let notes = annotations(notes.iter().map(|(name, value)| (name, value)));
        let parts = [
            pairs(labels.iter().map(|(name, value)| (name, value))),
            notes.replace('\n', " "),
            alert.times(),
            match is_address(&alert.generator_url) {
                true => link(&alert.generator_url, "↗"),
                false => String::new(),
            },
        ];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("- {} {}", alert.status.sign(), parts.join(" · "))
    }
}

impl Status {
    fn sign(self) -> &'static str {
        match self {
            Self::Firing => "🔴",
            Self::Resolved => "🟢",
        }
    }
}

impl Alert {
    /// Since when it fires, or from when until when it did.
    fn times(&self) -> String {
        let at = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok().map(time_of);
        match (self.status, at(&self.starts_at), at(&self.ends_at)) {
            (Status::Resolved, Some(start), Some(end)) => format!("{start} – {end}"),
            (_, Some(start), _) => start,
            (_, None, _) => String::new(),
        }
    }
}

/// `name: value`, separated by dots.
fn pairs<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let pairs = pairs.map(|(name, value)| escaped_line(&format!("{name}: {value}")));
    pairs.collect::<Vec<_>>().join(" · ")
}

/// The summary, the description, then the others; addresses as links with their names.
fn annotations<'a>(annotations: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let mut annotations: Vec<_> = annotations.collect();
    annotations.sort_by_key(|(name, value)| match name.as_str() {
        "summary" => 0,
        "description" | "message" => 1,
        _ if !is_address(value) => 2,
        _ => 3,
    });
    let shown = annotations
        .into_iter()
        .map(|(name, value)| match name.as_str() {
            _ if is_address(value) => link(value, name.trim_end_matches("_url")),
            "summary" | "description" | "message" => escaped(value.trim()),
            name => escaped(&format!("{name}: {}", value.trim())),
        });
    shown.collect::<Vec<_>>().join("\n")
}
