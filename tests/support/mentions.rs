//! Checks that what the docs mention exists: fields of a ChatDeployment, values of the chart, settings, metrics, scripts and
//! commands with their flags. Reads files of the checkout; no other I/O.

use std::collections::BTreeSet;

use crate::links::pages;
use crate::vocabulary::sources::{checkout, files, read};

/// Fields of other kinds.
const OTHER_KINDS: &[&str] = &[
    "spec.entityOperator.topicOperator",
    "spec.volumeName",
    "status.storedVersions",
];

/// What each program's command line is made of.
const PROGRAMS: &[(&str, &[&str])] = &[
    (
        "chat-app",
        &["chat-app/src/config.rs", "chat-app/src/config"],
    ),
    ("operator", &["operator/src/config.rs"]),
    ("kubectl confab", &["operator/kubectl-confab"]),
    (
        "confab-delivery",
        &["tests/delivery/src/bin/confab-delivery"],
    ),
];

/// What is between backticks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// The lines of indented blocks, without a prompt.
fn block_lines(text: &str) -> impl Iterator<Item = &str> {
    let indented = text.lines().filter(|line| line.starts_with("    "));
    indented.map(|line| line.trim().trim_start_matches("$ "))
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

/// Every value of the chart that has a default, as `a.b.c`, with the maps above it.
fn chart_values() -> BTreeSet<String> {
    let mut values = BTreeSet::new();
    let mut path: Vec<String> = Vec::new();
    for line in read("charts/confab/values.yaml").lines() {
        let name = line.trim_start();
        let Some((name, _)) = name.split_once(':').filter(|_| !name.starts_with('#')) else {
            continue;
        };
        path.truncate((line.len() - line.trim_start().len()) / 2);
        path.push(name.to_owned());
        values.insert(path.join("."));
    }
    values
}

#[test]
fn the_page_of_the_chart_has_a_row_for_every_value_and_no_other() {
    let values = chart_values();
    let page = read("charts/confab/README.md");
    let rows: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
        .flat_map(|cell| cell.split(['`', ',', ' ']).filter(|name| !name.is_empty()))
        .collect();
    let above = |value: &str| {
        let mut above = value.match_indices('.').map(|(end, _)| &value[..end]);
        above.any(|name| rows.contains(name))
    };
    let is_map = |value: &str| {
        let inner = format!("{value}.");
        values.iter().any(|name| name.starts_with(&inner))
    };
    let undocumented: Vec<_> = values
        .iter()
        .filter(|value| !is_map(value) && !rows.contains(value.as_str()) && !above(value))
        .collect();
    assert!(undocumented.is_empty(), "without a row: {undocumented:?}");
    let unknown: Vec<_> = rows.iter().filter(|row| !values.contains(**row)).collect();
    assert!(unknown.is_empty(), "not in values.yaml: {unknown:?}");
}

#[test]
fn every_value_of_the_chart_that_a_command_sets_exists() {
    let values = chart_values();
    // `a.annotations.KEY` and `a.labels.KEY` set one entry of a map that is empty by default.
    let known = |key: &str| {
        let parts: Vec<_> = key.split('.').collect();
        (1..=parts.len()).any(|end| {
            let name = parts[..end].join(".");
            let is_entry = name.ends_with("annotations") || name.ends_with("labels");
            values.contains(&name) && (end == parts.len() || is_entry)
        })
    };
    let mut seen = 0;
    for page in pages() {
        for rest in read(&page).split("--set").skip(1) {
            let setting = rest
                .trim_start_matches("-string")
                .trim_start_matches("-json");
            let Some((key, _)) = setting.trim_start_matches([' ', '\'']).split_once('=') else {
                continue;
            };
            let (key, _index) = key.split_once('[').unwrap_or((key, ""));
            assert!(known(key), "{page}: --set {key}");
            seen += 1;
        }
    }
    assert!(seen > 5, "only {seen} were found");
}

/// Whether the code defines this subcommand, as clap derives it from a variant.
fn is_subcommand(code: &str, name: &str) -> bool {
    let capitalized = |part: &str| part[..1].to_uppercase() + &part[1..];
    let variant: String = name.split('-').map(capitalized).collect();
    [" {", "(", ","]
        .iter()
        .any(|end| code.contains(&format!("\n    {variant}{end}")))
}

/// Whether the code defines this flag, as clap derives it from a field, or by its name.
fn is_flag(code: &str, name: &str) -> bool {
    let field = name.replace('-', "_");
    ["help", "version"].contains(&name)
        || code.contains(&format!(" {field}: "))
        || code.contains(&format!("long = \"{name}\""))
}

/// What a command names that its program does not have.
fn unknown_parts(code: &str, arguments: &str) -> Vec<String> {
    let words: Vec<&str> = arguments
        .split_whitespace()
        .take_while(|word| !["|", ">", "&&", ";", "#"].contains(word))
        .collect();
    let is_word = |word: &&&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let subcommands = words.iter().take_while(is_word).take(1);
    let flags = words.iter().filter_map(|word| {
        let name = word.trim_start_matches('[').strip_prefix("--")?;
        name.split(['=', ']', ',']).next()
    });
    let no_command =
        subcommands.filter(|name| !name.starts_with('-') && !is_subcommand(code, name));
    let no_flag = flags.filter(|name| !name.is_empty() && !is_flag(code, name));
    no_command
        .map(|name| (*name).to_owned())
        .chain(no_flag.map(|name| format!("--{name}")))
        .collect()
}

#[test]
fn every_command_of_a_program_that_the_docs_show_exists() {
    for (program, folders) in PROGRAMS {
        let code: String = folders
            .iter()
            .flat_map(|folder| files(folder, ".rs"))
            .map(|file| read(&file))
            .collect();
        expect_none(|text| {
            let commands = spans(text).chain(block_lines(text));
            let arguments = commands.filter_map(|command| {
                let start = command.find(&format!("{program} "))?;
                let before = &command[..start];
                let alone = before.is_empty() || before.ends_with('/') && !before.contains('=');
                alone.then(|| &command[start + program.len()..])
            });
            arguments
                .flat_map(|arguments| unknown_parts(&code, arguments))
                .map(|part| format!("{program} {part}"))
                .collect()
        });
    }
}

#[test]
fn every_script_that_a_command_block_runs_exists_and_knows_its_flags() {
    expect_none(|text| {
        let runs = block_lines(text).filter(|line| line.starts_with("tests/"));
        runs.flat_map(|line| {
            let mut words = line.split_whitespace();
            let script = words.next().expect("a line has a word");
            let Ok(source) = std::fs::read_to_string(checkout().join(script)) else {
                return vec![script.to_owned()];
            };
            let flags = words.take_while(|word| *word != "--" && *word != "#");
            let unknown = flags.filter(|word| {
                word.starts_with("--") && script != "tests/cargo" && !source.contains(*word)
            });
            unknown.map(|flag| format!("{script} {flag}")).collect()
        })
        .collect()
    });
}

#[test]
fn a_flag_and_a_subcommand_are_those_that_clap_derives() {
    let code = "enum Command {\n    /// Writes.\n    SetupUrl(Name),\n}\nstruct Name {\n    pub dry_run: bool,\n}";
    assert!(unknown_parts(code, " setup-url NAME --dry-run").is_empty());
    assert_eq!(
        unknown_parts(code, " set-up --dry --help | less --raw"),
        ["set-up", "--dry"]
    );
}
