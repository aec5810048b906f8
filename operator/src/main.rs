//! The operator of Confab: creates what each ChatDeployment asks for, and reports what is wrong and why.
//!
//! ```text
//! ChatDeployment → observe → validate → finalizer → access → topics → migration → desired → apply → status
//! ```
//!
//! [`reconcile`] reads in that order and says of each step whether it reads, writes or only computes. I/O: this file starts the
//! runtime and prints.

#![warn(unreachable_pub)]

mod access;
mod apply;
mod backoff;
mod backup;
mod child_api;
mod children;
mod config;
mod context;
mod crd;
mod credentials;
mod desired;
mod digest;
mod existing;
mod expansion;
mod ingress_class;
mod installed;
mod kinds;
mod leader;
mod migration;
mod names;
mod observe;
mod own_writes;
mod postgres_major;
mod probe;
mod quantity;
mod reason;
mod reconcile;
mod reference;
mod refusal;
mod run;
mod status;
mod storage_version;
mod teardown;
mod telemetry;
mod topic;
mod validate;
mod volume;
mod watch;
mod workload;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use config::{Cli, Command, RunArgs};

/// The message is one line for the person who started the program.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("cannot start the async runtime: {0}")]
    Runtime(#[source] io::Error),
    #[error(transparent)]
    Run(#[from] run::Error),
    #[error("cannot write to standard output: {0}")]
    Print(#[source] io::Error),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run(*args),
        Command::Crd => print(serde_yaml::to_string(&crd::definition()).expect("a CRD is YAML")),
        Command::Reference => print(reference::markdown(&crd::definition())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One thread serves hundreds of ChatDeployments: a reconcile mostly waits for others, and what blocks has threads of its own.
fn run(args: RunArgs) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    let result = runtime.block_on(run::run(args));
    // A request to Kafka that is still open does not hold the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(result?)
}

fn print(text: String) -> Result<(), Error> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes()).map_err(Error::Print)
}
