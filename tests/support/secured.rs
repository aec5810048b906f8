//! A Kafka or a PostgreSQL of one test's own that wants to know who is there: what `tests/services/secured` runs.
//! It ends with the value. I/O.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::names::unique;
use crate::port::free_ports;

pub struct Secured {
    /// It speaks at this port of localhost, Kafka at the next one too.
    pub port: u16,
    directory: PathBuf,
    process: Child,
    is_kafka: bool,
}

impl Secured {
    /// Starts it. It answers some seconds later.
    ///
    /// # Errors
    /// No ports are free, or the script does not run.
    pub fn start(kind: &str) -> Result<Self> {
        let port = free_ports(4)?;
        // Readable by whichever user the server runs as.
        let directory = PathBuf::from("/var/tmp").join(unique("confab-secured"));
        // Tests run in the folder of their package. A path of when this was compiled may be that of another checkout, where
        // two have a target directory in common.
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
