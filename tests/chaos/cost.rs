//! The cost of a delivery from one replica to a page on another, next to its floor: one commit and one trip through Kafka. Does
//! I/O.

use std::time::{Duration, Instant};

use confab_tests::local::floor::Floor;
use confab_tests::wait::seconds;
use confab_tests::{Result, ensure};
use tokio::task::JoinSet;

use crate::client::{Client, Socket, event};
use crate::local::{DEFAULT_REPLICAS, Local, http};

/// Measured rounds, after a warm-up.
const ROUNDS: usize = 500;
const WARM_UP: usize = 50;
/// Between two rounds, so that nothing queues.
const PAUSE: Duration = Duration::from_millis(10);
const BODY: &str = "as long as a message is, more or less";
/// Concurrent senders, each of whom sends the next message when the last is acknowledged: the rows of the second table.
const SENDERS: [usize; 5] = [1, 4, 16, 64, 256];
/// Conversations that the senders use.
const CONVERSATIONS: usize = 16;
const UNDER_LOAD: Duration = seconds(10);

/// Both tables, as Markdown.
pub(crate) async fn tables(local: &Local) -> Result<String> {
    let latency = latency(local).await?;
    let writers = Writers::new(local).await?;
    let mut rows = String::new();
    for senders in SENDERS {
        let (sends, commits) = writers.load(local, senders).await?;
        rows += &format!(
            "| {senders} | {:.0} | {:.1} |\n",
            sends / UNDER_LOAD.as_secs_f64(),
            sends / commits
        );
    }
    Ok(format!(
        "{latency}\n| Sends under way at a time | Messages committed in a second | Messages in a commit |\n|---|---|---|\n{rows}"
    ))
}

/// The measurements alternate, so that all see the same machine.
struct Bench {
    people: [Client; 2],
    conversation: i64,
    page: Socket,
    floor: Floor,
}

async fn latency(local: &Local) -> Result<String> {
    let mut bench = Bench::new(local).await?;
    let mut times: [Vec<f64>; 4] = Default::default();
    for round in 0..WARM_UP + ROUNDS {
        let (commit, kafka) = (bench.floor.commit(BODY).await?, bench.floor.kafka().await?);
        let through = [commit, kafka, commit + kafka, bench.chat(local).await?];
        if round >= WARM_UP {
            for (times, time) in std::iter::zip(&mut times, through) {
                times.push(time.as_secs_f64() * 1_000.0);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    let [commit, kafka, floor, chat] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        [0.5, 0.99].map(|share| times[(share * (times.len() - 1) as f64) as usize])
    });
    let row =
        |what: &str, [p50, p99]: [f64; 2]| format!("| {what} | {p50:.1} ms | {p99:.1} ms |\n");
    Ok([
        format!(
            "| One message at a time, {ROUNDS} of each in turns | p50 | p99 |\n|---|---|---|\n"
        ),
        row("one commit (INSERT, fdatasync)", commit),
        row("librdkafka: produce → consume, acks=all", kafka),
        row("one after the other: the floor", floor),
        row("Confab: send at one replica → frame at another", chat),
        row("of the floor", [chat[0] / floor[0], chat[1] / floor[1]]).replace(" ms", " ×"),
    ]
    .concat())
}

impl Bench {
    async fn new(local: &Local) -> Result<Self> {
        let [from, to] = [0, 1].map(|number| local.replicas[number].address);
        let people = [
            Client::signed_up(from, "ada").await?,
            Client::signed_up(from, "bo").await?,
        ];
        let conversation = people[0].conversation_with(from, &people[1]).await?;
        let page = people[1].connect(to, None).await?;
        let floor = Floor::new(local.postgres.address, local.kafka.address).await?;
        Ok(Self {
            people,
            conversation,
            page,
            floor,
        })
    }

    async fn chat(&mut self, local: &Local) -> Result<Duration> {
        let [sender, _] = &self.people;
        let start = Instant::now();
        let sending = sender.send(local.replicas[0].address, self.conversation, BODY);
        let (sent, seen) = tokio::join!(sending, event(&mut self.page, self.conversation));
        let (rev, (seen_rev, at)) = (sent?, seen?);
        ensure!(rev == seen_rev, "sent rev {rev}, seen {seen_rev}");
        Ok(at.duration_since(start))
    }
}

/// People who send as fast as they get answers.
struct Writers(Vec<(Client, i64)>);

impl Writers {
    /// One for each conversation.
    async fn new(local: &Local) -> Result<Self> {
        let at = local.replicas[0].address;
        let reader = Client::signed_up(at, "reader").await?;
        let mut writers = Vec::new();
        for _ in 0..CONVERSATIONS {
            let writer = Client::signed_up(at, "writer").await?;
            let conversation = writer.conversation_with(at, &reader).await?;
            writers.push((writer, conversation));
        }
        Ok(Self(writers))
    }

    /// The number of sends that were committed, and of commits, with so many concurrent senders.
    async fn load(&self, local: &Local, senders: usize) -> Result<(f64, f64)> {
        let before = committed(local).await?;
        let until = Instant::now() + UNDER_LOAD;
        let mut sending = JoinSet::new();
        for number in 0..senders {
            let (writer, conversation) = self.0[number % CONVERSATIONS].clone();
            let at = local.replicas[number % DEFAULT_REPLICAS].address;
            sending.spawn(async move {
                while Instant::now() < until {
                    writer.send(at, conversation, BODY).await?;
                }
                Ok::<_, confab_tests::Error>(())
            });
        }
        while let Some(sent) = sending.join_next().await {
            sent??;
        }
        let after = committed(local).await?;
        let commits = after.1 - before.1;
        ensure!(commits > 0.0, "nothing was committed");
        Ok((after.0 - before.0, commits))
    }
}

async fn committed(local: &Local) -> Result<(f64, f64)> {
    let mut sum = (0.0, 0.0);
    for number in local.running() {
        let admin = local.replicas[number].admin;
        sum.0 += http::metric(admin, "confab_send_batch_size_sum").await?;
        sum.1 += http::metric(admin, "confab_send_batch_size_count").await?;
    }
    Ok(sum)
}
