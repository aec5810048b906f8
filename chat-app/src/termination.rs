//! How a command that ends reports its outcome: to Kubernetes, to the person who ran it, and as an exit status. Does I/O.

use std::path::Path;
use std::process::ExitCode;

/// Writes the outcome to the termination log, and an error to standard error too. Neither may hold a secret.
pub(crate) fn finish(log: &Path, outcome: Result<String, String>) -> ExitCode {
    let (Ok(message) | Err(message)) = &outcome;
    write(log, message);
    match outcome {
        Ok(_) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("chat-app: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// Only to a file that exists: outside of Kubernetes nobody reads it.
fn write(file: &Path, message: &str) {
    if file.exists()
        && let Err(error) = std::fs::write(file, message)
    {
        tracing::warn!(file = %file.display(), %error, "could not write the termination message");
    }
}
