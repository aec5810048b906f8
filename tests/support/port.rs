//! Free ports for servers that a test starts and restarts. I/O: tries to bind them.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use anyhow::{Context, Result};

/// Outside of the ephemeral range: an outgoing connection could take the port of a server that is restarted.
const PORTS: Range<u16> = 20_000..32_000;

/// A port at which nothing listens.
///
/// # Errors
/// None was found in a hundred attempts.
pub fn free_port() -> Result<u16> {
    free_ports(1)
}

/// The first of so many ports in a row at which nothing listens.
///
/// # Errors
/// None was found in a hundred attempts.
pub fn free_ports(count: u16) -> Result<u16> {
    let listen = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let free = |first: &u16| {
        let all = (*first..*first + count).map(listen);
        all.collect::<std::io::Result<Vec<_>>>().is_ok()
    };
    let mut tries = std::iter::repeat_with(|| fastrand::u16(PORTS)).take(100);
    tries.find(free).context("no port is free")
}
