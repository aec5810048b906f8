//! The conditions of whole states. Pure.

use super::*;
use crate::access::access;
use crate::crd::TopicStatus;
use crate::credentials::credentials;
use crate::ingress_class::IngressController;
use crate::kinds::HTTPRoute;
use crate::migration::JobMark;
use crate::reason::Reason;
use crate::validate::InvalidSpec;
use crate::validate::fixtures::{chat_of, object};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::constant(1_700_000_000, 0);

fn rolled_out() -> Children {
    deployment(
        json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}),
    )
}

fn deployment(status: Value) -> Children {
    let deployment = json!({
        "metadata": {"name": "team-app", "generation": 1},
        "spec": {"replicas": 2, "selector": {}, "template": {"spec": {"containers": [{"name": "chat-app", "image": "confab/chat-app:1"}]}}},
        "status": status,
    });
    let deployment: Deployment = serde_json::from_value(deployment).unwrap();
    Children::default().with(Role::App, deployment)
}

fn topics() -> Vec<TopicStatus> {
    vec![TopicStatus {
        name: "chat.team.events".into(),
        partitions: 12,
        replication_factor: Some(1),
        cluster_id: None,
    }]
}

pub(super) fn healthy(spec: Value) -> ChatState {
    let chat = chat_of(spec);
    let access = access(
        &chat,
        &credentials(&Children::default()),
        &Default::default(),
    );
    ChatState {
        chat,
        access,
        topics: TopicState::Ready(topics()),
        migration: Some(Decision::Settled),
        children: rolled_out(),
        has_admin: false,
        ingress_controller: IngressController::default(),
        refused: Vec::new(),
        expansions: Vec::new(),
        refused_image: None,
        pods: Vec::new(),
        events: Vec::new(),
        schema: Some(SchemaStatus {
            applied: 1,
            target: 1,
            ..SchemaStatus::default()
        }),
        last_backup: None,
    }
}

