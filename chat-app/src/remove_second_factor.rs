//! `remove-second-factor`: the way back in for who has lost their second factor and its recovery codes, if no admin can help. Does I/O.
//!
//! Who can run it in a pod of the chat has its database anyway.

use std::process::ExitCode;

use sqlx::{ConnectOptions, Connection};

use crate::config::{NotAUrl, RemoveSecondFactor};
use crate::domain::UserName;
use crate::store::second_factors;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Url(#[from] NotAUrl),
    #[error("PostgreSQL returned an error: {0}")]
    Postgres(#[from] sqlx::Error),
    #[error("{0} has no second factor: check the login name")]
    NoFactor(String),
}

/// Prints what was done.
pub async fn run(settings: RemoveSecondFactor) -> ExitCode {
    match remove(&settings).await {
        Ok(name) => {
            println!(
                "The second factor of {name} is removed. Their password alone logs them in now."
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("chat-app: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn remove(settings: &RemoveSecondFactor) -> Result<UserName, Error> {
    let unknown = || Error::NoFactor(settings.name.clone());
    let name = UserName::parse(&settings.name).map_err(|_| unknown())?;
    let options = settings
        .database
        .options()?
        .application_name("confab-remove-second-factor");
    let mut connection = options.connect().await?;
    let removed = second_factors::remove_of(&mut connection, &name).await?;
    connection.close().await?;
    match removed {
        true => Ok(name),
        false => Err(unknown()),
    }
}
