//! The conditions and last backups of the chats that this operator reconciles, as metrics. No I/O: reads the cache of the watch at
//! each scrape.
//!
//! Nothing is kept here, so the series of a chat that is gone, or of a reason that no longer holds, end with the cache's entry. A
//! standby watches nothing and exposes none.

use std::fmt;
use std::sync::Arc;

use kube::ResourceExt;
use kube::runtime::reflector::Store;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;

use crate::context::Cached;
use crate::crd::ChatDeployment;

const NAME: &str = "confab_chat_condition";
const HELP: &str = "1 for the present status and reason of each condition of a ChatDeployment";

const BACKUP_NAME: &str = "confab_chat_last_backup_timestamp_seconds";
const BACKUP_HELP: &str = "When the last backup of a ChatDeployment was complete";

pub(super) struct ChatConditions {
    chats: Store<Cached>,
    /// Namespaces whose ChatDeployments count; empty: all. The cache has those of all namespaces.
    namespaces: Vec<String>,
}

impl ChatConditions {
    pub(super) fn new(chats: Store<Cached>, namespaces: Vec<String>) -> Self {
        Self { chats, namespaces }
    }

    fn chats(&self) -> Vec<Arc<Cached>> {
        let counts = |chat: &Arc<Cached>| {
            let namespace = chat.namespace().unwrap_or_default();
            self.namespaces.is_empty() || self.namespaces.contains(&namespace)
        };
        self.chats.state().into_iter().filter(counts).collect()
    }
}

impl fmt::Debug for ChatConditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(NAME).finish()
    }
}

impl Collector for ChatConditions {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let chats = self.chats();
        let chats = chats.iter().filter_map(|cached| cached.0.as_ref().ok());
        let one = ConstGauge::new(1_i64);
        let mut family = encoder.encode_descriptor(NAME, HELP, None, one.metric_type())?;
        for series in chats.clone().flat_map(labels) {
            one.encode(family.encode_family(&series)?)?;
        }
        let mut family =
            encoder.encode_descriptor(BACKUP_NAME, BACKUP_HELP, None, one.metric_type())?;
        for chat in chats {
            let status = chat.status.as_ref();
            if let Some(backup) = status.and_then(|status| status.last_backup.as_ref()) {
                let time = ConstGauge::new(backup.time.0.as_second());
                time.encode(family.encode_family(&identity(chat))?)?;
            }
        }
        Ok(())
    }
}

type Label = (&'static str, String);

fn identity(chat: &ChatDeployment) -> [Label; 2] {
    [
        ("namespace", chat.namespace().unwrap_or_default()),
        ("name", chat.name_any()),
    ]
}

fn labels(chat: &ChatDeployment) -> impl Iterator<Item = [Label; 5]> {
    let conditions = chat.status.iter().flat_map(|status| &status.conditions);
    conditions.map(|condition| {
        let [namespace, name] = identity(chat);
        [
            namespace,
            name,
            ("type", condition.type_.clone()),
            ("status", condition.status.clone()),
            ("reason", condition.reason.clone()),
        ]
    })
}

#[cfg(test)]
mod tests {
    use kube::core::DeserializeGuard;
    use kube::runtime::reflector::{self, store::Writer};
    use kube::runtime::watcher::Event;
    use serde_json::{from_value, json};

    use super::super::Metrics;
    use super::*;
    use crate::validate::fixtures::object;

    fn series(metrics: &Metrics) -> Vec<String> {
        let text = metrics.text();
        let mut series: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("confab_chat_condition{"))
            .map(str::to_owned)
            .collect();
        series.sort_unstable();
        series
    }

    fn chat(available: &str, reason: &str) -> Cached {
        let mut chat = object(json!({}));
        let condition = |type_: &str, status: &str, reason: &str| {
            json!({
                "type": type_, "status": status, "reason": reason, "message": "m",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            })
        };
        let conditions = [
            condition("Available", available, reason),
            condition("Stalled", "False", "NoActionNeeded"),
        ];
        chat.status = from_value(json!({"conditions": conditions})).expect("a status");
        DeserializeGuard(Ok(chat))
    }

    #[test]
    fn a_series_ends_when_its_reason_or_its_chat_is_gone() {
        let (store, mut writer): (_, Writer<Cached>) = reflector::store();
        let metrics = Metrics::new().with_chats(store, Vec::new());
        assert!(series(&metrics).is_empty());

        writer.apply_watcher_event(&Event::Apply(chat("False", "Starting")));
        let starting = r#"confab_chat_condition{namespace="chat",name="team",type="Available",status="False",reason="Starting"} 1"#;
        let stalled = r#"confab_chat_condition{namespace="chat",name="team",type="Stalled",status="False",reason="NoActionNeeded"} 1"#;
        assert_eq!(series(&metrics), [starting, stalled]);

        let serving = chat("True", "Serving");
        writer.apply_watcher_event(&Event::Apply(serving));
        let available = r#"confab_chat_condition{namespace="chat",name="team",type="Available",status="True",reason="Serving"} 1"#;
        assert_eq!(series(&metrics), [available, stalled]);

        writer.apply_watcher_event(&Event::Delete(chat("True", "Serving")));
        assert!(series(&metrics).is_empty());
    }

    #[test]
    fn chats_of_other_operators_do_not_count_and_backups_have_their_time() {
        let (store, mut writer): (_, Writer<Cached>) = reflector::store();
        let own = Metrics::new().with_chats(store.clone(), vec!["chat".to_owned()]);
        let others = Metrics::new().with_chats(store, vec!["elsewhere".to_owned()]);
        let mut cached = chat("True", "Serving");
        if let Ok(chat) = &mut cached.0
            && let Some(status) = &mut chat.status
        {
            let backup = json!({"name": "b", "bytes": 1, "time": "2026-01-01T00:00:00Z"});
            status.last_backup = from_value(backup).expect("a backup");
        }
        writer.apply_watcher_event(&Event::Apply(cached));
        assert!(series(&others).is_empty());
        assert_eq!(series(&own).len(), 2);
        let time =
            r#"confab_chat_last_backup_timestamp_seconds{namespace="chat",name="team"} 1767225600"#;
        assert!(own.text().contains(time), "{}", own.text());
    }
}
