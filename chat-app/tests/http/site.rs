//! The app without a network, and people who use it. Each test has its own database.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use chat_app::app::App;
use chat_app::config::{Cli, Command, Config};
use chat_app::files::Files;
use chat_app::http;
use chat_app::lifecycle::Lifecycle;
use chat_app::postgres::{Connections, Postgres};
use chat_app::store::search::index::{self, Queue};
use chat_app::telemetry::Metrics;
use clap::Parser;
use sqlx::PgPool;
use tower::ServiceExt;
use uuid::Uuid;

pub const PASSWORD: &str = "correct horse";
/// 32 bytes as base64url.
pub const ENCRYPTION_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
pub const SETUP_TOKEN: &str = "a token of the operator";
/// Settings of a chat that an administrator can be made in.
pub const SETUP: [&str; 2] = ["--setup-token", SETUP_TOKEN];

/// The app under test.
pub struct Site {
    router: Router,
    pub pool: PgPool,
    pub files: Files,
    pub metrics: Metrics,
}

/// Runs a test against the app; `flags` are settings beyond the required ones.
pub async fn with(pool: PgPool, flags: &[&str], test: impl AsyncFnOnce(&Site)) {
    let options = (*pool.connect_options()).clone();
    let connections = Connections::with_readers(options, Postgres::default(), pool.clone());
    let lifecycle = Lifecycle::default();
    let app = App::start(config(flags), &connections, &lifecycle).unwrap();
    let site = Site {
        files: app.files.clone(),
        metrics: app.metrics.clone(),
        router: http::router(app),
        pool,
    };
    test(&site).await;
    // An open connection would keep the database from being dropped.
    drop(site);
    lifecycle.writer_ended().await;
    lifecycle.shut_down_hard();
    lifecycle.background_ended().await;
    connections.background.close().await;
}

fn config(flags: &[&str]) -> Config {
    // No broker listens there: no test here waits for Kafka.
    let required = [
        "chat-app",
        "serve",
        "--database-url",
        "postgres://unused",
        "--kafka-bootstrap-servers",
        "127.0.0.1:1",
    ];
    match Cli::try_parse_from(required.iter().chain(flags))
        .unwrap()
        .command
    {
        Command::Serve(config) => *config,
        _ => unreachable!("serve was asked for"),
    }
}

