//! Scenarios: whole reconciles against an API server in memory. The tests play the built-in controllers. No I/O.

mod api_server;
mod orphans;
mod refused;
mod rivals;
mod volume;

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use kube::core::DeserializeGuard;
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::access::access;
use crate::children::Children;
use crate::crd::TopicStatus;
use crate::credentials::credentials;
use crate::leader::Rivals;
use crate::names::Role;
use crate::telemetry::Metrics;
use crate::topic::{TopicState, Topics};
use crate::validate::fixtures::{chat_of, images, object};
use api_server::ApiServer;

const CHAT: &str = "/apis/confab.dev/v1beta1/namespaces/chat/chatdeployments/team";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/chat/deployments/team-app";
const JOB: &str = "/apis/batch/v1/namespaces/chat/jobs/team-migrate";
const SERVICE: &str = "/api/v1/namespaces/chat/services/team-app";
const CLASS: &str = "/apis/networking.k8s.io/v1/ingressclasses/traefik";
const INGRESS: &str = "/apis/networking.k8s.io/v1/namespaces/chat/ingresses/team-app";

struct World {
    server: ApiServer,
    ctx: Arc<Context>,
    /// What stops the operator.
    stop: CancellationToken,
}

impl World {
    /// With the ChatDeployment `team`.
    fn with(spec: Value) -> Self {
        let server = ApiServer::default();
        server.put(CHAT, serde_json::to_value(object(spec)).unwrap());
        server.put(CLASS, json!({"metadata": {"name": "traefik"}}));
        let client = Client::new(server.clone(), "chat");
        let (metrics, stop) = (Arc::new(Metrics::new()), CancellationToken::new());
        let ctx = Context {
            events: crate::status::Events::new(client.clone(), "test"),
            images: images(),
            chats: kube::runtime::reflector::store().0,
            installed: Default::default(),
            watched: Vec::new(),
            rivals: Rivals::new(client.clone(), "confab-system", stop.clone()),
            existing: Default::default(),
            own_writes: Default::default(),
            topics: Arc::new(Topics::new(
                unbounded_channel().0,
                metrics.topic_reconcile_duration(),
            )),
            backoffs: Default::default(),
            metrics,
            client,
        };
        Self {
            server,
            ctx: Arc::new(ctx),
            stop,
        }
    }

    async fn reconcile(&self) {
        self.try_reconcile().await.unwrap();
    }

    /// As the controller does it: after an error, the error policy decides when the next one is due.
    async fn try_reconcile(&self) -> Result<Action, Error> {
        let cached: Arc<Cached> =
            Arc::new(serde_json::from_value(self.server.get(CHAT).unwrap()).unwrap());
        let result = run(cached.clone(), self.ctx.clone()).await;
        if let Err(error) = &result {
            error_policy(cached, error, self.ctx.clone());
        }
        result
    }

