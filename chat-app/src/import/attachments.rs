//! The files of messages, from a local folder. Does I/O (files, PostgreSQL, S3).

use std::path::PathBuf;

use uuid::Uuid;

use super::Error;
use super::report::Report;
use super::slack::File;
use crate::domain::{ConversationId, UserId};
use crate::files::{FileError, Files, PER_MESSAGE, Put, name};

pub(super) struct Attachments {
    pub(super) files: Files,
    /// Where the files are.
    pub(super) folder: Option<PathBuf>,
    pub(super) dry_run: bool,
}

/// The message that files belong to.
pub(super) struct Owner<'a> {
    pub(super) conversation: ConversationId,
    pub(super) account: UserId,
    /// Names the message among all of all imports.
    pub(super) message: Uuid,
    /// Names it in the report.
    pub(super) at: &'a str,
}

impl Attachments {
    /// Stores the files of a message that are there. Returns their ids, and the names of the others.
    pub(super) async fn store<'f>(
        &self,
        owner: &Owner<'_>,
        files: &'f [File],
        report: &mut Report,
    ) -> Result<(Vec<Uuid>, Vec<&'f str>), Error> {
        let (mut stored, mut names) = (Vec::new(), Vec::new());
        for (number, file) in files.iter().enumerate() {
            let shown = [&file.name, &file.title, &file.id];
            let shown = shown.into_iter().find(|name| !name.is_empty());
            let shown = shown.map_or("file", String::as_str);
            let Some(path) = self.find(file).filter(|_| stored.len() < PER_MESSAGE) else {
                report.problem(
                    "files are not in the folder of --files with the size that the export says, and come as lines with their names",
                    || format!("{}: {} {shown}", owner.at, file.id),
                );
                names.push(shown);
                continue;
            };
            let id = super::uuid_of(&format!("{}/{number}", owner.message));
            match self.put(owner, id, shown, &path).await? {
                None => stored.push(id),
                Some(refused) => {
                    report.problem(
                        "files are refused by the settings of attachments, and come as lines with their names",
                        || format!("{}: {shown}: {refused}", owner.at),
                    );
                    names.push(shown);
                }
            }
        }
        Ok((stored, names))
    }

    /// Stores a file; returns why it is refused.
    async fn put(
        &self,
        owner: &Owner<'_>,
        id: Uuid,
        name: &str,
        path: &std::path::Path,
    ) -> Result<Option<FileError>, Error> {
        if self.dry_run {
            return Ok(None);
        }
        let put = Put {
            conversation: owner.conversation,
            owner: owner.account,
            name,
            length: path.metadata().ok().map(|metadata| metadata.len()),
        };
        match self.files.put_imported(id, put, path).await {
            Ok(()) => Ok(None),
            Err(FileError::Blob(error)) => Err(Error::Store(error)),
            Err(refused) => Ok(Some(refused)),
        }
    }

    /// Where the file is. One of another size is the beginning of it, another file of its name, or the page that Slack answers
    /// with when a link has expired.
    fn find(&self, file: &File) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let plain =
            |id: &String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let id = Some(&file.id).filter(|id| plain(id));
        let name = name::clean(&file.name);
        let by_id = id.into_iter().flat_map(|id| {
            [
                id.clone(),
                format!("{id}-{name}"),
                format!("{id}/{name}"),
                format!("__uploads/{id}/{name}"),
            ]
        });
        let by_name = file.size.map(|_| name.clone());
        let paths = by_id.chain(by_name).map(|place| folder.join(place));
        paths.into_iter().find(|path| {
            path.metadata().is_ok_and(|found| {
                found.is_file()
                    && found.len() > 0
                    && file.size.is_none_or(|size| size == found.len())
            })
        })
    }
}
