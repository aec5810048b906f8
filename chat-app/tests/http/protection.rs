//! All responses: headers, origin, error pages, and PostgreSQL being down.

use sqlx::PgPool;

use crate::site::{Answer, PASSWORD, SETUP, with};

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn every_response_has_the_security_headers(pool: PgPool) {
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
async fn a_write_from_another_site_is_refused(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        for foreign in [
            vec![("sec-fetch-site", "cross-site")],
            vec![("sec-fetch-site", "same-site")],
            vec![("origin", "https://evil.example")],
            vec![("origin", "null")],
            // The same host by another scheme, or at another port, is another origin.
            vec![("origin", "https://chat.example")],
            vec![("origin", "http://chat.example:8080")],
        ] {
            ada.headers = foreign.clone();
            ada.send(&path, "forged")
                .await
                .says(403, "The request came from another site.");
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
async fn behind_a_proxy_that_rewrites_host_the_url_setting_has_the_origin(pool: PgPool) {
    with(
        pool,
        &["--url", "http://public.example:8080"],
        async |site| {
            let mut stranger = site.stranger();
            let fields = [("name", "ada"), ("password", PASSWORD)];
            for foreign in [
                "http://public.example",
                "https://public.example:8080",
                "http://chat.example",
            ] {
                stranger.headers = vec![("origin", foreign)];
                stranger.post("/register", &fields).await.says(403, "");
            }
            stranger.headers = vec![("origin", "http://public.example:8080")];
            stranger.post("/register", &fields).await.redirects_to("/c");
        },
    )
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn assets_are_cached_for_ever_only_under_their_own_hash(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut stranger = site.stranger();
        let page = stranger.get("/login").await;
        let start = page.body.find("/static/").unwrap();
        let style = page.body[start..].split('"').next().unwrap().to_owned();
        let release = style.split('/').nth(2).unwrap().to_owned();
        for (name, media_type) in [
            ("confab.css", "text/css; charset=utf-8"),
            ("confab.js", "text/javascript; charset=utf-8"),
            ("icon.svg", "image/svg+xml; charset=utf-8"),
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
async fn people_see_that_postgresql_is_down(pool: PgPool) {
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
async fn the_page_of_an_internal_error_has_no_details(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        sqlx::query("ALTER TABLE messages RENAME COLUMN body TO gone")
            .execute(&site.pool)
            .await
            .unwrap();
        let answer = ada.get("/c").await;
        answer.says(500, "This is an error in the chat, not yours.");
        answer.says(500, answer.header("x-request-id"));
        for inner in ["column", "sqlx", "body does not"] {
            assert_eq!(answer.count(inner), 0, "{inner}");
        }
    })
    .await;
}

/// The paths of a source's route table with the methods that each takes.
pub fn routes(source: &str) -> Vec<(String, bool, bool)> {
    let tables = source.split(".route(").skip(1);
    tables
        .map(|rest| {
            let (_, rest) = rest.split_once('"').unwrap();
            let (path, rest) = rest.split_once('"').unwrap();
            let handlers = rest.split(".route(").next().unwrap();
            let handlers = handlers.split(".merge(").next().unwrap();
            let has = |method| handlers.contains(method);
            (path.to_owned(), has("get("), has("post("))
        })
        .collect()
}

/// Names of fields that requests may have: those of all structs of the handlers.
fn field_names() -> Vec<String> {
    let mut names: Vec<String> = glob("src/http")
        .iter()
        .flat_map(|source| fields(source))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn fields(source: &str) -> Vec<String> {
    let declared = source.lines().filter_map(|line| {
        let line = line
            .trim()
            .trim_start_matches("pub ")
            .trim_start_matches("pub(super) ");
        let (name, kind) = line.split_once(": ")?;
        let is_type = kind.ends_with(',') && kind.starts_with(char::is_uppercase);
        let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        (is_type && is_name).then(|| name.to_owned())
    });
    declared.collect()
}

fn glob(folder: &str) -> Vec<String> {
    let mut sources = Vec::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => sources.push(std::fs::read_to_string(path).unwrap()),
            }
        }
    }
    sources
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_nul_anywhere_in_a_request_is_never_a_fault_of_the_chat(pool: PgPool) {
    let routes: Vec<_> = [
        include_str!("../../src/http.rs"),
        include_str!("../../src/http/admin.rs"),
    ]
    .iter()
    .flat_map(|source| routes(source))
    .collect();
    assert!(routes.len() > 60, "{routes:?}");
    let names = field_names();
    for name in ["q", "people", "after", "body", "title"] {
        assert!(
            names.iter().any(|found| found == name),
            "{name} is not in {names:?}"
        );
    }
    with(pool, &SETUP, async |site| {
        let (_, _, talk) = site.pair().await;
        let id = talk.rsplit('/').next().unwrap();
        let mut admin = site.admin("root").await;
        let signed_in = admin.cookie.clone();
        let path = |route: &str| {
            route
                .replace("{id}", id)
                .replace("{seq}", "1")
                .replace("{token}", "a")
        };
        for (route, ..) in routes.iter().filter(|(_, gets, _)| *gets) {
            for name in &names {
                let address = format!("{}?{name}=%00", path(route));
                let answer = admin.get(&address).await;
                assert!(
                    !answer.status.is_server_error(),
                    "GET {address}: {}",
                    answer.body
                );
            }
        }
        // A field alone, which no other one's mistake hides; then among others, which may be needed.
        for others in [&[][..], &names[..]] {
            for (route, ..) in routes.iter().filter(|(.., posts)| *posts) {
                for name in &names {
                    let others = others.iter().filter(|other| *other != name);
                    let mut fields: Vec<_> = others.map(|other| (other.as_str(), "1")).collect();
                    fields.push((name, "\0"));
                    let answer = admin.post(&path(route), &fields).await;
                    assert!(
                        !answer.status.is_server_error(),
                        "POST {route} {name}: {}",
                        answer.body
                    );
                    admin.cookie.clone_from(&signed_in);
                }
            }
        }
    })
    .await;
}
