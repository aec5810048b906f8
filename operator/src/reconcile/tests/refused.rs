//! Scenarios in which the API server refuses something, or stores what cannot be read. No I/O.

use axum::http::Method;

use super::*;

const QUOTA: &str = "exceeded quota: one, requested: services=1";
const KAFKA: &str = "/apis/apps/v1/namespaces/chat/statefulsets/team-kafka";
const POSTGRES: &str = "/apis/apps/v1/namespaces/chat/statefulsets/team-postgres";

#[tokio::test]
async fn a_refused_child_is_reported_with_the_api_servers_words_and_the_others_go_on() {
    let world = World::with(json!({}));
    world.server.refuse(Method::PATCH, SERVICE, 403, QUOTA);
    world.reconcile().await;
    for (type_, is) in [("Ready", "False"), ("Stalled", "True")] {
        assert_eq!(world.condition(type_), format!("{is} RequestRefused"));
        let message = world.message(type_);
        assert!(
            message.starts_with(&format!(
                "The API server refused applying Service team-app (403): {QUOTA}."
            )),
            "{message}"
        );
    }
    assert_eq!(world.events("RequestRefused").len(), 1);
    assert!(world.server.get(KAFKA).is_some() && world.server.get(POSTGRES).is_some());
    world.server.grant();
    world.reconcile().await;
    assert_eq!(world.condition("Stalled"), "False NoActionNeeded");
}

#[tokio::test]
async fn what_a_condition_waits_for_in_vain_is_its_reason() {
    let world = World::ready(json!({"url": "http://a.b"})).await;
    world.server.refuse(Method::PATCH, INGRESS, 422, "not so");
    world.edit_spec(json!({"exposure": {"ingress": {}}}));
    world.reconcile().await;
    assert_eq!(world.condition("Exposed"), "False RequestRefused");
    assert_eq!(world.condition("Available"), "True Serving");
    assert_eq!(world.events("RequestRefused").len(), 1);
}

#[tokio::test]
async fn what_may_pass_by_itself_is_reported_when_it_came_three_times_in_a_row() {
    let world = World::ready(json!({})).await;
    world.server.refuse(Method::PATCH, SERVICE, 409, "conflict");
    world.server.remove(SERVICE);
    for _ in 0..2 {
        assert!(world.try_reconcile().await.is_err());
        assert_eq!(world.condition("Ready"), "True UpToDate", "not yet");
    }
    world.reconcile().await;
    assert_eq!(world.condition("Stalled"), "True RequestRefused");
    world.reconcile().await;
    assert_eq!(world.condition("Stalled"), "True RequestRefused");
    world.server.grant();
    world.reconcile().await;
    assert_eq!(world.condition("Ready"), "True UpToDate");
}

#[tokio::test]
async fn pods_are_not_made_with_a_password_that_could_not_be_stored() {
    let world = World::with(json!({}));
    let secret = "/secrets/team-postgres";
    world
        .server
        .refuse(Method::PATCH, secret, 403, "no Secrets here");
    world.reconcile().await;
    assert_eq!(world.condition("SchemaReady"), "False RequestRefused");
    assert_eq!(world.server.get(POSTGRES), None);
    assert!(world.server.get(SERVICE).is_some());
    world.server.grant();
    world.reconcile().await;
    assert!(world.server.get(POSTGRES).is_some());
}

#[tokio::test]
async fn nothing_is_written_beside_a_child_that_cannot_be_read() {
    let world = World::with(json!({}));
    let secret = "/secrets/team-keys";
    world
        .server
        .refuse(Method::GET, secret, 403, "cannot get Secrets");
    world.reconcile().await;
    assert_eq!(world.condition("Stalled"), "True RequestRefused");
    let message = world.message("Ready");
    assert!(
        message.contains("reading Secret team-keys (403): cannot get"),
        "{message}"
    );
    assert_eq!(world.server.writes(), [format!("PATCH {CHAT}/status")]);
}

#[tokio::test]
async fn a_chat_that_this_version_cannot_read_says_so_and_keeps_what_is_known() {
    let world = World::ready(json!({})).await;
    world
        .server
        .merge(CHAT, json!({"spec": {"replicas": "many"}}));
    world.reconcile().await;
    assert_eq!(world.condition("Accepted"), "False UnreadableSpec");
    assert_eq!(world.condition("Stalled"), "True UnreadableSpec");
    assert_eq!(world.condition("Available"), "True Serving");
    assert!(
        world.message("Ready").contains("many"),
        "{}",
        world.message("Ready")
    );
    assert_eq!(world.server.get(CHAT).unwrap()["status"]["ready"], "2/2");
    world.server.forget_writes();
    world.reconcile().await;
    assert_eq!(world.server.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn an_embedded_service_whose_pod_cannot_be_created_says_why() {
    let world = World::with(json!({}));
    world.reconcile().await;
    for path in [KAFKA, POSTGRES] {
        let uid = world.server.get(path).unwrap()["metadata"]["uid"].clone();
        let name = uid.as_str().unwrap();
        world.server.put(
            &format!("/apis/events.k8s.io/v1/namespaces/chat/events/{name}"),
            json!({"metadata": {"name": name}, "eventTime": null, "reason": "FailedCreate",
                "note": format!("pods {QUOTA}"), "regarding": {"uid": uid}}),
        );
    }
    world.reconcile().await;
    for type_ in ["TopicsReady", "SchemaReady"] {
        assert_eq!(world.condition(type_), "False PodNotCreated");
        assert!(
            world.message(type_).ends_with(QUOTA),
            "{}",
            world.message(type_)
        );
    }
    assert_eq!(world.condition("Stalled"), "True PodNotCreated");
}