/// The pod of the first attempt ended with this message.
fn failed_migration(message: &str) -> ChatState {
    let pod = serde_json::from_value(json!({
        "metadata": {"labels": {"app.kubernetes.io/component": "migrate"}, "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "team-migrate", "uid": "j1"}]},
        "status": {"containerStatuses": [{"name": "migrate", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": 1, "message": message}}}]},
    }))
    .unwrap();
    let migration: Job =
        serde_json::from_value(json!({"metadata": {"name": "team-migrate", "uid": "j1"}})).unwrap();
    ChatState {
        migration: Some(Decision::Failed {
            attempt: 1,
            retry: NOW,
        }),
        children: rolled_out().with(Role::Migrate, migration),
        pods: vec![pod],
        ..healthy(json!({}))
    }
}

fn conditions_of(state: ChatState) -> Vec<Condition> {
    status(&object(json!({})), &Outcome::Built(Box::new(state)), NOW)
        .0
        .conditions
}

fn find<'a>(conditions: &'a [Condition], type_: &str) -> &'a Condition {
    conditions
        .iter()
        .find(|condition| condition.type_ == type_)
        .unwrap()
}

fn summary(conditions: &[Condition]) -> Vec<String> {
    conditions
        .iter()
        .map(|c| format!("{}={} {}", c.type_, c.status, c.reason))
        .collect()
}

#[test]
fn a_healthy_chat_is_ready() {
    let conditions = conditions_of(healthy(json!({})));
    assert_eq!(
        summary(&conditions),
        [
            "Ready=True UpToDate",
            "Accepted=True Valid",
            "TopicsReady=True TopicsUpToDate",
            "SchemaReady=True Migrated",
            "Available=True Serving",
            "Exposed=False UrlNotSet",
            "BackedUp=False BackupNotConfigured",
            "Stalled=False NoActionNeeded",
        ]
    );
    assert!(
        conditions
            .iter()
            .all(|condition| condition.observed_generation == Some(1))
    );
}

#[test]
fn without_a_url_available_says_how_to_reach_the_chat() {
    let (status, _) = status(
        &object(json!({})),
        &Outcome::Built(Box::new(healthy(json!({})))),
        NOW,
    );
    let available = find(&status.conditions, "Available");
    assert!(
        available
            .message
            .contains("kubectl -n chat port-forward service/team-app 8080:80"),
        "{}",
        available.message
    );
    assert_eq!(status.url.as_deref(), Some("http://team-app.chat.svc"));
    assert_eq!(status.ready.as_deref(), Some("2/2"));
}

#[test]
fn the_setup_token_is_shown_until_there_is_an_admin() {
    let message = |has_admin| {
        let state = ChatState {
            has_admin,
            ..healthy(json!({}))
        };
        find(&conditions_of(state), "Available").message.clone()
    };
    assert!(message(false).contains("get secret team-keys"));
    assert!(!message(true).contains("team-keys"), "{}", message(true));
}

#[test]
fn a_port_forward_is_shown_once_there_are_pods_to_forward_to() {
    let message = |children| {
        let state = ChatState {
            children,
            ..healthy(json!({}))
        };
        find(&conditions_of(state), "Exposed").message.clone()
    };
    assert!(message(rolled_out()).contains("port-forward"));
    assert_eq!(
        message(Children::default()),
        "spec.url is not set, so there is no route"
    );
}

#[test]
fn ready_repeats_the_first_thing_that_is_missing() {
    let waiting = TopicState::Problem {
        reason: Reason::WaitingForKafka,
        message: "m".into(),
        needs_action: false,
        topics: Vec::new(),
    };
    let conditions = conditions_of(ChatState {
        topics: waiting,
        migration: Some(Decision::Running),
        ..healthy(json!({}))
    });
    assert_eq!(find(&conditions, "Ready").reason, Reason::WaitingForKafka);
    assert_eq!(find(&conditions, "Stalled").status, "False");
    assert_eq!(
        find(&conditions, "Available").status,
        "True",
        "people can chat meanwhile"
    );
}

#[test]
fn what_needs_action_comes_before_what_does_not_and_is_stalled() {
    let waiting = TopicState::Problem {
        reason: Reason::KafkaUnreachable,
        message: "m".into(),
        needs_action: false,
        topics: Vec::new(),
    };
    let failed = Decision::Failed {
        attempt: 3,
        retry: NOW,
    };
    let conditions = conditions_of(ChatState {
        topics: waiting,
        migration: Some(failed),
        ..healthy(json!({}))
    });
    assert_eq!(find(&conditions, "Ready").reason, Reason::MigrationFailed);
    assert_eq!(
        summary(&conditions).last().unwrap(),
        "Stalled=True MigrationFailed"
    );
}

#[test]
fn a_failed_migration_shows_its_message_and_when_it_runs_again() {
    let state = failed_migration("the database is read-only");
    let message = find(&conditions_of(state), "SchemaReady").message.clone();
    assert!(
        message.contains("failed once: the database is read-only. Next attempt at 22:13:20Z"),
        "{message}"
    );
}

#[test]
fn a_database_of_another_chat_needs_action_at_once() {
    let conditions = conditions_of(failed_migration(
        "DatabaseInUse: The database belongs to the chat chat.elder",
    ));
    let schema = find(&conditions, "SchemaReady");
    assert_eq!(schema.reason, Reason::DatabaseInUse);
    assert!(
        schema
            .message
            .starts_with("The database belongs to the chat chat.elder. Next attempt at"),
        "{}",
        schema.message
    );
    assert_eq!(
        summary(&conditions).last().unwrap(),
        "Stalled=True DatabaseInUse"
    );
}

#[test]
fn more_connections_than_postgresql_accepts_are_reported_while_the_chat_stays_ready() {
    let conditions = conditions_of(ChatState {
        schema: Some(SchemaStatus {
            max_connections: Some(20),
            ..SchemaStatus::default()
        }),
        ..healthy(json!({}))
    });
    let schema = find(&conditions, "SchemaReady");
    assert_eq!(
        (schema.status.as_str(), schema.reason.as_str()),
        ("True", "TooFewConnections")
    );
    assert!(
        schema.message.contains("up to 33 connections")
            && schema.message.contains("accepted only 20"),
        "{}",
        schema.message
    );
    assert_eq!(find(&conditions, "Ready").status, "True");
}

#[test]
fn a_missing_secret_is_reported_where_it_is_needed() {
    let chat = chat_of(json!({"postgres": {"external": {"urlSecret": {"name": "db"}}}}));
    let access = access(
        &chat,
        &credentials(&Children::default()),
        &Default::default(),
    );
    let conditions = conditions_of(ChatState {
        chat,
        access,
        migration: None,
        ..healthy(json!({}))
    });
    let schema = find(&conditions, "SchemaReady");
    assert_eq!(
        (
            schema.reason.as_str(),
            find(&conditions, "Stalled").status.as_str()
        ),
        ("SecretNotFound", "True")
    );
    assert!(schema.message.contains("create it in namespace chat"));
}

#[test]
fn a_rollout_in_progress_is_not_ready_but_available() {
    let status = json!({"observedGeneration": 1, "replicas": 3, "updatedReplicas": 1, "readyReplicas": 2, "availableReplicas": 2});
    let conditions = conditions_of(ChatState {
        children: deployment(status),
        ..healthy(json!({}))
    });
    assert_eq!(find(&conditions, "Ready").reason, Reason::RollingOut);
    assert_eq!(find(&conditions, "Available").status, "True");
}

#[test]
fn a_rollout_that_does_not_progress_needs_action() {
    let status = json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 1, "conditions": [{"type": "Progressing", "status": "False"}]});
    let conditions = conditions_of(ChatState {
        children: deployment(status),
        ..healthy(json!({}))
    });
    assert_eq!(find(&conditions, "Stalled").reason, Reason::RolloutStuck);
}

