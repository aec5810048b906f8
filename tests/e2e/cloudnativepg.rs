//! Chats on PostgreSQL of CloudNativePG, whose operator tests/cluster/cloudnativepg starts.

use std::path::Path;

use confab_delivery::check::check;
use confab_delivery::load::{FaultWindow, Load, Plan};
use confab_delivery::report;
use confab_tests::client::ChatClient;
use confab_tests::kubectl::Kubectl;
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, manifest, unique};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::own_namespace::in_own_namespace;

const CHAT: &str = "team";
/// Of the chat, with a Cluster that is created at the same time.
const READY: std::time::Duration = seconds(420);

#[tokio::test]
#[ignore = "needs tests/cluster/cloudnativepg"]
async fn nothing_is_lost_in_a_failover_and_a_new_password_is_followed() -> Result<()> {
    in_own_namespace("cnpg", async |kubectl| {
        let url = format!("http://{}.localhost:8080", kubectl.namespace());
        let own = json!({"instances": 2, "bootstrap": {"initdb": {"database": "chat", "owner": "chat"}}});
        kubectl.apply(&cluster(own)).await?;
        let spec = json!({"url": url, "exposure": {"ingress": {}}, "postgres": {"cloudNativePg": {"cluster": "pg"}}});
        kubectl
            .apply(&manifest::chat(kubectl.namespace(), CHAT, spec))
            .await?;
        kubectl.wait_ready(CHAT, READY).await?;
        connections_are_encrypted(kubectl).await?;
        both_instances_are_ready(kubectl).await?;
        fails_over_under_load(kubectl, &url).await?;
        kubectl.wait_ready(CHAT, seconds(120)).await?;
        another_password(kubectl).await?;
        served_at(&url).await
    })
    .await
}

/// The Cluster has no Secret of its own then, and its status names a person's authority.
#[tokio::test]
#[ignore = "needs tests/cluster/cloudnativepg"]
async fn a_persons_own_login_and_authority_are_used() -> Result<()> {
    in_own_namespace("cnpg-own", async |kubectl| {
        own_secrets(kubectl).await?;
        let own = json!({
            "instances": 1,
            "bootstrap": {"initdb": {"database": "talk", "owner": "talker", "secret": {"name": "login"}}},
            "certificates": {"serverCASecret": "authority"},
        });
        kubectl.apply(&cluster(own)).await?;
        let url = format!("http://{}.localhost:8080", kubectl.namespace());
        let own = json!({"cluster": "pg", "credentialsSecret": {"name": "login"}, "database": "talk"});
        let spec = json!({"url": url, "exposure": {"ingress": {}}, "replicas": 1, "postgres": {"cloudNativePg": own}});
        kubectl
            .apply(&manifest::chat(kubectl.namespace(), CHAT, spec))
            .await?;
        kubectl.wait_ready(CHAT, READY).await?;
        let used = kubectl.get("cluster.postgresql.cnpg.io pg").await?;
        let used = &used["status"]["certificates"]["serverCASecret"];
        ensure!(*used == "authority", "{used}");
        served_at(&url).await
    })
    .await
}

/// A commit waits for a standby while there is one, so a failover loses nothing that was acknowledged.
fn cluster(own: Value) -> Value {
    let mut spec = json!({
        "storage": {"size": "1Gi"},
        "postgresql": {"parameters": {"shared_buffers": "64MB"}},
    });
    if own["instances"] == 2 {
        spec["postgresql"]["synchronous"] =
            json!({"method": "any", "number": 1, "dataDurability": "preferred"});
    }
    for (field, value) in own.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    json!({
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": {"name": "pg"},
        "spec": spec,
    })
}

async fn both_instances_are_ready(kubectl: &Kubectl) -> Result<()> {
    eventually(seconds(300), "both instances are ready", async || {
        let status = kubectl.get("cluster.postgresql.cnpg.io pg").await?["status"].take();
        ensure!(status["readyInstances"] == 2, "{}", status["phase"]);
        Ok(())
    })
    .await
}

