//! Parses the settings, starts logging, and runs the command. Does I/O.

#![warn(unreachable_pub)]

use std::process::ExitCode;
use std::time::Duration;

use chat_app::config::{self, Command, Import};
use chat_app::http::api;
use chat_app::{backup, import, migrate, remove_second_factor, replay, serve, telemetry};

/// How long to wait for blocking tasks: dropping a Kafka client takes as long as its broker does not answer.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let command = config::parse().command;
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start threads: {error}")),
    };
    let code = runtime.block_on(run(command));
    runtime.shutdown_timeout(SHUTDOWN_LIMIT);
    code
}

async fn run(command: Command) -> ExitCode {
    let log = match &command {
        Command::Serve(config) => Some(&config.log),
        Command::Migrate(settings) => Some(&settings.log),
        Command::Replay(settings) => Some(&settings.log),
        Command::Backup(settings) => Some(&settings.log),
        Command::Restore(settings) => Some(&settings.log),
        Command::Import(settings) => Some(&settings.settings().log),
        Command::RemoveSecondFactor(settings) => Some(&settings.log),
        Command::Openapi => None,
    };
    if let Some(Err(sentence)) = log.map(telemetry::init) {
        return fail(&sentence);
    }
    for name in config::unknown_variables(
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()),
    ) {
        tracing::warn!(name, "ignored an unknown setting in the environment");
    }
    match command {
        Command::Migrate(settings) => migrate::run(settings).await,
        Command::Replay(settings) => replay::run(settings).await,
        Command::Backup(settings) => backup::save::run(*settings).await,
        Command::Restore(settings) => backup::load::run(*settings).await,
        Command::Import(Import::Slack(settings)) => import::run(*settings).await,
        Command::RemoveSecondFactor(settings) => remove_second_factor::run(settings).await,
        Command::Serve(config) => match serve::run(*config).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error.to_string()),
        },
        Command::Openapi => {
            print!("{}", api::document());
            ExitCode::SUCCESS
        }
    }
}

fn fail(sentence: &str) -> ExitCode {
    eprintln!("chat-app: {sentence}");
    ExitCode::FAILURE
}