#[test]
fn a_chat_scaled_to_zero_is_ready_and_not_available() {
    let children = json!({"metadata": {"generation": 1}, "spec": {"replicas": 0, "selector": {}, "template": {}}, "status": {"observedGeneration": 1}});
    let deployment: Deployment = serde_json::from_value(children).unwrap();
    let children = Children::default().with(Role::App, deployment);
    let conditions = conditions_of(ChatState {
        chat: chat_of(json!({"replicas": 0})),
        children,
        ..healthy(json!({}))
    });
    let (ready, available) = (find(&conditions, "Ready"), find(&conditions, "Available"));
    assert_eq!(ready.status, "True");
    assert_eq!(available.reason, Reason::ScaledToZero);
    assert_eq!(ready.message, available.message, "how to start it again");
}

#[test]
fn a_rejected_spec_is_not_ready_and_keeps_what_is_known_of_the_replicas() {
    let mut object = object(json!({}));
    object.status = Some(status(&object, &Outcome::Built(Box::new(healthy(json!({})))), NOW).0);
    object.metadata.generation = Some(2);
    let outcome = Outcome::Rejected(Rejection::InvalidSpec(InvalidSpec::Replicas(-1)));
    let (after, _) = status(&object, &outcome, NOW);
    assert_eq!(find(&after.conditions, "Ready").reason, Reason::InvalidSpec);
    assert_eq!(find(&after.conditions, "Stalled").status, "True");
    assert_eq!(find(&after.conditions, "Available").status, "True");
    assert_eq!(
        (after.ready_replicas, after.observed_generation),
        (2, Some(2))
    );
}

#[test]
fn a_transitions_time_is_kept_while_the_status_stays_the_same() {
    let later = Timestamp::constant(1_700_000_100, 0);
    let before = conditions(
        &[],
        &[Finding::no(
            "SchemaReady",
            Severity::Waiting,
            Reason::WaitingForPostgres,
            "",
        )],
        Some(1),
        NOW,
    );
    let after = conditions(
        &before,
        &[Finding::no(
            "SchemaReady",
            Severity::Waiting,
            Reason::Migrating,
            "",
        )],
        Some(2),
        later,
    );
    assert_eq!(
        after[0].last_transition_time,
        before[0].last_transition_time
    );
    let changed = conditions(
        &after,
        &[Finding::yes("SchemaReady", Reason::Migrated, "")],
        Some(2),
        later,
    );
    assert_eq!(changed[0].last_transition_time.0, later);
}

#[test]
fn a_second_reconcile_of_the_same_state_reports_exactly_the_same() {
    let mut object = object(json!({}));
    let outcome = Outcome::Built(Box::new(healthy(json!({}))));
    let first = status(&object, &outcome, NOW).0;
    object.status = Some(first.clone());
    assert_eq!(
        status(&object, &outcome, Timestamp::constant(1_700_009_999, 5)).0,
        first
    );
}

