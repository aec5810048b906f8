//! Measures pages and searches with much and with little data, through HTTP, and prints the table of docs/performance.md.
//! Creates a database and a replica for each and removes them; with `--keep` the databases stay for the next run. Run by
//! tests/bench/big-conversations. Does I/O.

#![warn(unreachable_pub)]

use std::process::Stdio;
use std::time::Instant;

use confab_tests::client::ChatClient;
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually};
use sqlx::{Connection, PgConnection};
use tokio::process::{Child, Command};

/// The number of requests of each kind to each replica, in turns.
const ROUNDS: usize = 101;
/// Requests to warm up caches and plans.
const WARM_UP: usize = 10;

/// The measured requests: a name, the path, and what the page must contain with much data.
const REQUESTS: [(&str, &str, &str); 14] = [
    ("the list of conversations", "/c", "conversation"),
    ("the big conversation, latest messages", "/c/1", "message"),
    (
        "the big conversation, messages in its middle",
        "/c/1?before={middle}",
        "message",
    ),
    (
        "search: a rare word (20 messages)",
        "/search?q=zebra",
        "hit",
    ),
    (
        "search: a word of every 200th message",
        "/search?q=middling",
        "hit",
    ),
    (
        "search: a word of every third message",
        "/search?q=word0",
        "hit",
    ),
    ("search: two common words", "/search?q=word0+word1", "hit"),
    (
        "search: four common words",
        "/search?q=word0+word1+word2+word3",
        "hit",
    ),
    (
        "search: a phrase of common words",
        "/search?q=%22word0+word1%22",
        "hit",
    ),
    ("search: the beginning of words", "/search?q=word1*", "hit"),
    (
        "search: `from:` and a common word",
        "/search?q=from%3Aperson-3+word0",
        "hit",
    ),
    (
        "search: `in:` the big conversation and a common word",
        "/search?q=in%3Abig+word0",
        "hit",
    ),
    (
        "search: `has:link` and a common word",
        "/search?q=has%3Alink+word0",
        "hit",
    ),
    (
        "search: `before:` a year ago and a common word",
        "/search?q=before%3A{year-ago}+word0",
        "hit",
    ),
];

struct Size {
    name: &'static str,
    messages: i64,
    conversations: i64,
    port: u16,
}

const SIZES: [Size; 2] = [
    Size {
        name: "small",
        messages: 1_000,
        conversations: 50,
        port: 18_091,
    },
    Size {
        name: "big",
        messages: 1_000_000,
        conversations: 5_000,
        port: 18_092,
    },
];

/// A replica with its own database.
struct Site {
    size: &'static Size,
    replica: Child,
    client: ChatClient,
    year_ago: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (chat_app, keep) = match &arguments[..] {
        [chat_app] => Some((chat_app, false)),
        [chat_app, flag] if flag == "--keep" => Some((chat_app, true)),
        _ => None,
    }
    .context("usage: big-conversations CHAT_APP [--keep]")?;
    let server = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
    let mut sites = Vec::new();
    let mut outcome = Ok(Vec::new());
    for size in &SIZES {
        match site(chat_app, &server, size, keep).await {
            Ok(site) => sites.push(site),
            Err(error) => outcome = Err(error),
        }
    }
    if outcome.is_ok() {
        outcome = measure(&sites).await;
    }
    for mut site in sites {
        site.replica
            .kill()
            .await
            .context("the replica could not be stopped")?;
    }
    for size in SIZES.iter().filter(|_| !keep) {
        drop_database(&server, &size.database()).await?;
    }
    print(&outcome?);
    Ok(())
}

impl Size {
    fn database(&self) -> String {
        format!("confab_bench_{}", self.name)
    }
}

/// Creates the database unless it is kept from an earlier run, starts the replica, and fills the database.
async fn site(chat_app: &str, server: &str, size: &'static Size, keep: bool) -> Result<Site> {
    let name = size.database();
    let kept = keep && is_there(server, &name).await?;
    if !kept {
        drop_database(server, &name).await?;
        admin(server, &format!("CREATE DATABASE {name}")).await?;
    }
    let (base, _) = server
        .rsplit_once('/')
        .context("DATABASE_URL names no database")?;
    let database = format!("{base}/{name}");
    migrate(chat_app, &database).await?;
    let replica = replica(chat_app, &database, size)?;
    let url = format!("http://chat.localhost:{}", size.port);
    let client = eventually(seconds(30), "the replica serves", async || {
        ChatClient::new(&url)?.page("/login").await?;
        ChatClient::new(&url)
    })
    .await?;
    let mut connection = PgConnection::connect(&database).await?;
    if kept {
        client.log_in("person-1").await?;
    } else {
        client.register("person-1").await?;
        fill(chat_app, &database, &mut connection, size).await?;
    }
    let year_ago = sqlx::query_scalar("SELECT (now() - interval '1 year')::date::text")
        .fetch_one(&mut connection)
        .await?;
    Ok(Site {
        size,
        replica,
        client,
        year_ago,
    })
}

