//! A Kafka or a PostgreSQL of one test's own that wants to know who is there: what `tests/services/secured` runs.
//! Tests of several crates include this file. It ends with the value.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The running server.
pub struct Secured {
    /// It speaks at this port of localhost, Kafka at the next one too.
    pub port: u16,
    directory: PathBuf,
    process: Child,
    is_kafka: bool,
}

impl Secured {
    /// Starts it. It answers some seconds later.
    pub fn start(kind: &str) -> Self {
        let (port, directory) = (free_ports(), directory());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/services/secured");
        let process = Command::new(script)
            .arg(kind)
            .arg(&directory)
            .arg(port.to_string())
            .stdout(Stdio::null())
            .spawn()
            .expect("tests/services/secured runs");
        Self {
            port,
            directory,
            process,
            is_kafka: kind == "kafka",
        }
    }

    /// One of the files that it was given: `ca.crt`, `client.crt` or `client.key`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        // The script has become the server by now, or is about to: either way it is this process. Asked to end,
        // PostgreSQL gives its shared memory back. Java, started in the background, would not hear it.
        let pid = self.process.id().to_string();
        let ask = || Command::new("kill").args(["-INT", &pid]).status();
        if self.is_kafka || !ask().is_ok_and(|status| status.success()) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Readable by whichever user the server runs as.
fn directory() -> PathBuf {
    let unique = getrandom::u64().expect("the system has a source of randomness");
    PathBuf::from(format!("/var/tmp/confab-secured-{unique:016x}"))
}

/// The first of four in a row, below those that the system gives to clients.
fn free_ports() -> u16 {
    loop {
        let random = getrandom::u32().expect("the system has a source of randomness");
        let first = 20_000 + (random % 2_500) as u16 * 4;
        let all = (first..first + 4).map(|port| TcpListener::bind(("127.0.0.1", port)));
        if all.collect::<Result<Vec<_>, _>>().is_ok() {
            return first;
        }
    }
}
