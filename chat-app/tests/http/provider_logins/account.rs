//! What a person with a login at a provider does with their account: connect another one, prove who they are, delete it.

use serde_json::json;
use sqlx::PgPool;

use super::with_provider;
use crate::provider::parameter;
use crate::site::{PASSWORD, Person, SETUP, Site};

async fn time_passes(site: &Site) {
    site.run(
        "UPDATE sessions SET created_at = created_at - interval '16 minutes', proved_at = proved_at - interval '16 minutes'",
    )
    .await;
}

/// The identities on the page of the account.
async fn identities(person: &mut Person) -> Vec<String> {
    let page = person.get("/account").await;
    let values = page.body.split(r#"name="identity" value=""#).skip(1);
    values
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn only_the_person_connects_and_disconnects_and_a_way_to_log_in_stays(pool: PgPool) {
    with_provider(pool, json!({}), &[], async |site, provider| {
        let mut ada = site.person("ada").await;
        let connect = [("provider", "sso")];
        let (first, second) = (provider.browser(), provider.browser());
        for (browser, login) in [(&first, "ada-at-work"), (&second, "ada-at-home")] {
            let page = ada.post("/account/logins/connect", &connect).await;
            let (path, _) = browser.visit(&page, login).await;
            ada.get(&path)
                .await
                .redirects_to("/account?saved=logins#logins");
        }
        let mut again = site.stranger();
        again
            .logs_in(&first, "ada-at-work")
            .await
            .redirects_to("/c");
        again.get("/account").await.says(200, "You log in as ada.");
        // Nobody else gets an identity that somebody has.
        let mut bob = site.person("bob").await;
        let page = bob.post("/account/logins/connect", &connect).await;
        let (path, _) = first.visit(&page, "ada-at-work").await;
        bob.get(&path).await.says(
            422,
            "Someone else in this chat has this account at Example SSO.",
        );
        // Nor does another session end what one has begun.
        let page = ada.post("/account/logins/connect", &connect).await;
        let (path, _) = provider.browser().visit(&page, "mallory").await;
        let mut mixed = site.person("carol").await;
        mixed.flow = ada.flow.clone();
        assert_eq!(mixed.get(&path).await.location(), "/login?ended=true");
        let found: i64 = site
            .one("SELECT count(*) FROM identities WHERE subject = 'mallory'")
            .await;
        assert_eq!(found, 0);

        let [one, other]: [String; 2] = identities(&mut ada).await.try_into().unwrap();
        let fields = |identity| [("identity", identity)];
        bob.post("/account/logins/disconnect", &fields(one.as_str()))
            .await
            .says(404, "");
        // What it ends: the sessions that began with it.
        ada.post("/account/logins/disconnect", &fields(one.as_str()))
            .await
            .location();
        again.get("/c").await.redirects_to("/login?ended=true");
        ada.get("/c").await.says(200, "");
        site.run("UPDATE users SET password_hash = ''").await;
        let kept = ada
            .post("/account/logins/disconnect", &fields(other.as_str()))
            .await;
        kept.says(422, "This is your only way to log in.");
        assert_eq!(identities(&mut ada).await, [other]);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn whoever_has_no_password_proves_at_the_provider_who_they_are(pool: PgPool) {
    with_provider(
        pool,
        json!({"adminGroups": ["ops"]}),
        &[],
        async |site, provider| {
            provider
                .knows("ada", json!({"preferred_username": "ada", "groups": "ops"}))
                .await;
            let browser = provider.browser();
            let mut ada = site.stranger();
            ada.logs_in(&browser, "ada").await.redirects_to("/c");
            site.person("bob").await;
            let act = format!("/admin/people/{}", site.user_id("bob").await);
            let fields = [("act", "disable")];
            ada.post(&act, &fields).await.redirects_to(&act);
            time_passes(site).await;
            let asked = ada.post(&act, &fields).await.location();
            let page = ada.get(&asked).await;
            page.says(200, "Confirm that it’s you");
            page.says(200, "Log in with Example SSO");
            assert_eq!(page.count("type=\"password\""), 0);

            let confirm = [("next", act.as_str())];
            let page = ada.post("/confirm/sso", &confirm).await;
            assert_eq!(parameter(&page, "prompt").as_deref(), Some("login"));
            assert_eq!(parameter(&page, "max_age").as_deref(), Some("0"));
            let (path, asked) = browser.visit(&page, "ada").await;
            assert!(
                asked,
                "the provider knows the browser, and asks all the same"
            );
            // Whose credentials they are counts.
            let page = ada.post("/confirm/sso", &confirm).await;
            let (of_eve, _) = provider.browser().visit(&page, "eve").await;
            ada.get(&of_eve)
                .await
                .says(422, "You logged in to Example SSO as someone else.");
            assert!(
                ada.post(&act, &fields)
                    .await
                    .location()
                    .starts_with("/confirm")
            );
            ada.get(&path).await.redirects_to(&act);
            ada.post(&act, &fields).await.redirects_to(&act);
        },
    )
    .await;
}

/// The way back of a login that was no proof, in the place of one that is.
#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_login_without_new_credentials_proves_nothing(pool: PgPool) {
    with_provider(pool, json!({}), &[], async |site, provider| {
        let browser = provider.browser();
        let mut ada = site.stranger();
        ada.logs_in(&browser, "ada").await.redirects_to("/c");
        // Somebody at the open browser takes the words out of the address that ask for credentials. Ada's are from long ago.
        site.run("UPDATE oidc_flows SET began_at = now()").await;
        let page = ada.post("/confirm/sso", &[("next", "/account")]).await;
        site.run("UPDATE oidc_flows SET began_at = began_at + interval '5 minutes'")
            .await;
        let mut weakened = page;
        weakened.body = weakened
            .body
            .replace("prompt=login&amp;", "")
            .replace("&amp;prompt=login", "");
        weakened.body = weakened
            .body
            .replace("max_age=0&amp;", "")
            .replace("&amp;max_age=0", "");
        let (path, asked) = browser.visit(&weakened, "ada").await;
        assert!(!asked, "the provider has not asked");
        let answer = ada.get(&path).await;
        answer.says(422, "Example SSO did not ask for your credentials again.");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_session_that_begins_with_an_old_login_at_the_provider_is_not_proved(pool: PgPool) {
    with_provider(pool, json!({}), &[], async |site, provider| {
        let mut ada = site.stranger();
        ada.logs_in(&provider.browser(), "ada")
            .await
            .redirects_to("/c");
        let fresh = "SELECT proved_at > now() - interval '1 minute' FROM sessions";
        assert!(site.one::<bool>(fresh).await);
        site.run("UPDATE sessions SET proved_at = now() - interval '1 hour'")
            .await;
        let answer = ada
            .post("/account/logins/connect", &[("provider", "sso")])
            .await;
        answer.redirects_to("/confirm?next=%2Faccount");
        ada.post("/account/logins/disconnect", &[("identity", "1")])
            .await
            .redirects_to("/confirm?next=%2Faccount");
        ada.post("/account/delete", &[("messages", "keep")])
            .await
            .redirects_to("/confirm?next=%2Faccount");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_deleted_account_has_no_identity_any_more(pool: PgPool) {
    with_provider(pool, json!({}), &SETUP, async |site, provider| {
        provider
            .knows("ada", json!({"preferred_username": "ada"}))
            .await;
        let mut ada = site.stranger();
        ada.logs_in(&provider.browser(), "ada")
            .await
            .redirects_to("/c");
        ada.get("/account")
            .await
            .says(200, "You may have to log in again first.");
        ada.post("/account/delete", &[("messages", "keep")])
            .await
            .says(200, "Your account is deleted");
        let mut again = site.stranger();
        again
            .logs_in(&provider.browser(), "ada")
            .await
            .redirects_to("/c");
        let people: i64 = site
            .one("SELECT count(*) FROM users WHERE NOT former")
            .await;
        assert_eq!(people, 1, "a new account");
        // A password of somebody else's account is no proof for this one.
        site.person("bob").await;
        time_passes(site).await;
        let answer = again
            .post("/confirm", &[("password", PASSWORD), ("next", "/c")])
            .await;
        answer.says(422, "Confirm that it’s you");
    })
    .await;
}
