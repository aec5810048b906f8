//! Many browsers at once: they reconnect together, or never read.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sqlx::PgPool;
use tokio::time::timeout;

use crate::browser::{Live, Person, eventually};
use crate::process::Process;
use crate::replica::Chat;

const SOCKETS: usize = 500;

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn browsers_that_never_read_take_little_memory_and_are_let_go(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let here = chat.replica("here").await;
    let there = Process::start(&chat, "there", &[]).await;
    there.is_ready().await;
    let ada = Person::sign_up(&here, "ada").await;
    let bob = Person::sign_up(&here, "bob").await;
    let id = ada.talk_to(&here, &bob).await;
    let mut lives = Vec::new();
    for browser in bob.browsers(&here, SOCKETS).await {
        lives.push(browser.connect_narrowly(there.address).await.unwrap());
    }
    let before = there.resident();
    let body = "x".repeat(8000);
    for _ in 0..50 {
        join_all((0..10).map(|_| ada.send(&here, id, &body))).await;
    }
    let sockets = async || there.metric("confab_sockets").await;
    let mut most = before;
    for _ in 0..100 {
        most = most.max(there.resident());
        if sockets().await == 0.0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    eventually("they are let go", async || {
        (sockets().await == 0.0).then_some(())
    })
    .await;
    println!("{SOCKETS} sockets, not read: {before} KiB before, {most} KiB at most");
    // A frame takes memory once, and once more in the buffer of each socket.
    assert!(most - before < 60 * 1024, "{before} KiB, then {most} KiB");
    drop(lives);
    here.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn browsers_whose_replica_was_killed_reconnect_to_another_one(pool: PgPool) {
    const BROWSERS: usize = 1000;
    let chat = Chat::new(pool).await;
    let stays = Process::start(&chat, "stays", &[]).await;
    let goes = Process::start(&chat, "goes", &[]).await;
    let here = chat.replica("here").await.reads_kafka().await;
    stays.is_ready().await;
    goes.is_ready().await;
    let ada = Person::sign_up(&here, "ada").await;
    let bob = Person::sign_up(&here, "bob").await;
    let id = ada.talk_to(&here, &bob).await;
    let cursor = bob.cursor(&here).await;
    let browsers = bob.browsers(&here, BROWSERS).await;
    let mut lives = Vec::new();
    for browser in &browsers {
        lives.push(browser.connect_to(goes.address).await.unwrap());
    }
    ada.send(&here, id, "missed").await;
    goes.signal("KILL").await;
    let killed = Instant::now();
    let coming = std::iter::zip(lives, &browsers)
        .map(|(live, browser)| comes_back(live, browser, stays.address, &cursor, id, killed));
    // All other tests run at the same time, so this only checks that all reconnect, not how fast.
    let back = timeout(Duration::from_secs(60), join_all(coming));
    let mut took = back.await.expect("somebody is not back");
    took.sort_unstable();
    let [median, late, last] = [50, 99, 100].map(|percent| took[BROWSERS * percent / 100 - 1]);
    println!("{BROWSERS} browsers back: p50 {median:?}, p99 {late:?}, last {last:?}");
    here.stop().await;
}

/// What live.js does: waits a little, connects elsewhere, asks what it missed, and does so again where it is told to. Answers
/// when it had it.
async fn comes_back(
    mut live: Live,
    person: &Person,
    address: SocketAddr,
    cursor: &(String, String),
    id: i64,
    killed: Instant,
) -> Duration {
    while live.frame().await.is_ok() {}
    let share = f64::from(rand_u16()) / f64::from(u16::MAX);
    tokio::time::sleep(Duration::from_millis(300).mul_f64(share)).await;
    let resumed = loop {
        if let Ok(mut live) = person.connect_to(address).await
            && let Ok(resumed) = live.try_resume(cursor, Some(id), 0).await
        {
            break resumed;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(resumed["conversation"]["to"], 1);
    killed.elapsed()
}

fn rand_u16() -> u16 {
    uuid::Uuid::new_v4().as_fields().1
}
