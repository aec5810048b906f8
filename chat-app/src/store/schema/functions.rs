//! The SQL functions of `chat-app/sql`: applied as a whole by `migrate`, checked by `serve`. Does I/O.
//!
//! The table `schema_functions` is the state: `migrate` adds a row each time that it applies functions, and no row ever
//! goes. Its last row says which functions the database has.
//!
//! Functions may be newer than a replica, never older. An older replica works with newer functions since a function never
//! changes its signature (a new signature is a new name), a body keeps what it promised to its callers, and `migrate` drops
//! nothing. So the functions of an older release never replace those of a newer one: a rollback leaves them.

use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection};

/// The functions of a release.
#[derive(Clone, Copy, Debug)]
pub struct Functions {
    /// The name and the text of each file.
    pub files: &'static [(&'static str, &'static str)],
    /// `[0, 1, 0]`. A release candidate counts as its release.
    pub release: [i32; 3],
}

/// Those of this program.
pub const OWN: Functions = Functions {
    files: include!(concat!(env!("OUT_DIR"), "/functions.rs")),
    release: [
        number(env!("CARGO_PKG_VERSION_MAJOR")),
        number(env!("CARGO_PKG_VERSION_MINOR")),
        number(env!("CARGO_PKG_VERSION_PATCH")),
    ],
};

const fn number(digits: &str) -> i32 {
    match i32::from_str_radix(digits, 10) {
        Ok(number) => number,
        Err(_) => panic!("cargo gives numbers"),
    }
}

/// Why functions were not applied. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("function {name}: {source}")]
    Function {
        name: &'static str,
        source: sqlx::Error,
    },
    #[error(transparent)]
    Postgres(#[from] sqlx::Error),
}

impl Functions {
    /// SHA-256 of all names and texts.
    pub fn digest(&self) -> Vec<u8> {
        let mut digest = Sha256::new();
        for part in self.files.iter().flat_map(|(name, text)| [name, text]) {
            // The length keeps two lists apart whose parts join to the same text.
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        digest.finalize().to_vec()
    }

    /// The SQL that `apply` runs, as a part of a migration: for tests.
    pub(super) fn script(&self) -> String {
        let texts: String = self.files.iter().map(|(_, text)| *text).collect();
        let digest: String = self.digest().iter().map(|b| format!("{b:02x}")).collect();
        format!(
            "SET LOCAL check_function_bodies = off;\n{texts}
             INSERT INTO schema_functions (release, digest) VALUES (ARRAY{:?}, '\\x{digest}');",
            self.release
        )
    }
}

/// Applies the functions unless the database has them, or newer ones. Whether it did. One transaction: all or nothing.
///
/// Replacing a function takes no lock that a send waits for; calls under way end with the body they began with.
pub async fn apply(connection: &mut PgConnection, functions: &Functions) -> Result<bool, Error> {
    if !missing(connection, functions).await? {
        return Ok(false);
    }
    let mut tx = connection.begin().await?;
    // Another migrate may be doing the same.
    sqlx::query("LOCK TABLE schema_functions IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *tx)
        .await?;
    if !missing(&mut tx, functions).await? {
        return Ok(false);
    }
    // Bodies may call functions that come later in the list. So the first round does not check them; the second does, so
    // that an error shows here and not at the first call.
    for check in [
        "SET LOCAL check_function_bodies = off",
        "SET LOCAL check_function_bodies = on",
    ] {
        sqlx::query(check).execute(&mut *tx).await?;
        for &(name, text) in functions.files {
            let created = sqlx::raw_sql(text).execute(&mut *tx).await;
            created.map_err(|source| Error::Function { name, source })?;
        }
    }
    sqlx::query("INSERT INTO schema_functions (release, digest) VALUES ($1, $2)")
        .bind(functions.release)
        .bind(functions.digest())
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(true)
}

/// Whether the functions of the database are others, and not those of a newer release. Builds of one release, which only a
/// developer has, replace each other's.
async fn missing(connection: &mut PgConnection, functions: &Functions) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT NOT EXISTS (
             SELECT FROM (SELECT release, digest FROM schema_functions ORDER BY id DESC LIMIT 1) newest
             WHERE digest = $1 OR release > $2)",
    )
    .bind(functions.digest())
    .bind(functions.release)
    .fetch_one(connection)
    .await
}

