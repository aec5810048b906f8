//! The PostgreSQL of a run, with fsync, and its standby. Does I/O.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::wait::seconds;
use crate::{Context, Result, ensure, eventually};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::Paths;
use super::process::{self, Process, Signal};

/// The password of all roles: the server listens on localhost only, for the duration of a run.
pub const PASSWORD: &str = "confab";
/// `max_connections`: five replicas take at most 145.
pub const CONNECTIONS: u32 = 180;
/// The limit for a start or a stop.
const LIMIT: Duration = seconds(30);
/// Between two attempts to start.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct Postgres {
    pub address: SocketAddr,
    home: PathBuf,
    paths: Paths,
    name: String,
    process: Option<Process>,
}

impl Postgres {
    /// Creates an empty database for a chat and starts it.
    pub async fn create(home: &Path, paths: &Paths, port: u16) -> Result<Self> {
        let mut server = Self::new(home, paths, "primary", port);
        let passwords = paths.data.join("password");
        tokio::fs::write(&passwords, PASSWORD).await?;
        let mut initdb = process::service(&home.join("bin/initdb"));
        initdb
            .arg("-D")
            .arg(server.data())
            .arg("--pwfile")
            .arg(passwords);
        initdb.args([
            "-U",
            "postgres",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
        ]);
        initdb.args(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]);
        process::finish(initdb).await?;
        server.start().await?;
        let role = format!("CREATE ROLE confab LOGIN PASSWORD '{PASSWORD}'");
        server.run(&role).await?;
        server.run("CREATE DATABASE confab OWNER confab").await?;
        Ok(server)
    }

    fn new(home: &Path, paths: &Paths, name: &str, port: u16) -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            home: home.to_owned(),
            paths: paths.clone(),
            name: name.to_owned(),
            process: None,
        }
    }

    fn data(&self) -> PathBuf {
        self.paths.data.join(&self.name)
    }

    /// Starts it, and waits until it accepts connections.
    pub async fn start(&mut self) -> Result<()> {
        let end = Instant::now() + LIMIT;
        loop {
            let mut process = self.launch()?;
            let answers = eventually(LIMIT, "PostgreSQL answers", async || {
                self.superuser().await.map(|_| ())
            });
            tokio::select! {
                answers = answers => {
                    answers?;
                    self.process = Some(process);
                    return Ok(());
                }
                // After a SIGKILL it does not start before the last process of the old server has exited.
                ended = process.ended(2 * LIMIT) => {
                    let how = ended?;
                    ensure!(Instant::now() < end, "PostgreSQL exited: {how}");
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn launch(&self) -> Result<Process> {
        let mut command = process::service(&self.home.join("bin/postgres"));
        command.current_dir(&self.paths.data);
        command.arg("-D").arg(self.data());
        let port = self.address.port();
        for setting in [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".into(),
            "unix_socket_directories=".into(),
            format!("max_connections={CONNECTIONS}"),
            "fsync=on".into(),
            "synchronous_commit=on".into(),
        ] {
            command.arg("-c").arg(setting);
        }
        let log = self.paths.logs.join(format!("postgres-{}.log", self.name));
        Process::start(command, &log)
    }

    /// The process id of the postmaster, if it is running.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Stops it with a signal; returns which process exited, and how.
    pub async fn stop(&mut self, signal: Signal) -> Result<String> {
        let mut process = self.process.take().context("PostgreSQL is not running")?;
        let how = process.stop(signal, LIMIT).await?;
        Ok(format!("PostgreSQL (pid {}) exited: {how}", process.pid()))
    }

    /// The URL for the chat's role at `at`, this server or a proxy of it.
    pub fn url(at: SocketAddr) -> String {
        // Without TLS: the proxy inspects the traffic.
        format!("postgres://confab:{PASSWORD}@{at}/confab?sslmode=disable")
    }

    /// A connection of the superuser, for whom some slots are reserved.
    pub async fn superuser(&self) -> Result<PgConnection> {
        let options = PgConnectOptions::new()
            .host("127.0.0.1")
            .port(self.address.port())
            .username("postgres")
            .password(PASSWORD)
            .database("postgres")
            .ssl_mode(PgSslMode::Disable);
        Ok(PgConnection::connect_with(&options).await?)
    }

    /// Runs a statement as the superuser.
    pub async fn run(&self, statement: &str) -> Result<()> {
        let mut connection = self.superuser().await?;
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&mut connection)
            .await
            .with_context(|| statement.to_owned())?;
        Ok(())
    }

    /// The single value that a query returns.
    pub async fn query(&self, query: &'static str) -> Result<String> {
        let mut connection = self.superuser().await?;
        let value = sqlx::query_scalar(query).fetch_one(&mut connection);
        value.await.context(query)
    }

    /// Creates a standby that has every acknowledged commit on its disk and replays it `lag` later.
    pub async fn standby(&self, name: &str, port: u16, lag: Duration) -> Result<Self> {
        let mut standby = Self::new(&self.home, &self.paths, name, port);
        self.copy_to(&standby.data()).await?;
        let settings = format!(
            "primary_conninfo = 'host=127.0.0.1 port={} user=postgres password={PASSWORD} application_name={name}'\n\
             recovery_min_apply_delay = {}ms\n",
            self.address.port(),
            lag.as_millis(),
        );
        let file = standby.data().join("postgresql.auto.conf");
        tokio::fs::write(&file, settings).await?;
        let signal = standby.data().join("standby.signal");
        tokio::fs::write(&signal, "").await?;
        process::chown(&signal).await?;
        standby.start().await?;
        // Waited for from now on: an answer to a client says that the standby has it too.
        self.run(&format!(
            "ALTER SYSTEM SET synchronous_standby_names = '{name}'"
        ))
        .await?;
        self.run("SELECT pg_reload_conf()").await?;
        eventually(LIMIT, "the standby is a synchronous one", async || {
            let state = "SELECT coalesce(max(sync_state), 'none') FROM pg_stat_replication";
            let state = self.query(state).await?;
            ensure!(state == "sync", "it is {state}");
            Ok(())
        })
        .await?;
        Ok(standby)
    }

    /// A base backup by the low-level way (PostgreSQL's documentation, 25.3.4): the package has no pg_basebackup.
    async fn copy_to(&self, to: &Path) -> Result<()> {
        let mut connection = self.superuser().await?;
        sqlx::query("SELECT pg_backup_start('chaos', true)")
            .execute(&mut connection)
            .await?;
        let mut copy = process::service(Path::new("cp"));
        copy.arg("-a").arg(self.data()).arg(to);
        // Files that vanish while they are copied are in the log that is replayed.
        let copied = process::finish(copy).await;
        let label: String = sqlx::query_scalar("SELECT labelfile FROM pg_backup_stop(false)")
            .fetch_one(&mut connection)
            .await?;
        if let Err(error) = copied {
            ensure!(error.to_string().contains("No such file"), "{error:#}");
        }
        tokio::fs::write(to.join("backup_label"), label).await?;
        process::chown(&to.join("backup_label")).await?;
        for leftover in ["postmaster.pid", "postmaster.opts"] {
            tokio::fs::remove_file(to.join(leftover)).await?;
        }
        Ok(())
    }

    /// Promotes a standby: it replays what it has not replayed yet.
    pub async fn promote(&self) -> Result<()> {
        let mut command = process::service(&self.home.join("bin/pg_ctl"));
        command.current_dir(&self.paths.data);
        command
            .args(["promote", "--wait", "--timeout=60", "-D"])
            .arg(self.data());
        process::finish(command).await.map(|_| ())
    }
}
