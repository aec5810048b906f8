//! Checks that what the docs name exists: files, headings, make targets, log lines. Reads files of the checkout; no other I/O.

use std::collections::HashSet;
use std::path::Path;

use crate::vocabulary::sources::{checkout, files, read};

pub(crate) fn pages() -> Vec<String> {
    let docs = files("docs", ".md");
    let other = [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "charts/confab/README.md",
    ];
    docs.into_iter().chain(other.map(str::to_owned)).collect()
}

/// What is between `start` and `end`, each time.
fn between<'a>(text: &'a str, start: &'a str, end: char) -> impl Iterator<Item = &'a str> {
    text.split(start)
        .skip(1)
        .filter_map(move |rest| rest.split(end).next())
}

/// As GitHub names a heading in a link.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
    let name: String = heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(kept)
        .collect();
    name.replace(' ', "-")
}

fn anchors(page: &str) -> HashSet<String> {
    page.lines()
        .filter(|line| line.starts_with('#'))
        .map(anchor)
        .collect()
}

#[test]
fn every_link_of_the_docs_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = read(&page);
        let folder = Path::new(&page).parent().expect("a file is in a folder");
        let links = between(&text, "](", ')').chain(between(&text, "src=\"", '"'));
        for link in links.filter(|link| !link.contains("://")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                page.clone()
            } else {
                folder.join(path).to_string_lossy().into_owned()
            };
            let exists = checkout().join(&target).exists();
            if !exists || !heading.is_empty() && !anchors(&read(&target)).contains(heading) {
                broken.push(format!("{page}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_index_of_the_docs_lists_every_page() {
    let index = read("docs/README.md");
    let linked: HashSet<_> = between(&index, "](", ')').collect();
    let missing: Vec<_> = files("docs", ".md")
        .into_iter()
        .filter(|page| page != "docs/README.md")
        .filter(|page| !linked.contains(page.trim_start_matches("docs/")))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// `NAME` in `chat-app/src/http/NAME.rs`.
fn is_placeholder(part: &str) -> bool {
    part != "README" && !part.is_empty() && part.chars().all(|c| c.is_ascii_uppercase())
}

#[test]
fn every_path_of_the_checkout_that_the_docs_name_exists() {
    let folders = [
        "tests/",
        "chat-app/",
        "operator/",
        "charts/",
        "crds/",
        "dist/",
        "docs/",
        "examples/",
        ".ci/",
        ".github/",
    ];
    let is_path = |name: &&str| {
        folders.iter().any(|folder| name.starts_with(folder))
            && !name.contains([' ', '<', '*', ':'])
            && !name.split(['/', '.', '_']).any(is_placeholder)
    };
    let gone: Vec<_> = pages()
        .into_iter()
        .flat_map(|page| {
            let text = read(&page);
            let named: Vec<_> = text.split('`').filter(is_path).map(str::to_owned).collect();
            named.into_iter().map(move |path| format!("{page}: {path}"))
        })
        .filter(|named| {
            !checkout()
                .join(named.split(": ").nth(1).expect("a path"))
                .exists()
        })
        .collect();
    assert!(gone.is_empty(), "{gone:#?}");
}

#[test]
fn every_make_target_that_the_docs_name_exists() {
    let makefile = read("Makefile");
    let mut missing = Vec::new();
    for page in pages() {
        let text = read(&page);
        let named = between(&text, "`make ", '`').chain(between(&text, "\n    make ", '\n'));
        for target in named.filter_map(|command| command.split_whitespace().next()) {
            if !makefile.contains(&format!("\n{target}:")) {
                missing.push(format!("{page}: make {target}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_log_line_that_the_operations_page_explains_is_one_of_the_operator() {
    let code: String = files("operator/src", ".rs")
        .iter()
        .map(|file| read(file))
        .collect();
    let page = read("docs/operations.md");
    let table = page
        .split("| Log line |")
        .nth(1)
        .expect("the table of log lines");
    let lines: Vec<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert!(lines.len() >= 5, "{lines:?}");
    let gone: Vec<_> = lines.iter().filter(|line| !code.contains(**line)).collect();
    assert!(gone.is_empty(), "{gone:?}");
}
