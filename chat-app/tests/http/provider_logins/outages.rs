//! Providers that do not answer, that have changed, and that end what they have begun.

use serde_json::json;
use sqlx::PgPool;

use super::with_provider;
use crate::provider::{Provider, free_port, parameter};
use crate::site::with;

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_provider_that_does_not_answer_is_a_sentence_and_nothing_more(pool: PgPool) {
    let mut provider = Provider::start("http://chat.example").await;
    provider.stop().await;
    let flags = provider.flags(json!({}));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    with(pool, &flags, async |site| {
        let mut ada = site.person("ada").await;
        ada.get("/c").await.says(200, "");
        let mut stranger = site.stranger();
        let fields = [("next", "/rooms")];
        let answer = stranger.post("/login/sso", &fields).await;
        answer.says(503, "Example SSO cannot be reached right now.");
        answer.says(503, "Log in with Example SSO");
        answer.says(503, r#"name="next" value="/rooms""#);
        let page = site.metrics.text();
        assert!(
            page.contains(r#"{provider="sso",outcome="unavailable"} 1"#),
            "{page}"
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn wrong_settings_of_a_provider_are_a_sentence_and_nothing_more(pool: PgPool) {
    let provider = Provider::start("http://chat.example").await;
    for wrong in [
        // What answers there says that it is another issuer.
        json!({"issuerURL": provider.issuer.replace("127.0.0.1", "localhost")}),
        json!({"issuerURL": format!("{}/nowhere", provider.issuer)}),
        json!({"issuerURL": format!("http://127.0.0.1:{}", free_port().await)}),
        json!({"clientSecretFile": "/nowhere"}),
        json!({"caFile": "/nowhere"}),
    ] {
        let flags = provider.flags(wrong.clone());
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        with(pool.clone(), &flags, async |site| {
            site.stranger()
                .get("/login")
                .await
                .says(200, "Log in with Example SSO");
            let answer = site.stranger().post("/login/sso", &[]).await;
            assert_eq!(answer.status, 503, "{wrong}");
            assert_eq!(answer.count("nowhere"), 0, "nothing internal is shown");
        })
        .await;
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn new_keys_of_the_provider_are_found(pool: PgPool) {
    with_provider(pool, json!({}), &[], async |site, provider| {
        site.stranger()
            .logs_in(&provider.browser(), "ada")
            .await
            .redirects_to("/c");
        provider.restart().await;
        let mut ada = site.stranger();
        ada.logs_in(&provider.browser(), "ada")
            .await
            .redirects_to("/c");
        assert_eq!(site.one::<i64>("SELECT count(*) FROM users").await, 1);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn logging_out_ends_the_session_of_the_provider_and_the_provider_ends_the_others(
    pool: PgPool,
) {
    with_provider(pool, json!({}), &[], async |site, provider| {
        let (one, other) = (provider.browser(), provider.browser());
        let (mut here, mut there, mut elsewhere) =
            (site.stranger(), site.stranger(), site.stranger());
        here.logs_in(&one, "ada").await.redirects_to("/c");
        // Another browser of the chat with the same session of the provider, and one with another.
        there.logs_in(&one, "ada").await.redirects_to("/c");
        elsewhere.logs_in(&other, "ada").await.redirects_to("/c");
        let page = here.post("/logout", &[]).await;
        assert!(parameter(&page, "id_token_hint").is_some());
        assert_eq!(parameter(&page, "client_id").as_deref(), Some("confab"));
        here.get("/c").await.redirects_to("/login");
        there.get("/c").await.says(200, "");
        assert_eq!(one.log_out(&page).await, "/login");
        // The provider has told the chat before it sent the browser back.
        there.get("/c").await.redirects_to("/login?ended=true");
        elsewhere.get("/c").await.says(200, "");
        let announced = "SELECT count(*) FROM changes WHERE session_id IS NOT NULL";
        assert_eq!(
            site.one::<i64>(announced).await,
            2,
            "every replica closes its sockets"
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_forged_logout_token_ends_nothing(pool: PgPool) {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    with_provider(pool, json!({}), &[], async |site, provider| {
        let mut ada = site.stranger();
        ada.logs_in(&provider.browser(), "ada").await.redirects_to("/c");
        let now = time::OffsetDateTime::now_utc().unix_timestamp();
        let claims = json!({
            "iss": provider.issuer, "aud": "confab", "sub": "ada", "iat": now, "exp": now + 60, "jti": "j",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        let id_token: String = site.one("SELECT id_token FROM sessions").await;
        let (header, rest) = id_token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let part = |value: &serde_json::Value| BASE64.encode(value.to_string());
        let forged = |header: &str, signature: &str| format!("{header}.{}.{signature}", part(&claims));
        for token in [
            forged(header, signature),
            forged(&part(&json!({"alg": "none"})), ""),
            forged(&part(&json!({"alg": "HS256"})), signature),
            forged(&part(&json!({"alg": "RS256", "kid": "another"})), signature),
            // Signed by the provider, but for another purpose.
            id_token.clone(),
            "a.b.c".to_owned(),
            String::new(),
        ] {
            let mut anyone = site.stranger();
            let fields = [("logout_token", token.as_str())];
            let answer = anyone.post("/login/sso/backchannel-logout", &fields).await;
            assert_eq!(answer.status, 400, "{token}");
        }
        ada.get("/c").await.says(200, "");
    })
    .await;
}
