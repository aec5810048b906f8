//! Reads the settings, starts the logs, and does what was asked.

use std::process::ExitCode;

use chat_app::config::{self, Command};
use chat_app::{migrate, serve, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    let command = config::parse().command;
    let log = match &command {
        Command::Serve(config) => &config.log,
        Command::Migrate(settings) => &settings.log,
    };
    if let Err(sentence) = telemetry::init(log) {
        return fail(&sentence);
    }
    for name in config::unknown_variables(
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()),
    ) {
        tracing::warn!(name, "an unknown setting in the environment is ignored");
    }
    match command {
        Command::Migrate(settings) => migrate::run(settings).await,
        Command::Serve(config) => match serve::run(*config).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error.to_string()),
        },
    }
}

fn fail(sentence: &str) -> ExitCode {
    eprintln!("chat-app: {sentence}");
    ExitCode::FAILURE
}
