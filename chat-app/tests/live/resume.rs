//! Coming back: what was missed, when to begin anew, and who may connect at all.

use sqlx::PgPool;
use tokio_tungstenite::tungstenite;

use crate::browser::Person;
use crate::replica::Chat;

#[sqlx::test]
async fn what_was_missed_is_read_once_and_live_goes_on_behind_it(pool: PgPool) {
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

#[sqlx::test]
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

#[sqlx::test]
async fn another_history_or_too_much_missed_means_to_read_anew(pool: PgPool) {
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

#[sqlx::test]
async fn a_frame_that_cannot_be_read_is_skipped(pool: PgPool) {
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

#[sqlx::test]
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

#[sqlx::test]
async fn a_page_of_another_site_opens_no_socket(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let one = chat.replica("one").await;
    let ada = Person::sign_up(&one, "ada").await;
    let refused = ada.connect_from(&one, "https://evil.example").await;
    assert!(matches!(refused, Err(tungstenite::Error::Http(answer)) if answer.status() == 403));
    one.stop().await;
}

#[sqlx::test]
async fn a_draining_replica_asks_its_browsers_to_go_and_takes_no_more(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let one = chat.replica("one").await;
    let ada = Person::sign_up(&one, "ada").await;
    let mut live = ada.connect(&one).await.unwrap();
    one.app.hub.drain();
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
