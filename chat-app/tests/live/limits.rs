//! Limits of live connections, and how soon those of a revoked session close.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::PgPool;

use crate::browser::Person;
use crate::replica::Chat;

/// As in hub.rs.
const MAX_SOCKETS_PER_SESSION: usize = 128;

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_session_with_too_many_sockets_gets_one_that_says_so(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let one = chat.replica("one").await;
    let ada = Person::sign_up(&one, "ada").await;
    let bob = Person::sign_up(&one, "bob").await;
    let mut open = Vec::new();
    for _ in 0..MAX_SOCKETS_PER_SESSION {
        open.push(ada.connect(&one).await.unwrap());
    }
    let mut crowded = ada.connect_silently(&one).await;
    assert_eq!(crowded.frame().await, Err(4429));
    assert_eq!(one.app.hub.sockets(), MAX_SOCKETS_PER_SESSION);
    bob.connect(&one)
        .await
        .expect("another session has its own");
    drop(open.pop());
    crate::browser::eventually("the closed one is gone", async || {
        (one.app.hub.sockets() < MAX_SOCKETS_PER_SESSION).then_some(())
    })
    .await;
    ada.connect(&one).await.expect("there is room again");
    one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_browser_that_resumes_all_the_time_is_disconnected(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let one = chat.replica("one").await;
    let ada = Person::sign_up(&one, "ada").await;
    let (epoch, xid) = ada.cursor(&one).await;
    let mut live = ada.connect(&one).await.unwrap();
    let resume = json!({"type": "resume", "epoch": epoch, "xid": xid}).to_string();
    for _ in 0..200 {
        live.text(&resume).await;
    }
    let mut answers = 0;
    let code = loop {
        match live.frame().await {
            Ok(_) => answers += 1,
            Err(code) => break code,
        }
    };
    assert_eq!(code, 1008);
    assert!((20..=30).contains(&answers), "{answers}");
    one.stop().await;
}

/// docs/delivery.md promises a second. Polls are half a second apart, so this measures the rest of the way as well.
#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn sockets_of_a_revoked_session_close_on_the_other_replica_within_a_second(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let flags = ["--sign-ups-per-minute", "6000"];
    let one = chat.replica_with("one", &flags).await;
    let two = chat.replica_with("two", &flags).await;
    let mut times = Vec::new();
    for n in 0..25 {
        let person = Person::sign_up(&one, &format!("person-{n}")).await;
        let mut live = person.connect(&two).await.unwrap();
        person.post(&one, "/logout", &[]).await;
        let revoked = Instant::now();
        let code = loop {
            if let Err(code) = live.frame().await {
                break code;
            }
        };
        assert_eq!(code, 4401);
        times.push(revoked.elapsed());
    }
    times.sort();
    assert!(times[times.len() - 1] < Duration::from_secs(1), "{times:?}");
    one.stop().await;
    two.stop().await;
}
