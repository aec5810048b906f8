//! `scale`: what a chat costs as people, replicas and messages grow, from measured costs and a simulation of who is where.
//! docs/scaling.md explains the table that it writes. Does I/O (the report).

#![warn(unreachable_pub)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use confab_tests::{Result, section};
use fastrand::Rng;

const SECTION: &str = "scale";
const PEOPLE: [usize; 4] = [10_000, 100_000, 300_000, 1_000_000];
/// Messages that are simulated for each line.
const MESSAGES: usize = 50_000;
/// People who are connected to one replica.
const PER_REPLICA: usize = 5_000;
/// Messages that a connected person sends in a busy hour.
const HOURLY: f64 = 10.0;
/// The conversations that a person is in.
const CONVERSATIONS: usize = 30;
/// The members of the conversation of a message, and how many messages of a hundred go to such a one.
const SIZES: [(usize, usize); 3] = [(2, 60), (10, 30), (200, 10)];
/// Partitions of a topic whose consumers read only those that concern them.
const PARTITIONS: usize = 10_000;

/// Simulates a chat of up to a million connected people. The costs are those that tests/bench/peers measured.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Records for nobody here that a replica skips in a CPU-second (peers, scenario skip)
    #[arg(long)]
    skipped: f64,
    /// Records that the broker serves in a CPU-second (peers, scenario skip)
    #[arg(long)]
    served: f64,
    /// The bytes of a record (peers, scenario skip)
    #[arg(long)]
    bytes: f64,
    /// Messages that everything accepts in a CPU-second (peers, 256 under way)
    #[arg(long)]
    accepted: f64,
    /// Deliveries to sockets in a CPU-second of a replica (peers, room)
    #[arg(long)]
    delivered: f64,
    /// Write the table into this file, between its markers
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// What one message needs, on average.
#[derive(Debug, Default, PartialEq)]
struct Reach {
    /// Sockets that get it.
    sockets: f64,
    /// Replicas that have one of these sockets.
    replicas: f64,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scale: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let mut random = Rng::with_seed(1);
    let mut text = String::from(
        "| People | Replicas | Messages/s | Cores: accept | deliver | all read all: replicas | broker | broker sends, MB/s \
         | Replicas that a message concerns | filtered: cores | broker sends, MB/s |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for people in PEOPLE {
        let replicas = people.div_ceil(PER_REPLICA).max(2);
        let messages = people as f64 * HOURLY / 3_600.0;
        let reach = simulate(replicas, &mut random);
        text += &line(cli, people, replicas, messages, &reach);
    }
    let needed = partitions_needed(&mut random) * 100.0;
    text += &format!(
        "\nA replica of {PER_REPLICA} people needs {needed:.0} % of {PARTITIONS} partitions.\n"
    );
    println!("{text}");
    match &cli.report {
        Some(report) => section::write(report, SECTION, &text),
        None => Ok(()),
    }
}

fn line(cli: &Cli, people: usize, replicas: usize, messages: f64, reach: &Reach) -> String {
    let all = messages * replicas as f64;
    // The filter reads each record once, and passes it to whom it concerns.
    let some = messages * (1.0 + reach.replicas);
    format!(
        "| {people} | {replicas} | {messages:.0} | {:.1} | {:.1} | {:.1} | {:.1} | {:.0} | {:.1} | {:.1} | {:.0} |\n",
        messages / cli.accepted,
        messages * reach.sockets / cli.delivered,
        all / cli.skipped,
        all / cli.served,
        all * cli.bytes / 1e6,
        reach.replicas,
        some / cli.skipped + messages / cli.served,
        messages * cli.bytes / 1e6,
    )
}

/// Sends messages to people who are connected anywhere.
fn simulate(replicas: usize, random: &mut Rng) -> Reach {
    let mut sum = Reach::default();
    let mut last = vec![usize::MAX; replicas];
    for message in 0..MESSAGES {
        let members = size(random.usize(0..100));
        sum.sockets += members as f64;
        for _ in 0..members {
            let replica = random.usize(0..replicas);
            if std::mem::replace(&mut last[replica], message) != message {
                sum.replicas += 1.0;
            }
        }
    }
    let messages = MESSAGES as f64;
    Reach {
        sockets: sum.sockets / messages,
        replicas: sum.replicas / messages,
    }
}

/// The members of the conversation that this message of a hundred goes to.
fn size(message: usize) -> usize {
    let mut before = 0;
    let found = SIZES.iter().find(|(_, share)| {
        before += share;
        message < before
    });
    found.expect("the shares are a hundred").0
}

/// The share of the partitions in which a replica's people have a conversation.
fn partitions_needed(random: &mut Rng) -> f64 {
    let mut needed = vec![false; PARTITIONS];
    for _ in 0..PER_REPLICA * CONVERSATIONS {
        needed[random.usize(0..PARTITIONS)] = true;
    }
    needed.iter().filter(|needed| **needed).count() as f64 / PARTITIONS as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_concerns_no_more_replicas_than_there_are_and_than_it_has_recipients() {
        let few = simulate(2, &mut Rng::with_seed(1));
        let many = simulate(1_000, &mut Rng::with_seed(1));
        assert!((1.5..=2.0).contains(&few.replicas), "{few:?}");
        assert!(
            (0.85..1.0).contains(&(many.replicas / many.sockets)),
            "{many:?}"
        );
    }

    #[test]
    fn the_sizes_of_conversations_have_their_shares() {
        let sizes: Vec<_> = [0, 59, 60, 89, 90, 99].map(size).into();
        assert_eq!(sizes, [2, 2, 10, 10, 200, 200]);
    }
}
