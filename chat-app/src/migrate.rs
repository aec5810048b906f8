//! `migrate`: brings the schema up to date, and leaves its outcome where Kubernetes shows it. Does I/O.

use std::path::Path;
use std::process::ExitCode;

use crate::config::Migrate;
use crate::store::schema;
use crate::store::search::index;

/// Runs the migrations; the termination message is `{"applied":2,"target":2}`, or a sentence that says what failed.
pub async fn run(settings: Migrate) -> ExitCode {
    let outcome = migrate(&settings).await;
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
async fn migrate(settings: &Migrate) -> Result<(i64, i64), String> {
    let url = settings.database.url.as_str();
    if url.parse::<sqlx::postgres::PgConnectOptions>().is_err() {
        return Err("CONFAB_DATABASE_URL is not a PostgreSQL URL, as in postgres://user:password@host:5432/database".into());
    }
    let mut connection = schema::connect(url)
        .await
        .map_err(|error| format!("PostgreSQL can't be reached: {error}"))?;
    let language = settings.search_language.as_str();
    let known = index::knows(&mut connection, language).await;
    if !known.map_err(|error| format!("PostgreSQL can't be asked: {error}"))? {
        return Err(format!(
            "CONFAB_SEARCH_LANGUAGE is {language}, which is no text search configuration of this PostgreSQL; \\dF in psql lists them"
        ));
    }
    let versions = schema::migrate(&mut connection)
        .await
        .map_err(|error| format!("the migration failed and was rolled back: {error}"))?;
    let messages = index::bring_up_to_date(&mut connection, language)
        .await
        .map_err(|error| format!("the search index is not complete, run this again: {error}"))?;
    if messages > 0 {
        tracing::info!(messages, language, "the search index is up to date");
    }
    Ok(versions)
}

/// Only where the file is there already: outside of Kubernetes nobody reads it.
fn leave(file: &Path, message: &str) {
    if file.exists()
        && let Err(error) = std::fs::write(file, message)
    {
        tracing::warn!(file = %file.display(), %error, "the outcome could not be written");
    }
}
