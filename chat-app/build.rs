//! The program holds its migrations and its SQL functions: a new file among them changes it. Reads `sql`, writes the list
//! of its files for `store::schema::functions`.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=sql");
    let folder = Path::new(&variable("CARGO_MANIFEST_DIR")).join("sql");
    let list = Path::new(&variable("OUT_DIR")).join("functions.rs");
    fs::write(list, list_of(&sql_files(&folder)?))
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

/// By name, so that the digest does not depend on the file system.
fn sql_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A slice of names and texts.
fn list_of(files: &[PathBuf]) -> String {
    let entries = files.iter().map(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        format!("    ({name:?}, include_str!({path:?})),\n")
    });
    format!("&[\n{}]\n", entries.collect::<String>())
}
