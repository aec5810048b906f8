//! Signals: typing, read marks and presence, and that nobody who opts out sends any.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::browser::{Live, Person};
use crate::replica::{Chat, Replica};

struct Scene {
    one: Replica,
    two: Replica,
    ada: Person,
    bob: Person,
    eve: Person,
    /// Ada's conversation with Bob.
    id: i64,
}

/// Ada on one replica, Bob and Eve on the other.
async fn scene(pool: PgPool, flags: &[&str]) -> Scene {
    let chat = Chat::new(pool).await;
    let one = chat.replica_with("one", flags).await.reads_kafka().await;
    let two = chat.replica_with("two", flags).await.reads_kafka().await;
    let ada = Person::sign_up(&one, "ada").await;
    let bob = Person::sign_up(&two, "bob").await;
    let eve = Person::sign_up(&two, "eve").await;
    let id = ada.talk_to(&one, &bob).await;
    Scene {
        one,
        two,
        ada,
        bob,
        eve,
        id,
    }
}

impl Scene {
    async fn stop(self) {
        self.one.stop().await;
        self.two.stop().await;
    }

    /// Changes a setting of this user.
    async fn opts_out(&self, person: &Person, column: &str) {
        let change = format!("UPDATE users SET {column} = false WHERE id = $1");
        sqlx::query(sqlx::AssertSqlSafe(change))
            .bind(person.id)
            .execute(&self.one.app.pool)
            .await
            .unwrap();
    }

    /// Ada sends a message to Bob, which has passed through both replicas when this returns: a socket that connects later
    /// gets no frame of it.
    async fn say(&self, body: &str) {
        let mut ada = self.ada.connect(&self.one).await.unwrap();
        let mut bob = self.bob.connect(&self.two).await.unwrap();
        self.ada.send(&self.one, self.id, body).await;
        ada.find("message").await;
        bob.find("message").await;
    }
}

/// Types, and waits until the replica has handled everything sent before.
async fn types(person: &Person, live: &mut Live, replica: &Replica, conversation: i64) {
    let typing = json!({"type": "typing", "conversation": conversation});
    live.text(&typing.to_string()).await;
    let cursor = person.cursor(replica).await;
    live.resume(&cursor, None, 0).await;
}

async fn watches(live: &mut Live, person: &Person) -> Value {
    let watch = json!({"type": "watch", "users": [person.id]});
    live.text(&watch.to_string()).await;
    live.find("presence").await["people"][0]["status"].clone()
}

/// Waits until the watched user has this status.
async fn becomes(live: &mut Live, status: &str) {
    while live.frame().await.unwrap()["people"][0]["status"] != status {}
}

