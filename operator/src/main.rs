//! The operator of Confab: makes what each ChatDeployment asks for, and says why when it cannot.
//!
//! ```text
//! ChatDeployment → observe → validate → hold → access → topics → migration → desired → apply → status
//! ```
//!
//! [`reconcile`] reads in that order and says of each step whether it reads, writes or only computes.

mod access;
mod apply;
mod backoff;
mod child_api;
mod children;
mod config;
mod context;
mod crd;
mod credentials;
mod desired;
mod digest;
mod echo;
mod installed;
mod kinds;
mod leader;
mod migration;
mod names;
mod observe;
mod probe;
mod reason;
mod reconcile;
mod reference;
mod run;
mod seen;
mod status;
mod teardown;
mod telemetry;
mod topic;
mod validate;
mod watch;
mod workload;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use config::{Cli, Command, RunArgs};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run(*args),
        Command::Crd => print(serde_yaml::to_string(&crd::definition()).expect("a CRD is YAML")),
        Command::Reference => print(reference::markdown(&crd::definition())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// One thread serves hundreds of ChatDeployments: a pass mostly waits for others, and what blocks has threads of its own.
fn run(args: RunArgs) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| format!("no event loop: {error}"))?;
    let result = runtime.block_on(run::run(args));
    // A question to Kafka that is still open does not hold the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

fn print(text: String) -> Result<(), String> {
    use std::io::Write;
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| format!("writing to standard output: {error}"))
}
