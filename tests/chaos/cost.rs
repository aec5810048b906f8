//! What the design costs: a message from one replica to a page on another, beside the floors below it. Does I/O.

use std::time::{Duration, Instant};

use confab_tests::delivery::load::{Load, Plan};
use confab_tests::wait::seconds;
use confab_tests::{Result, ensure};
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::Message;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sqlx::{Connection, PgConnection};

use crate::local::kafka::TOPICS;
use crate::local::postgres::Postgres;
use crate::local::{Local, plain};
use crate::visitor::{Socket, Visitor, event};

/// Rounds that are measured, after some that are not.
const ROUNDS: usize = 500;
const WARM_UP: usize = 50;
/// Between two rounds, so that nothing waits for anything.
const PAUSE: Duration = Duration::from_millis(10);
/// Sends a second, for each row of the second table.
const RATES: [f64; 3] = [50.0, 200.0, 800.0];
const UNDER_LOAD: Duration = seconds(10);

/// Both tables, as Markdown.
pub async fn tables(local: &Local) -> Result<String> {
    let latency = latency(local).await?;
    let mut rows = String::new();
    for rate in RATES {
        let (sends, commits) = batches(local, rate).await?;
        rows += &format!(
            "| {rate:.0} | {:.0} | {:.1} |\n",
            sends / UNDER_LOAD.as_secs_f64(),
            sends / commits
        );
    }
    Ok(format!(
        "{latency}\n| Messages due in a second | committed in a second | messages per commit |\n|---|---|---|\n{rows}"
    ))
}

/// What is measured, in turns, so that all of it meets the machine as it is.
struct Bench {
    people: [Visitor; 2],
    conversation: i64,
    page: Socket,
    database: PgConnection,
    producer: FutureProducer,
    consumer: StreamConsumer,
}

async fn latency(local: &Local) -> Result<String> {
    let mut bench = Bench::new(local).await?;
    let mut times: [Vec<f64>; 4] = Default::default();
    for round in 0..WARM_UP + ROUNDS {
        let (commit, kafka) = (bench.commit().await?, bench.kafka().await?);
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
            Visitor::signed_up(from, "ada").await?,
            Visitor::signed_up(from, "bo").await?,
        ];
        let conversation = people[0].conversation_with(from, &people[1]).await?;
        let page = people[1].connect(to, None).await?;
        let mut database = PgConnection::connect(&Postgres::url(local.postgres.address)).await?;
        sqlx::raw_sql("CREATE TABLE floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL)")
            .execute(&mut database)
            .await?;
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", local.kafka.address.to_string());
        let mut producer = client.clone();
        producer
            .set("enable.idempotence", "true")
            .set("linger.ms", "0");
        client
            .set("group.id", "floor")
            .set("fetch.wait.max.ms", "100");
        let consumer: StreamConsumer = client.create()?;
        // The last partition of the signals: nothing else goes on there.
        let mut from_now = TopicPartitionList::new();
        from_now.add_partition_offset(TOPICS[1], 0, Offset::End)?;
        consumer.assign(&from_now)?;
        Ok(Self {
            people,
            conversation,
            page,
            database,
            producer: producer.create()?,
            consumer,
        })
    }

    async fn commit(&mut self) -> Result<Duration> {
        let start = Instant::now();
        sqlx::query("INSERT INTO floor (body) VALUES ('as long as a message is, more or less')")
            .execute(&mut self.database)
            .await?;
        Ok(start.elapsed())
    }

    async fn kafka(&mut self) -> Result<Duration> {
        let body = uuid::Uuid::new_v4().to_string();
        let record = FutureRecord::to(TOPICS[1])
            .partition(0)
            .key("floor")
            .payload(&body);
        let start = Instant::now();
        let producing = self.producer.send(record, seconds(5));
        let consuming = async {
            loop {
                let record = self.consumer.recv().await?;
                if record.payload() == Some(body.as_bytes()) {
                    return Ok::<_, confab_tests::Error>(start.elapsed());
                }
            }
        };
        let both = async { tokio::join!(producing, consuming) };
        let (produced, consumed) = tokio::time::timeout(seconds(10), both).await?;
        produced.map_err(|(error, _)| error)?;
        consumed
    }

    async fn chat(&mut self, local: &Local) -> Result<Duration> {
        let [sender, _] = &self.people;
        let start = Instant::now();
        let sending = sender.send(
            local.replicas[0].address,
            self.conversation,
            "as long as a message is, more or less",
        );
        let (sent, seen) = tokio::join!(sending, event(&mut self.page, self.conversation));
        let (rev, (seen_rev, at)) = (sent?, seen?);
        ensure!(rev == seen_rev, "sent rev {rev}, seen {seen_rev}");
        Ok(at.duration_since(start))
    }
}

/// How many sends were committed, and in how many commits, under a load.
async fn batches(local: &Local, rate: f64) -> Result<(f64, f64)> {
    let mut plan = Plan::new(vec![local.url()]);
    plan.rate = rate;
    let load = Load::start(plan).await?;
    let before = committed(local).await?;
    tokio::time::sleep(UNDER_LOAD).await;
    let after = committed(local).await?;
    load.finish(seconds(30)).await?;
    let commits = after.1 - before.1;
    ensure!(commits > 0.0, "nothing was committed");
    Ok((after.0 - before.0, commits))
}

async fn committed(local: &Local) -> Result<(f64, f64)> {
    let mut sum = (0.0, 0.0);
    for number in local.running() {
        let admin = local.replicas[number].admin;
        sum.0 += plain::metric(admin, "confab_batch_sends_sum").await?;
        sum.1 += plain::metric(admin, "confab_batch_sends_count").await?;
    }
    Ok(sum)
}
