//! Confab: two replicas with PostgreSQL and Kafka, without proxies between them. Does I/O.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use confab_delivery::page::{self, Cursor};
use confab_tests::local::floor::Floor;
use confab_tests::local::http::{metric, ready};
use confab_tests::local::kafka::Kafka;
use confab_tests::local::postgres::Postgres;
use confab_tests::local::process::{self, Process, Signal};
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, free_port};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tokio::process::Command;

use super::scratch::Scratch;
use super::{Pids, Programs};
use crate::client::http::Http;
use crate::client::websocket::WebSocket;
use crate::client::wire::Wire;
use crate::client::{Sender, exchange};

/// Sets the environment of the image.
const DOCKERFILE: &str = include_str!("../../../../chat-app/Dockerfile");

/// People and their sessions, without the cost of a password's hash for each. The token is in the cookie.
const PEOPLE: &str = "
    WITH made AS (
        INSERT INTO users (name, password_hash)
        SELECT 'person-' || n, 'none' FROM generate_series($1, $2) n RETURNING id, name
    )
    INSERT INTO sessions (token_hash, user_id, expires_at)
    SELECT sha256(convert_to(name, 'UTF8')), id, now() + interval '1 day' FROM made";

/// Requests at a time while the scene is set.
const AT_ONCE: usize = 8;
const START_LIMIT: std::time::Duration = seconds(30);

pub(crate) struct Confab {
    pub nodes: [SocketAddr; 2],
    admins: [SocketAddr; 2],
    /// The ids of the people.
    people: Vec<i64>,
    /// Where live events continue for pages without a conversation on screen.
    cursor: Option<Cursor>,
    replicas: Vec<Process>,
    kafka: Kafka,
    postgres: Postgres,
    _scratch: Scratch,
}

impl Confab {
    pub(super) async fn start(chat_app: &Path, programs: &Programs, logs: &Path) -> Result<Self> {
        let scratch = Scratch::create(logs).await?;
        let packages = &programs.packages;
        let postgres = Postgres::create(&packages.postgres, &scratch.0, free_port()?);
        let kafka_ports = [free_port()?, free_port()?];
        let kafka = Kafka::create(&packages.kafka, &scratch.0, kafka_ports, &[]);
        let (postgres, kafka) = tokio::try_join!(postgres, kafka)?;
        let url = Postgres::url(postgres.address);
        let mut migrate = Command::new(chat_app);
        migrate.arg("migrate").env("CONFAB_DATABASE_URL", &url);
        process::finish(migrate).await?;
        let mut confab = Self {
            nodes: [address()?, address()?],
            admins: [address()?, address()?],
            people: Vec::new(),
            cursor: None,
            replicas: Vec::new(),
            kafka,
            postgres,
            _scratch: scratch,
        };
        for number in 0..2 {
            let replica = confab.replica(number, chat_app, logs).await?;
            confab.replicas.push(replica);
        }
        Ok(confab)
    }

    async fn replica(&self, number: usize, chat_app: &Path, logs: &Path) -> Result<Process> {
        let (listen, admin) = (self.nodes[number], self.admins[number]);
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=KILL").arg(chat_app).arg("serve");
        command.env_clear().envs(image_environment());
        for (name, value) in [
            ("DATABASE_URL", Postgres::url(self.postgres.address)),
            ("KAFKA_BOOTSTRAP_SERVERS", self.kafka.address.to_string()),
            ("INSTANCE", "peers".into()),
            ("REPLICA", format!("replica-{number}")),
            ("LISTEN", listen.to_string()),
            ("ADMIN_LISTEN", admin.to_string()),
            ("DRAIN_SECONDS", "0".into()),
        ] {
            command.env(format!("CONFAB_{name}"), value);
        }
        let log = logs.join(format!("node-{number}.log"));
        let mut process = Process::start(command, &log)?;
        eventually(START_LIMIT, "the replica is ready", async || {
            ensure!(process.is_alive(), "it exited; see {}", log.display());
            ready(admin).await
        })
        .await?;
        Ok(process)
    }

    pub(super) async fn stop(mut self) -> Result<()> {
        for replica in &mut self.replicas {
            replica.stop(Signal::Term, seconds(30)).await?;
        }
        // Its data is removed: there is nothing to keep in order.
        self.kafka.stop(Signal::Kill).await?;
        self.postgres.stop(Signal::Int).await.map(|_| ())
    }

    pub(super) fn pids(&self) -> Result<Pids> {
        Ok(Pids {
            app: self.replicas.iter().map(Process::pid).collect(),
            database: self.postgres.pid().context("PostgreSQL is not running")?,
            broker: self.kafka.pid(),
        })
    }

