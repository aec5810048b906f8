//! Answers that somebody has changed, stolen or used before.

use serde_json::json;
use sqlx::PgPool;

use super::with_provider;
use crate::provider::{Provider, parameter};
use crate::site::{Answer, Person, Site, with};

/// A browser of a stranger that comes back from the provider with this path.
async fn coming_back(site: &Site, provider: &Provider) -> (Person, String) {
    let mut ada = site.stranger();
    let page = ada.post("/login/sso", &[]).await;
    let (path, _) = provider.browser().visit(&page, "ada").await;
    (ada, path)
}

fn refused(answer: &Answer, sentence: &str) {
    answer.says(422, sentence);
    assert_eq!(answer.session_cookie(), "");
}

const EXPIRED: &str = "This login took too long, was used already, or began in another browser.";
const INVALID: &str = "Logging in with Example SSO did not work.";

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_answer_counts_once_and_in_the_browser_that_asked(pool: PgPool) {
    with_provider(pool, json!({}), &[], async |site, provider| {
        let (mut ada, path) = coming_back(site, provider).await;
        refused(&site.stranger().get(&path).await, EXPIRED);
        let (mut eve, _) = coming_back(site, provider).await;
        refused(&eve.get(&path).await, EXPIRED);
        let with_state = path.replace("state=", "state=0");
        refused(&ada.get(&with_state).await, EXPIRED);
        refused(&ada.get("/login/sso/callback").await, EXPIRED);
        ada.get(&path).await.redirects_to("/c");
        let replayed = ada.get(&path).await;
        refused(&replayed, EXPIRED);
        // A login that took too long.
        let (mut late, path) = coming_back(site, provider).await;
        site.run("UPDATE oidc_flows SET began_at = began_at - interval '16 minutes'")
            .await;
        refused(&late.get(&path).await, EXPIRED);
        assert_eq!(site.one::<i64>("SELECT count(*) FROM sessions").await, 1);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_answer_with_another_issuer_nonce_verifier_or_code_is_not_believed(pool: PgPool) {
    with_provider(pool, json!({}), &[], async |site, provider| {
        let of_another = |path: &str| path.replace("127.0.0.1%3A", "127.0.0.2%3A");
        let without_issuer = |path: &str| path.split("&iss=").next().unwrap().to_owned();
        let with_code = |path: &str| path.replace("code=", "code=0");
        type Change<'a> = &'a dyn Fn(&str) -> String;
        let cases: [(&str, &'static str, Change<'_>); 5] = [
            ("issuer", "", &of_another),
            ("no issuer", "", &without_issuer),
            ("code", "", &with_code),
            (
                "nonce",
                "UPDATE oidc_flows SET nonce = 'another'",
                &str::to_owned,
            ),
            (
                "verifier",
                "UPDATE oidc_flows SET verifier = repeat('v', 43)",
                &str::to_owned,
            ),
        ];
        for (what, sql, change) in cases {
            let (mut ada, path) = coming_back(site, provider).await;
            site.run(sql).await;
            let changed = change(&path);
            assert!(!sql.is_empty() || changed != path, "{what}: {path}");
            refused(&ada.get(&changed).await, INVALID);
        }
        let page = site.metrics.text();
        assert!(
            page.contains(r#"{provider="sso",outcome="invalid"} 5"#),
            "{page}"
        );
        assert_eq!(site.one::<i64>("SELECT count(*) FROM users").await, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_provider_that_says_no_is_quoted_with_no_word_of_its_own(pool: PgPool) {
    with_provider(pool, json!({}), &[], async |site, provider| {
        for (error, status, sentence) in [
            ("access_denied", 422, "Example SSO did not log you in."),
            (
                "server_error",
                503,
                "Example SSO cannot be reached right now.",
            ),
            ("<b>ring 555</b>", 422, INVALID),
        ] {
            let mut ada = site.stranger();
            let page = ada.post("/login/sso", &[]).await;
            let state = parameter(&page, "state").unwrap();
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs([
                    ("state", state.as_str()),
                    ("error", error),
                    ("error_description", "ring 555"),
                    ("iss", &provider.issuer),
                ])
                .finish();
            let answer = ada.get(&format!("/login/sso/callback?{query}")).await;
            answer.says(status, sentence);
            assert_eq!(answer.count("555"), 0);
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn what_goes_to_the_provider_proves_that_the_answer_is_for_this_browser(pool: PgPool) {
    with_provider(
        pool,
        json!({"scopes": ["profile", "groups"]}),
        &[],
        async |site, _| {
            let mut ada = site.stranger();
            let page = ada.post("/login/sso", &[]).await;
            let (one, other) = (
                parameter(&page, "state"),
                parameter(&ada.post("/login/sso", &[]).await, "state"),
            );
            assert!(one != other && one.is_some());
            for (name, value) in [
                ("response_type", "code"),
                ("code_challenge_method", "S256"),
                ("scope", "openid profile groups"),
            ] {
                assert_eq!(parameter(&page, name).as_deref(), Some(value));
            }
            assert_eq!(parameter(&page, "nonce").unwrap().len(), 64);
            assert_eq!(parameter(&page, "code_challenge").unwrap().len(), 43);
            let cookie = page.header("set-cookie");
            assert!(cookie.starts_with("confab-login="), "{cookie}");
            for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=900"] {
                assert!(cookie.contains(part), "{cookie}");
            }
            // Only a page of the chat begins a login.
            ada.headers = vec![("sec-fetch-site", "cross-site")];
            ada.post("/login/sso", &[]).await.says(403, "another site");
            ada.get("/login/sso").await.says(405, "");
            ada.headers.clear();
            ada.post("/login/nowhere", &[]).await.says(404, "");
        },
    )
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn over_tls_the_cookie_is_of_this_host_alone(pool: PgPool) {
    let provider = Provider::start("https://chat.example").await;
    let flags = provider.flags(json!({}));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    with(pool, &flags, async |site| {
        let page = site.stranger().post("/login/sso", &[]).await;
        let cookie = page.header("set-cookie");
        assert!(cookie.starts_with("__Host-confab-login="), "{cookie}");
        assert!(cookie.contains("Secure"), "{cookie}");
    })
    .await;
}