    /// What the StatefulSet controller does, and Kafka after it.
    fn services_start(&self) {
        for name in ["team-kafka", "team-postgres"] {
            self.server.merge(
                &format!("/apis/apps/v1/namespaces/chat/statefulsets/{name}"),
                json!({"status": {"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1}}),
            );
        }
        self.volume("one");
        let secret = |name: &str| {
            self.server
                .get(&format!("/api/v1/namespaces/chat/secrets/{name}"))
                .map(|secret| serde_json::from_value(secret).unwrap())
        };
        let mut live = Children::default();
        for (role, name) in [
            (Role::Kafka, "team-kafka"),
            (Role::Postgres, "team-postgres"),
            (Role::Keys, "team-keys"),
        ] {
            live.insert::<Secret>(role, secret(name));
        }
        let chat = chat_of(self.server.get(CHAT).unwrap()["spec"].clone());
        let access = access(&chat, &credentials(&live), &Default::default());
        let topics = ["events", "signals"].map(|name| TopicStatus {
            name: format!("chat.team.{name}"),
            partitions: 12,
            replication_factor: Some(1),
            cluster_id: None,
        });
        self.ctx
            .topics
            .pretend(&chat, &access, TopicState::Ready(topics.into()));
    }

    /// What the StatefulSet controller and a provisioner do.
    fn volume(&self, name: &str) {
        let claim = "/api/v1/namespaces/chat/persistentvolumeclaims/data-team-postgres-0";
        self.server
            .put(claim, json!({"spec": {"volumeName": name}}));
    }

    fn job_ends(&self, condition: &str) {
        self.server.merge(JOB, json!({"status": {"conditions": [{"type": condition, "status": "True", "lastTransitionTime": Timestamp::now().to_string()}]}}));
    }

    fn rolls_out(&self) {
        let replicas = self.server.get(DEPLOYMENT).unwrap()["spec"]["replicas"].clone();
        self.server.merge(
            DEPLOYMENT,
            json!({"status": {"replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas}}),
        );
    }

    async fn ready(spec: Value) -> Self {
        let world = Self::with(spec);
        world.reconcile().await;
        world.services_start();
        world.reconcile().await;
        world.job_ends("Complete");
        world.reconcile().await;
        world.rolls_out();
        world.reconcile().await;
        assert_eq!(world.condition("Ready"), "True UpToDate");
        world.server.forget_writes();
        world
    }

    /// Status and reason of a condition.
    fn condition(&self, type_: &str) -> String {
        let found = self.whole_condition(type_);
        let text = |field: &str| found[field].as_str().unwrap_or_default();
        format!("{} {}", text("status"), text("reason"))
            .trim()
            .to_owned()
    }

    fn message(&self, type_: &str) -> String {
        let message = self.whole_condition(type_)["message"].take();
        message.as_str().unwrap_or_default().to_owned()
    }

    fn whole_condition(&self, type_: &str) -> Value {
        let mut chat = self.server.get(CHAT).unwrap();
        let conditions = chat["status"]["conditions"].take();
        let mut conditions = conditions.as_array().cloned().unwrap_or_default();
        let found = conditions.iter().position(|it| it["type"] == type_);
        found.map_or(Value::Null, |at| conditions.swap_remove(at))
    }

    /// Notes of the Events with this reason.
    fn events(&self, reason: &str) -> Vec<String> {
        let all = self.server.all();
        let events = all
            .iter()
            .filter(|(path, event)| path.contains("/events/") && event["reason"] == reason);
        let note = |event: &Value| event["note"].as_str().unwrap_or_default().to_owned();
        events.map(|(_, event)| note(event)).collect()
    }

    fn image(&self) -> Value {
        self.server.get(DEPLOYMENT).unwrap()["spec"]["template"]["spec"]["containers"][0]["image"]
            .clone()
    }

    fn search_language(&self) -> Value {
        let deployment = self.server.get(DEPLOYMENT).unwrap();
        let env = &deployment["spec"]["template"]["spec"]["containers"][0]["env"];
        let variable = env
            .as_array()
            .unwrap()
            .iter()
            .find(|variable| variable["name"] == "CONFAB_SEARCH_LANGUAGE");
        variable.unwrap()["value"].clone()
    }

    fn secret(&self, name: &str, key: &str) -> String {
        let secret = self
            .server
            .get(&format!("/api/v1/namespaces/chat/secrets/{name}"))
            .unwrap();
        let secret: Secret = serde_json::from_value(secret).unwrap();
        String::from_utf8(secret.data.unwrap()[key].0.clone()).unwrap()
    }

    fn edit_spec(&self, spec: Value) {
        let generation = self.server.get(CHAT).unwrap()["metadata"]["generation"]
            .as_i64()
            .unwrap();
        self.server.merge(
            CHAT,
            json!({"metadata": {"generation": generation + 1}, "spec": spec}),
        );
    }
}

#[tokio::test]
async fn from_an_empty_spec_to_ready_in_the_order_services_migration_replicas() {
    let world = World::with(json!({}));
    world.reconcile().await;
    assert_eq!(
        (world.condition("Ready"), world.server.get(JOB)),
        ("False WaitingForKafka".into(), None)
    );
    world.services_start();
    world.reconcile().await;
    assert_eq!(world.condition("Ready"), "False Migrating");
    assert!(world.server.get(JOB).is_some() && world.server.get(DEPLOYMENT).is_none());
    world.job_ends("Complete");
    world.reconcile().await;
    assert_eq!(world.condition("Ready"), "False RollingOut");
    world.rolls_out();
    world.reconcile().await;
    assert_eq!(world.condition("Ready"), "True UpToDate");
}

#[tokio::test]
async fn a_reconcile_is_small_enough_for_the_stack_of_any_thread() {
    let world = World::with(json!({}));
    let chat = serde_json::from_value(world.server.get(CHAT).unwrap()).unwrap();
    let future = run(Arc::new(DeserializeGuard(Ok(chat))), world.ctx.clone());
    let bytes = size_of_val(&future);
    assert!(bytes < 64 * 1024, "{bytes} bytes");
}

#[tokio::test]
async fn a_reconcile_in_which_nothing_changed_writes_nothing() {
    let world =
        World::ready(json!({"url": "http://chat.localhost:8080", "exposure": {"ingress": {"className": "traefik"}}}))
            .await;
    world.reconcile().await;
    world.reconcile().await;
    assert_eq!(world.server.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_child_that_was_deleted_is_recreated() {
    let world = World::ready(json!({})).await;
    for path in [SERVICE, DEPLOYMENT] {
        world.server.remove(path);
        world.reconcile().await;
        assert!(world.server.get(path).is_some(), "{path}");
    }
    assert!(
        !world
            .server
            .writes()
            .iter()
            .any(|write| write.contains("jobs")),
        "nothing is migrated again"
    );
}

#[tokio::test]
async fn a_manual_change_of_a_child_is_reverted() {
    let world = World::ready(json!({})).await;
    world
        .server
        .merge(DEPLOYMENT, json!({"spec": {"replicas": 7}}));
    world.reconcile().await;
    assert_eq!(world.server.get(DEPLOYMENT).unwrap()["spec"]["replicas"], 2);
}

#[tokio::test]
async fn a_route_that_is_no_longer_wanted_is_deleted() {
    let world = World::ready(
        json!({"url": "http://a.b", "exposure": {"ingress": {"className": "traefik"}}}),
    )
    .await;
    assert!(world.server.get(INGRESS).is_some());
    world.edit_spec(json!({"exposure": null}));
    world.reconcile().await;
    assert_eq!(world.server.get(INGRESS), None);
}

#[tokio::test]
async fn a_chat_whose_ingress_class_does_not_exist_is_not_exposed_until_it_does() {
    let spec = json!({"url": "http://a.b", "exposure": {"ingress": {"className": "traefik"}}});
    let world = World::ready(spec).await;
    assert_eq!(world.condition("Exposed"), "True IngressConfigured");
    let class = world.server.get(CLASS).unwrap();
    world.server.remove(CLASS);
    world.reconcile().await;
    assert_eq!(world.condition("Exposed"), "False IngressClassNotFound");
    assert_eq!(world.condition("Ready"), "False IngressClassNotFound");
    let address = json!({"status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.7"}]}}});
    world.server.merge(INGRESS, address);
    world.reconcile().await;
    assert_eq!(
        world.condition("Exposed"),
        "True IngressConfigured",
        "a controller took it"
    );
    world.server.merge(INGRESS, json!({"status": null}));
    world.server.put(CLASS, class);
    world.reconcile().await;
    assert_eq!(world.condition("Exposed"), "True IngressConfigured");
}

#[tokio::test]
async fn an_object_of_another_owner_is_never_touched() {
    let world = World::with(json!({}));
    let strangers = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "team-app", "uid": "s"}, "spec": {"selector": {"app": "other"}}});
    world.server.put(SERVICE, strangers.clone());
    world.reconcile().await;
    assert_eq!(world.condition("Accepted"), "False NameInUse");
    assert_eq!(world.condition("Stalled"), "True NameInUse");
    assert_eq!(world.server.get(SERVICE).unwrap(), strangers);
    assert_eq!(world.server.get(DEPLOYMENT), None);
}

#[tokio::test]
async fn a_failed_migration_keeps_the_old_image_and_scaling_still_works() {
    let world = World::ready(json!({"image": "confab/chat-app:1"})).await;
    world.edit_spec(json!({"image": "confab/chat-app:2"}));
    world.reconcile().await;
    world.job_ends("Failed");
    world.edit_spec(json!({"replicas": 3}));
    world.reconcile().await;
    assert_eq!(
        (
            world.image(),
            world.server.get(DEPLOYMENT).unwrap()["spec"]["replicas"].clone()
        ),
        (json!("confab/chat-app:1"), json!(3))
    );
    assert_eq!(world.condition("Available"), "True Serving");
}

#[tokio::test]
async fn a_new_image_reaches_the_replicas_only_through_a_complete_migration() {
    let world = World::ready(json!({"image": "confab/chat-app:1"})).await;
    world.edit_spec(json!({"image": "confab/chat-app:2"}));
    world.reconcile().await;
    assert_eq!(
        (world.condition("SchemaReady"), world.image()),
        ("False Migrating".into(), json!("confab/chat-app:1"))
    );
    world.job_ends("Complete");
    world.reconcile().await;
    assert_eq!(world.image(), "confab/chat-app:2");
}

#[tokio::test]
async fn a_chat_that_is_being_deleted_gets_no_children() {
    let world = World::with(json!({}));
    world.server.merge(CHAT, json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["foregroundDeletion"]}}));
    world.reconcile().await;
    assert_eq!(world.server.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn only_delete_with_an_external_broker_is_held_by_a_finalizer() {
    let external = json!({"external": {"bootstrapServers": ["127.0.0.1:1"]}});
    for (spec, held) in [
        (json!({"deletionPolicy": "Delete", "kafka": external}), true),
        (
            json!({"deletionPolicy": "Retain", "kafka": external}),
            false,
        ),
        (json!({"deletionPolicy": "Delete"}), false),
    ] {
        let world = World::with(spec);
        let chat: ChatDeployment = serde_json::from_value(world.server.get(CHAT).unwrap()).unwrap();
        let valid = chat_of(world.server.get(CHAT).unwrap()["spec"].clone());
        teardown::sync_finalizer(&world.ctx, &chat, &valid)
            .await
            .unwrap();
        let finalizers = world.server.get(CHAT).unwrap()["metadata"]["finalizers"].clone();
        assert_eq!(finalizers == json!([teardown::FINALIZER]), held);
    }
}

#[tokio::test]
async fn topics_of_an_external_broker_do_not_hold_a_chat_whose_credentials_are_gone() {
    let world = World::with(json!({
        "deletionPolicy": "Delete",
        "kafka": {"external": {"bootstrapServers": ["127.0.0.1:1"], "sasl": {"credentialsSecret": {"name": "gone"}}}},
    }));
    let finalizers = json!([teardown::FINALIZER, "someone.else/hold"]);
    let since = "2026-01-01T00:00:00Z";
    world.server.merge(
        CHAT,
        json!({"metadata": {"deletionTimestamp": since, "finalizers": finalizers}}),
    );
    world.reconcile().await;
    let left = world.server.get(CHAT).unwrap()["metadata"]["finalizers"].clone();
    assert_eq!(left, json!(["someone.else/hold"]));
}

#[tokio::test]
async fn why_topics_stay_in_kafka_is_an_event_that_people_understand() {
    let world = World::with(json!({
        "deletionPolicy": "Delete",
        "replicas": -1,
        "kafka": {"external": {"bootstrapServers": ["127.0.0.1:1"]}},
    }));
    let deleted =
        json!({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [teardown::FINALIZER]});
    world.server.merge(CHAT, json!({"metadata": deleted}));
    world.reconcile().await;
    let all = world.server.all();
    let mut events = all.iter().filter(|(path, _)| path.contains("/events/"));
    let (_, event) = events.next().expect("an Event");
    assert_eq!(event["reason"], "TopicsNotDeleted");
    let note = event["note"].as_str().unwrap();
    assert!(
        note.ends_with("spec.replicas is -1: set it to 0 or more"),
        "{note}"
    );
}

#[tokio::test]
async fn a_stored_spec_that_cannot_be_built_is_reported_and_what_runs_is_left_alone() {
    let world = World::ready(json!({})).await;
    world.edit_spec(json!({"replicas": -1}));
    world.reconcile().await;
    assert_eq!(world.condition("Accepted"), "False InvalidSpec");
    assert_eq!(world.condition("Available"), "True Serving");
    assert_eq!(world.server.get(DEPLOYMENT).unwrap()["spec"]["replicas"], 2);
}

#[tokio::test]
async fn a_migration_for_an_image_that_was_reverted_is_deleted() {
    let world = World::ready(json!({"image": "confab/chat-app:1"})).await;
    world.edit_spec(json!({"image": "confab/none:1"}));
    world.reconcile().await;
    world.edit_spec(json!({"image": "confab/chat-app:1"}));
    world.reconcile().await;
    assert_eq!(
        (world.server.get(JOB), world.condition("Ready")),
        (None, "True UpToDate".into())
    );
}

#[tokio::test]
async fn nothing_but_the_secrets_holds_a_password_or_a_key() {
    let world = World::ready(json!({})).await;
    for (secret, key) in [
        ("team-postgres", "password"),
        ("team-keys", "setup-token"),
        ("team-keys", "vapid-private-key"),
        ("team-keys", "encryption-key"),
    ] {
        let hidden = world.secret(secret, key);
        for (path, object) in world.server.all() {
            assert!(
                path.contains("/secrets/") || !object.to_string().contains(&hidden),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn keys_are_generated_once_and_new_ones_replace_the_replicas() {
    let world = World::ready(json!({})).await;
    let rolled_with = || {
        world.server.get(DEPLOYMENT).unwrap()["spec"]["template"]["metadata"]["annotations"].clone()
    };
    let (token, before) = (world.secret("team-keys", "setup-token"), rolled_with());
    world.reconcile().await;
    assert_eq!(
        (world.secret("team-keys", "setup-token"), rolled_with()),
        (token.clone(), before.clone())
    );
    world
        .server
        .remove("/api/v1/namespaces/chat/secrets/team-keys");
    world.reconcile().await;
    assert_ne!(world.secret("team-keys", "setup-token"), token);
    assert_ne!(rolled_with(), before);
}

#[tokio::test]
async fn another_search_language_is_migrated_before_the_replicas_use_it() {
    let world = World::ready(json!({})).await;
    world.edit_spec(json!({"chat": {"searchLanguage": "German"}}));
    world.reconcile().await;
    assert_eq!(
        (world.condition("SchemaReady"), world.search_language()),
        ("False Migrating".into(), json!("simple"))
    );
    world.job_ends("Complete");
    world.reconcile().await;
    assert_eq!(world.search_language(), "german");
}

#[tokio::test]
async fn a_bucket_whose_secret_is_missing_needs_action() {
    let bucket = json!({"bucket": "files", "credentialsSecret": {"name": "bucket"}});
    let world = World::with(json!({"attachments": {"store": {"s3": bucket}}}));
    world.reconcile().await;
    assert_eq!(
        (
            world.condition("Ready").as_str(),
            world.condition("Stalled").as_str()
        ),
        ("False SecretNotFound", "True SecretNotFound")
    );
}

#[tokio::test]
async fn a_paused_chat_is_left_alone_and_its_status_stays_current() {
    let world = World::ready(json!({})).await;
    world.server.merge(
        CHAT,
        json!({"spec": {"paused": true, "replicas": 3, "image": "other:2"}}),
    );
    world.reconcile().await;
    assert_eq!(world.condition("Ready"), "False Paused");
    assert_eq!(world.condition("TopicsReady"), "True TopicsUpToDate");
    world.server.merge(
        DEPLOYMENT,
        json!({"status": {"readyReplicas": 0, "availableReplicas": 0}}),
    );
    world.server.remove(SERVICE);
    world.server.forget_writes();
    world.reconcile().await;
    assert_eq!(world.condition("Available"), "False Starting");
    assert_eq!(world.server.writes(), [format!("PATCH {CHAT}/status")]);

    world.server.merge(CHAT, json!({"spec": {"paused": false}}));
    world.reconcile().await;
    assert!(world.server.get(SERVICE).is_some());
    assert_eq!(world.condition("SchemaReady"), "False Migrating");
}

#[tokio::test]
async fn two_events_of_one_reason_each_have_their_own_message() {
    let world = World::with(json!({
        "kafka": {"external": {"bootstrapServers": ["kafka:9092"], "sasl": {"mechanism": "PLAIN", "credentialsSecret": {"name": "broker"}}}},
        "postgres": {"external": {"urlSecret": {"name": "database"}}},
    }));
    world.reconcile().await;
    let all = world.server.all();
    let events = all.iter().filter(|(path, _)| path.contains("/events/"));
    let notes: Vec<_> = events.map(|(_, event)| event["note"].to_string()).collect();
    for secret in ["broker", "database"] {
        assert!(notes.iter().any(|note| note.contains(secret)), "{notes:?}");
    }
}
