//! The peers that are libraries: two nodes of a small chat (tests/bench/peers-src) with Redis and PostgreSQL. Does I/O.

use std::net::SocketAddr;
use std::path::Path;

use confab_tests::Result;
use confab_tests::local::postgres::Postgres;
use confab_tests::local::process::Process;
use tokio::process::Command;

use super::Programs;
use super::peer::{Broker, Peer, Servers, address, child, started};
use crate::client::wire::Wire;

/// The least that a chat stores.
const SCHEMA: &str = "
    CREATE TABLE messages (
        id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        conversation bigint      NOT NULL,
        sender       text        NOT NULL,
        body         text        NOT NULL,
        at           timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX messages_conversation ON messages (conversation, id);";

pub(super) async fn start(wire: Wire, programs: &Programs, logs: &Path) -> Result<Peer> {
    let mut servers = Servers::start(&programs.packages.postgres, logs, SCHEMA).await?;
    let (redis, redis_at) = start_redis(&programs.peers, logs).await?;
    servers.broker = Some(Broker::Redis(redis));
    let url = Postgres::url(servers.postgres.address);
    let mut nodes = Vec::new();
    for number in 0..2 {
        let listen = address()?;
        let mut command = program(wire, &programs.peers);
        command.args(["--listen", &listen.to_string()]);
        command.args(["--redis", &redis_at.to_string(), "--database", &url]);
        let log = logs.join(format!("node-{number}.log"));
        nodes.push((listen, started(command, &log, listen).await?));
    }
    Ok(Peer::new(wire, nodes, servers))
}

fn program(wire: Wire, peers: &Path) -> Command {
    match wire {
        Wire::SocketIo => {
            let mut node = child(Path::new("node"));
            node.arg(peers.join("socket-io/server.js"));
            node.env("NODE_ENV", "production");
            node
        }
        _ => child(&peers.join("centrifuge/centrifuge")),
    }
}

/// Redis passes messages on and stores nothing.
async fn start_redis(peers: &Path, logs: &Path) -> Result<(Process, SocketAddr)> {
    let address = address()?;
    let home = peers.join("redis");
    let mut redis = child(&home.join("usr/bin/redis-server"));
    redis.env("LD_LIBRARY_PATH", home.join("usr/lib/x86_64-linux-gnu"));
    redis.args(["--port", &address.port().to_string()]);
    redis.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    redis.current_dir(logs);
    let process = started(redis, &logs.join("redis.log"), address).await?;
    Ok((process, address))
}
