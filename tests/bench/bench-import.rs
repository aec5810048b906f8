//! Measures an import of a generated export of Slack, and a plain COPY of the same rows into the same schema with its triggers.
//! Creates two databases and removes them. Run by tests/bench/import. Does I/O.

#![warn(unreachable_pub)]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use confab_tests::{Context, Result, ensure};
use futures_util::TryStreamExt;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::process::Command;

const CHANNELS: usize = 20;
const DAYS: usize = 50;
const PEOPLE: usize = 200;
/// 2023-01-01, in seconds.
const START: usize = 1_672_531_200;
const DAY_SECONDS: usize = 86_400;

/// What the import writes before it: without triggers, and not measured.
const BEFORE: [&str; 2] = ["users", "conversations"];
const MEASURED: [&str; 4] = ["messages", "notices", "reactions", "mentions"];

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: bench-import CHAT-APP MESSAGES";
    let program = args.next().context(usage)?;
    let messages: usize = args.next().context(usage)?.parse()?;
    let server = std::env::var("DATABASE_URL").context("DATABASE_URL")?;
    let folder = tempfile::tempdir()?;
    generate(folder.path(), messages / CHANNELS / DAYS)?;

    let names = ["bench_import", "bench_copy"];
    let mut urls = Vec::new();
    for name in names {
        drop_database(&server, name).await?;
        urls.push(create(&server, name, &program).await?);
    }
    let start = Instant::now();
    chat_app(
        &program,
        &urls[0],
        &["import", "slack", folder.path().to_str().context("a path")?],
    )
    .await?;
    let imported = start.elapsed();
    let (copied, rows) = copy(&urls[0], &urls[1]).await?;
    for name in names {
        drop_database(&server, name).await?;
    }
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    println!(
        "{rows} rows: import {}, COPY {}; the import has {:.0} % of the speed of COPY",
        seconds(imported),
        seconds(copied),
        100.0 * copied.as_secs_f64() / imported.as_secs_f64()
    );
    Ok(())
}

/// Every tenth message is a reply, every twentieth was edited, every fifth has a reaction, and every eighth a mention.
fn generate(folder: &Path, per_day: usize) -> Result<()> {
    let users: Vec<_> = (0..PEOPLE)
        .map(|n| json!({"id": format!("U{n}"), "team_id": "T1", "name": format!("person.{n}"), "profile": {"real_name": format!("Person {n}")}}))
        .collect();
    fs::write(folder.join("users.json"), json!(users).to_string())?;
    let members: Vec<_> = (0..PEOPLE).map(|n| format!("U{n}")).collect();
    let channels: Vec<_> = (0..CHANNELS)
        .map(|n| json!({"id": format!("C{n}"), "name": format!("channel-{n}"), "creator": "U0", "members": members}))
        .collect();
    fs::write(folder.join("channels.json"), json!(channels).to_string())?;
    for channel in 0..CHANNELS {
        let path = folder.join(format!("channel-{channel}"));
        fs::create_dir(&path)?;
        for day in 0..DAYS {
            let name = format!("2023-{:02}-{:02}.json", 1 + day / 28, 1 + day % 28);
            fs::write(path.join(name), self::day(day, per_day))?;
        }
    }
    Ok(())
}

/// The messages of a day in a channel.
fn day(day: usize, count: usize) -> String {
    let mut json = String::from("[");
    let start = START + day * DAY_SECONDS;
    for n in 0..count {
        let at = n * DAY_SECONDS / count;
        let user = (n * 7 + day) % PEOPLE;
        let separator = if n == 0 { "" } else { "," };
        let mention = if n % 8 == 0 {
            format!("<@U{}> ", (user + 1) % PEOPLE)
        } else {
            String::new()
        };
        let reply = if n % 10 == 9 {
            format!(",\"thread_ts\":\"{start}.{:06}\"", 0)
        } else {
            String::new()
        };
        let edited = if n % 20 == 3 {
            format!(",\"edited\":{{\"ts\":\"{start}.000001\"}}")
        } else {
            String::new()
        };
        let reaction = if n % 5 == 0 {
            format!(",\"reactions\":[{{\"name\":\"+1\",\"users\":[\"U{user}\"]}}]")
        } else {
            String::new()
        };
        let words = format!(
            "word{} and word{} in message {n} of the day, see *this* and <https://example.com/{n}|that> please",
            n % 97,
            n % 1009
        );
        write!(
            json,
            "{separator}{{\"type\":\"message\",\"user\":\"U{user}\",\"text\":\"{mention}{words}\",\"ts\":\"{}.{:06}\"{reply}{edited}{reaction}}}",
            start + at,
            n % 1_000_000
        )
        .expect("a string takes everything");
    }
    json.push(']');
    json
}

async fn drop_database(server: &str, name: &str) -> Result<()> {
    let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    let mut connection = PgConnection::connect(server).await?;
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// The URL of a new database with the schema.
async fn create(server: &str, name: &str, program: &str) -> Result<String> {
    let mut connection = PgConnection::connect(server).await?;
    let sql = format!("CREATE DATABASE {name}");
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await?;
    let mut url = url::Url::parse(server)?;
    url.set_path(name);
    chat_app(program, url.as_str(), &["migrate"]).await?;
    Ok(url.into())
}

async fn chat_app(program: &str, url: &str, args: &[&str]) -> Result<()> {
    let mut command = Command::new(program);
    command
        .args(args)
        .args(["--database-url", url, "--log", "warn"]);
    ensure!(command.status().await?.success(), "{args:?} failed");
    Ok(())
}

/// Copies the rows of one database to the other. Returns how long the measured tables took, and their rows.
async fn copy(from: &str, to: &str) -> Result<(Duration, u64)> {
    let mut source = PgConnection::connect(from).await?;
    let mut target = PgConnection::connect(to).await?;
    let (mut took, mut rows) = (Duration::ZERO, 0);
    for table in BEFORE.into_iter().chain(MEASURED) {
        let out = format!("COPY {table} TO STDOUT (FORMAT binary)");
        let parts: Vec<_> = source.copy_out_raw(&out).await?.try_collect().await?;
        let content: Vec<u8> = parts.concat();
        let start = Instant::now();
        let mut copy = target
            .copy_in_raw(&format!("COPY {table} FROM STDIN (FORMAT binary)"))
            .await?;
        copy.send(content).await?;
        let copied = copy.finish().await?;
        if MEASURED.contains(&table) {
            took += start.elapsed();
            rows += copied;
        }
    }
    Ok((took, rows))
}
