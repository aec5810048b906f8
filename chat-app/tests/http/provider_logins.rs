//! Logging in at a real provider of OpenID Connect: who gets which account, whose answers count, and how it ends.

mod account;
mod answers;
mod outages;
mod passwords;
mod second_factor;

use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::provider::Provider;
use crate::site::{Site, with};

/// Runs a test with a provider, and with the chat at an address that the provider reaches. `settings` are those of the provider,
/// `flags` others.
async fn with_provider(
    pool: PgPool,
    settings: Value,
    flags: &[&str],
    test: impl AsyncFnOnce(&Site, &mut Provider),
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let chat = format!("http://{}", listener.local_addr().unwrap());
    let mut provider = Provider::start(&chat).await;
    let own = provider.flags(settings);
    let all: Vec<&str> = own
        .iter()
        .map(String::as_str)
        .chain(flags.iter().copied())
        .collect();
    with(pool, &all, async |site| {
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(listener, site.router());
        let server = server.with_graceful_shutdown(async move { drop(stopped.await) });
        let server = tokio::spawn(server.into_future());
        test(site, &mut provider).await;
        drop(stop);
        // Its connections hold the database.
        server.await.unwrap().unwrap();
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn whoever_logs_in_at_the_provider_gets_an_account_and_goes_where_they_were_going(
    pool: PgPool,
) {
    with_provider(pool, json!({}), &[], async |site, provider| {
        let claims = json!({"preferred_username": "Ada.L@example.com", "name": "Ada Lovelace", "email": "ada@example.com"});
        provider.knows("ada", claims).await;
        let mut ada = site.stranger();
        let asked = ada.get("/rooms?q=a").await.location();
        assert_eq!(asked, "/login?next=%2Frooms%3Fq%3Da");
        ada.get(&asked).await.says(200, "Log in with Example SSO");
        let fields = [("next", "/rooms?q=a")];
        let page = ada.post("/login/sso", &fields).await;
        let (path, asked) = provider.browser().visit(&page, "ada").await;
        assert!(asked, "the provider asks for credentials");
        ada.get(&path).await.redirects_to("/rooms?q=a");
        let account = ada.get("/account").await;
        account.says(200, "You log in as ada.l.");
        account.says(200, r#"value="Ada Lovelace""#);
        account.says(200, "ada@example.com");
        assert_eq!(account.count("Current password"), 0, "there is no password");
        // The same person again, in another browser.
        let mut again = site.stranger();
        again.logs_in(&provider.browser(), "ada").await.redirects_to("/c");
        assert_eq!(site.one::<i64>("SELECT count(*) FROM users").await, 1);
        // Nobody logs in to an account without a password with one.
        let fields = [("name", "ada.l"), ("password", "")];
        site.stranger().post("/login", &fields).await.says(422, "Incorrect name or password.");
        let page = site.metrics.text();
        assert!(page.contains(r#"confab_provider_logins_total{provider="sso",outcome="succeeded"} 2"#), "{page}");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_account_is_never_merged_with_one_of_the_same_name(pool: PgPool) {
    with_provider(pool, json!({}), &[], async |site, provider| {
        let mut local = site.person("ada").await;
        site.person("ido").await;
        for (login, name, expected) in [
            ("one", "ada", "ada-2"),
            ("two", "ADA@example.com", "ada-3"),
            // Looks like ido.
            ("three", "id0", "id0-2"),
            ("four", "former-7", "member"),
        ] {
            provider
                .knows(login, json!({"preferred_username": name, "name": "Ada"}))
                .await;
            let mut person = site.stranger();
            person
                .logs_in(&provider.browser(), login)
                .await
                .redirects_to("/c");
            let line = format!("You log in as {expected}.");
            person.get("/account").await.says(200, &line);
        }
        local.get("/account").await.says(200, "You log in as ada.");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_name_that_changes_at_the_provider_changes_here_and_no_other(pool: PgPool) {
    with_provider(pool, json!({}), &[], async |site, provider| {
        let named = |name: &str| json!({"preferred_username": "bob", "name": name});
        let mut ada = site.person("ada").await;
        ada.post("/account/profile", &[("display_name", "Ada Lovelace")])
            .await
            .location();
        let mut bob = site.stranger();
        let browser = provider.browser();
        for (given, shown) in [
            ("Bob", "Bob"),
            ("Robert", "Robert"),
            // Cyrillic letters that look like Ada's name, and one that nobody sees: the name stays.
            ("Аdа Lоvеlасе", "Robert"),
            ("Bob\u{200b}", "Robert"),
            ("Bobby", "Bobby"),
        ] {
            provider.knows("bob", named(given)).await;
            bob.logs_in(&browser, "bob").await.redirects_to("/c");
            let value = format!("value=\"{shown}\"");
            bob.get("/account").await.says(200, &value);
        }
        // Their own choice stays until the provider has another name.
        bob.post("/account/profile", &[("display_name", "B.")])
            .await
            .location();
        bob.logs_in(&browser, "bob").await.redirects_to("/c");
        bob.get("/account").await.says(200, r#"value="B.""#);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn groups_decide_who_may_log_in_and_who_is_an_admin(pool: PgPool) {
    let settings = json!({"allowedGroups": ["staff", "ops"], "adminGroups": ["ops"]});
    with_provider(pool, settings, &[], async |site, provider| {
        let ada = async |groups: Value| {
            provider
                .knows(
                    "ada",
                    json!({"preferred_username": "ada", "groups": groups}),
                )
                .await;
            let mut ada = site.stranger();
            let answer = ada.logs_in(&provider.browser(), "ada").await;
            (answer, ada.get("/admin").await.status)
        };
        for none in [
            json!([]),
            json!("guests"),
            json!(null),
            json!({"staff": true}),
            json!("staff ops"),
        ] {
            let (refused, _) = ada(none).await;
            refused.says(403, "Your account at Example SSO may not use this chat.");
            assert_eq!(refused.session_cookie(), "");
        }
        assert_eq!(site.one::<i64>("SELECT count(*) FROM users").await, 0);
        let (let_in, admin) = ada(json!("staff")).await;
        let_in.redirects_to("/c");
        assert_eq!(admin, 404);
        assert_eq!(ada(json!(["staff", "ops"])).await.1, 200);
        // The last admin stays one.
        assert_eq!(ada(json!(["staff"])).await.1, 200);
        provider
            .knows(
                "eve",
                json!({"preferred_username": "eve", "groups": ["ops"]}),
            )
            .await;
        let mut eve = site.stranger();
        eve.logs_in(&provider.browser(), "eve")
            .await
            .redirects_to("/c");
        assert_eq!(ada(json!(["staff"])).await.1, 404);
        let log = eve.get("/admin/log").await;
        log.says(200, "ada became an administrator because of a group");
        log.says(
            200,
            "ada is no longer an administrator because of the groups",
        );
        // Groups are read at each login: who has left all of them is not let in again.
        ada(json!(["guests"]))
            .await
            .0
            .says(403, "may not use this chat");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_disabled_account_and_one_that_nobody_has_are_refused_with_a_sentence(pool: PgPool) {
    with_provider(pool, json!({}), &[], async |site, provider| {
        provider
            .knows("ada", json!({"preferred_username": "ada"}))
            .await;
        let mut ada = site.stranger();
        ada.logs_in(&provider.browser(), "ada")
            .await
            .redirects_to("/c");
        site.run("UPDATE users SET disabled_at = now()").await;
        let refused = site.stranger().logs_in(&provider.browser(), "ada").await;
        refused.says(422, "This account is disabled.");
        assert_eq!(refused.session_cookie(), "");
        // The button is still there.
        refused.says(422, "Log in with Example SSO");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn without_registration_only_people_with_an_account_log_in(pool: PgPool) {
    let settings = json!({"registration": "Disabled"});
    with_provider(pool, settings, &[], async |site, provider| {
        provider
            .knows("ada", json!({"preferred_username": "ada"}))
            .await;
        let mut ada = site.person("ada").await;
        let refused = site.stranger().logs_in(&provider.browser(), "ada").await;
        refused.says(403, "Nobody in this chat has your account at Example SSO.");
        let page = ada
            .post("/account/logins/connect", &[("provider", "sso")])
            .await;
        let (path, _) = provider.browser().visit(&page, "ada").await;
        ada.get(&path)
            .await
            .redirects_to("/account?saved=logins#logins");
        let mut again = site.stranger();
        again
            .logs_in(&provider.browser(), "ada")
            .await
            .redirects_to("/c");
        again.get("/account").await.says(200, "You log in as ada.");
    })
    .await;
}