/// Inserts the rows by SQL and indexes them by the migration, as after an upgrade.
async fn fill(
    chat_app: &str,
    database: &str,
    connection: &mut PgConnection,
    size: &Size,
) -> Result<()> {
    let start = Instant::now();
    let fill = include_str!("big-conversations.sql")
        .replace("{people}", &size.conversations.to_string())
        .replace("{messages}", &size.messages.to_string());
    sqlx::raw_sql(sqlx::AssertSqlSafe(fill))
        .execute(&mut *connection)
        .await?;
    let filled = start.elapsed().as_secs_f64();
    migrate(chat_app, database).await?;
    let indexed = start.elapsed().as_secs_f64() - filled;
    eprintln!(
        "{}: filled in {filled:.0} s, indexed in {indexed:.0} s",
        size.name
    );
    // One by one: statements that are sent together are one transaction, and VACUUM needs its own.
    for sql in [
        "VACUUM ANALYZE messages, searchable, members, conversations",
        "ANALYZE users",
    ] {
        sqlx::query(sql).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn is_there(server: &str, database: &str) -> Result<bool> {
    let mut connection = PgConnection::connect(server).await?;
    let found = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)");
    Ok(found.bind(database).fetch_one(&mut connection).await?)
}

async fn drop_database(server: &str, database: &str) -> Result<()> {
    admin(
        server,
        &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"),
    )
    .await
}

async fn admin(server: &str, sql: &str) -> Result<()> {
    let mut connection = PgConnection::connect(server).await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut connection)
        .await?;
    Ok(())
}

async fn migrate(chat_app: &str, database: &str) -> Result<()> {
    let mut command = Command::new(chat_app);
    command.arg("migrate").env("CONFAB_DATABASE_URL", database);
    let done = command
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .await?;
    ensure!(done.success(), "chat-app migrate failed on {database}");
    Ok(())
}

fn replica(chat_app: &str, database: &str, size: &Size) -> Result<Child> {
    let child = Command::new(chat_app)
        .kill_on_drop(true)
        .arg("serve")
        .env("CONFAB_DATABASE_URL", database)
        .env("CONFAB_INSTANCE", format!("bench-{}", size.name))
        .env("CONFAB_LISTEN", format!("127.0.0.1:{}", size.port))
        .env(
            "CONFAB_ADMIN_LISTEN",
            format!("127.0.0.1:{}", size.port + 100),
        )
        .env("CONFAB_LOG", "warn")
        .stdout(Stdio::null())
        .spawn()?;
    Ok(child)
}

/// The median of each request at each site, in milliseconds. The sites alternate, so that both see the same machine.
async fn measure(sites: &[Site]) -> Result<Vec<Vec<f64>>> {
    let mut medians = Vec::new();
    for (_, path, shown) in REQUESTS {
        let mut times = vec![Vec::new(); sites.len()];
        for round in 0..WARM_UP + ROUNDS {
            for (site, times) in std::iter::zip(sites, &mut times) {
                let middle = (site.size.messages / 2).to_string();
                let path = path
                    .replace("{middle}", &middle)
                    .replace("{year-ago}", &site.year_ago);
                let start = Instant::now();
                let page = site.client.page(&path).await?;
                let elapsed = start.elapsed().as_secs_f64() * 1_000.0;
                let found =
                    page.has(shown) || site.size.messages < 10_000 && page.has("nothing-found");
                ensure!(
                    found && !page.has("field-error"),
                    "{path} is not what it should be: {}",
                    page.html()
                );
                if round >= WARM_UP {
                    times.push(elapsed);
                }
            }
        }
        medians.push(times.into_iter().map(median).collect());
    }
    Ok(medians)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn print(medians: &[Vec<f64>]) {
    println!(
        "| Median of {ROUNDS} requests, in turns | 1,000 messages, 50 conversations | 1,000,000 messages, 5,000 conversations | Ratio |"
    );
    println!("|---|---|---|---|");
    for ((name, ..), of_sites) in std::iter::zip(REQUESTS, medians) {
        let (small, big) = (of_sites[0], of_sites[1]);
        println!(
            "| {name} | {small:.1} ms | {big:.1} ms | {:.2} |",
            big / small
        );
    }
}
