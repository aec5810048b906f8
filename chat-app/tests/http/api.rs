//! The API: what programs read and change with an access token, and what they are refused.

mod bots;
mod messages;
mod refusals;
mod tokens;

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::site::{Answer, Person, Site, with};

/// A program with an access token.
pub struct Program<'a> {
    site: &'a Site,
    token: String,
}

impl<'a> Program<'a> {
    /// With a new token of this person. The scopes are separated by spaces.
    pub async fn of(site: &'a Site, person: &mut Person, scopes: &str) -> Self {
        let mut fields = vec![("name", "Program"), ("days", "30")];
        fields.extend(scopes.split(' ').map(|scope| (scope, "on")));
        let answer = person.post("/account/tokens", &fields).await;
        let token = token_of(&answer);
        Self { site, token }
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let method: Method = method.parse().unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            // As a page of another site would.
            .header(header::ORIGIN, "https://elsewhere.example")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.site.stranger().request(request, body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    /// The JSON of a successful answer.
    pub async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    pub async fn send(&self, conversation: &str, body: &str) -> Value {
        let message = json!({"client_id": Uuid::new_v4(), "body": body});
        let path = format!("{conversation}/messages");
        let answer = self.call("POST", &path, Some(&message)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()
    }
}

/// The token that a page shows once.
pub fn token_of(answer: &Answer) -> String {
    answer.says(200, "data-testid=\"access-token\">");
    let (_, rest) = answer
        .body
        .split_once("data-testid=\"access-token\">")
        .unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

/// A conversation's path in the API.
pub fn of_page(path: &str) -> String {
    path.replace("/c/", "/conversations/")
}

/// Asserts that the answer is a problem with this status and code.
#[track_caller]
pub fn is_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["status"], status);
    assert_eq!(problem["code"], code, "{problem}");
    for text in ["title", "detail"] {
        assert!(!problem[text].as_str().unwrap().is_empty(), "{problem}");
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_program_reads_what_its_account_sees(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        ada.send(&path, "hello bob").await.redirects_to(&path);
        let program = Program::of(site, &mut ada, "read").await;
        let bob_id: i64 = site.user_id("bob").await.parse().unwrap();

        let me = program.read("/me").await;
        assert_eq!((&me["name"], &me["bot"]), (&json!("ada"), &json!(false)));
        assert_eq!(me["scopes"], json!(["read"]));
        assert!(me["expires_at"].as_str().unwrap().ends_with('Z'), "{me}");

        let people = program.read("/people?q=bo").await;
        let expected = json!({"people": [{"id": bob_id, "name": "bob", "display_name": "bob"}]});
        assert_eq!(people, expected);

        let conversation = program.read(&of_page(&path)).await;
        assert_eq!(conversation["kind"], "direct");
        assert_eq!(conversation["name"], "bob");
        assert_eq!(conversation["partner"], bob_id);
        assert_eq!(conversation["last_seq"], 1);
        let list = program.read("/conversations").await;
        assert_eq!(list, json!({"conversations": [conversation], "next": null}));

        bob.send(&path, "deploy done").await.redirects_to(&path);
        site.index().await;
        let found = program.read("/search?q=deploy").await;
        assert_eq!(found["found"][0]["body"], "deploy done");
        assert_eq!(found["found"][0]["sender"], bob_id);
        assert_eq!(found["next"], Value::Null);
        let problem = program.get("/search?q=from:nobody").await;
        is_problem(&problem, 422, "invalid_search");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn lists_continue_where_a_page_ends(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let (mut paths, mut names) = (Vec::new(), Vec::new());
        for n in 0..3 {
            site.person(&format!("guest{n}")).await;
            names.push(format!("guest{n}"));
            let title = format!("Room {n}");
            let people = names.join(" ");
            let fields = [("kind", "public"), ("title", &title), ("people", &people)];
            paths.push(ada.post("/rooms", &fields).await.location());
        }
        let program = Program::of(site, &mut ada, "read").await;
        let first = program.read("/conversations?limit=2").await;
        let next = first["next"].as_str().unwrap();
        let second = program
            .read(&format!("/conversations?limit=2&after={next}"))
            .await;
        let rooms = |page: &Value| page["conversations"].as_array().unwrap().len();
        assert_eq!((rooms(&first), rooms(&second)), (2, 1));
        assert_eq!(second["next"], Value::Null);

        let members = format!("{}/members", of_page(&paths[2]));
        let page = program.read(&format!("{members}?limit=3")).await;
        let next = &page["next"];
        assert_eq!(page["members"][0]["role"], "owner");
        let rest = program
            .read(&format!("{members}?limit=3&after={next}"))
            .await;
        assert_eq!(rest["members"][0]["name"], "guest2");
        assert_eq!(
            (&rest["next"], rest["members"].as_array().unwrap().len()),
            (&Value::Null, 1)
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_program_moves_the_read_mark_of_its_account(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        for text in ["one", "two"] {
            bob.send(&path, text).await.redirects_to(&path);
        }
        let program = Program::of(site, &mut ada, "read write").await;
        let read = format!("{}/read", of_page(&path));
        let marked = program.call("PUT", &read, Some(&json!({"seq": 1}))).await;
        assert_eq!(
            marked.json(),
            json!({"last_read_seq": 1, "unread": 1, "version": 0})
        );
        let conversation = program.read(&of_page(&path)).await;
        assert_eq!(
            (&conversation["unread"], &conversation["last_read_seq"]),
            (&json!(1), &json!(1))
        );
    })
    .await;
}
