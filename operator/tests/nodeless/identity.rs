//! Two chats that ask for the same thing: only one of them gets it, however their specs are written.

use confab_tests::nodeless::{Chat, KafkaProxy, namespaced};
use confab_tests::{Result, ensure};
use serde_json::json;

use crate::world::{LIMIT, World};

const CLASSES: &str = "/apis/networking.k8s.io/v1/ingressclasses";

#[tokio::test(flavor = "multi_thread")]
async fn topics_belong_to_one_chat_however_the_address_of_their_kafka_is_spelled() -> Result<()> {
    let world = World::new("same").await?;
    let (elder, mut spec) = world.chat("elder").await?;
    spec["topics"]["prefix"] = json!(world.namespace);
    elder.create(&spec).await?;
    let _operator = world.operator().await?;
    elder.ready(LIMIT).await?;
    let prefix = format!("{}.", world.namespace);
    let before = world.kafka.topics(&prefix).await?;
    ensure!(before.len() == 2, "{before:?}");

    // The same broker at another address.
    let other = KafkaProxy::to_local_kafka(&world.process).await?;
    let mut spec = Chat::spec(&other.address());
    spec["topics"] = json!({"prefix": world.namespace, "partitions": 24, "retentionHours": 24});
    let alias = Chat {
        name: "alias".into(),
        ..elder.clone()
    };
    alias.create(&spec).await?;
    alias
        .wait(LIMIT, "TopicsReady", "False TopicPrefixInUse")
        .await?;
    alias
        .wait(LIMIT, "Stalled", "True TopicPrefixInUse")
        .await?;
    let topics = world.kafka.topics(&prefix).await?;
    ensure!(topics == before, "{before:?} became {topics:?}");

    // With deletionPolicy Delete.
    alias.delete().await?;
    alias.gone(LIMIT).await?;
    let topics = world.kafka.topics(&prefix).await?;
    ensure!(topics == before, "{before:?} became {topics:?}");
    elder.ready(LIMIT).await
}

/// The elder is in a namespace that this operator does not reconcile.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_belongs_to_one_chat_and_its_ingress_to_a_class_that_exists() -> Result<()> {
    let world = World::new("host").await?;
    let (chat, mut spec) = world.chat("young").await?;
    let class = format!("class-of-{}", world.namespace);
    spec["url"] = json!(format!("https://{}.example", world.namespace));
    spec["exposure"] = json!({"ingress": {"className": class}});
    let elder = Chat {
        namespace: world.cluster.namespace("elsewhere").await?,
        name: "elder".into(),
        ..chat.clone()
    };
    elder.create(&spec).await?;
    // As its own operator does. Without it, the host would be that of the one created in an earlier second.
    let accepted = json!({"status": {"url": spec["url"]}});
    let status = format!("{}/status", elder.own_path());
    world.cluster.merge(&status, &accepted).await?;
    chat.create(&spec).await?;
    let _operator = world.operator().await?;
    chat.wait(LIMIT, "Accepted", "False HostInUse").await?;
    let ingress = chat.path("apis/networking.k8s.io/v1", "ingresses/young-app");
    ensure!(
        world.cluster.find(&ingress).await?.is_none(),
        "it has a route"
    );

    elder.delete().await?;
    chat.wait(LIMIT, "Exposed", "False IngressClassNotFound")
        .await?;
    chat.wait(LIMIT, "Stalled", "True IngressClassNotFound")
        .await?;
    let object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {"name": class}, "spec": {"controller": "example.com/controller"}});
    world.cluster.create(CLASSES, &object).await?;
    chat.wait(LIMIT, "Exposed", "True IngressConfigured")
        .await?;
    chat.ready(LIMIT).await?;
    world.cluster.delete(&format!("{CLASSES}/{class}")).await
}

/// The test in the role of CloudNativePG. Nothing answers at the Service.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_cloudnativepg_is_found_by_its_service_and_a_persons_own_secrets() -> Result<()>
{
    let world = World::new("cnpg").await?;
    define_clusters(&world).await?;
    let (chat, mut spec) = world.chat("team").await?;
    spec["postgres"] = json!({"cloudNativePg": {"cluster": "pg"}});
    chat.create(&spec).await?;
    let _operator = world.operator().await?;
    chat.wait(LIMIT, "SchemaReady", "False PostgresClusterNotFound")
        .await?;

    let clusters = "apis/postgresql.cnpg.io/v1";
    let cluster = json!({"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "pg"}, "spec": {"instances": 2}});
    world
        .cluster
        .create(&chat.path(clusters, "clusters"), &cluster)
        .await?;
    let status = json!({"status": {"certificates": {"serverCASecret": "our-ca"}}});
    world
        .cluster
        .merge(&chat.path(clusters, "clusters/pg/status"), &status)
        .await?;
    secret(&world, &chat, "our-ca", json!({"ca.crt": "PEM"})).await?;
    says(
        &chat,
        "name that Secret in spec.postgres.cloudNativePg.credentialsSecret",
    )
    .await?;

    let login = json!({"username": "chat", "password": "secret"});
    secret(&world, &chat, "own", login).await?;
    let own = json!({"cluster": "pg", "credentialsSecret": {"name": "own"}});
    chat.change(json!({"postgres": {"cloudNativePg": own}}))
        .await?;
    says(&chat, "spec.postgres.cloudNativePg.database").await?;
    let named = json!({"database": "chat"});
    chat.change(json!({"postgres": {"cloudNativePg": named}}))
        .await?;
    says(
        &chat,
        &format!(
            "PostgreSQL at pg-rw.{}.svc:5432 does not respond",
            chat.namespace
        ),
    )
    .await
}

/// Waits until SchemaReady says this.
async fn says(chat: &Chat, words: &str) -> Result<()> {
    confab_tests::eventually(LIMIT, words, async || {
        let chat = chat.get().await?;
        let conditions = chat["status"]["conditions"].as_array().cloned();
        let all = conditions.unwrap_or_default();
        let schema = all.iter().find(|it| it["type"] == "SchemaReady");
        let message = schema.and_then(|it| it["message"].as_str());
        let message = message.unwrap_or_default();
        ensure!(message.contains(words), "{message}");
        Ok(())
    })
    .await
}

async fn secret(world: &World, chat: &Chat, name: &str, data: serde_json::Value) -> Result<()> {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data});
    let path = namespaced("api/v1", &chat.namespace, &format!("secrets/{name}"));
    world.cluster.apply(&path, &secret).await?;
    Ok(())
}

/// The part of CloudNativePG's API that the operator reads.
async fn define_clusters(world: &World) -> Result<()> {
    const PATH: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({"type": "object", "properties": {"spec": open, "status": open}});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "clusters.postgresql.cnpg.io"},
        "spec": {
            "group": "postgresql.cnpg.io", "scope": "Namespaced",
            "names": {"kind": "Cluster", "plural": "clusters", "singular": "cluster"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}}, "schema": {"openAPIV3Schema": schema}}],
        },
    });
    let path = format!("{PATH}/clusters.postgresql.cnpg.io");
    world.cluster.apply(&path, &definition).await?;
    let served = format!(
        "/apis/postgresql.cnpg.io/v1/namespaces/{}/clusters",
        world.namespace
    );
    confab_tests::eventually(LIMIT, "Clusters are served", async || {
        world.cluster.list(&served).await
    })
    .await?;
    Ok(())
}
