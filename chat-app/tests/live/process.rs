//! A replica as a process of its own: it can be suspended, killed and terminated.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::browser::eventually;
use crate::replica::Chat;

/// A running `chat-app serve`; killed when dropped.
pub struct Process {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    child: Child,
}

impl Process {
    /// Starts it with these flags besides the usual ones.
    pub async fn start(chat: &Chat, name: &str, more: &[&str]) -> Self {
        // reqwest requires a cryptography provider, even for `http:`.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (address, admin) = (free_address(), free_address());
        let child = Command::new(env!("CARGO_BIN_EXE_chat-app"))
            .args(["serve", "--kafka-bootstrap-servers", &chat.kafka])
            .args(["--topic-prefix", &chat.topics, "--instance", &chat.topics])
            .args(["--replica", name, "--drain-seconds", "0"])
            .args(["--listen", &address.to_string()])
            .args(["--admin-listen", &admin.to_string()])
            .args(more)
            .env("CONFAB_DATABASE_URL", chat.database_url())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            address,
            admin,
            child,
        }
    }

    /// The answer of `/readyz`, if there is one.
    pub async fn readiness(&self) -> Option<(bool, String)> {
        let answer = reqwest::get(format!("http://{}/readyz", self.admin)).await;
        let answer = answer.ok()?;
        Some((answer.status().is_success(), answer.text().await.ok()?))
    }

    /// Waits until `/readyz` answers that it is ready.
    pub async fn is_ready(&self) {
        eventually("the process is ready", async || {
            self.readiness().await.filter(|(ready, _)| *ready)
        })
        .await;
    }

    /// Its resident memory in KiB.
    pub fn resident(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id().unwrap());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let words = line.unwrap().split_whitespace().next().unwrap();
        words.parse().unwrap()
    }

    /// A value of `/metrics`; 0 if there is none.
    pub async fn metric(&self, name: &str) -> f64 {
        let page = reqwest::get(format!("http://{}/metrics", self.admin)).await;
        let page = page.unwrap().text().await.unwrap();
        page.lines()
            .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
            .unwrap_or(0.0)
    }

    pub async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it runs").to_string();
        let kill = Command::new("kill").args(["-s", name, &pid]).status().await;
        assert!(kill.unwrap().success());
    }

    /// Terminates it. Returns whether it succeeded, and how long it took.
    pub async fn end(mut self, limit: Duration) -> (bool, Duration) {
        self.signal("TERM").await;
        let start = Instant::now();
        let ended = tokio::time::timeout(limit, self.child.wait()).await;
        let status = ended.expect("it ends in time").unwrap();
        (status.success(), start.elapsed())
    }
}

/// A port that was free a moment ago.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
