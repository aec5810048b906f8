//! A child that the API server refuses is reported in its words, whatever its kind, and the other children are written.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use confab_tests::nodeless::{Behavior, Call, Chat};
use confab_tests::{Result, ensure, eventually};
use serde_json::{Value, json};

use crate::world::{LIMIT, World};

/// Kind, API, plural and role of a child.
type Child = (&'static str, &'static str, &'static str, &'static str);

const REPLICAS: [Child; 9] = [
    ("Secret", "api/v1", "secrets", "keys"),
    ("ServiceAccount", "api/v1", "serviceaccounts", "app"),
    ("Service", "api/v1", "services", "app"),
    ("Deployment", "apis/apps/v1", "deployments", "app"),
    (
        "PodDisruptionBudget",
        "apis/policy/v1",
        "poddisruptionbudgets",
        "app",
    ),
    (
        "HorizontalPodAutoscaler",
        "apis/autoscaling/v2",
        "horizontalpodautoscalers",
        "app",
    ),
    ("Ingress", NETWORKING, "ingresses", "app"),
    ("NetworkPolicy", NETWORKING, "networkpolicies", "app"),
    ("CronJob", "apis/batch/v1", "cronjobs", "backup"),
];

const SERVICES: [Child; 9] = [
    ("Secret", "api/v1", "secrets", "kafka"),
    ("Secret", "api/v1", "secrets", "postgres"),
    ("ConfigMap", "api/v1", "configmaps", "kafka"),
    ("Service", "api/v1", "services", "kafka"),
    ("Service", "api/v1", "services", "postgres"),
    ("StatefulSet", "apis/apps/v1", "statefulsets", "kafka"),
    ("StatefulSet", "apis/apps/v1", "statefulsets", "postgres"),
    ("NetworkPolicy", NETWORKING, "networkpolicies", "kafka"),
    ("NetworkPolicy", NETWORKING, "networkpolicies", "postgres"),
];

const MIGRATION: [Child; 1] = [("Job", "apis/batch/v1", "jobs", "migrate")];

const NETWORKING: &str = "apis/networking.k8s.io/v1";

const CODES: [(u16, &str); 4] = [
    (409, "Conflict"),
    (403, "Forbidden"),
    (413, "RequestEntityTooLarge"),
    (422, "Invalid"),
];

/// One chat for each child, which alone is refused, with one code after the other.
async fn refuse_each(
    children: &'static [Child],
    spec: impl Fn(&World, &str) -> Value,
) -> Result<()> {
    let world = World::new("refused").await?;
    let round = Arc::new(AtomicUsize::new(0));
    let current = Arc::clone(&round);
    world.api.on_request(move |call| {
        let (code, reason) = CODES[current.load(SeqCst)];
        match children.iter().any(|child| writes(call, *child)) {
            true => Behavior::Refuse(code, reason),
            false => Behavior::Pass,
        }
    });
    // For the Ingresses; of this name, another test has none.
    let class = json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {"name": world.namespace}, "spec": {"controller": "example.com/controller"}});
    let classes = format!("/{NETWORKING}/ingressclasses");
    world.cluster.create(&classes, &class).await?;
    let _operator = world.operator().await?;
    let mut chats = Vec::new();
    for child in children {
        let (chat, _) = world.chat(&chat_of(*child)).await?;
        chat.create(&spec(&world, &chat.name)).await?;
        chats.push((chat, *child));
    }
    for (number, (code, _)) in CODES.into_iter().enumerate() {
        round.store(number, SeqCst);
        for (chat, child) in &chats {
            chat.change(json!({"replicas": 2 + number})).await?;
            is_reported(chat, *child, code).await?;
            others_exist(chat, *child, children).await?;
        }
    }
    world.api.on_request(|_| Behavior::Pass);
    for (chat, child) in &chats {
        chat.change(json!({"replicas": 1})).await?;
        chat.wait(LIMIT, "Stalled", "False NoActionNeeded").await?;
        ensure!(exists(chat, *child).await?, "{child:?} is missing");
    }
    let class = format!("{classes}/{}", world.namespace);
    world.cluster.delete(&class).await
}

/// A name that says which child is refused.
fn chat_of((_, _, plural, role): Child) -> String {
    format!("{}-{role}", &plural[..plural.len().min(12)])
}

