//! The API's streams of live events across replicas.

use std::net::SocketAddr;
use std::time::Duration;

use chat_app::domain::{Scope, UserId};
use chat_app::store::access_tokens::{self, NewToken};
use chat_app::tokens;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::browser::Person;
use crate::replica::{Chat, Replica};

/// Nothing takes longer than this, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// A program that acts as a person.
pub struct Program {
    http: reqwest::Client,
    pub token: String,
}

impl Program {
    pub async fn of(pool: &PgPool, user: i64) -> Self {
        let token = tokens::random().unwrap();
        let new = NewToken {
            user: UserId(user),
            created_by: UserId(user),
            name: "Program",
            hash: &tokens::hash(&token),
            prefix: "",
            scopes: &Scope::ALL,
            days: None,
        };
        assert!(access_tokens::create(pool, new).await.unwrap());
        Self {
            http: reqwest::Client::new(),
            token,
        }
    }

    async fn get(&self, address: SocketAddr, path: &str, last: Option<&str>) -> reqwest::Response {
        let mut request = self.http.get(format!("http://{address}/api/v1{path}"));
        if let Some(id) = last {
            request = request.header("last-event-id", id);
        }
        request.bearer_auth(&self.token).send().await.unwrap()
    }

    /// Opens a stream of events.
    async fn follow(&self, replica: &Replica, last: Option<&str>) -> Stream {
        let response = self.get(replica.address, "/events", last).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Stream {
            response,
            text: String::new(),
            cursor: String::new(),
        }
    }
}

struct Stream {
    response: reqwest::Response,
    /// What has arrived of events that are not read yet.
    text: String,
    /// The id of the last event that had one.
    cursor: String,
}

impl Stream {
    /// The next event; `None` at the end of the stream.
    async fn event(&mut self) -> Option<Value> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(event) = self.parse(&block) {
                    return Some(event);
                }
                continue;
            }
            let chunk = tokio::time::timeout(LIMIT, self.response.chunk()).await;
            let chunk = chunk.expect("no event came").ok().flatten()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// `None` for a comment.
    fn parse(&mut self, block: &str) -> Option<Value> {
        if let Some(id) = block.lines().find_map(|line| line.strip_prefix("id: ")) {
            self.cursor = id.to_owned();
        }
        let data = block.lines().find_map(|line| line.strip_prefix("data: "))?;
        Some(serde_json::from_str(data).unwrap())
    }

    /// The next event, which must be of this type.
    async fn next(&mut self, kind: &str) -> Value {
        let event = self.event().await.expect("the stream is open");
        assert_eq!(event["type"], kind, "{event}");
        event
    }

    /// The next event of this type; cursors before it are skipped.
    async fn find(&mut self, kind: &str) -> Value {
        loop {
            let event = self.event().await.expect("the stream is open");
            if event["type"] != "cursor" {
                assert_eq!(event["type"], kind, "{event}");
                return event;
            }
        }
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_program_follows_other_replicas_and_resumes_where_it_ended(pool: PgPool) {
    let chat = Chat::new(pool.clone()).await;
    let one = chat.replica("one").await.reads_kafka().await;
    let two = chat.replica("two").await.reads_kafka().await;
    let (ada, bob) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&two, "bob").await,
    );
    let id = ada.talk_to(&one, &bob).await;
    let program = Program::of(&pool, bob.id).await;
    let mut live = program.follow(&two, None).await;
    live.next("cursor").await;
    let cursor = live.cursor.clone();
    ada.send(&one, id, "live").await;
    let event = live.find("change").await;
    assert_eq!(event["message"]["body"], "live");
    assert_eq!((&event["after"], &event["rev"]), (&json!(0), &json!(1)));
    drop(live);

    ada.send(&one, id, "missed").await;
    ada.send(&one, id, "missed, too").await;
    let mut resumed = program.follow(&one, Some(&cursor)).await;
    let event = resumed.next("conversation").await;
    let expected = json!({"type": "conversation", "conversation": id, "rev": 3, "last_seq": 3});
    assert_eq!(event, expected);
    resumed.next("cursor").await;
    let path = format!("/conversations/{id}/messages?after_rev=1");
    let page: Value = program
        .get(one.address, &path, None)
        .await
        .json()
        .await
        .unwrap();
    let bodies: Vec<_> = page["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["body"])
        .collect();
    assert_eq!(bodies, ["missed", "missed, too"]);
    ada.send(&two, id, "live again").await;
    // What it missed may come once more, if its record arrived after the stream began.
    let event = loop {
        let event = resumed.find("change").await;
        if event["rev"].as_i64() > Some(3) {
            break event;
        }
    };
    assert_eq!(event["message"]["body"], "live again");

    let mut lost = program.follow(&two, Some("elsewhere:1")).await;
    lost.next("reset").await;
    lost.next("cursor").await;
    one.stop().await;
    two.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_stream_ends_when_its_token_is_revoked_elsewhere(pool: PgPool) {
    let chat = Chat::without_kafka(pool.clone());
    let one = chat.replica("one").await;
    let ada = Person::sign_up(&one, "ada").await;
    let program = Program::of(&pool, ada.id).await;
    let other = Program::of(&pool, ada.id).await;
    let mut live = program.follow(&one, None).await;
    live.next("cursor").await;
    let mut kept = other.follow(&one, None).await;
    kept.next("cursor").await;
    let user = UserId(ada.id);
    let token = access_tokens::list(&pool, user).await.unwrap()[0].id;
    assert!(
        access_tokens::revoke(&pool, user, user, token)
            .await
            .unwrap()
    );
    while let Some(event) = live.event().await {
        assert_eq!(event["type"], "cursor", "{event}");
    }
    assert_eq!(
        program.get(one.address, "/events", None).await.status(),
        401
    );
    let id = ada.talk_to(&one, &Person::sign_up(&one, "bob").await).await;
    ada.send(&one, id, "still there").await;
    kept.find("change").await;
    one.stop().await;
}
