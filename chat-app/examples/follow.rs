//! Follows a chat through its events topic, as a bridge, an archive or a bot would, and prints the messages. Does I/O.
//!
//! To run it:
//!
//!     cargo run --release --example follow -- localhost:9092 confab.events
//!
//! It shows everything that a consumer has to do (docs/kafka.md). Records may arrive in any order and more than once; of one
//! message, the highest `rev` wins. A record with a later epoch resets what is known of its conversation. Records that the
//! program does not know are skipped.

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
    /// Whether the record reports a change that is not known yet.
    pub fn accept(&mut self, epoch: &str, event: &Value) -> bool {
        let number = |name: &str| event[name].as_i64();
        let (Some(id), Some(rev), Some(seq)) =
            (number("conversation"), number("rev"), number("seq"))
        else {
            return false; // another program wrote it
        };
        if event["v"] != 1 {
            return false; // an unknown version of the schema
        }
        let conversation = self.conversations.entry(id).or_default();
        if conversation.epoch != epoch {
            if is_older(epoch, &conversation.epoch) {
                return false; // a stale epoch: written before PostgreSQL failed over
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
        let is_new = rev > *known;
        *known = rev.max(*known);
        is_new
    }
}

/// Whether `epoch` is an earlier timeline of the same database.
fn is_older(epoch: &str, other: &str) -> bool {
    match (epoch.rsplit_once('-'), other.rsplit_once('-')) {
        (Some((database, timeline)), Some((other_database, other_timeline))) => {
            database == other_database && timeline < other_timeline
        }
        _ => false,
    }
}

/// The line that reports a change. None if a newer release added its type.
pub fn line(event: &Value) -> Option<String> {
    let sender = event["sender_name"].as_str()?;
    let (id, seq) = (&event["conversation"], &event["seq"]);
    match event["type"].as_str()? {
        "message" => Some(format!(
            "[{id}] {sender}: {}",
            event["body"].as_str().unwrap_or("…")
        )),
        "changed" => Some(match event["body"].as_str() {
            Some(body) => format!("[{id}] message {seq} now says: {body}"),
            None => format!("[{id}] message {seq} was deleted"),
        }),
        "notice" => Some(format!("[{id}] {sender}: {}", event["notice"].as_str()?)),
        _ => None,
    }
}

/// Reads the topic from its beginning and calls `on_change` for each change, until Kafka returns an error.
pub async fn follow(
    servers: &str,
    topic: &str,
    mut on_change: impl FnMut(&Value),
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
            continue; // another program wrote it
        };
        if follower.accept(epoch, &event) {
            on_change(&event);
        }
    }
}

#[allow(
    dead_code,
    reason = "the test that includes this file has its own main"
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
