//! Checks the commands that the docs show: programs with their subcommands and flags, and scripts. Reads files.

use super::{expect_none, spans};
use crate::vocabulary::sources::{checkout, files, read};

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

/// The lines of indented blocks, without a prompt.
fn block_lines(text: &str) -> impl Iterator<Item = &str> {
    let indented = text.lines().filter(|line| line.starts_with("    "));
    indented.map(|line| line.trim().trim_start_matches("$ "))
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
