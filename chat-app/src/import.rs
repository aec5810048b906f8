//! `import`: the history of another chat → PostgreSQL. Does I/O (files, PostgreSQL, S3, standard output).
//!
//! ```text
//! archive → slack (JSON) → transcript (in order) → conversation (people, text, files) → store::import (COPY)
//! ```
//!
//! Each conversation comes in batches, one transaction each, and has no members before all of it has come. What has come is
//! recorded beside it, so that an import which is killed continues where it was. Nothing of it goes to the outbox; each
//! conversation is announced with one change, a notice.

mod archive;
mod attachments;
mod author;
mod conversation;
mod emoji;
mod mapping;
mod message;
mod names;
mod people;
mod pins;
mod report;
mod slack;
mod text;
mod transcript;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::de::DeserializeOwned;
use sha1::{Digest, Sha1};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection};
use time::OffsetDateTime;
use uuid::{Builder, Uuid};

use self::archive::Archive;
use self::attachments::Attachments;
use self::mapping::Mapping;
use self::people::People;
use self::report::Report;
use self::slack::Ts;
use crate::bucket::BucketError;
use crate::config::{ImportSlack, NotAUrl};
use crate::domain::{ConversationKind, UserId};
use crate::files::Files;
use crate::files::blob::BlobError;
use crate::store::schema::Compatibility;
use crate::store::search::index;
use crate::store::{self, Pool, schema};

