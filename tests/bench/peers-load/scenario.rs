//! The scenarios, in the order in which a started system runs them. Does I/O.

mod herd;
mod idle;
mod latency;
mod memory;
mod pages;
mod room;
mod skip;
mod throughput;

use std::ops::Range;
use std::time::Duration;

use confab_tests::Result;
use confab_tests::wait::seconds;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::board::Readers;
use crate::measure::Measure;
use crate::system::System;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    // First, while the processes are fresh.
    Memory,
    Idle,
    Latency,
    Throughput,
    Room,
    Pages,
    Herd,
    Skip,
}

/// Connections that are opened at a time, except in the herd.
const AT_ONCE: usize = 50;

/// How much a scenario does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Messages that are sent one at a time.
    pub messages: usize,
    /// How long messages are sent under load, and in the room.
    pub load: Duration,
    /// The members of the room.
    pub members: usize,
    /// Sockets that are idle while the CPU is measured.
    pub idle: usize,
    /// The same again, with many more.
    pub many: Option<usize>,
    /// Sockets whose memory is measured.
    pub sockets: usize,
    /// Sockets that reconnect at once.
    pub herd: usize,
}

impl Size {
    pub(crate) const FULL: Self = Self {
        messages: 500,
        load: seconds(12),
        members: 1_000,
        idle: 300,
        many: None,
        sockets: 1_000,
        herd: 2_000,
    };
    pub(crate) const SHORT: Self = Self {
        messages: 200,
        load: seconds(6),
        members: 1_000,
        idle: 300,
        many: None,
        sockets: 1_000,
        herd: 2_000,
    };
}

/// Numbers of one round.
pub(crate) type Figures = Vec<(Measure, f64)>;

impl Scenario {
    /// Its name in file names.
    pub(crate) fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    pub(crate) async fn run(self, system: &mut System, size: Size) -> Result<Figures> {
        match self {
            Self::Memory => memory::run(system, size).await,
            Self::Idle => idle::run(system, size).await,
            Self::Latency => latency::run(system, size).await,
            Self::Throughput => throughput::run(system, size).await,
            Self::Room => room::run(system, size).await,
            Self::Pages => pages::run(system, size).await,
            Self::Herd => herd::run(system, size).await,
            Self::Skip => skip::run(system, size).await,
        }
    }
}

/// Opens the connections of these people, half of them at each node.
async fn open(
    system: &System,
    people: Range<usize>,
    conversation: i64,
    readers: &mut Readers,
) -> Result<()> {
    let opening = people.map(|person| system.connect(person % 2, person, Some(conversation)));
    let mut sockets = stream::iter(opening).buffer_unordered(AT_ONCE);
    while let Some(socket) = sockets.try_next().await? {
        readers.add(socket);
    }
    Ok(())
}
