//! Resuming: what a browser missed, when it has to reload, and who may connect.

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio_tungstenite::tungstenite;

use crate::browser::Person;
use crate::replica::Chat;

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn missed_changes_are_read_once_and_live_ones_follow(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let one = chat.replica("one").await;
    let (ada, bob, eve) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&one, "bob").await,
        Person::sign_up(&one, "eve").await,
    );
    let (with_bob, with_eve) = (ada.talk_to(&one, &bob).await, eve.talk_to(&one, &bob).await);
    ada.send(&one, with_bob, "before").await;
    let cursor = bob.cursor(&one).await;
    for n in 2..=4 {
        ada.send(&one, with_bob, &format!("missed {n}")).await;
    }
    eve.send(&one, with_eve, "psst").await;
    let mut live = bob.connect(&one).await.unwrap();
    let resumed = live.resume(&cursor, Some(with_bob), 1).await;
    assert_eq!(resumed["reload"], false);
    let missed = &resumed["conversation"];
    assert_eq!((&missed["from"], &missed["to"]), (&1.into(), &4.into()));
    let revs: Vec<_> = missed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["rev"].as_i64().unwrap())
        .collect();
    assert_eq!(revs, [2, 3, 4]);
    let mut unread: Vec<_> = resumed["heads"]
        .as_array()
        .unwrap()
        .iter()
        .map(|head| {
            (
                head["conversation"].as_i64().unwrap(),
                head["unread"].as_i64().unwrap(),
            )
        })
        .collect();
    unread.sort_unstable();
    assert_eq!(unread, [(with_bob, 4), (with_eve, 1)]);
    one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn nobody_resumes_a_conversation_they_are_not_in(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let one = chat.replica("one").await;
    let (ada, bob, eve) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&one, "bob").await,
        Person::sign_up(&one, "eve").await,
    );
    let id = ada.talk_to(&one, &bob).await;
    let cursor = eve.cursor(&one).await;
    ada.send(&one, id, "secret").await;
    let mut live = eve.connect(&one).await.unwrap();
    let resumed = live.resume(&cursor, Some(id), 0).await;
    assert_eq!(resumed["conversation"], serde_json::Value::Null);
    assert_eq!(resumed["heads"], serde_json::json!([]));
    one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn those_who_come_back_together_each_get_what_they_missed_and_may_see(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let one = chat.replica("one").await;
    let (ada, bob, eve, dan) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&one, "bob").await,
        Person::sign_up(&one, "eve").await,
        Person::sign_up(&one, "dan").await,
    );
    let room: i64 = sqlx::query_scalar("SELECT create_conversation('private', 'Den', '', $1, $2)")
        .bind(ada.id)
        .bind(vec![bob.id])
        .fetch_one(&chat.pool)
        .await
        .unwrap();
    let begun = ada.send(&one, room, "first").await["rev"].as_i64().unwrap();
    let cursor = bob.cursor(&one).await;
    ada.send(&one, room, "second").await;
    let add = format!("/c/{room}/members");
    ada.post(&one, &add, &[("people", "eve".into())]).await;
    ada.send(&one, room, "third").await;
    let later = bob.cursor(&one).await;
    let alone = eve.talk_to(&one, &dan).await;
    eve.send(&one, alone, "fourth").await;
    let another = ("another".to_owned(), cursor.1.clone());
    let places = [
        (&bob, &cursor, room, begun),
        (&bob, &cursor, room, begun + 1),
        (&bob, &another, room, begun),
        (&eve, &cursor, room, 0),
        (&dan, &cursor, room, 0),
        (&dan, &cursor, alone, 0),
        (&ada, &cursor, room, begun - 1),
        (&ada, &later, room, begun + 2),
    ];
    // The first has a query of its own; the others wait for its end and share the next.
    let resumed = join_all(places.map(async |(person, cursor, conversation, rev)| {
        let mut live = person.connect(&one).await.unwrap();
        told(&live.resume(cursor, Some(conversation), rev).await)
    }))
    .await;
    let words = |words: &[&str]| Some(words.join(" "));
    assert_eq!(
        resumed,
        [
            (words(&["second", "added", "third"]), vec![room]),
            (words(&["added", "third"]), vec![room]),
            (None, vec![]),
            (words(&["added", "third"]), vec![alone, room]),
            (None, vec![alone]),
            (words(&["fourth"]), vec![alone]),
            (words(&["first", "second", "added", "third"]), vec![room]),
            (words(&["third"]), vec![]),
        ]
    );
    one.stop().await;
}

