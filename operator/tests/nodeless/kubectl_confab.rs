//! `kubectl confab` on a chat that is settled, and on one that is not.

use std::process::{Command, Output};

use confab_tests::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::world::{LIMIT, World};

/// Runs a command in an empty directory, as a person with the kubeconfig of an admin.
fn run(world: &World, directory: &std::path::Path, arguments: &[&str]) -> Result<Output> {
    let kubeconfig = std::env::var("TEST_KUBECONFIG").context("run `tests/services/up`")?;
    Command::new(env!("CARGO_BIN_EXE_kubectl-confab"))
        .args(arguments)
        .args(["--namespace", &world.namespace])
        .current_dir(directory)
        .env("KUBECONFIG", kubeconfig)
        .output()
        .context("kubectl-confab")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_confab_shows_a_chat_and_what_to_fix() -> Result<()> {
    let world = World::new("kubectl").await?;
    let directory = std::env::temp_dir().join(&world.namespace);
    std::fs::create_dir(&directory)?;
    let confab = |arguments: &[&str]| run(&world, &directory, arguments);
    let none = confab(&["status"])?;
    ensure!(!none.status.success());
    ensure!(
        text(&none.stderr).contains("has no ChatDeployment"),
        "{none:?}"
    );

    let (_operator, chat) = world.settled().await?;
    let status = confab(&["status"])?;
    let shown = text(&status.stdout);
    ensure!(shown.starts_with("✓ team in namespace"), "{shown}");
    ensure!(shown.contains("✓ SchemaReady  Migrated"), "{shown}");
    let json: Value = serde_json::from_slice(&confab(&["status", "team", "-o", "json"])?.stdout)?;
    ensure!(json["chat"]["metadata"]["name"] == "team", "{json:#}");
    let why = confab(&["why", "team"])?;
    ensure!(
        why.status.success() && text(&why.stdout).starts_with("Nothing to fix"),
        "{why:?}"
    );
    let setup = text(&confab(&["setup-url"])?.stdout);
    ensure!(setup.contains("/setup and enter this token"), "{setup}");
    let token = setup.lines().nth(2).unwrap_or_default().trim();
    ensure!(token.len() == 32, "{setup}");
    let refused = confab(&["backup"])?;
    ensure!(
        text(&refused.stderr).contains("team has no backups"),
        "{refused:?}"
    );
    let refused = confab(&["restore", "--as", "again"])?;
    ensure!(
        text(&refused.stderr).contains("no spec.backup"),
        "{refused:?}"
    );

    let report = confab(&["report"])?;
    ensure!(
        text(&report.stdout).starts_with("wrote confab-report-team-"),
        "{report:?}"
    );
    let file = std::fs::read_dir(&directory)?.next().context("a file")??;
    let report = std::fs::read_to_string(file.path())?;
    ensure!(
        report.contains("team-app") && !report.contains(token),
        "a Secret is in the report"
    );
    std::fs::remove_dir_all(&directory)?;

    chat.change(json!({"postgres": {"external": {"urlSecret": {"name": "missing"}}}}))
        .await?;
    chat.wait(LIMIT, "Ready", "False SecretNotFound").await?;
    let why = run(&world, &std::env::temp_dir(), &["why"])?;
    ensure!(!why.status.success());
    ensure!(
        text(&why.stdout).starts_with("SecretNotFound: Secret missing does not exist"),
        "{why:?}"
    );
    Ok(())
}
