//! Settings of `import`. Pure.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Database, Files, Log};

/// Where the history comes from.
#[derive(Clone, Debug, Subcommand)]
pub enum Import {
    /// Import an export of a Slack workspace: people, channels, direct messages, threads, reactions, pins and files
    Slack(Box<ImportSlack>),
}

impl Import {
    pub fn settings(&self) -> &ImportSlack {
        match self {
            Self::Slack(settings) => settings,
        }
    }
}

/// Settings of `import slack`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Start with --dry-run: it writes nothing and prints what will come, what cannot, and why.\n\n\
        Each person of the export becomes an account without a password, unless --people names an existing one. Nobody is matched \
        by name or e-mail alone. To let a person in, an admin opens Administration > People and creates a password reset link.\n\n\
        Each conversation appears, as a whole, when all of it has come. Nobody is notified and nothing counts as unread. Stop the \
        command at any time, and run it again with the same arguments: it continues, and never brings anything in twice.\n\n\
        The exit status is 0 also if parts of the export could not be read: the report on standard output names them."
)]
pub struct ImportSlack {
    /// The export: the zip file from Slack, or the folder that it was unpacked to
    #[arg(value_name = "EXPORT")]
    pub export: PathBuf,
    /// Print what would be imported and what cannot be, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// People who have an account already, or shall get a certain name: lines of `SLACK,NAME`, where SLACK is a user id (U012AB3CD)
    /// or an e-mail address, and NAME a login name of this chat
    #[arg(long, value_name = "FILE")]
    pub people: Option<PathBuf>,
    /// Folder with the files of the export, each as ID, ID-NAME, ID/NAME, __uploads/ID/NAME or NAME; by default the export itself,
    /// if it is a folder. A file that is missing there comes as a line with its name
    #[arg(long = "files", value_name = "FOLDER")]
    pub files_folder: Option<PathBuf>,
    /// Messages to write in one transaction
    #[arg(long, default_value = "10000", value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub batch_size: u64,
    /// Connection to PostgreSQL.
    #[command(flatten)]
    pub database: Database,
    /// Attachments, as for serve.
    #[command(flatten)]
    pub attachments: Files,
    /// Logging.
    #[command(flatten)]
    pub log: Log,
}
