//! When sessions end, what needs the password again, and that browsers come back over TLS alone.

use sqlx::PgPool;

use crate::protection::routes;
use crate::site::{PASSWORD, SETUP, Site, with};

async fn ages(site: &Site, minutes: u32) {
    let age = "UPDATE sessions SET created_at = created_at - make_interval(mins => $1),
                   last_seen_at = last_seen_at - make_interval(mins => $1),
                   expires_at = expires_at - make_interval(mins => $1), proved_at = proved_at - make_interval(mins => $1)";
    let minutes = i32::try_from(minutes).unwrap();
    sqlx::query(age)
        .bind(minutes)
        .execute(&site.pool)
        .await
        .unwrap();
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_session_ends_when_it_is_not_used_and_at_the_latest_after_its_lifetime(pool: PgPool) {
    let flags = [
        "--session-lifetime-hours",
        "48",
        "--session-idle-hours",
        "10",
    ];
    with(pool, &flags, async |site| {
        let (mut ada, mut bob) = (site.person("ada").await, site.person("bob").await);
        for _ in 0..5 {
            ages(site, 9 * 60).await;
            ada.get("/c").await.says(200, "");
        }
        bob.get("/c").await.redirects_to("/login?ended=true");
        ages(site, 4 * 60).await;
        ada.get("/c").await.redirects_to("/login?ended=true");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn every_act_of_an_administrator_needs_a_password_entered_lately(pool: PgPool) {
    let acts: Vec<_> = routes(include_str!("../../src/http/admin.rs"));
    let is_page = |path: &str| acts.iter().any(|(route, gets, _)| *gets && route == path);
    with(pool, &SETUP, async |site| {
        let mut admin = site.admin("root").await;
        let mut tried = 0;
        for (route, _, posts) in &acts {
            if !posts {
                continue;
            }
            let path = route.replace("{id}", "1");
            let fresh = admin.post(&path, &[]).await;
            assert_ne!(fresh.status, 303, "{path}: {}", fresh.header("location"));
            ages(site, 16).await;
            admin.get("/admin").await.says(200, "");
            let asked = admin.post(&path, &[]).await.location();
            let next = asked.strip_prefix("/confirm?next=").unwrap();
            let next = next.replace("%2F", "/");
            assert!(
                is_page(&next.replace("/1", "/{id}")),
                "{path} leads to {next}"
            );
            let mut script = admin.script();
            let answer = script.post(&path, &[]).await;
            answer.says(403, "Enter your password again");
            let fields = |password| [("password", password), ("next", next.as_str())];
            // Only once: tries are limited.
            if tried == 0 {
                let wrong = admin.post("/confirm", &fields("wrong horse")).await;
                wrong.says(422, "Incorrect password.");
            }
            admin
                .get(&asked)
                .await
                .says(200, "more than 15 minutes ago");
            let right = admin.post("/confirm", &fields(PASSWORD)).await;
            right.redirects_to(&next);
            tried += 1;
        }
        assert!(tried >= 7, "{tried}");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn all_data_of_a_person_needs_a_password_entered_lately(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        assert_eq!(ada.get("/account/export").await.status, 200);
        ages(site, 16).await;
        let asked = ada.get("/account/export").await;
        asked.redirects_to("/confirm?next=%2Faccount");
        site.stranger()
            .post("/confirm", &[("password", PASSWORD)])
            .await
            .redirects_to("/login");
        let elsewhere = [("password", PASSWORD), ("next", "//evil.example")];
        ada.post("/confirm", &elsewhere).await.redirects_to("/c");
        assert_eq!(ada.get("/account/export").await.status, 200);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_chat_over_tls_tells_browsers_to_stay_with_it(pool: PgPool) {
    const HSTS: &str = "strict-transport-security";
    with(
        pool.clone(),
        &["--url", "https://chat.example"],
        async |site| {
            for path in ["/login", "/nowhere", "/c"] {
                let answer = site.stranger().get(path).await;
                assert_eq!(answer.header(HSTS), "max-age=31536000", "{path}");
            }
        },
    )
    .await;
    with(pool, &["--url", "http://chat.example"], async |site| {
        assert_eq!(site.stranger().get("/login").await.header(HSTS), "");
    })
    .await;
}
