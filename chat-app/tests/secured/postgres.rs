//! TLS to PostgreSQL.

use std::time::{Duration, Instant};

use crate::{migrate, written};
use confab_tests::secured::Secured;

#[tokio::test]
async fn the_certificate_of_the_server_is_verified_as_the_ssl_mode_requires() {
    let server = Secured::start("postgres").unwrap();
    let at = |host: &str| format!("postgres://confab@{host}:{}/confab", server.port);
    let ca = server.file("ca.crt");
    written(&ca).await;
    let ca = ["--database-ssl-ca-file", ca.to_str().unwrap()];
    let password = ["--database-password", "confab\n"];
    let full = [&["--database-ssl-mode", "verify-full"][..], &password].concat();
    let trusted = [&full[..], &ca].concat();

    let end = Instant::now() + Duration::from_secs(60);
    while let Err(error) = migrate(&at("localhost"), &trusted).await {
        assert!(Instant::now() < end, "{error}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let refused = async |host: &str, flags: &[&str], word: &str| {
        let error = migrate(&at(host), flags).await.unwrap_err();
        assert!(error.contains(word), "{error}");
    };
    // Not signed by a public authority.
    refused("localhost", &full, "certificate").await;
    // For another name.
    refused("127.0.0.1", &trusted, "certificate").await;
    let mode = |mode| [&["--database-ssl-mode", mode][..], &password].concat();
    migrate(&at("127.0.0.1"), &mode("require")).await.unwrap();
    refused("localhost", &mode("disable"), "no encryption").await;
    let url = format!("{}?sslmode=disable", at("localhost"));
    migrate(&url, &trusted)
        .await
        .expect("the setting goes before the URL");
}