    pub(super) async fn people(&mut self, count: usize) -> Result<()> {
        let known = self.people.len();
        if count <= known {
            return Ok(());
        }
        let mut database = PgConnection::connect(&Postgres::url(self.postgres.address)).await?;
        sqlx::query(PEOPLE)
            .bind(known as i64)
            .bind(count as i64 - 1)
            .execute(&mut database)
            .await?;
        // One by one: together they would be one transaction, in which VACUUM cannot run.
        for table in ["users", "sessions"] {
            let vacuum = sqlx::AssertSqlSafe(format!("VACUUM ANALYZE {table}"));
            sqlx::query(vacuum).execute(&mut database).await?;
        }
        self.people = sqlx::query_scalar("SELECT id FROM users ORDER BY id")
            .fetch_all(&mut database)
            .await?;
        ensure!(self.people.len() == count, "{} people", self.people.len());
        Ok(())
    }

    pub(super) async fn pair(&mut self, [one, other]: [usize; 2]) -> Result<i64> {
        let user = self.people[other].to_string();
        let id = self.create("/c", one, &[("user", &user)]).await?;
        self.look(one, id).await?;
        Ok(id)
    }

    /// The first person creates the room, and the others join it.
    pub(super) async fn room(&mut self, members: usize) -> Result<i64> {
        let form = [("kind", "public"), ("title", "everyone")];
        let id = self.create("/rooms", 0, &form).await?;
        let path = format!("/c/{id}/join");
        let people: Vec<usize> = (1..members).collect();
        let shares = people.chunks(members.div_ceil(AT_ONCE));
        let joining = shares.map(async |share| {
            let mut http = Http::open(self.nodes[0]).await?;
            for person in share {
                let answer = http.post(&path, &cookie(*person), &[]).await?;
                ensure!(answer.status == 303, "{}: {}", answer.status, answer.text());
            }
            Ok(())
        });
        stream::iter(joining)
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        self.look(0, id).await?;
        Ok(id)
    }

    /// Posts a form that creates a conversation; returns its id.
    async fn create(&self, path: &str, person: usize, form: &[(&str, &str)]) -> Result<i64> {
        let mut http = Http::open(self.nodes[0]).await?;
        let answer = http.post(path, &cookie(person), form).await?;
        let location = answer.header("location");
        let id = location.and_then(|to| to.strip_prefix("/c/")?.parse().ok());
        id.with_context(|| format!("POST {path}: {}: {}", answer.status, answer.text()))
    }

    /// Remembers where the page of a conversation is in the stream of events.
    async fn look(&mut self, person: usize, conversation: i64) -> Result<()> {
        let mut http = Http::open(self.nodes[0]).await?;
        let path = format!("/c/{conversation}");
        let answer = http.get(&path, &cookie(person)).await?;
        let page = page::parse(&answer.text());
        let page = page.with_context(|| format!("GET {path}: {}", answer.status))?;
        self.cursor = Some(page.cursor);
        Ok(())
    }

    /// Connects and resumes, as a page does. It gets everything that its person may see.
    pub(super) async fn connect(&self, node: usize, person: usize) -> Result<WebSocket> {
        let headers = format!("Cookie: {}\r\n", cookie(person));
        let path = Wire::Confab.path(person);
        let mut socket = WebSocket::connect(self.nodes[node], &path, &headers).await?;
        let cursor = self.cursor.as_ref().context("no page was loaded yet")?;
        let resume = json!({"type": "resume", "epoch": cursor.epoch, "xid": cursor.xid});
        let answer = r#"{"type":"resumed""#;
        exchange(&mut socket, Wire::Confab, [(resume.to_string(), answer)]).await?;
        Ok(socket)
    }

    pub(super) async fn sender(&self, node: usize, person: usize) -> Result<Sender> {
        Ok(Sender::Form {
            http: Http::open(self.nodes[node]).await?,
            cookie: cookie(person),
        })
    }

    pub(super) async fn floor(&self) -> Result<Floor> {
        Floor::new(self.postgres.address, self.kafka.address).await
    }

    pub(super) fn kafka(&self) -> SocketAddr {
        self.kafka.address
    }

    /// Records that the replicas have read, whatever became of them.
    pub(super) async fn records_read(&self) -> Result<f64> {
        let mut read = 0.0;
        for admin in self.admins {
            read += metric(admin, "confab_relay_records_total").await?;
        }
        Ok(read)
    }

    /// Messages and the commits that they were in, on both replicas.
    pub(super) async fn commits(&self) -> Result<(f64, f64)> {
        let (mut messages, mut commits) = (0.0, 0.0);
        for admin in self.admins {
            messages += metric(admin, "confab_send_batch_size_sum").await?;
            commits += metric(admin, "confab_send_batch_size_count").await?;
        }
        Ok((messages, commits))
    }
}

fn address() -> Result<SocketAddr> {
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?)))
}

pub(super) fn cookie(person: usize) -> String {
    format!("confab=person-{person}")
}

/// The variables of the image, such as those of the allocator.
fn image_environment() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = DOCKERFILE
        .lines()
        .filter_map(|line| line.strip_prefix("ENV "));
    lines
        .flat_map(|line| line.split_whitespace())
        .filter_map(|setting| setting.split_once('='))
}
