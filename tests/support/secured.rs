//! A Kafka or a PostgreSQL with authentication and TLS for one test (`tests/services/secured`). Dropping it stops the server.
//! I/O.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::names::unique;
use crate::port::free_ports;

pub struct Secured {
    /// It listens on this port of localhost; Kafka also on the next one.
    pub port: u16,
    directory: PathBuf,
    process: Child,
    is_kafka: bool,
}

impl Secured {
    /// Starts it; it answers some seconds later.
    ///
    /// # Errors
    /// No ports are free, or the script does not run.
    pub fn start(kind: &str) -> Result<Self> {
        let port = free_ports(4)?;
        // Readable by the user of the server.
        let directory = PathBuf::from("/var/tmp").join(unique("confab-secured"));
        // Tests run in the folder of their package. A path from compile time could be that of another checkout with the same
        // target directory.
        let script = "../tests/services/secured";
        let process = Command::new(script)
            .arg(kind)
            .arg(&directory)
            .arg(port.to_string())
            .stdout(Stdio::null())
            .spawn()
            .context(script)?;
        Ok(Self {
            port,
            directory,
            process,
            is_kafka: kind == "kafka",
        })
    }

    /// The path of `ca.crt`, `client.crt` or `client.key`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        // The script execs the server, so this process is the server. SIGINT lets PostgreSQL release its shared memory. Java in
        // the background ignores it.
        let pid = self.process.id().to_string();
        let ask = || Command::new("kill").args(["-INT", &pid]).status();
        if self.is_kafka || !ask().is_ok_and(|status| status.success()) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