/// Why an import ended early. The text holds no secret and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Url(#[from] NotAUrl),
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error("cannot connect to PostgreSQL: {0}")]
    Connect(#[source] sqlx::Error),
    #[error("a query to PostgreSQL failed: {0}; run the import again, and it continues")]
    Postgres(#[from] sqlx::Error),
    #[error("a file could not be stored: {0}; run the import again, and it continues")]
    Store(#[source] BlobError),
    #[error("the schema of the database is not that of this release: run chat-app migrate first")]
    Schema,
    #[error("another import is running: wait until it ends")]
    Running,
    #[error("cannot read the export {}: {source}", path.display())]
    Export { path: PathBuf, source: io::Error },
    #[error("{} has no users.json: it is not an export of Slack", .0.display())]
    NoExport(PathBuf),
    #[error("cannot read {0} of the export: {1}")]
    File(String, #[source] io::Error),
    #[error("{0} of the export is broken: {1}; export the workspace again")]
    Broken(&'static str, #[source] serde_json::Error),
    #[error("cannot read {}: {source}", path.display())]
    People { path: PathBuf, source: io::Error },
    #[error("line {line} of {} is not a user id or e-mail address, a comma, and a login name", path.display())]
    Mapping { path: PathBuf, line: usize },
    #[error("no login name is free for {0}: name one in --people")]
    NoName(String),
}

/// How an import reaches PostgreSQL.
struct Database {
    connection: PgConnection,
    pool: Pool,
    /// Write nothing. PostgreSQL would refuse it, too.
    dry_run: bool,
}

struct Importer {
    database: Database,
    archive: Archive,
    attachments: Attachments,
    people: People,
    /// The names of channels, by id.
    channels: HashMap<String, String>,
    report: Report,
    /// `slack/T0123ABCD`
    source: String,
    /// The account that stands for the workspace.
    workspace: UserId,
    /// Later messages are from the future.
    now: Ts,
    /// Messages in a transaction.
    batch_size: u64,
}

/// Runs the import, and prints its report.
pub async fn run(settings: ImportSlack) -> ExitCode {
    match slack(&settings).await {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("chat-app: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Imports an export of Slack. Returns the report.
pub async fn slack(settings: &ImportSlack) -> Result<String, Error> {
    let mut archive = Archive::open(&settings.export)?;
    let users: Vec<slack::User> = entries(&mut archive, "users.json")?;
    let mut mapping = read_mapping(settings.people.as_deref())?;
    let mut report = Report::default();
    mapping.compare(&users, &mut report);
    let mut database = connect(settings).await?;
    // Without one, a second workspace would be taken for the first.
    let team = users.iter().find(|user| !user.team_id.is_empty());
    let source = format!("slack/{}", team.map_or("", |user| &user.team_id));
    let mut people = People::load(&mut database, &source).await?;
    people
        .bring(&mut database, &users, &mapping, &mut report)
        .await?;
    let workspace = people.workspace(&mut database, &mut report).await?.id;
    let now = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1000;
    let mut importer = Importer {
        attachments: Attachments {
            files: Files::new(&settings.attachments, database.pool.clone())?,
            folder: settings
                .files_folder
                .clone()
                .or_else(|| settings.export.is_dir().then(|| settings.export.clone())),
            dry_run: settings.dry_run,
        },
        database,
        archive,
        people,
        channels: HashMap::new(),
        report,
        source,
        workspace,
        now: Ts(i64::try_from(now).unwrap_or(i64::MAX)),
        batch_size: settings.batch_size,
    };
    importer.conversations().await?;
    importer.index().await?;
    Ok(importer.report.to_string())
}

impl Importer {
    async fn conversations(&mut self) -> Result<(), Error> {
        let files = [
            ("channels.json", ConversationKind::Public),
            ("groups.json", ConversationKind::Private),
            ("mpims.json", ConversationKind::Group),
            ("dms.json", ConversationKind::Direct),
        ];
        let mut all = Vec::new();
        for (file, kind) in files {
            let found: Vec<slack::Conversation> = entries(&mut self.archive, file)?;
            all.extend(found.into_iter().map(|conversation| (conversation, kind)));
        }
        let named = all
            .iter()
            .filter(|(conversation, _)| !conversation.name.is_empty());
        self.channels = named
            .map(|(conversation, _)| (conversation.id.clone(), conversation.name.clone()))
            .collect();
        for (conversation, kind) in &all {
            self.conversation(conversation, *kind).await?;
        }
        Ok(())
    }

    /// Makes the messages findable.
    async fn index(&mut self) -> Result<(), Error> {
        if self.database.dry_run {
            return Ok(());
        }
        tracing::info!("indexing the messages for search");
        let messages = index::add_missing(&mut self.database.connection).await?;
        tracing::info!(messages, "the search index is up to date");
        Ok(())
    }
}

async fn connect(settings: &ImportSlack) -> Result<Database, Error> {
    let mut options = settings.database.options()?.application_name("import");
    if settings.dry_run {
        options = options.options([("default_transaction_read_only", "on")]);
    }
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .connect_lazy_with(options.clone());
    if schema::check(&pool).await.map_err(Error::Connect)? != Compatibility::Compatible {
        return Err(Error::Schema);
    }
    let mut connection = PgConnection::connect_with(&options)
        .await
        .map_err(Error::Connect)?;
    match store::import::lead(&mut connection).await? {
        true => Ok(Database {
            connection,
            pool,
            dry_run: settings.dry_run,
        }),
        false => Err(Error::Running),
    }
}

fn read_mapping(path: Option<&Path>) -> Result<Mapping, Error> {
    let Some(path) = path else {
        return Ok(Mapping::default());
    };
    let path = path.to_owned();
    match std::fs::read_to_string(&path) {
        Ok(text) => Mapping::parse(&text).map_err(|line| Error::Mapping { path, line }),
        Err(source) => Err(Error::People { path, source }),
    }
}

/// The entries of a list of the export; none if the export does not have it.
fn entries<T: DeserializeOwned>(
    archive: &mut Archive,
    name: &'static str,
) -> Result<Vec<T>, Error> {
    match archive.read(name)? {
        Some(json) => serde_json::from_slice(&json).map_err(|error| Error::Broken(name, error)),
        None => Ok(Vec::new()),
    }
}

/// The same UUID for the same name, always: version 5 of RFC 9562.
fn uuid_of(name: &str) -> Uuid {
    let digest = Sha1::new()
        .chain_update(Uuid::NAMESPACE_URL)
        .chain_update(name)
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_sha1_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_version_5() {
        // From Python: uuid.uuid5(uuid.NAMESPACE_URL, 'slack/T1/C1/1.000000').
        let expected = "1b65cbf6-22a9-5a98-8b9a-4e855451782d";
        assert_eq!(uuid_of("slack/T1/C1/1.000000").to_string(), expected);
    }
}
