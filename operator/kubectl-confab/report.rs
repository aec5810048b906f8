//! A report for a bug: what the chat is made of and what it says. Does I/O.
//!
//! Secrets are not read. Logs hold no message and no secret, but names of hosts and people may be in them, so the person who sends
//! the report is told to read it.

use std::fs;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Event, PersistentVolumeClaim, Service};
use k8s_openapi::api::networking::v1::Ingress;
use kube::api::ListParams;
use serde_json::{Value, json};

use crate::cluster::{Chat, Cluster, Error, json as as_json};

/// Annotations that repeat whole objects.
const REPEATED: &str = "kubectl.kubernetes.io/last-applied-configuration";

pub(crate) async fn write(cluster: &Cluster, chat: &Chat) -> Result<(), Error> {
    let pods = cluster.pods(chat).await?;
    let mut objects = vec![chat.object.clone()];
    objects.extend(cluster.list::<Deployment>(chat).await?);
    objects.extend(cluster.list::<StatefulSet>(chat).await?);
    objects.extend(cluster.list::<Job>(chat).await?);
    objects.extend(cluster.list::<CronJob>(chat).await?);
    objects.extend(cluster.list::<Service>(chat).await?);
    objects.extend(cluster.list::<Ingress>(chat).await?);
    objects.extend(cluster.list::<PersistentVolumeClaim>(chat).await?);
    let mut logs = serde_json::Map::new();
    for pod in &pods {
        let Some(name) = pod.pointer("/metadata/name").and_then(Value::as_str) else {
            continue;
        };
        logs.insert(name.to_owned(), cluster.log(name, false).await.into());
        if restarted(pod) {
            let previous = cluster.log(name, true).await;
            logs.insert(format!("{name} (before its restart)"), previous.into());
        }
    }
    objects.extend(pods);
    objects.iter_mut().for_each(redact);
    let report = json!({
        "kubectlConfab": env!("CARGO_PKG_VERSION"),
        "objects": objects,
        "events": events(cluster, chat).await?,
        "logs": logs,
    });
    let time = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let file = format!("confab-report-{}-{time}.json", chat.name);
    fs::write(&file, format!("{report:#}\n"))?;
    println!(
        "wrote {file}. It has no Secrets; read it before you send it, for names that others should not see"
    );
    Ok(())
}

/// Those about the chat and its children, the newest last.
async fn events(cluster: &Cluster, chat: &Chat) -> Result<Vec<Value>, Error> {
    let events = cluster.api::<Event>().list(&ListParams::default()).await?;
    let about = |event: &Event| {
        let name = event.involved_object.name.as_deref().unwrap_or_default();
        name == chat.name || name.starts_with(&format!("{}-", chat.name))
    };
    events
        .items
        .into_iter()
        .filter(about)
        .map(as_json)
        .collect()
}

fn restarted(pod: &Value) -> bool {
    let containers = pod
        .pointer("/status/containerStatuses")
        .and_then(Value::as_array);
    let mut containers = containers.into_iter().flatten();
    containers.any(|container| container["restartCount"].as_i64() > Some(0))
}

/// Removes values that may be secret: an annotation that repeats the object, and settings that are not the operator's own.
fn redact(object: &mut Value) {
    match object {
        Value::Object(fields) => {
            fields.remove(REPEATED);
            let own = |name: &Value| {
                name.as_str()
                    .is_some_and(|name| name.starts_with("CONFAB_"))
            };
            if fields.get("name").is_some_and(|name| !own(name))
                && fields.get("value").is_some_and(Value::is_string)
            {
                fields.insert("value".to_owned(), json!("(redacted)"));
            }
            fields.values_mut().for_each(redact);
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_others_are_redacted() {
        let mut object = json!({
            "metadata": {"annotations": {REPEATED: "{}", "a": "b"}},
            "spec": {"env": [
                {"name": "CONFAB_TITLE", "value": "Team"},
                {"name": "PROXY_PASSWORD", "value": "hunter2"},
                {"name": "CONFAB_DATABASE_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            ]},
        });
        redact(&mut object);
        let text = object.to_string();
        assert!(
            !text.contains("hunter2") && !text.contains(REPEATED),
            "{text}"
        );
        assert!(
            text.contains("Team") && text.contains("secretKeyRef"),
            "{text}"
        );
    }
}
