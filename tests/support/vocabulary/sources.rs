//! The texts of the checkout that people read. Reads files.

use std::fs;
use std::path::{Path, PathBuf};

use super::rust::{doc_comments, literals};

/// One text, with the place where it begins.
pub(crate) struct Text {
    pub file: String,
    /// The number of its first line.
    pub line: usize,
    pub body: String,
}

impl Text {
    pub(crate) fn new(file: &str, line: usize, body: &str) -> Self {
        let (file, body) = (file.to_owned(), body.to_owned());
        Self { file, line, body }
    }
}

/// Folders whose string literals people read.
const CODE: &[&str] = &[
    "operator/src",
    "chat-app/src",
    "tests/delivery",
    "tests/chaos",
];

/// Files and folders that people read from the first line to the last.
const PROSE: &[&str] = &[
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "CODE_OF_CONDUCT.md",
    ".github",
    "docs",
    "charts/confab/README.md",
    "charts/confab/files/alerts.yaml",
    "charts/confab/files/dashboard.json",
    "charts/confab/templates/NOTES.txt",
    "charts/confab/values.yaml",
    "charts/confab/values.schema.json",
    "crds",
];

/// The English texts of the pages; other languages have other words.
const PAGES: &str = "chat-app/locales/en";

pub(crate) fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate is a folder of the checkout")
}

/// All texts.
pub(crate) fn texts() -> Vec<Text> {
    let code = CODE
        .iter()
        .flat_map(|folder| files(folder, "rs"))
        .flat_map(|file| of_code(&file));
    let prose = PROSE
        .iter()
        .flat_map(|path| files(path, ""))
        .filter(|file| !file.ends_with(".png"));
    let prose = prose.flat_map(|file| paragraphs(&file));
    let pages = files(PAGES, "ftl")
        .into_iter()
        .flat_map(|file| of_page(&file));
    code.chain(prose).chain(pages).collect()
}

/// Paths from the checkout's root, below a folder or of a file, that end as given.
pub(crate) fn files(path: &str, ending: &str) -> Vec<String> {
    let full = checkout().join(path);
    if full.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(&full).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect(path).path()).collect();
    found.sort();
    let inner = found.iter().map(|inner| {
        inner
            .strip_prefix(checkout())
            .expect("it is inside")
            .to_string_lossy()
    });
    inner
        .flat_map(|inner| files(&inner, ending))
        .filter(|file| file.ends_with(ending))
        .collect()
}

pub(crate) fn read(file: &str) -> String {
    fs::read_to_string(checkout().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Literals, but for SQL and tests; of what becomes `--help` or the CRD, doc comments too.
fn of_code(file: &str) -> Vec<Text> {
    if file.ends_with("tests.rs") || file.contains("/tests/") && file.contains("/src/") {
        return Vec::new();
    }
    let source = read(file);
    let mut pieces = literals(&source);
    pieces.retain(|(_, text)| !is_sql(text));
    if file.contains("/crd") || source.contains("clap::") {
        pieces.extend(doc_comments(&source));
    }
    pieces
        .iter()
        .map(|(line, text)| Text::new(file, *line, text))
        .collect()
}

/// SQL names columns and rows by whatever word is short.
fn is_sql(text: &str) -> bool {
    let words = [
        "SELECT ", " FROM ", "WHERE ", "INSERT ", "UPDATE ", "DELETE ",
    ];
    words.iter().any(|word| text.contains(word))
}

fn paragraphs(file: &str) -> Vec<Text> {
    let mut line = 1;
    let mut texts = Vec::new();
    for paragraph in read(file).split("\n\n") {
        texts.push(Text::new(file, line, paragraph));
        line += paragraph.matches('\n').count() + 2;
    }
    texts
}

/// What is behind `name =`, and the lines that continue it.
fn of_page(file: &str) -> Vec<Text> {
    let value = |(index, line): (usize, &str)| {
        let text = line.split_once(" = ").map_or(line, |(_, value)| value);
        (!line.starts_with('#')).then(|| Text::new(file, index + 1, text))
    };
    read(file).lines().enumerate().filter_map(value).collect()
}
