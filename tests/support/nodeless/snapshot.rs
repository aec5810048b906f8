//! Everything in a namespace, without what differs between two equivalent runs. I/O: lists objects; the rest is pure.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::{Chat, KafkaProxy, namespaced};

/// The kinds of children, and ChatDeployments.
const KINDS: [(&str, &str); 13] = [
    ("apis/confab.dev/v1beta1", "chatdeployments"),
    ("apis/apps/v1", "deployments"),
    ("apis/apps/v1", "statefulsets"),
    ("apis/batch/v1", "jobs"),
    ("apis/policy/v1", "poddisruptionbudgets"),
    ("apis/autoscaling/v2", "horizontalpodautoscalers"),
    ("apis/networking.k8s.io/v1", "ingresses"),
    ("apis/networking.k8s.io/v1", "networkpolicies"),
    ("api/v1", "services"),
    ("api/v1", "serviceaccounts"),
    ("api/v1", "configmaps"),
    ("api/v1", "secrets"),
    ("api/v1", "persistentvolumeclaims"),
];

/// Fields that the server sets, or that differ in each run.
const VOLATILE: [&str; 19] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "namespace",
    "clusterIP",
    "clusterIPs",
    "lastTransitionTime",
    "lastUpdateTime",
    "lastProbeTime",
    "startTime",
    "completionTime",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "confab.dev/generation",
    "confab.dev/changes",
    "deployment.kubernetes.io/revision",
    // Digests of some of these.
    "confab.dev/applied",
    "confab.dev/migrates",
];

/// The objects of the chat's namespace, by `kind/name`, and its topics. `kafka` is the Kafka of its spec.
pub async fn snapshot(chat: &Chat, kafka: &KafkaProxy) -> Result<BTreeMap<String, Value>> {
    let mut all = BTreeMap::new();
    for (api, kind) in KINDS {
        for object in chat
            .cluster
            .list(&namespaced(api, &chat.namespace, kind))
            .await?
        {
            let name = object["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            all.insert(format!("{kind}/{name}"), object);
        }
    }
    for (name, object) in &mut all {
        let generation = name
            .starts_with("chatdeployments/")
            .then(|| object["metadata"]["generation"].clone());
        normalize(object, generation.as_ref());
        let text = object
            .to_string()
            .replace(&chat.namespace, "NAMESPACE")
            .replace(&kafka.address(), "KAFKA");
        *object = serde_json::from_str(&text)?;
    }
    for (topic, partitions) in kafka.topics(&format!("{}.", chat.namespace)).await? {
        all.insert(
            topic.replace(&chat.namespace, "topics/NAMESPACE"),
            json!(partitions),
        );
    }
    Ok(all)
}

/// `newest` is the generation of a ChatDeployment. That of a child depends on the number of writes.
fn normalize(value: &mut Value, newest: Option<&Value>) {
    match value {
        Value::Object(fields) => normalize_fields(fields, newest),
        Value::Array(items) => items.iter_mut().for_each(|item| normalize(item, newest)),
        _ => {}
    }
}

fn normalize_fields(fields: &mut Map<String, Value>, newest: Option<&Value>) {
    fields.retain(|key, _| !VOLATILE.contains(&key.as_str()));
    for (key, value) in fields.iter_mut() {
        match (key.as_str(), &*value) {
            ("generation" | "observedGeneration", Value::Number(_)) => {
                *value = json!(newest.map(|newest| newest == &*value));
            }
            ("confab.dev/secrets", Value::String(text)) => *value = names(text),
            ("data", Value::Object(data)) => *value = json!(data.keys().collect::<Vec<_>>()),
            _ => normalize(value, newest),
        }
    }
}

/// The names of `name=digest,…`. The digests depend on keys that are generated.
fn names(text: &str) -> Value {
    let names = text.split(',').map(|entry| entry.split('=').next());
    json!(names.flatten().collect::<Vec<_>>())
}
