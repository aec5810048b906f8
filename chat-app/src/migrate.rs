//! `migrate`: brings the schema up to date, and leaves its outcome where Kubernetes shows it. Does I/O.

use std::path::Path;
use std::process::ExitCode;

use crate::config::Migrate;
use crate::store::schema;

/// Runs the migrations; the termination message is `{"applied":2,"target":2}`, or a sentence that says what failed.
pub async fn run(settings: Migrate) -> ExitCode {
    let outcome = migrate(&settings.database.url).await;
    let message = match &outcome {
        Ok((_, applied)) => format!(r#"{{"applied":{applied},"target":{}}}"#, schema::target()),
        Err(sentence) => sentence.clone(),
    };
    leave(&settings.termination_log, &message);
    match outcome {
        Ok((before, after)) if before == after => {
            tracing::info!(
                version = after,
                "the schema was up to date; next: chat-app serve"
            );
            ExitCode::SUCCESS
        }
        Ok((before, after)) => {
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

/// The version before and after, or a sentence without anything secret.
async fn migrate(url: &str) -> Result<(i64, i64), String> {
    if url.parse::<sqlx::postgres::PgConnectOptions>().is_err() {
        return Err("CONFAB_DATABASE_URL is not a PostgreSQL URL, as in postgres://user:password@host:5432/database".into());
    }
    let mut connection = schema::connect(url)
        .await
        .map_err(|error| format!("PostgreSQL can't be reached: {error}"))?;
    schema::migrate(&mut connection)
        .await
        .map_err(|error| format!("the migration failed and was rolled back: {error}"))
}

/// Only where the file is there already: outside of Kubernetes nobody reads it.
fn leave(file: &Path, message: &str) {
    if file.exists()
        && let Err(error) = std::fs::write(file, message)
    {
        tracing::warn!(file = %file.display(), %error, "the outcome could not be written");
    }
}
