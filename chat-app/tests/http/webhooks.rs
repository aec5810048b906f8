//! Outgoing webhooks: who may make them, what their pages say, and what is refused. The suite `live` has their deliveries.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sqlx::PgPool;

use crate::site::{Answer, Person, SETUP, SETUP_TOKEN, with};

/// 32 zeros.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const FLAGS: [&str; 4] = ["--webhook-key", KEY, "--setup-token", SETUP_TOKEN];
const URL: &str = "https://receiver.example/chat?x=y";
const NEW: [(&str, &str); 3] = [("name", "Archive"), ("url", URL), ("created", "yes")];

/// Creates a room and returns the path of its webhooks.
async fn room(owner: &mut Person, kind: &str, title: &str) -> String {
    let fields = [("kind", kind), ("title", title), ("people", "")];
    owner.post("/rooms", &fields).await.location() + "/webhooks"
}

/// Creates a webhook and returns its path.
async fn webhook(owner: &mut Person, webhooks: &str) -> String {
    let page = owner.post(webhooks, &NEW).await;
    secret_of(&page);
    let (_, id) = page.body.rsplit_once("data-webhook=\"").unwrap();
    format!("{webhooks}/{}", id.split_once('"').unwrap().0)
}

/// The secret that a page shows once.
fn secret_of(page: &Answer) -> String {
    page.says(200, "data-testid=\"secret-link\">whsec_");
    let (_, rest) = page
        .body
        .split_once("data-testid=\"secret-link\">")
        .unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn owners_manage_webhooks_and_admins_can_only_end_them(pool: PgPool) {
    with(pool, &FLAGS, async |site| {
        let mut root = site.admin("root").await;
        let (mut ada, mut bob, mut eve) = (
            site.person("ada").await,
            site.person("bob").await,
            site.person("eve").await,
        );
        let all = room(&mut ada, "public", "Ops").await;
        let path = all.trim_end_matches("/webhooks");
        bob.post(&format!("{path}/join"), &[]).await.location();
        ada.get(&format!("{path}/hooks"))
            .await
            .says(200, "data-testid=\"webhooks-link\"");
        ada.get(&all).await.says(200, "No outgoing webhook posts");
        let one = webhook(&mut ada, &all).await;
        let elsewhere = room(&mut eve, "public", "Elsewhere").await;
        let stolen = one.replace(&all, &elsewhere);
        eve.get(&stolen).await.says(404, "");
        let acts = [
            "save",
            "rotate",
            "disable",
            "enable",
            "delete",
            "redeliver",
        ];
        for act in acts {
            let fields = [NEW.as_slice(), &[("act", act)]].concat();
            eve.post(&stolen, &fields).await.says(404, "");
            for (person, status) in [(&mut bob, 403), (&mut eve, 404), (&mut site.stranger(), 303)]
            {
                assert_eq!(person.post(&one, &fields).await.status, status, "{act}");
            }
        }
        for (person, status) in [(&mut bob, 403), (&mut eve, 404), (&mut site.stranger(), 303)] {
            assert_eq!(person.get(&all).await.status, status);
            assert_eq!(person.get(&one).await.status, status);
            assert_eq!(person.post(&all, &NEW).await.status, status);
        }
        // An admin reads no messages of a room that they are not in, and so posts them nowhere either.
        let page = root.get(&all).await;
        page.says(200, "Archive");
        assert_eq!(page.count("webhook-form"), 0);
        let page = root.get(&one).await;
        page.says(200, URL);
        assert_eq!((page.count("webhook-form"), page.count("rotate")), (0, 0));
        root.post(&all, &NEW).await.says(403, "");
        for act in ["save", "rotate", "enable", "redeliver"] {
            let fields = [NEW.as_slice(), &[("act", act)]].concat();
            root.post(&one, &fields).await.says(403, "");
        }
        root.post(&one, &[("act", "disable")])
            .await
            .redirects_to(&one);
        ada.get(&one).await.says(200, "<p data-testid=\"standing\">Disabled</p>");
        ada.post(&one, &[("act", "enable")]).await.redirects_to(&one);
        let other = [("act", "save"), ("name", "Bot"), ("url", "https://b.example/"), ("deleted", "yes")];
        ada.post(&one, &other).await.redirects_to(&one);
        let page = ada.get(&one).await;
        page.says(200, "value=\"https://b.example/\"");
        page.says(200, "name=\"deleted\" value=\"yes\" checked");
        assert_eq!(page.count(" checked"), 1);
        ada.post(&one, &[("act", "delete")]).await.redirects_to(&all);
        ada.get(&one).await.says(404, "");
        let log = root.get("/admin/log").await;
        for act in ["create", "disable", "enable", "save", "delete"] {
            log.says(200, &format!("data-act=\"webhook_{act}\""));
        }
        log.says(200, "root disabled webhook Archive of room");
        log.says(200, "ada deleted webhook Bot of room");
        // Another person at an open browser changes nothing.
        site.run("UPDATE sessions SET proved_at = now() - interval '1 hour', created_at = now() - interval '1 hour'").await;
        let confirm = format!("/confirm?next={}", one.replace('/', "%2F"));
        ada.post(&one, &[("act", "delete")]).await.redirects_to(&confirm);
        ada.get(&all).await.says(200, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_secret_is_shown_once_and_never_stored(pool: PgPool) {
    with(pool, &FLAGS, async |site| {
        let mut root = site.admin("root").await;
        let all = room(&mut root, "private", "Ops").await;
        let page = root.post(&all, &NEW).await;
        let secret = secret_of(&page);
        let (_, id) = page.body.rsplit_once("data-webhook=\"").unwrap();
        let one = format!("{all}/{}", id.split_once('"').unwrap().0);
        let new = secret_of(&root.post(&one, &[("act", "rotate")]).await);
        assert_ne!(new, secret);
        for page in [root.get(&all).await, root.get(&one).await] {
            page.says(200, "Archive");
            assert_eq!(page.count("whsec_"), 0);
        }
        root.get("/admin/log")
            .await
            .says(200, "root gave webhook Archive of room");
        let row: String = site
            .one("SELECT webhooks::text || audit_log::text FROM webhooks, audit_log WHERE act = 'webhook_rotate'")
            .await;
        for secret in [&secret, &new] {
            let plain = secret.trim_start_matches("whsec_");
            let bytes = BASE64_STANDARD.decode(plain).unwrap();
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(!row.contains(plain) && !row.contains(&hex), "{row}");
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn what_cannot_be_a_webhook_is_refused_with_what_was_typed(pool: PgPool) {
    with(pool, &FLAGS, async |site| {
        let (mut ada, _, direct) = site.pair().await;
        let all = room(&mut ada, "public", "Ops").await;
        let with_url = |url| [("name", "Archive"), ("url", url), ("created", "yes")];
        for url in ["", "receiver.example", "http://receiver.example/", "https://127.0.0.1/",
                    "https://10.0.0.1/", "https://[::1]/", "https://a:b@receiver.example/", "ftp://receiver.example/"] {
            let page = ada.post(&all, &with_url(url)).await;
            page.says(422, "Enter a URL that begins with https://");
            page.says(422, "value=\"Archive\"");
        }
        ada.post(&all, &[("name", " "), ("url", URL), ("created", "yes")]).await.says(422, "Enter a name");
        ada.post(&all, &[("name", "Archive"), ("url", URL)]).await.says(422, "Choose what the webhook posts.");
        assert_eq!(site.one::<i64>("SELECT count(*) FROM webhooks").await, 0);
        // A direct conversation and a group have none.
        ada.get(&format!("{direct}/webhooks")).await.says(404, "");
        ada.post(&format!("{direct}/webhooks"), &NEW).await.says(404, "");
        let one = webhook(&mut ada, &all).await;
        let wrong = [("act", "save"), ("name", "Archive"), ("url", "https://10.0.0.1/"), ("created", "yes")];
        ada.post(&one, &wrong).await.says(422, "value=\"https://10.0.0.1/\"");
        ada.get(&one).await.says(200, URL);
        ada.post(&one, &[("act", "explode")]).await.says(400, "");
        ada.post(&one, &[("act", "redeliver"), ("delivery", "no uuid")]).await.says(400, "");
        let nothing = [("act", "redeliver"), ("delivery", "00000000-0000-0000-0000-000000000001")];
        ada.post(&one, &nothing).await.says(404, "");
        assert_eq!(ada.request(axum::http::Request::put(&one), axum::body::Body::empty()).await.status, 405);
        site.run("INSERT INTO webhooks (conversation_id, name, url, events, salt, secret_hash, created_by, seq, rev)
                  SELECT conversation_id, name, url, events, salt, secret_hash, created_by, seq, rev FROM webhooks, generate_series(1, 19)").await;
        ada.post(&all, &NEW).await.says(422, "at most 20 outgoing webhooks");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn private_addresses_are_accepted_where_the_settings_allow_them(pool: PgPool) {
    let flags = [
        "--webhook-key",
        KEY,
        "--webhook-private-networks",
        "10.96.0.0/12",
    ];
    with(pool, &flags, async |site| {
        let mut ada = site.person("ada").await;
        let all = room(&mut ada, "public", "Ops").await;
        for (url, status) in [
            ("http://10.96.0.7:8080/", 200),
            ("http://bot.apps.svc/", 200),
            ("http://10.0.0.7/", 422),
        ] {
            let fields = [("name", "Bot"), ("url", url), ("created", "yes")];
            assert_eq!(ada.post(&all, &fields).await.status, status, "{url}");
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn without_a_key_there_are_no_webhooks(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut ada = site.person("ada").await;
        let all = room(&mut ada, "public", "Ops").await;
        let page = ada.get(&all).await;
        page.says(200, "This chat has no outgoing webhooks");
        assert_eq!(page.count("webhook-form"), 0);
        ada.post(&all, &NEW).await.says(404, "");
        let hooks = all.replace("/webhooks", "/hooks");
        assert_eq!(ada.get(&hooks).await.count("webhooks-link"), 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn changes_are_noted_for_the_webhooks_that_want_them(pool: PgPool) {
    with(pool, &FLAGS, async |site| {
        let mut ada = site.person("ada").await;
        let all = room(&mut ada, "public", "Ops").await;
        let path = all.trim_end_matches("/webhooks").to_owned();
        ada.send(&path, "before").await;
        let one = webhook(&mut ada, &all).await;
        let edits = [
            ("act", "save"),
            ("name", "Archive"),
            ("url", URL),
            ("edited", "yes"),
            ("reacted", "yes"),
        ];
        ada.post(&one, &edits).await.redirects_to(&one);
        let message = format!("{path}/messages/1");
        ada.post(&format!("{message}/edit"), &[("body", "after")])
            .await
            .location();
        ada.post(&format!("{message}/reactions"), &[("emoji", "👍")])
            .await
            .location();
        ada.post(&format!("{message}/delete"), &[]).await.location();
        let noted: String = site
            .one("SELECT string_agg(event, ' ' ORDER BY rev) FROM webhook_deliveries")
            .await;
        assert_eq!(noted, "message.edited message.reacted");
        let page = ada.get(&one).await;
        assert_eq!(
            page.count("data-testid=\"delivery\" data-state=\"waiting\""),
            2
        );
        ada.post(&one, &[("act", "disable")]).await.location();
        let page = ada.get(&one).await;
        assert_eq!(page.count("data-state=\"failed\""), 2);
        assert_eq!(page.count("Deliver again"), 0);
        ada.post(&format!("{path}/messages/1/reactions"), &[("emoji", "👍")])
            .await;
        assert_eq!(
            site.one::<i64>("SELECT count(*) FROM webhook_deliveries")
                .await,
            2
        );
    })
    .await;
}