#[test]
fn the_database_is_identified_by_the_migration_that_is_complete() {
    let identity = |message: &str| {
        let state = ChatState {
            migration: Some(Decision::Settled),
            ..failed_migration(message)
        };
        let outcome = Outcome::Built(Box::new(state));
        status(&object(json!({})), &outcome, NOW).0.postgres
    };
    let message = r#"{"applied":1,"target":1,"maxConnections":97,"systemIdentifier":"7","database":"chat","majorVersion":18}"#;
    let found = identity(message).unwrap();
    assert_eq!(
        (
            found.system_identifier.as_str(),
            found.database.as_str(),
            found.major_version
        ),
        ("7", "chat", Some(18))
    );
    assert_eq!(identity(r#"{"applied":1,"target":1}"#), None);
}

#[test]
fn the_schemas_version_comes_from_the_migration_that_is_complete_or_stays() {
    let pod = serde_json::from_value(json!({
        "metadata": {"labels": {"app.kubernetes.io/component": "migrate"}, "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "team-migrate", "uid": "j1"}]},
        "status": {"containerStatuses": [{"name": "migrate", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": 0, "message": "{\"applied\":2,\"target\":2}"}}}]},
    }))
    .unwrap();
    let migration: Job =
        serde_json::from_value(json!({"metadata": {"name": "team-migrate", "uid": "j1"}})).unwrap();
    let children = Children::default().with(Role::Migrate, migration);
    let before = Some(SchemaStatus {
        applied: 1,
        target: 1,
        ..SchemaStatus::default()
    });
    let pods = [pod];
    let complete = schema(&children, Some(&Decision::Complete), &pods, before);
    assert_eq!(
        complete,
        Some(SchemaStatus {
            applied: 2,
            target: 2,
            ..SchemaStatus::default()
        })
    );
    assert_eq!(
        schema(&children, Some(&Decision::Running), &pods, before),
        before
    );
    let mark = JobMark {
        fingerprint: String::new(),
        generation: 1,
        attempt: 1,
        changes: 0,
    };
    assert_eq!(
        schema(
            &Children::default(),
            Some(&Decision::Start(mark)),
            &[],
            None
        ),
        None
    );
}

fn routed(route: serde_json::Value) -> Vec<Condition> {
    let route: Option<HTTPRoute> =
        (!route.is_null()).then(|| serde_json::from_value(route).unwrap());
    let mut children = rolled_out();
    children.insert(Role::App, route);
    let parents = json!({"gateway": {"parentRefs": [{"name": "way", "namespace": "net", "sectionName": "web"}]}});
    conditions_of(ChatState {
        children,
        ..healthy(json!({"url": "http://chat.example.com", "exposure": parents}))
    })
}

fn route(parent: serde_json::Value, accepted: &str, generation: i64) -> serde_json::Value {
    let condition = |type_: &str, status: &str| {
        json!({"type": type_, "status": status, "reason": "NotAllowedByListeners", "message": "no", "observedGeneration": generation,
            "lastTransitionTime": "2026-01-01T00:00:00Z"})
    };
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"name": "team-app", "namespace": "chat", "generation": 2},
        "spec": {"parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "way", "namespace": "net", "sectionName": "web"}]},
        "status": {"parents": [{"controllerName": "c", "parentRef": parent,
            "conditions": [condition("Accepted", accepted), condition("ResolvedRefs", "True")]}]},
    })
}

#[test]
fn a_route_counts_when_its_gateway_accepts_its_current_generation() {
    let web = json!({"name": "way", "namespace": "net", "sectionName": "web"});
    let reason = |route| find(&routed(route), "Exposed").reason.clone();
    assert_eq!(
        reason(route(web.clone(), "True", 2)),
        Reason::RouteAccepted.as_str()
    );
    assert_eq!(
        reason(route(web.clone(), "True", 1)),
        Reason::WaitingForGateway.as_str()
    );
    let other = json!({"name": "way", "namespace": "net", "sectionName": "other"});
    assert_eq!(
        reason(route(other, "True", 2)),
        Reason::WaitingForGateway.as_str()
    );
    let refused = routed(route(web, "False", 2));
    let exposed = find(&refused, "Exposed");
    assert!(
        exposed.message.contains(
            "Gateway net/way listener web reports for HTTPRoute team-app: Accepted=False"
        ),
        "{}",
        exposed.message
    );
    assert_eq!(
        summary(&refused).last().unwrap(),
        "Stalled=True RouteNotAccepted"
    );
}

#[test]
fn a_cluster_without_gateway_api_is_reported_and_not_ready() {
    let conditions = routed(serde_json::Value::Null);
    assert_eq!(
        find(&conditions, "Ready").reason,
        Reason::GatewayApiNotInstalled
    );
    assert_eq!(find(&conditions, "Available").status, "True");
}

#[test]
fn an_ingress_counts_when_its_class_exists_or_a_controller_took_it() {
    let exposed = |ingress_controller| {
        let ingress = json!({"metadata": {"name": "team-app"}, "spec": {}});
        let ingress: k8s_openapi::api::networking::v1::Ingress =
            serde_json::from_value(ingress).unwrap();
        let spec = json!({"url": "http://chat.example.com", "exposure": {"ingress": {}}});
        let conditions = conditions_of(ChatState {
            children: rolled_out().with(Role::App, ingress),
            ingress_controller,
            ..healthy(spec)
        });
        let [exposed, stalled] =
            ["Exposed", "Stalled"].map(|type_| find(&conditions, type_).clone());
        (exposed.reason, stalled.status, exposed.message)
    };
    let (reason, stalled, _) = exposed(IngressController::Known);
    assert_eq!(
        (reason.as_str(), stalled.as_str()),
        ("IngressConfigured", "False")
    );
    for controller in [
        IngressController::ClassNotFound("nope".to_owned()),
        IngressController::NoClass,
    ] {
        let (reason, stalled, message) = exposed(controller);
        assert_eq!(
            (reason.as_str(), stalled.as_str()),
            ("IngressClassNotFound", "True")
        );
        assert!(
            message.contains("spec.exposure.ingress.className"),
            "{message}"
        );
    }
    let (reason, stalled, _) = exposed(IngressController::NotYet("gce".to_owned()));
    assert_eq!(
        (reason.as_str(), stalled.as_str()),
        ("WaitingForIngressController", "False")
    );
}
