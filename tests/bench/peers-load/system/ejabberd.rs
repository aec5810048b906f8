//! ejabberd: a cluster of two nodes whose rooms archive into PostgreSQL. Does I/O.
//!
//! Both nodes have the same port for the other on an address of loopback each, so they need no port mapper.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use confab_tests::local::postgres::{PASSWORD, Postgres};
use confab_tests::local::process::Process;
use confab_tests::{Result, ensure, eventually, free_port};
use tokio::process::Command;

use super::Programs;
use super::peer::{Peer, START_LIMIT, Servers, address, child, started};
use crate::client::wire::{DOMAIN, Wire};

const CONFIG: &str = include_str!("../../peers-src/ejabberd/ejabberd.yml");

/// Everyone who may log in.
const PEOPLE: &str = "
    INSERT INTO users (username, password) SELECT 'person-' || n, 'any' FROM generate_series(0, 20000) n;";

/// A node of the cluster.
struct Node {
    /// Its place in the cluster, from 1.
    number: u8,
    listen: SocketAddr,
    /// Where nodes listen for each other.
    port: u16,
    /// Its configuration, its copy of the cluster's tables, and its log.
    directory: PathBuf,
}

pub(super) async fn start(programs: &Programs, logs: &Path) -> Result<Peer> {
    let home = programs.peers.join("ejabberd");
    let schema = tokio::fs::read_to_string(home.join("usr/share/ejabberd/sql/pg.sql")).await?;
    let package = &programs.packages.postgres;
    let servers = Servers::start(package, logs, &(schema + PEOPLE)).await?;
    let port = free_port()?;
    let mut nodes = Vec::new();
    for number in 1..=2 {
        let node = Node {
            number,
            listen: address()?,
            port,
            directory: servers.scratch.0.data.join(format!("node-{number}")),
        };
        tokio::fs::create_dir(&node.directory).await?;
        tokio::fs::write(node.config(), configuration(&node, &servers.postgres)).await?;
        let log = logs.join(format!("node-{number}.log"));
        nodes.push((node.listen, node.start(&home, &log).await?));
    }
    Ok(Peer::new(Wire::Xmpp, nodes, servers))
}

fn configuration(node: &Node, postgres: &Postgres) -> String {
    CONFIG
        .replace("@DOMAIN@", DOMAIN)
        .replace("@PORT@", &node.listen.port().to_string())
        .replace("@POSTGRES_PORT@", &postgres.address.port().to_string())
        .replace("@POSTGRES_PASSWORD@", PASSWORD)
}

impl Node {
    fn config(&self) -> PathBuf {
        self.directory.join("ejabberd.yml")
    }

    fn ip(&self) -> Ipv4Addr {
        Ipv4Addr::new(127, 0, 0, self.number)
    }

    /// Starts it. Nodes after the first join the cluster.
    async fn start(&self, home: &Path, log: &Path) -> Result<Process> {
        let mut command = self.command(home);
        if self.number == 1 {
            return started(command, log, self.listen).await;
        }
        let join = "ok = ejabberd_cluster:join('ejabberd@127.0.0.1'), io:format(\"joined~n\").";
        command.args(["-eval", join]);
        let mut process = Process::start(command, log)?;
        eventually(START_LIMIT, "the node has joined the cluster", async || {
            ensure!(process.is_alive(), "it exited; see {}", log.display());
            let text = tokio::fs::read_to_string(log).await?;
            ensure!(text.lines().any(|line| line == "joined"), "not yet");
            Ok(())
        })
        .await?;
        Ok(process)
    }

    /// As `ejabberdctl foreground` runs it, from the directory into which the packages were unpacked.
    fn command(&self, home: &Path) -> Command {
        let (root, libraries) = (
            home.join("usr/lib/erlang"),
            home.join("usr/lib/x86_64-linux-gnu"),
        );
        let programs = root.join("erts/bin");
        let mut command = child(&programs.join("erlexec"));
        command.env("ROOTDIR", root).env("BINDIR", programs);
        command.env("EMU", "beam").env("PROGNAME", "erl");
        command.env("ERL_LIBS", &libraries);
        command.env("LD_LIBRARY_PATH", &libraries);
        command.env("HOME", &self.directory);
        command.env("EJABBERD_CONFIG_PATH", self.config());
        command.env("EJABBERD_LOG_PATH", self.directory.join("ejabberd.log"));
        command.args(["+K", "true", "+P", "250000", "-noinput"]);
        command.args(["-name", &format!("ejabberd@{}", self.ip())]);
        command.args(["-setcookie", "bench", "-start_epmd", "false"]);
        command.args(["-erl_epmd_port", &self.port.to_string()]);
        let interface = format!("{{127,0,0,{}}}", self.number);
        command.args(["-kernel", "inet_dist_use_interface", &interface]);
        let tables = format!("{:?}", self.directory.join("mnesia"));
        command.args(["-mnesia", "dir", &tables, "-s", "ejabberd"]);
        command
    }
}
