//! Hooks: who may make them, what programs are answered as Slack answers, and what the room then shows.

use axum::body::Body;
use axum::http::{Request, header};
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::site::{Answer, Person, SETUP, Site, with};

/// Creates a public room and returns its path.
async fn room(owner: &mut Person, title: &str) -> String {
    let fields = [("kind", "public"), ("title", title), ("people", "")];
    owner.post("/rooms", &fields).await.location()
}

/// Creates a hook and returns the path that it is posted to.
async fn hook(owner: &mut Person, room: &str, name: &str, kind: &str) -> String {
    let fields = [("name", name), ("kind", kind)];
    url_of(&owner.post(&format!("{room}/hooks"), &fields).await)
}

/// The URL that a page shows once.
fn url_of(answer: &Answer) -> String {
    answer.says(200, "data-testid=\"secret-link\"");
    let (_, rest) = answer
        .body
        .split_once("data-testid=\"secret-link\">")
        .unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

/// Posts as a program of another machine does, or of another site's page.
async fn post(site: &Site, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Request::post(path).header(header::ORIGIN, "https://elsewhere.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    site.stranger().request(request, body.into()).await
}

async fn post_json(site: &Site, path: &str, payload: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    post(site, path, &headers, payload.to_string()).await
}

#[track_caller]
fn answers(answer: &Answer, status: u16, text: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_str()),
        (status, text)
    );
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn programs_are_answered_as_slack_answers(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let room = room(&mut ada, "Ops").await;
        let url = hook(&mut ada, &room, "Builds", "slack").await;
        assert!(url.starts_with("/hooks/"), "{url}");
        answers(
            &post_json(site, &url, &json!({"text": "*done*"})).await,
            200,
            "ok",
        );
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let payload = "payload=%7B%22text%22%3A%22of+a+form%22%7D";
        answers(&post(site, &url, &form, payload).await, 200, "ok");
        answers(
            &post(site, &url, &[], "no json").await,
            400,
            "invalid_payload",
        );
        answers(
            &post_json(site, &url, &json!({"text": ""})).await,
            400,
            "no_text",
        );
        answers(
            &post_json(site, "/hooks/unknown", &json!({"text": "x"})).await,
            404,
            "no_service",
        );
        let long = json!({"text": "x".repeat(2 * 1024 * 1024)});
        answers(
            &post_json(site, &url, &long).await,
            413,
            "payload_too_large",
        );
        assert_eq!(ada.get(&url).await.status, 405);
        let page = ada.get(&room).await;
        page.says(200, "<strong>done</strong>");
        page.says(200, "of a form");
        page.says(
            200,
            "<bdi>Builds</bdi></span> <span class=\"app-label\" data-t=\"app\"></span>",
        );
        page.says(
            200,
            "data-t=\"notice-added\" data-actor=\"ada\" data-subject=\"Builds\"",
        );
        ada.get("/c").await.says(
            200,
            "<bdi>Builds</bdi> <span class=\"app-label\" data-t=\"app\"></span>: ",
        );
        site.index().await;
        ada.get("/search?q=form").await.says(
            200,
            "Builds</bdi> <span class=\"app-label\" data-t=\"app\"></span>",
        );
        // No member of the room: nobody sees it, but it ends.
        let bot: i64 = site.one("SELECT bot_id FROM hooks").await;
        ada.post(&format!("{room}/members/{bot}/remove"), &[])
            .await
            .location();
        answers(
            &post_json(site, &url, &json!({"text": "x"})).await,
            410,
            "channel_is_archived",
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_message_has_its_own_name_and_says_which_integration_sent_it(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let room = room(&mut ada, "Ops").await;
        let url = hook(&mut ada, &room, "Builds", "slack").await;
        let payload = json!({"text": "hello <@ada> <!here>", "username": "Grafana", "icon_emoji": ":fire:",
                             "icon_url": "https://elsewhere.example/i.png"});
        answers(&post_json(site, &url, &payload).await, 200, "ok");
        let page = ada.get(&room).await;
        page.says(200, "<bdi>Grafana</bdi></span> <span class=\"app-label\" dir=\"auto\" data-t=\"app-of\" data-text=\"Builds\"></span>");
        page.says(200, "<span class=\"avatar icon\" aria-hidden=\"true\">🔥</span>");
        page.says(200, "<span class=\"mention\"");
        assert_eq!(page.count("elsewhere.example"), 0);
        ada.get("/c").await.says(200, "<bdi>Grafana</bdi> <span class=\"app-label\"");
        // Its messages are its own: nobody else edits them, owners delete them.
        ada.post(&format!("{room}/messages/1/edit"), &[("body", "x")]).await.says(403, "");
        ada.post(&format!("{room}/messages/1/delete"), &[]).await.location();
        ada.get(&room).await.says(200, "data-t=\"deleted\"");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_retry_with_the_same_key_is_the_same_message(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let room = room(&mut ada, "Ops").await;
        let url = hook(&mut ada, &room, "Builds", "slack").await;
        let other = hook(&mut ada, &room, "Others", "slack").await;
        let body = json!({"text": "once"}).to_string();
        let same = [("idempotency-key", "build 12")];
        for _ in 0..2 {
            answers(&post(site, &url, &same, body.clone()).await, 200, "ok");
        }
        assert_eq!(ada.get(&room).await.count("<p>once</p>"), 1);
        answers(&post(site, &other, &same, body.clone()).await, 200, "ok");
        answers(
            &post(site, &url, &[("idempotency-key", "build 13")], body.clone()).await,
            200,
            "ok",
        );
        answers(&post(site, &url, &[], body).await, 200, "ok");
        assert_eq!(ada.get(&room).await.count("<p>once</p>"), 4);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn replicas_count_the_posts_of_a_hook_together(pool: PgPool) {
    let other = pool.clone();
    with(pool, &[], async |one| {
        with(other, &[], async |two| {
            let mut ada = one.person("ada").await;
            let room = room(&mut ada, "Ops").await;
            let url = hook(&mut ada, &room, "Builds", "slack").await;
            let quiet = hook(&mut ada, &room, "Quiet", "slack").await;
            let mut refused = None;
            for n in 0..120 {
                let site = if n % 2 == 0 { one } else { two };
                let answer = post_json(site, &url, &json!({"text": "x"})).await;
                if answer.status == 429 {
                    refused = Some((n, answer));
                    break;
                }
            }
            let (n, answer) = refused.expect("120 posts are not let through at once");
            assert!(n >= 60, "{n}");
            answers(&answer, 429, "rate_limited");
            let wait: u64 = answer.header("retry-after").parse().unwrap();
            assert!((1..=2).contains(&wait), "{wait}");
            answers(
                &post_json(two, &quiet, &json!({"text": "x"})).await,
                200,
                "ok",
            );
        })
        .await;
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_message_goes_to_another_room_only_if_the_hook_may_and_is_in_it(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let ops = room(&mut ada, "Ops").await;
        let dev = room(&mut ada, "Dev").await;
        let url = hook(&mut ada, &ops, "Builds", "slack").await;
        let payload = json!({"text": "for developers", "channel": "#dev"});
        answers(&post_json(site, &url, &payload).await, 200, "ok");
        ada.get(&ops).await.says(200, "for developers");
        let id: i64 = site.one("SELECT id FROM hooks").await;
        let account: String = site.one("SELECT name FROM users WHERE bot").await;
        let save = [("act", "save"), ("name", "CI"), ("chooses_room", "yes")];
        ada.post(&format!("{ops}/hooks/{id}"), &save)
            .await
            .redirects_to(&format!("{ops}/hooks"));
        answers(
            &post_json(site, &url, &payload).await,
            404,
            "channel_not_found",
        );
        ada.post(&format!("{dev}/members"), &[("people", &account)])
            .await
            .location();
        answers(&post_json(site, &url, &payload).await, 200, "ok");
        let page = ada.get(&dev).await;
        page.says(200, "for developers");
        page.says(200, "<bdi>CI</bdi>");
        // It leaves all its rooms when it is deleted, and its messages stay.
        ada.post(&format!("{ops}/hooks/{id}"), &[("act", "delete")])
            .await
            .location();
        answers(&post_json(site, &url, &payload).await, 404, "no_service");
        for path in [&ops, &dev] {
            let page = ada.get(path).await;
            page.says(200, "for developers");
            page.says(
                200,
                "data-t=\"notice-removed\" data-actor=\"ada\" data-subject=\"CI\"",
            );
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn owners_and_admins_manage_hooks_and_nobody_else(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut root = site.admin("root").await;
        let (mut ada, mut bob, mut eve) =
            (site.person("ada").await, site.person("bob").await, site.person("eve").await);
        let path = room(&mut ada, "Ops").await;
        bob.post(&format!("{path}/join"), &[]).await.location();
        let hooks = format!("{path}/hooks");
        let new = [("name", "Builds"), ("kind", "slack")];
        ada.get(&format!("{path}/about")).await.says(200, "data-testid=\"hooks-link\"");
        assert_eq!(bob.get(&format!("{path}/about")).await.count("hooks-link"), 0);
        for (person, status) in [(&mut bob, 403), (&mut eve, 404), (&mut site.stranger(), 303)] {
            assert_eq!(person.get(&hooks).await.status, status);
            assert_eq!(person.post(&hooks, &new).await.status, status);
        }
        assert_eq!(ada.get("/hooks").await.status, 404);
        ada.post(&hooks, &[("name", " "), ("kind", "slack")]).await.says(422, "Enter a name");
        let url = hook(&mut ada, &path, "Builds", "slack").await;
        assert_eq!(ada.get(&hooks).await.count(&url), 0, "the URL is shown once");
        let id: i64 = site.one("SELECT id FROM hooks").await;
        let one = format!("{hooks}/{id}");
        bob.post(&one, &[("act", "delete")]).await.says(403, "");
        eve.post(&one, &[("act", "rotate")]).await.says(404, "");
        let elsewhere = room(&mut eve, "Elsewhere").await;
        eve.post(&format!("{elsewhere}/hooks/{id}"), &[("act", "delete")]).await.says(404, "");
        let new_url = url_of(&ada.post(&one, &[("act", "rotate")]).await);
        let text = json!({"text": "x"});
        answers(&post_json(site, &url, &text).await, 404, "no_service");
        answers(&post_json(site, &new_url, &text).await, 200, "ok");
        root.get(&hooks).await.says(200, "Builds");
        root.post(&one, &[("act", "disable")]).await.redirects_to(&hooks);
        answers(&post_json(site, &new_url, &text).await, 404, "no_service");
        ada.post(&one, &[("act", "enable")]).await.redirects_to(&hooks);
        answers(&post_json(site, &new_url, &text).await, 200, "ok");
        ada.post(&one, &[("act", "delete")]).await.redirects_to(&hooks);
        let log = root.get("/admin/log").await;
        for act in ["create", "rotate", "disable", "enable", "delete"] {
            log.says(200, &format!("data-act=\"hook_{act}\""));
        }
        log.says(200, "root disabled integration Builds of room");
        // Another person at an open browser changes nothing.
        site.run("UPDATE sessions SET proved_at = now() - interval '1 hour', created_at = now() - interval '1 hour'").await;
        ada.post(&hooks, &new).await.redirects_to(&format!("/confirm?next={}", hooks.replace('/', "%2F")));
        ada.get(&hooks).await.says(200, "No program posts");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_integration_is_no_person(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut root = site.admin("root").await;
        let mut ada = site.person("ada").await;
        let path = room(&mut ada, "Ops").await;
        hook(&mut ada, &path, "Builds", "slack").await;
        let (bot, account): (i64, String) = (
            site.one("SELECT id FROM users WHERE bot").await,
            site.one("SELECT name FROM users WHERE bot").await,
        );
        let bot = bot.to_string();
        assert_eq!(ada.get("/people?q=builds").await.count("Builds"), 0);
        assert_eq!(root.get("/admin?q=builds").await.count("Builds"), 0);
        root.get(&format!("/admin/people/{bot}"))
            .await
            .says(404, "");
        ada.post("/c", &[("user", &bot)]).await.says(404, "");
        ada.post(&format!("{path}/members/{bot}/role"), &[("role", "owner")])
            .await
            .says(403, "");
        for password in ["", "x"] {
            let fields = [("name", account.as_str()), ("password", password)];
            site.stranger().post("/login", &fields).await.says(422, "");
        }
        // It inherits no room.
        ada.post(&format!("{path}/leave"), &[]).await.location();
        assert_eq!(
            site.one::<i64>(
                "SELECT count(*) FROM members WHERE role = 'owner' AND left_rev IS NULL"
            )
            .await,
            0
        );
    })
    .await;
}

fn notification(status: &str, firing: &[&str], resolved: &[&str]) -> Value {
    let alert = |status: &str, name: &&str| {
        json!({"status": status, "labels": {"alertname": "Down", "instance": *name},
               "startsAt": "2026-03-04T05:06:07Z", "endsAt": "2026-03-04T05:16:07Z"})
    };
    let firing = firing.iter().map(|name| alert("firing", name));
    let resolved = resolved.iter().map(|name| alert("resolved", name));
    let alerts: Vec<Value> = firing.chain(resolved).collect();
    json!({"version": "4", "groupKey": "{}:{alertname=\"Down\"}", "status": status, "alerts": alerts,
           "groupLabels": {"alertname": "Down"}, "commonLabels": {"alertname": "Down"}})
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_group_of_alerts_is_one_message_until_it_is_resolved(pool: PgPool) {
    let other = pool.clone();
    with(pool, &[], async |one| {
        with(other, &[], async |two| {
            let mut ada = one.person("ada").await;
            let path = room(&mut ada, "Ops").await;
            let url = hook(&mut ada, &path, "Alerts", "alertmanager").await;
            // Two Alertmanagers, each several times, through two replicas.
            let firing = notification("firing", &["a"], &[]);
            let posts =
                (0..20).map(|n| post_json(if n % 2 == 0 { one } else { two }, &url, &firing));
            for answer in join_all(posts).await {
                answers(&answer, 200, "ok");
            }
            let page = ada.get(&path).await;
            page.says(200, "[FIRING:1] Down");
            assert_eq!(page.count("data-testid=\"message\" data-seq"), 1);
            assert_eq!(page.count("data-testid=\"edited\""), 0, "nothing changed");
            answers(
                &post_json(two, &url, &notification("firing", &["b"], &["a"])).await,
                200,
                "ok",
            );
            let page = ada.get(&path).await;
            page.says(200, "🔴 instance: b");
            page.says(200, "🟢 instance: a");
            let resolved = notification("resolved", &[], &["a", "b"]);
            for site in [one, two] {
                answers(&post_json(site, &url, &resolved).await, 200, "ok");
            }
            let page = ada.get(&path).await;
            page.says(200, "[RESOLVED] Down");
            assert_eq!(page.count("data-testid=\"message\" data-seq"), 1);
            answers(&post_json(one, &url, &firing).await, 200, "ok");
            let page = ada.get(&path).await;
            page.says(200, "[RESOLVED] Down");
            page.says(200, "[FIRING:1] Down");
            assert_eq!(page.count("data-testid=\"message\" data-seq"), 2);
            answers(
                &post_json(one, &url, &json!({"text": "x"})).await,
                400,
                "invalid_payload",
            );
        })
        .await;
    })
    .await;
}