/// The frames that a socket got up to a message, by type.
async fn before_a_message(live: &mut Live) -> Vec<Value> {
    let mut got = Vec::new();
    loop {
        let frame = live.frame().await.unwrap();
        if frame["type"] == "message" {
            return got;
        }
        got.push(frame);
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn typing_is_shown_only_to_the_other_members(pool: PgPool) {
    let scene = scene(pool, &[]).await;
    let mut ada = scene.ada.connect(&scene.one).await.unwrap();
    let mut bob = scene.bob.connect(&scene.two).await.unwrap();
    let mut eve = scene.eve.connect(&scene.two).await.unwrap();
    types(&scene.eve, &mut eve, &scene.two, scene.id).await;
    types(&scene.ada, &mut ada, &scene.one, scene.id).await;
    let typing = bob.find("typing").await;
    let expected =
        json!({"type": "typing", "conversation": scene.id, "user": scene.ada.id, "name": "ada"});
    assert_eq!(typing, expected, "and nothing of Eve, who is not in it");
    let with_eve = scene.ada.talk_to(&scene.one, &scene.eve).await;
    scene.ada.send(&scene.one, with_eve, "hello").await;
    assert!(before_a_message(&mut eve).await.is_empty());
    scene.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn read_receipts_are_shown_live_and_on_the_page(pool: PgPool) {
    let scene = scene(pool, &[]).await;
    scene.say("hello").await;
    let mut ada = scene.ada.connect(&scene.one).await.unwrap();
    let read = format!("/c/{}/read", scene.id);
    scene
        .bob
        .post(&scene.two, &read, &[("seq", "1".into())])
        .await;
    let seen = ada.find("seen").await;
    let expected = json!({"type": "seen", "conversation": scene.id, "user": scene.bob.id, "name": "bob", "seq": 1});
    assert_eq!(seen, expected);
    let readers = chat_app::store::people::readers(
        &scene.one.app.pool,
        chat_app::domain::UserId(scene.ada.id),
        chat_app::domain::ConversationId(scene.id),
    );
    let readers = readers.await.unwrap();
    assert_eq!(
        (readers.len(), readers[0].name.as_str(), readers[0].seq),
        (1, "bob", 1)
    );
    let outsider = chat_app::store::people::readers(
        &scene.one.app.pool,
        chat_app::domain::UserId(scene.eve.id),
        chat_app::domain::ConversationId(scene.id),
    );
    assert!(outsider.await.unwrap().is_empty());
    scene.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn presence_is_shown_across_replicas_until_the_socket_closes(pool: PgPool) {
    let scene = scene(pool, &[]).await;
    let mut bob = scene.bob.connect(&scene.two).await.unwrap();
    assert_eq!(watches(&mut bob, &scene.ada).await, "offline");
    let mut ada = scene.ada.connect(&scene.one).await.unwrap();
    becomes(&mut bob, "online").await;
    ada.text(r#"{"type":"away","away":true}"#).await;
    becomes(&mut bob, "away").await;
    drop(ada);
    becomes(&mut bob, "offline").await;
    scene.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_user_who_opts_out_neither_shares_nor_sees(pool: PgPool) {
    let scene = scene(pool, &[]).await;
    for column in ["share_presence", "share_typing", "share_receipts"] {
        scene.opts_out(&scene.ada, column).await;
    }
    scene.say("hello").await;
    let mut ada = scene.ada.connect(&scene.one).await.unwrap();
    let mut bob = scene.bob.connect(&scene.two).await.unwrap();
    assert_eq!(watches(&mut bob, &scene.ada).await, "offline");
    let watch = json!({"type": "watch", "users": [scene.bob.id]});
    ada.text(&watch.to_string()).await;
    types(&scene.ada, &mut ada, &scene.one, scene.id).await;
    types(&scene.bob, &mut bob, &scene.two, scene.id).await;
    let read = format!("/c/{}/read", scene.id);
    scene
        .bob
        .post(&scene.two, &read, &[("seq", "1".into())])
        .await;
    // Bob's other page gets the read mark after the typing: signals with one key stay in order.
    bob.find("read").await;
    scene.say("bye").await;
    assert_eq!(before_a_message(&mut ada).await, Vec::<Value>::new());
    assert_eq!(before_a_message(&mut bob).await, Vec::<Value>::new());
    scene.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn where_one_has_blocked_the_other_neither_sees_whether_they_are_there_or_type(pool: PgPool) {
    let scene = scene(pool, &[]).await;
    let (ada_id, people) = (scene.ada.id, [scene.bob.id, scene.eve.id]);
    let group: i64 = sqlx::query_scalar("SELECT create_conversation('group', 'Trip', '', $1, $2)")
        .bind(ada_id)
        .bind(people)
        .fetch_one(&scene.one.app.pool)
        .await
        .unwrap();
    let blocked = [("user", ada_id.to_string())];
    scene.bob.post(&scene.two, "/account/block", &blocked).await;
    let mut ada = scene.ada.connect(&scene.one).await.unwrap();
    let mut bob = scene.bob.connect(&scene.two).await.unwrap();
    let mut eve = scene.eve.connect(&scene.two).await.unwrap();
    // By then each replica knows the users of the other.
    for (live, other) in [(&mut eve, &scene.ada), (&mut ada, &scene.eve)] {
        if watches(live, other).await != "online" {
            becomes(live, "online").await;
        }
    }
    assert_eq!(watches(&mut ada, &scene.bob).await, "offline");
    assert_eq!(watches(&mut bob, &scene.ada).await, "offline");
    for (person, live) in [(&scene.ada, &mut ada), (&scene.bob, &mut bob)] {
        types(person, live, &scene.one, group).await;
        // Eve gets each in turn, so nothing else is on its way.
        assert_eq!(eve.find("typing").await["user"], person.id);
    }
    types(&scene.eve, &mut eve, &scene.two, group).await;
    for live in [&mut ada, &mut bob] {
        let first = live.find("typing").await;
        assert_eq!(
            first["user"], scene.eve.id,
            "and not the one who is blocked"
        );
    }
    let path = "/account/unblock";
    scene.bob.post(&scene.two, path, &blocked).await;
    let mut again = scene.bob.connect(&scene.two).await.unwrap();
    let cursor = scene.bob.cursor(&scene.two).await;
    again.resume(&cursor, None, 0).await;
    assert_eq!(watches(&mut again, &scene.ada).await, "online");
    scene.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_deployment_can_disable_signals(pool: PgPool) {
    let off = [
        "--presence=false",
        "--typing=false",
        "--read-receipts=false",
    ];
    let scene = scene(pool, &off).await;
    scene.say("hello").await;
    let mut ada = scene.ada.connect(&scene.one).await.unwrap();
    let mut bob = scene.bob.connect(&scene.two).await.unwrap();
    let watch = json!({"type": "watch", "users": [scene.bob.id]});
    ada.text(&watch.to_string()).await;
    types(&scene.bob, &mut bob, &scene.two, scene.id).await;
    let read = format!("/c/{}/read", scene.id);
    scene
        .bob
        .post(&scene.two, &read, &[("seq", "1".into())])
        .await;
    bob.find("read").await;
    scene.say("bye").await;
    assert_eq!(before_a_message(&mut ada).await, Vec::<Value>::new());
    scene.stop().await;
}
