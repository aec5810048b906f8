//! The example bot, as people run it.

use std::process::Stdio;

use chat_app::domain::{ConversationKind, UserId, UserName};
use chat_app::store::{bots, rooms};
use sqlx::PgPool;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::api::Program;
use crate::browser::{Person, eventually};
use crate::proxy::Proxy;
use crate::replica::Chat;

const ECHO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/bots/echo.py");

/// What it has answered, in the order of the conversation.
async fn answers(pool: &PgPool, bot: UserId) -> Vec<String> {
    sqlx::query_scalar("SELECT body FROM messages WHERE sender_id = $1 ORDER BY seq")
        .bind(bot)
        .fetch_all(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_example_bot_answers_each_message_once_although_it_was_cut_off(pool: PgPool) {
    let chat = Chat::new(pool.clone()).await;
    let one = chat.replica("one").await.reads_kafka().await;
    let two = chat.replica("two").await.reads_kafka().await;
    let proxy = Proxy::to(one.address).await;
    let ada = Person::sign_up(&two, "ada").await;
    let (owner, name) = (UserId(ada.id), UserName::parse("echo").unwrap());
    let bot = bots::create(&pool, owner, &name).await.unwrap().unwrap();
    let about = (Some("Room"), "");
    let room = rooms::create(&pool, owner, ConversationKind::Public, about, &[bot]).await;
    let room = room.unwrap().0;
    ada.send(&two, room, "@echo before it listens").await;
    let mut echo = Command::new("python3")
        .arg(ECHO)
        .env("CHAT", format!("http://{}", proxy.address))
        .env("TOKEN", Program::of(&pool, bot.0).await.token)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(echo.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "echo listens");

    ada.send(&two, room, "@echo one").await;
    eventually("it answers", async || {
        (answers(&pool, bot).await == ["one"]).then_some(())
    })
    .await;
    proxy.cut();
    for text in ["two", "three"] {
        ada.send(&two, room, &format!("@echo {text}")).await;
        ada.send(&two, room, "nothing for it").await;
    }
    proxy.open();
    let all = ["one", "two", "three"];
    eventually("it answers the rest", async || {
        (answers(&pool, bot).await == all).then_some(())
    })
    .await;
    ada.send(&one, room, "@echo four").await;
    let all = ["one", "two", "three", "four"];
    eventually("it answers live", async || {
        (answers(&pool, bot).await == all).then_some(())
    })
    .await;
    drop(echo);
    one.stop().await;
    two.stop().await;
}