/// The items of the conversation on screen, in the words of the test, and the heads, latest first.
fn told(resumed: &Value) -> (Option<String>, Vec<i64>) {
    let items = resumed["conversation"]["items"].as_array().map(|items| {
        let word = |item: &Value| {
            let html = item["html"].as_str().unwrap().to_owned();
            let words = ["first", "second", "third", "fourth", "added"];
            words.into_iter().find(|word| html.contains(word)).unwrap()
        };
        items.iter().map(word).collect::<Vec<_>>().join(" ")
    });
    let heads = resumed["heads"].as_array().unwrap().iter();
    let heads = heads.map(|head| head["conversation"].as_i64().unwrap());
    assert_eq!(
        resumed["reload"],
        json!(items.is_none() && heads.len() == 0)
    );
    (items, heads.collect())
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn another_epoch_or_too_many_missed_changes_require_a_reload(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let one = chat.replica("one").await;
    let (ada, bob) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&one, "bob").await,
    );
    let id = ada.talk_to(&one, &bob).await;
    let cursor = bob.cursor(&one).await;
    let mut live = bob.connect(&one).await.unwrap();
    for bad in [
        ("another".to_owned(), cursor.1.clone()),
        (cursor.0.clone(), "1".into()),
        (cursor.0.clone(), "x".into()),
    ] {
        assert_eq!(live.resume(&bad, None, 0).await["reload"], true, "{bad:?}");
    }
    assert_eq!(
        live.resume(&cursor, Some(id), 7).await["reload"],
        true,
        "a rev that was never reached"
    );
    drop(live);
    for _ in 0..201 {
        ada.send(&one, id, "x").await;
    }
    let mut live = bob.connect(&one).await.unwrap();
    assert_eq!(live.resume(&cursor, Some(id), 0).await["reload"], true);
    one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_malformed_frame_is_skipped(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let one = chat.replica("one").await;
    let ada = Person::sign_up(&one, "ada").await;
    let cursor = ada.cursor(&one).await;
    let mut live = ada.connect(&one).await.unwrap();
    for bad in ["", "{", "[]", r#"{"type":"shout"}"#, r#"{"type":"resume"}"#] {
        live.text(bad).await;
    }
    assert_eq!(live.resume(&cursor, None, 0).await["reload"], false);
    one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn signing_out_closes_the_sockets_of_that_session_on_every_replica(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let (one, two) = (chat.replica("one").await, chat.replica("two").await);
    let ada = Person::sign_up(&one, "ada").await;
    let mut lives = [
        ada.connect(&one).await.unwrap(),
        ada.connect(&two).await.unwrap(),
    ];
    ada.post(&one, "/logout", &[]).await;
    for live in &mut lives {
        assert_eq!(live.frame().await, Err(4401));
    }
    assert!(
        matches!(ada.connect(&two).await, Err(tungstenite::Error::Http(answer)) if answer.status() == 401)
    );
    one.stop().await;
    two.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_page_of_another_site_opens_no_socket(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let one = chat.replica("one").await;
    let ada = Person::sign_up(&one, "ada").await;
    // The host alone is no origin.
    let over_tls = format!("https://{}", one.address);
    for foreign in ["https://evil.example", "null", &over_tls] {
        let refused = ada.connect_from(&one, foreign).await;
        assert!(matches!(refused, Err(tungstenite::Error::Http(answer)) if answer.status() == 403));
    }
    one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_draining_replica_asks_its_browsers_to_reconnect_and_refuses_new_ones(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let one = chat.replica("one").await;
    let ada = Person::sign_up(&one, "ada").await;
    let mut live = ada.connect(&one).await.unwrap();
    one.app.hub.refuse_sockets();
    one.app
        .hub
        .broadcast(|| chat_app::socket::reconnect_frame(7));
    assert_eq!(live.next("reconnect").await["after_ms"], 7);
    assert!(
        matches!(ada.connect(&one).await, Err(tungstenite::Error::Http(answer)) if answer.status() == 503)
    );
    one.app.hub.close_all();
    assert_eq!(live.frame().await, Err(1012));
    one.stop().await;
}