fn writes(call: &Call, child: Child) -> bool {
    let (_, _, plural, role) = child;
    let path = call.uri.split('?').next().unwrap_or_default();
    let name = format!("/{plural}/{}-{role}", chat_of(child));
    (call.method == "PATCH" && path.ends_with(&name))
        // A Job is created once and never applied again.
        || (call.method == "POST" && plural == "jobs" && path.ends_with("/jobs"))
}

async fn is_reported(chat: &Chat, (kind, _, _, role): Child, code: u16) -> Result<()> {
    let name = format!("{}-{role}", chat.name);
    let what = format!("{kind} {name} ({code}): refused by a test");
    eventually(LIMIT, &what, async || {
        for (type_, is) in [("Ready", "False"), ("Stalled", "True")] {
            let condition = chat.condition(type_).await?;
            ensure!(condition == format!("{is} RequestRefused"), "{condition}");
        }
        let status = chat.get().await?["status"].to_string();
        ensure!(status.contains(&what), "{status}");
        let events = chat.path("apis/events.k8s.io/v1", "events");
        let events = chat.cluster.list(&events).await?;
        let about = |event: &Value| {
            let note = event["note"].as_str().unwrap_or_default();
            event["reason"] == "RequestRefused" && note.contains(&format!("{kind} {name} ("))
        };
        ensure!(events.iter().any(about), "no Event: {events:#?}");
        Ok(())
    })
    .await
}

/// Pods wait for their Secrets, and replicas and backups for the migration, whose pod needs its ServiceAccount.
async fn others_exist(chat: &Chat, refused: Child, all: &[Child]) -> Result<()> {
    let (kind, ..) = refused;
    let held = |other: &&Child| {
        let has_pods = ["CronJob", "Deployment", "StatefulSet"].contains(&other.0);
        let needed = ["Secret", "ServiceAccount"].contains(&kind);
        has_pods && needed || **other == refused
    };
    eventually(LIMIT, &format!("others than {refused:?}"), async || {
        for other in all.iter().filter(|other| !held(other)) {
            ensure!(exists(chat, *other).await?, "{other:?} is missing");
        }
        Ok(())
    })
    .await
}

async fn exists(chat: &Chat, (_, api, plural, role): Child) -> Result<bool> {
    let path = chat.path(api, &format!("{plural}/{}-{role}", chat.name));
    Ok(chat.cluster.find(&path).await?.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_child_of_the_replicas_is_reported_and_the_others_go_on() -> Result<()> {
    refuse_each(&REPLICAS, |world, name| {
        let mut spec = Chat::spec(&world.kafka.address());
        spec["url"] = json!(format!("http://{name}.{}.example.com", world.namespace));
        spec["exposure"] = json!({"ingress": {"className": world.namespace}});
        spec["autoscaling"] = json!({"minReplicas": 1, "maxReplicas": 6});
        spec["networkPolicy"] = json!("Enabled");
        spec["backup"] = json!({"schedule": "@daily", "destination": {"bucket": "backups", "credentialsSecret": {"name": "key"}}});
        spec
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_child_of_an_embedded_service_is_reported_and_the_others_go_on() -> Result<()> {
    refuse_each(&SERVICES, |_, _| json!({"networkPolicy": "Enabled"})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_migration_is_reported() -> Result<()> {
    refuse_each(&MIGRATION, |world, _| Chat::spec(&world.kafka.address())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_beyond_a_quota_is_reported_until_the_quota_is_gone() -> Result<()> {
    let world = World::new("refused").await?;
    let (chat, spec) = world.chat("team").await?;
    let none = json!({"services": "0"});
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"},
        "spec": {"hard": none}});
    let quotas = chat.path("api/v1", "resourcequotas");
    world.cluster.create(&quotas, &quota).await?;
    // As the controller of quotas does.
    let used = json!({"status": {"hard": none, "used": none}});
    let own = format!("{quotas}/none");
    world.cluster.merge(&format!("{own}/status"), &used).await?;
    chat.create(&spec).await?;
    let _operator = world.operator().await?;
    chat.wait(LIMIT, "Stalled", "True RequestRefused").await?;
    let status = chat.get().await?["status"].to_string();
    let words =
        "exceeded quota: none, requested: services=1, used: services=0, limited: services=0";
    ensure!(status.contains(words), "{status}");
    world.cluster.delete(&own).await?;
    chat.change(json!({"replicas": 3})).await?;
    chat.ready(LIMIT).await
}
