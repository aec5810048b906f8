//! Pins between replicas: seen at once, with and without Kafka, and after an absence.

use sqlx::PgPool;

use crate::browser::Person;
use crate::replica::{Chat, Replica};

async fn pin(person: &Person, replica: &Replica, id: i64, seq: i64, present: bool) {
    let path = format!("/c/{id}/messages/{seq}/pin");
    let answer = person
        .post(replica, &path, &[("present", present.to_string())])
        .await;
    assert_eq!(answer.status(), 204);
}

/// The item of the first message in a page.
fn first_item(page: &str) -> &str {
    let begin = page.find("<li class=\"message\" id=\"m1\"").unwrap();
    let end = page[begin..].find("</li>").unwrap() + "</li>".len();
    &page[begin..begin + end]
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_pin_is_seen_at_the_other_replica_as_a_page_shows_it(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let one = chat.replica("one").await.reads_kafka().await;
    let two = chat.replica("two").await.reads_kafka().await;
    let (ada, bob) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&two, "bob").await,
    );
    let id = ada.talk_to(&one, &bob).await;
    let mut live = bob.connect(&two).await.unwrap();
    ada.send(&one, id, "the plan").await;
    live.next("message").await;
    pin(&ada, &one, id, 1, true).await;
    let frame = live.next("changed").await;
    assert_eq!((&frame["rev"], &frame["seq"]), (&2.into(), &1.into()));
    let html = frame["html"].as_str().unwrap();
    assert!(
        html.contains("data-t=\"pinned\" data-actor=\"ada\""),
        "{html}"
    );
    // Also where the page was opened before, and is kept.
    let path = format!("/c/{id}");
    assert_eq!(first_item(&bob.page(&two, &path).await), html);
    assert_eq!(first_item(&bob.page(&two, &path).await), html);
    pin(&bob, &two, id, 1, false).await;
    let frame = live.next("changed").await;
    assert_eq!(frame["rev"], 3);
    let html = frame["html"].as_str().unwrap();
    assert!(!html.contains("pinned"), "{html}");
    assert_eq!(first_item(&ada.page(&one, &path).await), html);
    one.stop().await;
    two.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn without_kafka_a_pin_is_seen_too_and_after_an_absence_as_it_is_then(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let (one, two) = (chat.replica("one").await, chat.replica("two").await);
    let (ada, bob) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&two, "bob").await,
    );
    let id = ada.talk_to(&one, &bob).await;
    for body in ["one", "two"] {
        ada.send(&one, id, body).await;
    }
    let cursor = bob.cursor(&two).await;
    let mut live = bob.connect(&two).await.unwrap();
    pin(&ada, &one, id, 1, true).await;
    // The messages may come before it.
    let frame = live.find("changed").await;
    assert_eq!((&frame["rev"], &frame["seq"]), (&3.into(), &1.into()));
    drop(live);
    pin(&ada, &one, id, 2, true).await;
    pin(&ada, &one, id, 1, false).await;
    let mut live = bob.connect(&two).await.unwrap();
    let resumed = live.resume(&cursor, Some(id), 2).await;
    let missed = &resumed["conversation"];
    assert_eq!((&missed["from"], &missed["to"]), (&2.into(), &5.into()));
    // The pin of the first message was replaced by its end.
    let states: Vec<_> = missed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let html = item["html"].as_str().unwrap();
            (item["rev"].as_i64().unwrap(), html.contains("\"pinned\""))
        })
        .collect();
    assert_eq!(states, [(4, true), (5, false)]);
    one.stop().await;
    two.stop().await;
}