/// Whether a replica of this release can work with the functions of the database: they are its own or were applied after
/// them, or they are those of a newer release.
pub async fn compatible(
    connection: &mut PgConnection,
    functions: &Functions,
) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM schema_functions WHERE digest = $1 OR release > $2)",
    )
    .bind(functions.digest())
    .bind(functions.release)
    .fetch_one(connection)
    .await
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Functions, OWN};

    #[test]
    fn each_file_holds_the_function_of_its_name_and_says_what_a_caller_must_know() {
        for (name, text) in OWN.files {
            let function = format!("\nCREATE OR REPLACE FUNCTION {name}(");
            assert_eq!(text.matches("\nCREATE ").count(), 1, "{name}");
            assert!(text.contains(&function), "{name}");
            for part in ["-- ", "\n-- Locks: ", "\n-- Called by: "] {
                let comment = text.split("\nCREATE ").next().unwrap_or_default();
                assert!(comment.contains(part), "{name}: {part}");
            }
        }
    }

    #[test]
    fn the_digest_depends_on_every_name_and_text() {
        let digest = |files| Functions { files, ..OWN }.digest();
        let all = [
            digest(&[("ab", "c")]),
            digest(&[("a", "bc")]),
            digest(&[("ab", "d")]),
            digest(&[("ab", "c"), ("", "")]),
        ];
        for (n, one) in all.iter().enumerate() {
            assert!(!all[n + 1..].contains(one));
        }
    }

    /// The functions that nothing calls: no other function, no trigger, not the program. One that is kept for the previous
    /// release says so.
    fn uncalled(files: &[(&str, &str)], others: &str) -> Vec<String> {
        let code = |text: &str| {
            let lines = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("--"));
            lines.collect::<Vec<_>>().join("\n")
        };
        let called = |name: &str| {
            let call = format!("{name}(");
            let begins_there = |before: &str| {
                !before.ends_with(|last: char| last.is_alphanumeric() || "_.".contains(last))
            };
            let by_function = files.iter().any(|(other, text)| {
                let code = code(text);
                let mut calls = code.match_indices(&call);
                *other != name && calls.any(|(at, _)| begins_there(&code[..at]))
            });
            let queries = ["SELECT ", "FROM ", "LATERAL ", "WHERE ", "FUNCTION ", "\""];
            by_function
                || queries
                    .iter()
                    .any(|before| others.contains(&format!("{before}{call}")))
        };
        let kept = |text: &str| text.contains("\n-- Retired: ");
        let dead = files
            .iter()
            .filter(|(name, text)| !called(name) && !kept(text));
        dead.map(|(name, _)| (*name).to_owned()).collect()
    }

    #[test]
    fn every_function_is_called_or_says_that_it_is_kept_for_the_previous_release() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut others = String::new();
        read_all(&folder.join("src"), "rs", &mut others);
        read_all(&folder.join("migrations"), "sql", &mut others);
        // A trigger of a migration calls its function; the function that it created first is no call.
        let others = others.replace("CREATE FUNCTION ", "");
        assert_eq!(uncalled(OWN.files, &others), [""; 0]);

        let planted = [
            ("dead", "-- dead(1)\nCREATE …"),
            ("kept", "--\n-- Retired: since 0.2.0.\nCREATE …"),
            ("one", "CREATE … one(\nundead(1)"),
        ];
        assert_eq!(uncalled(&planted, "SELECT other()"), ["dead", "one"]);
        assert_eq!(uncalled(&planted, "SELECT one(), dead()"), ["dead"]);
    }

    fn read_all(folder: &Path, extension: &str, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read_all(&path, extension, into);
            } else if path.extension().is_some_and(|found| found == extension) {
                into.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
}
