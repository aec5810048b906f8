//! Follows a chat through its events topic, as a bridge, an archive or a bot would, and prints what is said:
//!
//!     cargo run --release --example follow -- localhost:9092 confab.events
//!
//! It shows all that a consumer has to do (docs/kafka.md): of what it gets of one message the highest `rev` holds, in
//! whatever order the records come and however often; another history of the database begins anew; what it does not know
//! it passes over.

use std::collections::HashMap;

use rdkafka::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::{Headers, Message};
use serde_json::Value;

/// What a consumer knows of one chat.
#[derive(Default)]
pub struct Follower {
    conversations: HashMap<i64, Conversation>,
}

#[derive(Default)]
struct Conversation {
    epoch: String,
    /// The highest rev of each message, by its seq, and of each notice, by its rev.
    known: HashMap<(bool, i64), i64>,
}

impl Follower {
    /// Whether a record tells something new.
    pub fn take(&mut self, epoch: &str, event: &Value) -> bool {
        let number = |name: &str| event[name].as_i64();
        let (Some(id), Some(rev), Some(seq)) =
            (number("conversation"), number("rev"), number("seq"))
        else {
            return false; // not ours
        };
        if event["v"] != 1 {
            return false; // a schema that this program does not know
        }
        let conversation = self.conversations.entry(id).or_default();
        if conversation.epoch != epoch {
            if is_older(epoch, &conversation.epoch) {
                return false; // was on its way when PostgreSQL failed over
            }
            *conversation = Conversation {
                epoch: epoch.to_owned(),
                ..Conversation::default()
            };
        }
        let key = match event["type"] == "notice" {
            true => (true, rev),
            false => (false, seq),
        };
        let known = conversation.known.entry(key).or_insert(0);
        let news = rev > *known;
        *known = rev.max(*known);
        news
    }
}

/// Whether one history is an earlier timeline of the same database cluster as the other.
fn is_older(epoch: &str, than: &str) -> bool {
    match (epoch.rsplit_once('-'), than.rsplit_once('-')) {
        (Some((cluster, timeline)), Some((same, later))) => cluster == same && timeline < later,
        _ => false,
    }
}

pub fn line(event: &Value) -> Option<String> {
    let who = event["sender_name"].as_str()?;
    let (id, seq) = (&event["conversation"], &event["seq"]);
    match event["type"].as_str()? {
        "message" => Some(format!(
            "[{id}] {who}: {}",
            event["body"].as_str().unwrap_or("…")
        )),
        "changed" => Some(match event["body"].as_str() {
            Some(body) => format!("[{id}] message {seq} now says: {body}"),
            None => format!("[{id}] message {seq} was deleted"),
        }),
        "notice" => Some(format!("[{id}] {who}: {}", event["notice"].as_str()?)),
        _ => None, // of a newer release
    }
}

/// Reads a topic from its beginning, for as long as it is let.
pub async fn follow(
    servers: &str,
    topic: &str,
    mut tell: impl FnMut(&Value),
) -> Result<(), Box<dyn std::error::Error>> {
    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("group.id", format!("follow-{}", std::process::id()))
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .create()?;
    consumer.subscribe(&[topic])?;
    let mut follower = Follower::default();
    loop {
        let record = consumer.recv().await?;
        let epoch = record
            .headers()
            .and_then(|headers| headers.iter().find(|header| header.key == "epoch")?.value)
            .and_then(|epoch| std::str::from_utf8(epoch).ok())
            .unwrap_or_default();
        let Some(Ok(event)) = record.payload().map(serde_json::from_slice::<Value>) else {
            continue; // not ours
        };
        if follower.take(epoch, &event) {
            tell(&event);
        }
    }
}

#[allow(
    dead_code,
    reason = "the test that tries this file has a main of its own"
)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(servers), Some(topic)) = (arguments.next(), arguments.next()) else {
        return Err("usage: follow BOOTSTRAP_SERVERS TOPIC".into());
    };
    follow(&servers, &topic, |event| {
        if let Some(line) = line(event) {
            println!("{line}");
        }
    })
    .await
}
