//! The files of an export: in a zip file, or in the folder that it was unpacked to. Does I/O (files).
//!
//! Only files that a listing has found are opened, whatever names the export holds.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::Error;

/// A larger file is no part of an export: a day of the busiest channel has some megabytes.
const LIMIT: u64 = 1 << 30;
/// Folders below the export: those of conversations, and `__uploads/ID`.
const DEPTH: usize = 3;

pub(super) struct Archive {
    source: Source,
    /// Where each file is, by its name within the export.
    files: BTreeMap<String, Place>,
}

enum Source {
    Folder,
    Zip(Box<ZipArchive<BufReader<File>>>),
}

enum Place {
    Path(PathBuf),
    Index(usize),
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let unreadable = |source: io::Error| Error::Export {
            path: path.to_owned(),
            source,
        };
        let mut files = BTreeMap::new();
        let source = match fs::metadata(path).map_err(unreadable)?.is_dir() {
            true => {
                list(path, "", DEPTH, &mut files).map_err(unreadable)?;
                Source::Folder
            }
            false => {
                let file = BufReader::new(File::open(path).map_err(unreadable)?);
                let zip = ZipArchive::new(file).map_err(|error| unreadable(error.into()))?;
                for index in 0..zip.len() {
                    if let Some(Ok(name)) = zip.name_for_index(index)
                        && !name.ends_with('/')
                    {
                        files.insert(name.into_owned(), Place::Index(index));
                    }
                }
                Source::Zip(Box::new(zip))
            }
        };
        let files = within_root(files).ok_or_else(|| Error::NoExport(path.to_owned()))?;
        Ok(Self { source, files })
    }

    /// A file as a whole; `None` if there is none.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(place) = self.files.get(name) else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let read = match (place, &mut self.source) {
            (Place::Path(path), _) => {
                File::open(path).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes))
            }
            (Place::Index(index), Source::Zip(zip)) => match zip.by_index(*index) {
                Ok(file) => file.take(LIMIT).read_to_end(&mut bytes),
                Err(error) => Err(error.into()),
            },
            (Place::Index(_), Source::Folder) => return Ok(None),
        };
        read.map_err(|source| Error::File(name.to_owned(), source))?;
        Ok(Some(bytes))
    }

    /// The first of these folders that has files of days, and those files, the oldest first.
    pub(super) fn days(&self, folders: &[&str]) -> Vec<String> {
        let of = |folder: &&str| {
            let start = format!("{folder}/");
            let inside = self.files.range(start.clone()..);
            let inside = inside.take_while(|(name, _)| name.starts_with(&start));
            let days = inside.filter(|(name, _)| is_day(&name[start.len()..]));
            days.map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        let found = folders.iter().filter(|folder| !folder.is_empty()).map(of);
        found
            .into_iter()
            .find(|days| !days.is_empty())
            .unwrap_or_default()
    }
}

/// `2024-01-31.json`
fn is_day(name: &str) -> bool {
    let form = |(at, c): (usize, char)| match at {
        4 | 7 => c == '-',
        _ => c.is_ascii_digit(),
    };
    name.strip_suffix(".json")
        .is_some_and(|day| day.len() == 10 && day.chars().enumerate().all(form))
}

fn list(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut BTreeMap<String, Place>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let (path, name) = (entry.path(), format!("{prefix}{name}"));
        if !path.is_dir() {
            files.insert(name, Place::Path(path));
        } else if depth > 0 {
            list(&path, &format!("{name}/"), depth - 1, files)?;
        }
    }
    Ok(())
}

/// The names within the folder that has `users.json`: some programs pack the export into one. `None` if there is no such file.
fn within_root(files: BTreeMap<String, Place>) -> Option<BTreeMap<String, Place>> {
    let roots = files.keys().filter_map(|name| {
        let root = name.strip_suffix("users.json")?;
        (root.is_empty() || root.ends_with('/')).then_some(root)
    });
    let root = roots.min_by_key(|root| root.len())?.to_owned();
    let inside = files.into_iter().filter_map(|(name, place)| {
        let name = name.strip_prefix(&root)?;
        Some((name.to_owned(), place))
    });
    Some(inside.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_days_have_messages() {
        assert!(is_day("2024-01-31.json"));
        for other in [
            "canvas_in_the_conversation.json",
            "2024-1-31.json",
            "2024-01-31.jsonx",
            "2024-01-31",
        ] {
            assert!(!is_day(other), "{other}");
        }
    }

    #[test]
    fn an_export_may_be_in_a_folder_of_its_own() {
        let names = [
            "acme/users.json",
            "acme/general/2024-01-31.json",
            "acme/old/users.json",
            "x",
        ];
        let files = names.map(|name| (name.to_owned(), Place::Index(0)));
        let inside = within_root(files.into()).unwrap();
        assert_eq!(
            inside.into_keys().collect::<Vec<_>>(),
            ["general/2024-01-31.json", "old/users.json", "users.json"]
        );
        assert!(within_root([("my-users.json".to_owned(), Place::Index(0))].into()).is_none());
    }
}
