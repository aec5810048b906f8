//! `migrate`: brings the schema up to date, and writes the outcome to where Kubernetes shows it. Does I/O.

use std::process::ExitCode;

use serde_json::json;
use sqlx::Connection;
use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::config::Migrate;
use crate::store::lookalikes;
use crate::store::owner::{self, Owner};
use crate::store::schema::{self, Migrated, functions};
use crate::store::search::index;
use crate::store::server;
use crate::termination::finish;

/// PostgreSQL's code for a lock that it did not get within `lock_timeout`.
const LOCK_NOT_AVAILABLE: &str = "55P03";

struct Outcome {
    schema: Migrated,
    max_connections: i32,
    identity: server::Identity,
}

/// Runs the migration. The termination message is `{"applied":2,"target":2,"maxConnections":97,"systemIdentifier":"7…",
/// "database":"confab","majorVersion":18}`, or a sentence that says what failed; it starts with `DatabaseInUse: ` if the database belongs to another chat.
pub async fn run(settings: Migrate) -> ExitCode {
    let outcome = migrate(&settings).await.map(|done| {
        log(done.schema);
        json!({
            "applied": done.schema.to,
            "target": schema::target(),
            "maxConnections": done.max_connections,
            "systemIdentifier": done.identity.system_identifier,
            "database": done.identity.database,
            "majorVersion": done.identity.major_version,
        })
        .to_string()
    });
    finish(&settings.termination.termination_log, outcome)
}

fn log(done: Migrated) {
    let Migrated {
        from,
        to,
        functions,
    } = done;
    if from == to && !functions {
        tracing::info!(
            version = to,
            "the schema is up to date; next: chat-app serve"
        );
    } else {
        tracing::info!(
            from,
            to,
            functions,
            "the schema was migrated; next: chat-app serve"
        );
    }
}

/// Checks everything that can be wrong before it changes anything. The error is a sentence that holds no secret.
async fn migrate(settings: &Migrate) -> Result<Outcome, String> {
    let mut connection = connect(settings).await?;
    let (instance, language) = (&settings.instance, settings.search_language);
    let query_failed = |error| format!("a query to PostgreSQL failed: {}", said(&error));
    let other = owner::other(&mut connection, instance).await;
    not_claimed(other.map_err(query_failed)?)?;
    let schema = schema::migrate(&mut connection).await.map_err(|error| {
        format!(
            "the migration failed and was rolled back: {}",
            reason(&error)
        )
    })?;
    let other = owner::claim(&mut connection, instance).await;
    not_claimed(other.map_err(query_failed)?)?;
    let messages = index::bring_up_to_date(&mut connection, language)
        .await
        .map_err(|error| {
            format!("the search index is incomplete, run the migration again: {error}")
        })?;
    if messages > 0 {
        tracing::info!(
            messages,
            language = language.name(),
            "the search index is up to date"
        );
    }
    let names = lookalikes::bring_up_to_date(&mut connection).await;
    let names = names.map_err(query_failed)?;
    if names > 0 {
        tracing::info!(names, "display names can be compared");
    }
    let max_connections = server::max_connections(&mut connection)
        .await
        .map_err(query_failed)?;
    let identity = server::identity(&mut connection)
        .await
        .map_err(query_failed)?;
    Ok(Outcome {
        schema,
        max_connections,
        identity,
    })
}

/// What went wrong and, if known, what to do.
fn reason(error: &schema::Error) -> String {
    let failed = match error {
        schema::Error::Migration(MigrateError::VersionMismatch(version)) => {
            return format!(
                "migration {version} was applied to this database by another release with different content: go back to that release, or restore the database from before that migration"
            );
        }
        schema::Error::Migration(
            MigrateError::Execute(failed) | MigrateError::ExecuteMigration(failed, _),
        )
        | schema::Error::Functions(
            functions::Error::Postgres(failed) | functions::Error::Function { source: failed, .. },
        ) => failed,
        schema::Error::Migration(_) => return error.to_string(),
    };
    let code = failed.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some(LOCK_NOT_AVAILABLE) => "timed out after 10 s waiting for a lock held by another session, such as a migration that still runs or an open transaction (see pg_stat_activity): run the migration again once that session ends".to_owned(),
        _ => error.to_string(),
    }
}

async fn connect(settings: &Migrate) -> Result<PgConnection, String> {
    let database = settings
        .database
        .options()
        .map_err(|error| error.to_string())?;
    let cannot_reach = |error| cannot_connect(&error, &database);
    if server::pooled(&database).await.map_err(cannot_reach)? {
        return Err("the connection goes through a pooler such as PgBouncer in transaction mode, but the chat holds session-level locks: use the address of PostgreSQL itself, or of a pooler in session mode that passes on startup parameters".to_owned());
    }
    PgConnection::connect_with(&database)
        .await
        .map_err(cannot_reach)
}

/// What PostgreSQL or the network says, and what to do about it.
fn cannot_connect(error: &sqlx::Error, to: &PgConnectOptions) -> String {
    let (server, user) = (
        format!("{}:{}", to.get_host(), to.get_port()),
        to.get_username(),
    );
    let database = to.get_database().unwrap_or(user);
    let refused = error.as_database_error();
    match refused.and_then(|error| error.code()).as_deref() {
        Some("3D000") => format!(
            "the database \"{database}\" does not exist in PostgreSQL at {server}: create it with the owner \"{user}\", or correct its name"
        ),
        Some("28P01" | "28000") => format!(
            "PostgreSQL at {server} does not let the user \"{user}\" log in: correct the user name, the password or pg_hba.conf ({})",
            said(error)
        ),
        Some("42501") => format!(
            "the user \"{user}\" has no permission to connect to the database \"{database}\" at {server}: GRANT CONNECT, or make the user its owner"
        ),
        Some("53300") => format!(
            "PostgreSQL at {server} has no free connection: raise max_connections, or the limit of the user \"{user}\""
        ),
        _ => format!("cannot connect to PostgreSQL at {server}: {}", said(error)),
    }
}

/// In the server's words, without where in its source code it says so.
fn said(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(refused) => refused.message().to_owned(),
        None => error.to_string(),
    }
}

fn not_claimed(other: Option<Owner>) -> Result<(), String> {
    other.map_or(Ok(()), |Owner { instance, since }| {
        Err(format!(
            "DatabaseInUse: The database belongs to the chat {instance} since {since}: give this chat its own database, or, if {instance} no longer exists, run DELETE FROM owner in the database"
        ))
    })
}
