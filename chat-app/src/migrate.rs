//! `migrate`: brings the schema up to date, and leaves its outcome where Kubernetes shows it. Does I/O.

use std::path::Path;
use std::process::ExitCode;

use sqlx::Connection;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgConnection;

use crate::config::Migrate;
use crate::store::owner::{self, Owner};
use crate::store::search::index;
use crate::store::{schema, server};

/// PostgreSQL's code for a lock that was not to be had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// What the migration came to.
struct Outcome {
    before: i64,
    after: i64,
    max_connections: i32,
}

/// Runs the migrations; the termination message is `{"applied":2,"target":2,"maxConnections":97}`, or a sentence that
/// says what failed, after `DatabaseInUse: ` where the database is another chat's.
pub async fn run(settings: Migrate) -> ExitCode {
    let outcome = migrate(&settings).await;
    let message = match &outcome {
        Ok(done) => format!(
            r#"{{"applied":{},"target":{},"maxConnections":{}}}"#,
            done.after,
            schema::target(),
            done.max_connections
        ),
        Err(sentence) => sentence.clone(),
    };
    leave(&settings.termination_log, &message);
    match outcome {
        Ok(Outcome { before, after, .. }) if before == after => {
            tracing::info!(
                version = after,
                "the schema was up to date; next: chat-app serve"
            );
            ExitCode::SUCCESS
        }
        Ok(Outcome { before, after, .. }) => {
            tracing::info!(
                from = before,
                to = after,
                "the schema was migrated; next: chat-app serve"
            );
            ExitCode::SUCCESS
        }
        Err(sentence) => {
            eprintln!("chat-app: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that may be wrong is found before anything is changed. The error is a sentence without anything secret.
async fn migrate(settings: &Migrate) -> Result<Outcome, String> {
    let mut connection = connect(settings).await?;
    let (instance, language) = (&settings.instance, settings.search_language.as_str());
    let cannot_ask = |error| format!("PostgreSQL can't be asked: {error}");
    let other = owner::other(&mut connection, instance).await;
    not_claimed(other.map_err(cannot_ask)?)?;
    let known = index::knows(&mut connection, language).await;
    if !known.map_err(cannot_ask)? {
        return Err(format!(
            "CONFAB_SEARCH_LANGUAGE is {language}, which is no text search configuration of this PostgreSQL; \\dF in psql lists them"
        ));
    }
    let (before, after) = schema::migrate(&mut connection).await.map_err(|error| {
        format!(
            "the migration failed and was rolled back: {}",
            reason(&error)
        )
    })?;
    let other = owner::claim(&mut connection, instance).await;
    not_claimed(other.map_err(cannot_ask)?)?;
    let messages = index::bring_up_to_date(&mut connection, language)
        .await
        .map_err(|error| format!("the search index is not complete, run this again: {error}"))?;
    if messages > 0 {
        tracing::info!(messages, language, "the search index is up to date");
    }
    let max_connections = server::max_connections(&mut connection)
        .await
        .map_err(cannot_ask)?;
    Ok(Outcome {
        before,
        after,
        max_connections,
    })
}

/// What went wrong, and what to do where that can be said.
fn reason(error: &MigrateError) -> String {
    let failed = match error {
        MigrateError::VersionMismatch(version) => {
            return format!(
                "migration {version} was applied to this database by another release, in which it says something else: go back to that release, or restore the database from before it"
            );
        }
        MigrateError::Execute(failed) | MigrateError::ExecuteMigration(failed, _) => failed,
        _ => return error.to_string(),
    };
    let code = failed.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some(LOCK_NOT_AVAILABLE) => "another session holds a lock that it waited 10 s for, and sends would have waited behind it: a migration that still runs, or a transaction that somebody left open (pg_stat_activity shows it); run this again once that has ended".to_owned(),
        _ => error.to_string(),
    }
}

async fn connect(settings: &Migrate) -> Result<PgConnection, String> {
    let database = settings
        .database
        .options()
        .map_err(|error| error.to_string())?;
    let cannot_reach = |error| format!("PostgreSQL can't be reached: {error}");
    if server::pooled(&database).await.map_err(cannot_reach)? {
        return Err("between here and PostgreSQL is a pooler, such as PgBouncer, that gives each transaction another connection; the chat holds locks for as long as it is connected: give it the address of PostgreSQL itself, or of a pooler in session mode that passes startup parameters on".to_owned());
    }
    PgConnection::connect_with(&database)
        .await
        .map_err(cannot_reach)
}

fn not_claimed(other: Option<Owner>) -> Result<(), String> {
    other.map_or(Ok(()), |Owner { instance, since }| {
        Err(format!(
            "DatabaseInUse: the database belongs to the chat {instance} since {since}: give this chat a database of its own, or, if {instance} is gone for good, run DELETE FROM owner in the database"
        ))
    })
}

/// Only where the file is there already: outside of Kubernetes nobody reads it.
fn leave(file: &Path, message: &str) {
    if file.exists()
        && let Err(error) = std::fs::write(file, message)
    {
        tracing::warn!(file = %file.display(), %error, "the outcome could not be written");
    }
}