/// As PostgreSQL sees them. The operator asks for `verify-full`.
async fn connections_are_encrypted(kubectl: &Kubectl) -> Result<()> {
    let query = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'chat'";
    let primary = primary(kubectl).await?;
    let namespace = kubectl.namespace();
    let psql = [
        "--namespace",
        namespace,
        "exec",
        &primary,
        "--container=postgres",
        "--",
        "psql",
        "--dbname=chat",
        "-tAc",
        query,
    ];
    let encrypted = confab_tests::kubectl::run("kubectl", &psql, "").await?;
    ensure!(encrypted.trim() == "t", "all are encrypted: {encrypted}");
    let pods = kubectl
        .run("get deployment team-app -o jsonpath={.spec.template.spec.containers[0].env}")
        .await?;
    ensure!(pods.contains("verify-full"), "{pods}");
    Ok(())
}

async fn primary(kubectl: &Kubectl) -> Result<String> {
    let query = "get cluster.postgresql.cnpg.io pg -o jsonpath={.status.currentPrimary}";
    kubectl.run(query).await
}

async fn fails_over_under_load(kubectl: &Kubectl, url: &str) -> Result<()> {
    let mut plan = Plan::new(vec![url.to_owned()]);
    plan.tabs = 2;
    let load = Load::start(plan).await?;
    let window = load.open_window("before");
    window.wait_for(200, seconds(60)).await?;
    window.close();
    let window = load.open_window("failover");
    let failed_over = lose_the_primary(kubectl, &window).await;
    window.close();
    let journal = load.finish(seconds(90)).await?;
    failed_over?;
    let result = check(&journal);
    ensure!(result.is_clean(), "{}", report::summary(&result));
    Ok(())
}

/// Kills the primary without a chance to say goodbye, and waits until messages are acknowledged by the other instance.
async fn lose_the_primary(kubectl: &Kubectl, window: &FaultWindow) -> Result<()> {
    let former = primary(kubectl).await?;
    kubectl
        .run(&format!(
            "delete pod {former} --grace-period=0 --force --wait=false"
        ))
        .await?;
    let promoted = eventually(seconds(120), "another instance is promoted", async || {
        let now = primary(kubectl).await?;
        ensure!(now != former, "{now} is still the primary");
        Ok(now)
    })
    .await?;
    let acked = window.acked();
    window
        .wait_for(acked + 300, seconds(120))
        .await
        .with_context(|| format!("with the primary {promoted}"))
}

/// CloudNativePG sets the password of the Secret that it made. The operator reads Secrets every five minutes, and when the spec
/// changes.
async fn another_password(kubectl: &Kubectl) -> Result<()> {
    let before = pods(kubectl).await?;
    let other = json!({"stringData": {"password": unique("another")}});
    kubectl.merge("secret/pg-app", &other).await?;
    kubectl
        .merge(
            &format!("chat/{CHAT}"),
            &json!({"spec": {"topics": {"partitions": 2}}}),
        )
        .await?;
    eventually(seconds(180), "every replica has restarted", async || {
        let now = pods(kubectl).await?;
        ensure!(!now.is_empty(), "no replica");
        ensure!(now.iter().all(|pod| !before.contains(pod)), "{now:?}");
        Ok(())
    })
    .await?;
    kubectl.wait_ready(CHAT, seconds(120)).await
}

async fn pods(kubectl: &Kubectl) -> Result<Vec<String>> {
    let query = format!(
        "get pods -l app.kubernetes.io/instance={CHAT},app.kubernetes.io/component=app -o name"
    );
    let names = kubectl.run(&query).await?;
    Ok(names.lines().map(str::to_owned).collect())
}

async fn served_at(url: &str) -> Result<()> {
    eventually(seconds(60), "a person signs up", async || {
        ChatClient::registered(url, &unique("ada")).await
    })
    .await?;
    Ok(())
}

/// `login` for the owner of the database, and `authority`, which signs the certificates of the servers.
async fn own_secrets(kubectl: &Kubectl) -> Result<()> {
    let login = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/basic-auth",
        "metadata": {"name": "login"},
        "stringData": {"username": "talker", "password": unique("p")},
    });
    kubectl.apply(&login).await?;
    let folder = tempfile::tempdir()?;
    let [key, certificate] = ["ca.key", "ca.crt"].map(|name| folder.path().join(name));
    let created = Command::new("openssl")
        .args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority".split(' '))
        .args([Path::new("-keyout"), &key, Path::new("-out"), &certificate])
        .output()
        .await?;
    ensure!(created.status.success(), "openssl: {created:?}");
    let authority = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "authority"},
        "stringData": {
            "ca.key": std::fs::read_to_string(&key)?,
            "ca.crt": std::fs::read_to_string(&certificate)?,
        },
    });
    kubectl.apply(&authority).await
}
