//! `replay`: reads the events topic up to its present end, and prints it or compares it with PostgreSQL. Does I/O (Kafka,
//! PostgreSQL, standard output).

pub mod check;
mod revs;
pub mod topic;

use std::process::ExitCode;

use rdkafka::error::KafkaError;
use sqlx::postgres::PgPoolOptions;

use crate::config::{Kafka, NotAUrl, Replay};
use check::Report;
use topic::{Offsets, TopicPart};

/// The exit status if the comparison found differences.
const DIFFERENT: u8 = 1;
/// The exit status if nothing could be compared.
const FAILED: u8 = 2;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    DatabaseUrl(#[from] NotAUrl),
    #[error("cannot read the topic {0}: {1}")]
    Kafka(String, KafkaError),
    #[error("cannot read from PostgreSQL: {0}")]
    Postgres(#[from] sqlx::Error),
}

/// Prints the records as lines of JSON, or the differences and a summary.
pub async fn run(settings: Replay) -> ExitCode {
    let outcome = match settings.check {
        true => compare(&settings).await,
        false => print(&settings.kafka).await.map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(DIFFERENT),
        Err(error) => {
            eprintln!("chat-app: {error}");
            ExitCode::from(FAILED)
        }
    }
}

async fn compare(settings: &Replay) -> Result<bool, Error> {
    let database = settings.database.options()?;
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .connect_with(database.application_name("confab-replay"))
        .await?;
    let mut report = Report::new(|line| println!("{line}"));
    check::run(&settings.kafka, &pool, &mut report).await?;
    println!("{}", report.summary());
    Ok(report.is_clean())
}

async fn print(kafka: &Kafka) -> Result<(), Error> {
    let mut parts = topic::read(kafka, Offsets::new());
    while let Some(part) = parts.recv().await {
        match part.map_err(|error| Error::Kafka(kafka.events(), error))? {
            TopicPart::Records(records) => {
                for record in records {
                    let line = serde_json::to_string(&record);
                    println!(
                        "{}",
                        line.expect("a record has no map with keys other than text")
                    );
                }
            }
            TopicPart::End { .. } => break,
        }
    }
    Ok(())
}
