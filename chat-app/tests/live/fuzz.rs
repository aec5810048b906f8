//! Schemathesis, a fuzzer that nobody here wrote, against the API of a running replica. `tests/services/up` fetches it.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use chat_app::domain::{ConversationKind, UserId};
use chat_app::store::rooms;
use confab_tests::client::ChatClient;
use sqlx::PgPool;
use tokio::process::Command;

use crate::api::Program;
use crate::clients::fetched;
use crate::process::Process;
use crate::replica::Chat;

/// Every check but one: that takes whatever matches the schema for acceptable, such as a text of spaces.
async fn fuzz(address: SocketAddr, token: &str) {
    let clients = fetched("TEST_WEBHOOK_CLIENTS");
    let output = Command::new("python3")
        .arg(clients.join("bin/schemathesis"))
        .args(["run", &format!("http://{address}/api/v1/openapi.json")])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args([
            "--checks",
            "all",
            "--exclude-checks",
            "positive_data_acceptance",
        ])
        // Its answer has no end.
        .args(["--exclude-operation-id", "follow_events"])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", "20", "--continue-on-failure"])
        .args([
            "--rate-limit",
            "auto",
            "--seed",
            "1",
            "--generation-database",
            "none",
        ])
        .args(["--no-color", "--no-shrink"])
        .env("PYTHONPATH", &clients)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}\n{errors}");
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_fuzzer_finds_no_fault_and_nothing_that_is_not_documented(pool: PgPool) {
    let chat = Chat::new(pool.clone()).await;
    let replica = Process::start(&chat, "one", &[]).await;
    replica.is_ready().await;
    let url = format!("http://{}", replica.address);
    ChatClient::registered(&url, "ada").await.unwrap();
    let ada = sqlx::query_scalar("SELECT id FROM users WHERE name = 'ada'");
    let ada: i64 = ada.fetch_one(&pool).await.unwrap();
    // The fuzzer tries conversation 1 more often than others.
    let about = (Some("Room"), "");
    let made = rooms::create(&pool, UserId(ada), ConversationKind::Public, about, &[]).await;
    assert_eq!(made.unwrap().0, 1);
    let program = Program::of(&pool, ada).await;
    fuzz(replica.address, &program.token).await;
    assert!(replica.end(Duration::from_secs(20)).await.0);
}
