//! Reads the settings from the command line and the environment, and reports errors in them. Does I/O: prints and exits.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use super::Cli;

/// Reads the command line and the environment, or prints what to correct and exits.
pub fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| match missing_settings(&error) {
        Some(line) => {
            eprintln!("{line}");
            std::process::exit(2)
        }
        None => error.exit(),
    })
}

/// One line that names the environment variables, if the error is about missing settings.
pub(super) fn missing_settings(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::MissingRequiredArgument {
        return None;
    }
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let names: Vec<String> = missing
        .iter()
        .map(|flag| {
            let flag = flag.split(' ').next().unwrap_or(flag);
            format!(
                "CONFAB_{} (or {flag})",
                flag.trim_start_matches('-')
                    .replace('-', "_")
                    .to_uppercase()
            )
        })
        .collect();
    Some(format!(
        "chat-app: set {}; see chat-app --help",
        names.join(" and ")
    ))
}

/// `CONFAB_` variables that match no setting: the operator is newer than the image, or a name is misspelled.
pub fn unknown_variables(environment: impl Iterator<Item = String>) -> Vec<String> {
    let command = Cli::command();
    let known: Vec<_> = command
        .get_subcommands()
        .flat_map(|sub| sub.get_arguments())
        .filter_map(|arg| arg.get_env())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    environment
        .filter(|name| name.starts_with("CONFAB_") && !known.contains(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_setting_is_named_in_one_line() {
        let serve = ["chat-app", "serve", "--kafka-bootstrap-servers", "k:9092"];
        let error = Cli::try_parse_from(serve).unwrap_err();
        assert_eq!(
            missing_settings(&error).unwrap(),
            "chat-app: set CONFAB_DATABASE_URL (or --database-url); see chat-app --help"
        );
    }

    #[test]
    fn an_unknown_variable_is_found() {
        let names = ["CONFAB_TITLE", "CONFAB_TITEL", "HOME"].map(String::from);
        assert_eq!(unknown_variables(names.into_iter()), ["CONFAB_TITEL"]);
    }
}
