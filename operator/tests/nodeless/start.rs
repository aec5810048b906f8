//! What the operator needs before it reconciles, and its probes, metrics and logs.

use std::time::Duration;

use confab_tests::nodeless::Behavior;
use confab_tests::{Result, ensure};

use crate::world::{LIMIT, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_definition_is_awaited_and_readyz_reports_it() -> Result<()> {
    let world = World::new("start").await?;
    let (chat, spec) = world.chat("team").await?;
    chat.create(&spec).await?;
    // As the API server answers for a kind that it does not have.
    world.api.on_request(|call| {
        if call.uri.starts_with("/apis/confab.dev/") {
            Behavior::Refuse(404, "NotFound")
        } else {
            Behavior::Pass
        }
    });
    let operator = world.operator().await?;
    operator
        .wait_for_readyz(
            LIMIT,
            503,
            "waiting for the CustomResourceDefinition chatdeployments.confab.dev",
        )
        .await?;
    ensure!(
        operator.admin("/livez").await?.0 == 200,
        "it is alive meanwhile"
    );
    world.api.on_request(|_| Behavior::Pass);
    operator.wait_for_readyz(LIMIT, 200, "working").await?;
    chat.ready(LIMIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_does_not_answer_is_awaited() -> Result<()> {
    let world = World::new("start").await?;
    world.api.on_request(|call| {
        if call.number == 1 {
            Behavior::Hang
        } else {
            Behavior::Pass
        }
    });
    let operator = world.operator().await?;
    operator
        .wait_for_readyz(
            Duration::from_secs(20),
            503,
            "waiting for the API server, which does not respond",
        )
        .await?;
    operator.wait_for_readyz(LIMIT, 200, "working").await
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_controller_runtimes_names_and_log_lines_the_object_and_the_reconcile_id()
-> Result<()> {
    let world = World::new("start").await?;
    let (operator, chat) = world.settled().await?;
    let (_, metrics) = operator.admin("/metrics").await?;
    for name in [
        r#"controller_runtime_reconcile_total{controller="chatdeployment",result="requeue_after"}"#,
        r#"controller_runtime_reconcile_time_seconds_bucket"#,
        r#"leader_election_master_status{name="confab-operator"} 1"#,
    ] {
        ensure!(metrics.contains(name), "no {name} in {metrics}");
    }
    let log = operator.log();
    let applied: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("applied"))
        .collect();
    let object = format!("chat=\"{}/{}\"", chat.namespace, chat.name);
    ensure!(!applied.is_empty(), "it says what it applies: {log}");
    for line in applied {
        ensure!(
            line.contains(&object) && line.contains(" id="),
            "no object or id in: {line}"
        );
    }
    ensure!(!log.contains("postgres://"), "a secret is in the log");
    Ok(())
}
