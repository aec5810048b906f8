//! What holds for every answer: headers, origin, error pages, PostgreSQL being away.

use sqlx::PgPool;

use crate::site::{Answer, PASSWORD, with};

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn every_answer_has_the_security_headers(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        let mut answers = vec![
            site.stranger().get("/login").await,
            site.stranger().get("/c").await,
        ];
        for path in [
            "/c",
            path.as_str(),
            "/people",
            "/register",
            "/nowhere",
            "/c/999",
        ] {
            answers.push(ada.get(path).await);
        }
        answers.push(ada.send(&path, "").await);
        answers.push(ada.script().send(&path, "").await);
        for answer in &answers {
            assert_protected(answer);
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    })
    .await;
}

fn assert_protected(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for rule in [
        "default-src 'none'",
        "script-src 'self';",
        "style-src 'self';",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ] {
        assert!(
            policy.contains(rule),
            "{rule} is not in {policy:?} of {}",
            answer.body
        );
    }
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "same-origin");
    assert_eq!(answer.header("x-request-id").len(), 32);
    for inline in ["<style", " style=", "<script>", " onclick", "javascript:"] {
        assert_eq!(answer.count(inline), 0, "{inline} in {}", answer.body);
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_write_of_another_site_is_refused(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        for foreign in [
            vec![("sec-fetch-site", "cross-site")],
            vec![("sec-fetch-site", "same-site")],
            vec![("origin", "https://evil.example")],
            vec![("origin", "null")],
        ] {
            ada.headers = foreign.clone();
            ada.send(&path, "forged")
                .await
                .says(403, "This came from another site.");
            ada.post("/logout", &[]).await.says(403, "another site");
            let mut stranger = site.stranger();
            stranger.headers = foreign;
            let fields = [("name", "eve"), ("password", PASSWORD)];
            stranger
                .post("/register", &fields)
                .await
                .says(403, "another site");
        }
        for own in [
            vec![("sec-fetch-site", "same-origin")],
            vec![("sec-fetch-site", "none")],
            vec![("origin", "http://chat.example")],
            vec![],
        ] {
            ada.headers = own;
            ada.send(&path, "mine").await.redirects_to(&path);
        }
        ada.headers.clear();
        assert_eq!(ada.get(&path).await.count("forged"), 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn behind_a_proxy_that_rewrites_host_the_url_tells_the_origin(pool: PgPool) {
    with(
        pool,
        &["--url", "http://public.example:8080"],
        async |site| {
            let mut stranger = site.stranger();
            let fields = [("name", "ada"), ("password", PASSWORD)];
            stranger.headers = vec![("origin", "http://public.example")];
            stranger.post("/register", &fields).await.says(403, "");
            stranger.headers = vec![("origin", "http://public.example:8080")];
            stranger.post("/register", &fields).await.redirects_to("/c");
        },
    )
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn assets_are_cached_for_ever_under_their_own_name_only(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut stranger = site.stranger();
        let page = stranger.get("/login").await;
        let start = page.body.find("/static/").unwrap();
        let style = page.body[start..].split('"').next().unwrap().to_owned();
        let release = style.split('/').nth(2).unwrap().to_owned();
        for (name, media_type) in [
            ("confab.css", "text/css; charset=utf-8"),
            ("confab.js", "text/javascript; charset=utf-8"),
            ("icon.svg", "image/svg+xml"),
            ("own-7.css", "text/css; charset=utf-8"),
        ] {
            let answer = stranger.get(&format!("/static/{release}/{name}")).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), media_type);
            assert_eq!(
                answer.header("cache-control"),
                "public, max-age=31536000, immutable"
            );
            let other = stranger
                .get(&format!("/static/0123456789abcdef/{name}"))
                .await;
            assert_eq!(
                (other.status.as_u16(), other.header("cache-control")),
                (200, "no-store")
            );
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn with_postgresql_away_people_are_told_so(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        site.pool.close().await;
        let answer = ada.get("/c").await;
        answer.says(503, "The chat can’t reach its database right now.");
        assert_eq!(answer.header("retry-after"), "2");
        assert_protected(&answer);
        let answer = ada.script().post("/c/1/read", &[("seq", "1")]).await;
        assert_eq!(answer.status, 503);
        assert!(
            answer.json()["error"]
                .as_str()
                .unwrap()
                .contains("Nothing is lost")
        );
        let fields = [("name", "ada"), ("password", PASSWORD)];
        site.stranger().post("/login", &fields).await.says(503, "");
        site.stranger().get("/login").await.says(200, "Log in");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_fault_of_ours_is_not_explained_to_people(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        sqlx::query("ALTER TABLE messages RENAME COLUMN body TO gone")
            .execute(&site.pool)
            .await
            .unwrap();
        let answer = ada.get("/c").await;
        answer.says(500, "This is a fault of the chat, not yours.");
        answer.says(500, answer.header("x-request-id"));
        for inner in ["column", "sqlx", "body does not"] {
            assert_eq!(answer.count(inner), 0, "{inner}");
        }
    })
    .await;
}
