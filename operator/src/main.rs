//! The operator of Confab: makes what each ChatDeployment asks for, and says why when it cannot.
//!
//! ```text
//! ChatDeployment → observe → validate → desired → apply → status
//! ```
//!
//! [`reconcile`] is the table of contents of one pass. Steps that do I/O: observe, topic, probe, apply, status::write.

mod access;
mod apply;
mod backoff;
mod config;
mod crd;
mod credentials;
mod desired;
mod digest;
mod echo;
mod kinds;
mod leader;
mod migration;
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

use std::panic::resume_unwind;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::Parser;

use config::{Cli, Command, RunArgs};

/// Bytes of the thread's stack. A pass holds every child of a chat, and a build without optimization copies them from
/// frame to frame, for which the usual 2 MiB are too few. What is not touched takes no memory.
const STACK: usize = 16 * 1024 * 1024;

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
    let runtime = runtime.map_err(|error| format!("cannot start the async runtime: {error}"))?;
    let work = move || {
        let result = runtime.block_on(run::run(args));
        // A question to Kafka that is still open does not hold the process.
        runtime.shutdown_timeout(Duration::from_secs(1));
        result
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(work);
    let thread = thread.map_err(|error| format!("cannot start a thread: {error}"))?;
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

fn print(text: String) -> Result<(), String> {
    use std::io::Write;
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| format!("cannot write to standard output: {error}"))
}
