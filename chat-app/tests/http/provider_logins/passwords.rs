//! Who logs in with a password beside a provider.

use serde_json::json;
use sqlx::PgPool;

use super::with_provider;
use crate::site::{PASSWORD, SETUP, Site};

const ADMINS: [&str; 4] = [SETUP[0], SETUP[1], "--password-login", "admins-only"];
const NOBODY: [&str; 4] = [SETUP[0], SETUP[1], "--password-login", "disabled"];

/// An account with the password of these tests, as from before the setting.
async fn with_password(site: &Site, name: &'static str) {
    sqlx::query("INSERT INTO users (name, password_hash) SELECT $1, password_hash FROM users WHERE name = 'root'")
        .bind(name)
        .execute(&site.pool)
        .await
        .unwrap();
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_admin_has_a_way_in_with_a_password_that_others_do_not_have(pool: PgPool) {
    with_provider(pool, json!({}), &ADMINS, async |site, _| {
        let mut root = site.admin("root").await;
        with_password(site, "bob").await;
        let login = async |name: &str, password: &str| {
            let fields = [("name", name), ("password", password)];
            site.stranger().post("/login", &fields).await
        };
        login("root", PASSWORD).await.redirects_to("/c");
        login("bob", PASSWORD)
            .await
            .says(422, "You cannot log in to this chat with a password.");
        // Only who knows the password learns that.
        login("bob", "wrong horse")
            .await
            .says(422, "Incorrect name or password.");
        let page = site.stranger().get("/login").await;
        page.says(200, "Administrators: log in with a password");
        assert_eq!(page.count("/register"), 0);
        site.stranger().get("/register").await.says(403, "");
        let fields = [("name", "eve"), ("password", PASSWORD)];
        site.stranger()
            .post("/register", &fields)
            .await
            .says(403, "");
        site.stranger().post("/join/x", &fields).await.says(403, "");
        // A reset link gives an admin a new password, and nobody a session.
        let bob = format!("/admin/people/{}", site.user_id("bob").await);
        let page = root.post(&format!("{bob}/reset"), &[]).await;
        let (_, link) = page.body.split_once("/reset/").unwrap();
        let link: String = link.chars().take(64).collect();
        let fields = [("password", "a brand new horse")];
        let mut stranger = site.stranger();
        stranger
            .post(&format!("/reset/{link}"), &fields)
            .await
            .redirects_to("/login");
        stranger.get("/c").await.redirects_to("/login");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn without_passwords_nobody_logs_in_with_one(pool: PgPool) {
    with_provider(pool, json!({}), &NOBODY, async |site, provider| {
        site.admin("root").await;
        let fields = [("name", "root"), ("password", PASSWORD)];
        let refused = site.stranger().post("/login", &fields).await;
        refused.says(422, "You cannot log in to this chat with a password.");
        let page = site.stranger().get("/login").await;
        assert_eq!(page.count("type=\"password\""), 0);
        page.says(200, "Log in with Example SSO");
        site.stranger().get("/reset/x").await.says(404, "");
        let mut ada = site.stranger();
        ada.logs_in(&provider.browser(), "ada")
            .await
            .redirects_to("/c");
    })
    .await;
}
