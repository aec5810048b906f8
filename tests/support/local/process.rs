//! A child process that ends with this program. Does I/O.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::{Context, Result, ensure};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// The user of PostgreSQL and Kafka if this program is root, as in tests/services: PostgreSQL refuses root.
const USER: &str = "nobody";
const GROUP: &str = "nogroup";

/// A signal, by its name for `kill`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A shutdown; PostgreSQL then waits for its clients.
    Term,
    Int,
    Kill,
    Stop,
    Cont,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Term => "-TERM",
            Self::Int => "-INT",
            Self::Kill => "-KILL",
            Self::Stop => "-STOP",
            Self::Cont => "-CONT",
        }
    }
}

/// Whether this program is root.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// `program` as the service user; the kernel kills it when this program ends for any reason.
pub fn service(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=KILL");
    if is_root() {
        command.arg(format!("--reuid={USER}"));
        command.args([&format!("--regid={GROUP}"), "--clear-groups"]);
    }
    command.arg(program);
    command
}

/// Makes the service user the owner of a file or directory.
pub async fn chown(path: &Path) -> Result<()> {
    if is_root() {
        let mut command = Command::new("chown");
        command.arg(format!("{USER}:{GROUP}")).arg(path);
        finish(command).await?;
    }
    Ok(())
}

/// Runs a command to its end; its stderr becomes the error.
pub async fn finish(mut command: Command) -> Result<String> {
    let done = command.stdin(Stdio::null()).kill_on_drop(true);
    let what = format!("{:?}", done.as_std());
    let output = done.output().await.context(what.clone())?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{what}: {}", said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[derive(Debug)]
pub struct Process {
    child: Child,
    pid: u32,
}

impl Process {
    /// Starts it; its output is appended to `log`.
    pub fn start(mut command: Command, log: &Path) -> Result<Self> {
        let what = format!("{:?}", command.as_std());
        let log = File::options().append(true).create(true).open(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context(what)?;
        let pid = child.id().context("it exited at once")?;
        Ok(Self { child, pid })
    }

    /// Its process id, even after its end.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal; an error when it has ended before.
    pub async fn signal(&mut self, signal: Signal) -> Result<()> {
        ensure!(self.is_alive(), "pid {} has ended by itself", self.pid);
        let mut kill = Command::new("kill");
        kill.arg(signal.name()).arg(self.pid.to_string());
        finish(kill).await.map(|_| ())
    }

    /// Waits for its end; the status it ended with, as a person reads it.
    pub async fn ended(&mut self, limit: Duration) -> Result<String> {
        let status = timeout(limit, self.child.wait()).await;
        let status = status.with_context(|| format!("pid {} does not end", self.pid))??;
        Ok(status.to_string())
    }

    /// Sends a signal and waits for the end.
    pub async fn stop(&mut self, signal: Signal, limit: Duration) -> Result<String> {
        self.signal(signal).await?;
        self.ended(limit).await
    }

    /// The state letter of /proc: `T` when stopped.
    pub fn state(&self) -> Result<char> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        let after_name = stat.rsplit_once(") ").map(|(_, rest)| rest);
        after_name
            .and_then(|rest| rest.chars().next())
            .context("no state in /proc")
    }

    /// Its resident memory in bytes.
    pub fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(kib.context("no VmRSS in /proc")? * 1024)
    }
}
