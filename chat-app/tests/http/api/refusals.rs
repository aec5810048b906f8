//! What the API refuses: tokens without the scope, strangers' conversations, and requests that are not as documented.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Program, is_problem, of_page};
use crate::site::{Site, with};

/// Each operation of the document: method, path with an existing conversation and message, and scope.
fn operations(conversation: &str) -> Vec<(String, String, Option<String>)> {
    let document: Value = serde_json::from_str(&chat_app::http::api::document()).unwrap();
    let id = conversation.rsplit('/').next().unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", id).replace("{seq}", "1");
        let path = path.replace("{emoji}", "%F0%9F%91%8D");
        for (method, operation) in item.as_object().unwrap() {
            let scope = operation["security"][0]["token"][0].as_str();
            found.push((
                method.to_uppercase(),
                path.clone(),
                scope.map(str::to_owned),
            ));
        }
    }
    found
}

/// A body that every operation takes that takes one; some have fields of others, which are refused only later.
fn body_of(method: &str, path: &str) -> Option<Value> {
    match method {
        "POST" => Some(json!({"client_id": Uuid::new_v4(), "body": "x"})),
        "PATCH" => Some(json!({"body": "x"})),
        "PUT" if path.ends_with("/read") => Some(json!({"seq": 1})),
        _ => None,
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn every_operation_needs_its_scope_and_a_conversation_of_ones_own(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        ada.send(&path, "hello").await.redirects_to(&path);
        let mut eve = site.person("eve").await;
        let reader = Program::of(site, &mut ada, "read").await;
        let writer = Program::of(site, &mut ada, "write").await;
        let stranger = Program::of(site, &mut eve, "read write").await;
        let nobody = Program {
            site,
            token: "confab_unknown".to_owned(),
        };
        let operations = operations(&path);
        assert!(operations.len() >= 14, "{operations:?}");
        for (method, path, scope) in operations {
            let body = body_of(&method, &path);
            let call = async |program: &Program| program.call(&method, &path, body.as_ref()).await;
            is_problem(&call(&nobody).await, 401, "invalid_token");
            let other = match scope.as_deref() {
                Some("read") => &writer,
                Some("write") => &reader,
                scope => {
                    assert_eq!((path.as_str(), scope), ("/me", None));
                    continue;
                }
            };
            let refused = call(other).await;
            is_problem(&refused, 403, "insufficient_scope");
            let scheme = refused.header("www-authenticate");
            assert!(scheme.contains(scope.as_deref().unwrap()), "{scheme}");
            if path.starts_with("/conversations/") {
                is_problem(&call(&stranger).await, 404, "not_found");
            }
        }
        assert_eq!(ada.get(&path).await.count("data-t=\"deleted\""), 0);
    })
    .await;
}

async fn raw(
    site: &Site,
    request: axum::http::request::Builder,
    body: &str,
) -> crate::site::Answer {
    site.stranger()
        .request(request, Body::from(body.to_owned()))
        .await
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn every_error_is_a_problem(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        let program = Program::of(site, &mut ada, "read write").await;
        let messages = format!("{}/messages", of_page(&path));
        for path in [
            "/nowhere",
            "/",
            "",
            "/conversations/x",
            "/conversations/9e9",
            "/conversations/99999999999999999999",
        ] {
            is_problem(&program.get(path).await, 404, "not_found");
        }
        let wrong_method = program.call("DELETE", "/me", None).await;
        is_problem(&wrong_method, 405, "method_not_allowed");
        assert_eq!(wrong_method.header("allow"), "GET,HEAD");
        for query in ["limit=0", "limit=101", "limit=x", "before=x", "after_rev="] {
            let answer = program.get(&format!("{messages}?{query}")).await;
            is_problem(&answer, 400, "invalid_query");
        }
        is_problem(&program.get("/people?q=%00").await, 400, "bad_request");

        let post = |media_type: &'static str| {
            Request::post(format!("/api/v1{messages}"))
                .header(header::AUTHORIZATION, format!("bearer {}", program.token))
                .header(header::CONTENT_TYPE, media_type)
        };
        is_problem(
            &raw(site, post("text/plain"), "{}").await,
            415,
            "invalid_body",
        );
        is_problem(
            &raw(site, post("application/json"), "{").await,
            400,
            "invalid_body",
        );
        for body in ["{}", "[]", r#"{"client_id":"x","body":"x"}"#] {
            let answer = raw(site, post("application/json"), body).await;
            is_problem(&answer, 422, "invalid_body");
        }
        let long = "x".repeat(1024 * 1024);
        is_problem(
            &raw(site, post("application/json"), &long).await,
            413,
            "too_large",
        );
        let too_long = json!({"client_id": Uuid::new_v4(), "body": "x".repeat(17_000)});
        let refused = program.call("POST", &messages, Some(&too_long)).await;
        is_problem(&refused, 422, "invalid");
        assert!(
            refused.body.contains("17000 characters"),
            "{}",
            refused.body
        );
        let extra = json!({"client_id": Uuid::new_v4(), "body": "x", "color": "red"});
        let refused = program.call("POST", &messages, Some(&extra)).await;
        is_problem(&refused, 422, "invalid_body");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_session_does_not_open_the_api(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let answer = ada.get("/api/v1/me").await;
        is_problem(&answer, 401, "no_token");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        let document = site.stranger().get("/api/v1/openapi.json").await;
        assert_eq!(document.json()["openapi"], "3.1.0");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn replicas_count_the_requests_of_an_account_together(pool: PgPool) {
    let other = pool.clone();
    with(pool, &[], async |one| {
        with(other, &[], async |two| {
            let (mut ada, mut bob) = (one.person("ada").await, one.person("bob").await);
            let program = Program::of(one, &mut ada, "read").await;
            let second = Program::of(one, &mut ada, "read").await;
            let quiet = Program::of(two, &mut bob, "read").await;
            assert_eq!(program.get("/me").await.status, 200);
            // As if the account had sent 610 requests just now.
            one.run("UPDATE attempts SET clear_at = now() + interval '61 seconds'")
                .await;
            let other = Program {
                site: two,
                token: second.token,
            };
            let refused = other.get("/me").await;
            is_problem(&refused, 429, "too_many_requests");
            let wait: u64 = refused.header("retry-after").parse().unwrap();
            assert!((1..=10).contains(&wait), "{wait}");
            assert_eq!(quiet.get("/me").await.status, 200);
        })
        .await;
    })
    .await;
}
