//! The notification settings: devices, quiet hours, levels.

use sqlx::PgPool;

use crate::site::{Person, Site, with};

/// From RFC 8291: keys of a server and of a browser.
const SERVER_KEY: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
const BROWSER_KEY: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const BROWSER_SECRET: &str = "BTBZMqHH6r4Tts7J_aSIgg";

const KEY: &[&str] = &["--vapid-private-key", SERVER_KEY];

async fn subscribe(person: &Person, endpoint: &str) -> u16 {
    let fields = [
        ("endpoint", endpoint),
        ("p256dh", BROWSER_KEY),
        ("auth", BROWSER_SECRET),
    ];
    let mut script = person.script();
    let answer = script.post("/notifications/subscription", &fields).await;
    answer.status.as_u16()
}

async fn subscriptions(site: &Site) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM push_subscriptions")
        .fetch_one(&site.pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_device_is_registered_shown_and_removed(pool: PgPool) {
    with(pool, KEY, async |site| {
        let mut ada = site.person("ada").await;
        assert_eq!(subscribe(&ada, "https://push.example/1").await, 204);
        assert_eq!(subscribe(&ada, "https://push.example/1").await, 204);
        let page = ada.get("/notifications").await;
        assert_eq!(
            page.count("data-testid=\"push-device\""),
            1,
            "{}",
            page.body
        );
        page.says(200, "this device");
        assert!(
            !page.body.contains("push.example"),
            "an endpoint is a secret"
        );
        let id: i64 = sqlx::query_scalar("SELECT id FROM push_subscriptions")
            .fetch_one(&site.pool)
            .await
            .unwrap();
        let removal = format!("/notifications/{id}/remove");
        let mut bob = site.person("bob").await;
        bob.post(&removal, &[]).await.says(404, "Page not found");
        ada.post(&removal, &[]).await.redirects_to("/notifications");
        assert_eq!(subscriptions(site).await, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_device_is_removed_with_its_session_and_moves_to_the_next_person_who_logs_in(
    pool: PgPool,
) {
    with(pool, KEY, async |site| {
        let (mut ada, mut bob) = (site.person("ada").await, site.person("bob").await);
        subscribe(&ada, "https://push.example/1").await;
        subscribe(&bob, "https://push.example/1").await;
        assert_eq!(subscriptions(site).await, 1);
        let none = ada.get("/notifications").await;
        assert_eq!(none.count("push-device"), 0);
        bob.script()
            .post(
                "/notifications/subscription/remove",
                &[("endpoint", "https://push.example/2")],
            )
            .await;
        ada.post(
            "/notifications/subscription/remove",
            &[("endpoint", "https://push.example/1")],
        )
        .await;
        assert_eq!(subscriptions(site).await, 1, "it is bob's");
        bob.post("/logout", &[]).await;
        assert_eq!(subscriptions(site).await, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_eleventh_device_replaces_the_first(pool: PgPool) {
    with(pool, KEY, async |site| {
        let ada = site.person("ada").await;
        for n in 0..11 {
            subscribe(&ada, &format!("https://push.example/{n}")).await;
        }
        let left: Vec<String> =
            sqlx::query_scalar("SELECT endpoint FROM push_subscriptions ORDER BY id")
                .fetch_all(&site.pool)
                .await
                .unwrap();
        assert_eq!(left.len(), 10);
        assert_eq!(left[0], "https://push.example/1");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_private_endpoint_or_one_without_tls_is_refused(pool: PgPool) {
    with(pool, KEY, async |site| {
        let ada = site.person("ada").await;
        for bad in [
            "",
            "http://push.example/1",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.1:6443/",
            "file:///etc/passwd",
        ] {
            assert_eq!(subscribe(&ada, bad).await, 422, "{bad}");
        }
        let mut script = ada.script();
        let weak = [
            ("endpoint", "https://push.example/1"),
            ("p256dh", "AAAA"),
            ("auth", BROWSER_SECRET),
        ];
        let answer = script.post("/notifications/subscription", &weak).await;
        answer.says(422, "can’t be used");
        assert_eq!(subscriptions(site).await, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn without_a_key_there_is_no_web_push(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        assert_eq!(subscribe(&ada, "https://push.example/1").await, 404);
        let page = ada.get("/notifications").await;
        page.says(200, "while a page of this chat is open");
        assert_eq!(page.count("Devices with notifications"), 0);
        let settings = ada.script().get("/notifications/settings").await;
        assert_eq!(
            settings.json(),
            serde_json::json!({"key": null, "quiet": null})
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn quiet_hours_are_stored_and_removed(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let night = [
            ("on", "1"),
            ("from", "22:30"),
            ("to", "06:00"),
            ("zone", "Africa/Cairo"),
        ];
        let saved = ada.post("/notifications", &night).await;
        saved.redirects_to("/notifications?saved=1");
        ada.get("/notifications?saved=1")
            .await
            .says(200, "data-testid=\"saved\"");
        let settings = ada.script().get("/notifications/settings").await.json();
        assert_eq!(
            settings["quiet"],
            serde_json::json!([1350, 360, "Africa/Cairo"])
        );
        for (field, bad, says) in [
            ("from", "25:00", "Enter two different times"),
            ("to", "22:30", "Enter two different times"),
            ("zone", "Middle/<Earth>", "Unknown time zone"),
        ] {
            let mut fields = night.map(|(name, value)| (name, value));
            fields
                .iter_mut()
                .find(|(name, _)| *name == field)
                .unwrap()
                .1 = bad;
            ada.post("/notifications", &fields).await.says(422, says);
        }
        ada.post("/notifications", &[]).await;
        let settings = ada.script().get("/notifications/settings").await.json();
        assert_eq!(settings["quiet"], serde_json::Value::Null);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn only_members_can_set_a_level(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        let level = format!("{path}/level");
        ada.post(&level, &[("level", "none")])
            .await
            .redirects_to(&path);
        assert_eq!(
            bob.script()
                .post(&level, &[("level", "mentions")])
                .await
                .status
                .as_u16(),
            204
        );
        let levels: Vec<String> = sqlx::query_scalar("SELECT level FROM members ORDER BY user_id")
            .fetch_all(&site.pool)
            .await
            .unwrap();
        assert_eq!(levels, ["none", "mentions"]);
        ada.post(&level, &[("level", "loud")])
            .await
            .says(400, "couldn’t process the request");
        let mut eve = site.person("eve").await;
        eve.post(&level, &[("level", "none")])
            .await
            .says(404, "Page not found");
        let elsewhere = eve.post("/c/999/level", &[("level", "none")]).await;
        elsewhere.says(404, "Page not found");
        bob.post("/c/x/level", &[("level", "none")])
            .await
            .says(404, "Page not found");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn notification_settings_need_a_login(pool: PgPool) {
    with(pool, KEY, async |site| {
        let mut stranger = site.stranger();
        let page = stranger.get("/notifications").await;
        page.redirects_to("/login?next=%2Fnotifications");
        stranger
            .post("/notifications", &[])
            .await
            .redirects_to("/login");
        let settings = stranger.script().get("/notifications/settings").await;
        assert_eq!(settings.status.as_u16(), 401);
        assert_eq!(subscribe(&stranger, "https://push.example/1").await, 401);
        assert_eq!(subscriptions(site).await, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_chat_can_be_installed(pool: PgPool) {
    with(pool, &["--title", "Team \"A\""], async |site| {
        let mut anyone = site.stranger();
        let login = anyone.get("/login").await;
        login.says(200, r#"<link rel="manifest" href="/manifest.webmanifest">"#);
        let manifest = anyone.get("/manifest.webmanifest").await;
        assert_eq!(manifest.header("content-type"), "application/manifest+json");
        let manifest = manifest.json();
        assert_eq!(manifest["name"], "Team \"A\"");
        for icon in manifest["icons"].as_array().unwrap() {
            let answer = anyone.get(icon["src"].as_str().unwrap()).await;
            assert_eq!(answer.status.as_u16(), 200, "{icon}");
            let type_ = answer.header("content-type");
            let (type_, _) = type_.split_once(';').unwrap_or((type_, ""));
            assert_eq!(type_, icon["type"]);
        }
        let worker = anyone.get("/sw.js").await;
        worker.says(200, "showNotification");
        assert_eq!(worker.header("service-worker-allowed"), "/");
        assert_eq!(worker.header("cache-control"), "no-cache");
    })
    .await;
}