impl Site {
    /// What answers requests, to serve it over a network.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    pub fn stranger(&self) -> Person {
        Person {
            router: self.router.clone(),
            cookie: None,
            device: None,
            flow: None,
            code: None,
            language: None,
            headers: Vec::new(),
            peer: None,
        }
    }

    pub async fn person(&self, name: &str) -> Person {
        let mut person = self.stranger();
        let answer = person
            .post("/register", &[("name", name), ("password", PASSWORD)])
            .await;
        answer.redirects_to("/c");
        person
    }

    /// The first administrator; the flags give [`SETUP`].
    pub async fn admin(&self, name: &str) -> Person {
        let mut person = self.stranger();
        let fields = [
            ("token", SETUP_TOKEN),
            ("name", name),
            ("password", PASSWORD),
        ];
        person.post("/setup", &fields).await.redirects_to("/admin");
        person
    }

    /// The single value that a query returns.
    pub async fn one<T>(&self, sql: &'static str) -> T
    where
        T: Send + Unpin + sqlx::Type<sqlx::Postgres> + for<'r> sqlx::Decode<'r, sqlx::Postgres>,
    {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    pub async fn run(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap();
    }

    pub async fn user_id(&self, name: &str) -> String {
        let id: i64 = sqlx::query_scalar("SELECT id FROM users WHERE name = $1")
            .bind(name)
            .fetch_one(&self.pool)
            .await
            .unwrap();
        id.to_string()
    }

    /// Makes what was sent and changed findable, as a task of each replica does.
    pub async fn index(&self) {
        let mut connection = self.pool.acquire().await.unwrap();
        while index::add_queued(&mut connection).await.unwrap() != Queue::Empty {}
    }

    /// Two people and the path of their conversation.
    pub async fn pair(&self) -> (Person, Person, String) {
        let (mut ada, bob) = (self.person("ada").await, self.person("bob").await);
        let bob_id = self.user_id("bob").await;
        let path = ada.post("/c", &[("user", &bob_id)]).await.location();
        (ada, bob, path)
    }
}

/// A person with a browser that keeps cookies and follows no redirects.
pub struct Person {
    router: Router,
    pub cookie: Option<String>,
    pub device: Option<String>,
    /// Of logins at providers.
    pub flow: Option<String>,
    /// Of a login that waits for a code.
    pub code: Option<String>,
    pub language: Option<String>,
    pub headers: Vec<(&'static str, &'static str)>,
    /// Where the connection comes from.
    pub peer: Option<SocketAddr>,
}

impl Person {
    /// The same person with requests as JavaScript makes them.
    pub fn script(&self) -> Person {
        let headers = vec![("accept", "application/json")];
        Person {
            router: self.router.clone(),
            cookie: self.cookie.clone(),
            device: self.device.clone(),
            flow: self.flow.clone(),
            code: self.code.clone(),
            language: self.language.clone(),
            headers,
            peer: self.peer,
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.request(Request::get(path), Body::empty()).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request =
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.request(request, Body::from(form)).await
    }

    pub async fn send(&mut self, conversation: &str, body: &str) -> Answer {
        let id = Uuid::new_v4().to_string();
        self.post(
            &format!("{conversation}/messages"),
            &[("client_id", &id), ("body", body)],
        )
        .await
    }

    /// Uploads a file with a form.
    pub async fn upload(&mut self, path: &str, field: &str, content: &[u8]) -> Answer {
        let mut body = format!(
            "--edge\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"x\"\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        let request =
            Request::post(path).header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge");
        self.request(request, Body::from(body)).await
    }

    /// Uploads a file like the script does; `name` is percent-encoded.
    pub async fn put(&mut self, conversation: &str, name: &str, content: &[u8]) -> Answer {
        let request = Request::post(format!("{conversation}/attachments"))
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_LENGTH, content.len())
            .header("x-file-name", name);
        self.request(request, Body::from(content.to_vec())).await
    }

    pub async fn request(
        &mut self,
        mut request: axum::http::request::Builder,
        body: Body,
    ) -> Answer {
        request = request.header(header::HOST, "chat.example");
        let cookies: Vec<_> = [
            &self.cookie,
            &self.device,
            &self.flow,
            &self.code,
            &self.language,
        ]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        if let Some(peer) = self.peer {
            request = request.extension(ConnectInfo(peer));
        }
        let response = self
            .router
            .clone()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            let name = pair.split('=').next().unwrap().replace("__Host-", "");
            let kept = match name.as_str() {
                chat_app::text::COOKIE => &mut self.language,
                "confab-device" => &mut self.device,
                "confab-login" => &mut self.flow,
                "confab-code" => &mut self.code,
                _ => &mut self.cookie,
            };
            *kept = Some(pair).filter(|pair| !pair.ends_with('='));
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
            bytes,
        }
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The session cookie that is set, with its attributes.
    pub fn session_cookie(&self) -> &str {
        let set = self.headers.get_all(header::SET_COOKIE).iter();
        let mut set = set.map(|value| value.to_str().unwrap());
        set.find(|cookie| cookie.contains("confab=")).unwrap_or("")
    }

    pub fn location(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.header("location").to_owned()
    }

    #[track_caller]
    pub fn redirects_to(&self, path: &str) {
        assert_eq!(self.location(), path);
    }

    /// Asserts the status, and that the body contains this text.
    #[track_caller]
    pub fn says(&self, status: u16, text: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert!(self.body.contains(text), "{text:?} is not in {}", self.body);
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// How often the body contains this text.
    pub fn count(&self, text: &str) -> usize {
        self.body.matches(text).count()
    }
}
