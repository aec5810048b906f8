//! Checks that what the docs mention exists: fields of a ChatDeployment, settings and metrics; values of the chart; commands.
//! Reads files of the checkout; no other I/O.

mod commands;
mod values;

use std::collections::BTreeSet;

use crate::links::pages;
use crate::vocabulary::sources::{checkout, files, read};

/// Fields of other kinds.
const OTHER_KINDS: &[&str] = &[
    "spec.entityOperator.topicOperator",
    "spec.volumeName",
    "status.storedVersions",
];

/// What is between backticks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Runs a check on each page, and fails with everything that it finds.
fn expect_none(missing: impl Fn(&str) -> Vec<String>) {
    let found = |page: &String| {
        let of_page = missing(&read(page)).into_iter();
        of_page
            .map(|what| format!("{page}: {what}"))
            .collect::<Vec<_>>()
    };
    let all: Vec<_> = pages().iter().flat_map(found).collect();
    assert!(all.is_empty(), "{all:#?}");
}

/// Names with the prefix, wherever they are in the text.
fn names<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(move |c| !in_name(c))
        .filter(move |name| name.starts_with(prefix) && name.len() > prefix.len())
}

#[test]
fn every_field_of_a_chatdeployment_that_the_docs_mention_exists() {
    let reference = read("docs/reference/chatdeployment.md");
    let fields: BTreeSet<&str> = reference
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert!(fields.len() > 100, "{fields:?}");
    let top = |name: &str| fields.contains(format!("spec.{name}").as_str());
    expect_none(|text| {
        let paths = spans(text).filter_map(|span| {
            let end = span.find(|c: char| !c.is_ascii_alphanumeric() && !".[]".contains(c));
            let path = span[..end.unwrap_or(span.len())]
                .replace("[]", "")
                .trim_end_matches('.')
                .to_owned();
            let first = path.split_once('.')?.0;
            match first {
                "spec" | "status" => Some(path),
                _ => (top(first) && end.is_none()).then(|| format!("spec.{path}")),
            }
        });
        let value_of_the_chart =
            |path: &str| ["spec.kafka.image", "spec.postgres.image"].contains(&path);
        paths
            .filter(|path| !fields.contains(path.as_str()) && !OTHER_KINDS.contains(&path.as_str()))
            .filter(|path| !value_of_the_chart(path))
            .collect()
    });
}

#[test]
fn every_setting_that_the_docs_mention_exists() {
    let folders = [
        "chat-app/src",
        "operator/src",
        "tests",
        "Makefile",
        ".ci/run",
    ];
    let code: String = folders
        .iter()
        .flat_map(|folder| files(folder, ""))
        .filter_map(|file| std::fs::read_to_string(checkout().join(file)).ok())
        .collect();
    expect_none(|text| {
        names(text, "CONFAB_")
            .filter(|name| !code.contains(name))
            .map(str::to_owned)
            .collect()
    });
}

/// That page is compared with the programs by their own tests.
#[test]
fn every_metric_that_the_docs_mention_is_one_of_the_operations_page() {
    let explained = read("docs/operations.md");
    expect_none(|text| {
        let family = |name: &str| {
            let sample = ["_bucket", "_count", "_sum"];
            let suffix = sample.iter().find(|suffix| name.ends_with(**suffix));
            name[..name.len() - suffix.map_or(0, |it| it.len())].to_owned()
        };
        names(text, "confab_")
            .map(family)
            .filter(|name| !explained.contains(name.as_str()))
            .collect()
    });
}
