//! The chromedriver process of one browser: started on a free port, ended with everything it started.

use std::process::Stdio;

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::wait::seconds;

const INSTALL: &str = "chromium and chromedriver are needed: run tests/browser/install";

/// It looks for a port that is free, and then takes it: another one that starts may be quicker.
const TRIES: u32 = 3;

/// A running chromedriver with a profile folder of its own.
#[derive(Debug)]
pub(super) struct Driver {
    process: Child,
    /// Its browser's own folder.
    profile: TempDir,
    /// Where it takes WebDriver commands.
    pub(super) url: String,
}

impl Driver {
    /// Starts chromedriver and waits until it says on which port.
    pub(super) async fn start() -> Result<Self> {
        let mut tries = TRIES;
        loop {
            tries -= 1;
            match Self::started().await {
                Err(_) if tries > 0 => {}
                outcome => return outcome,
            }
        }
    }

    async fn started() -> Result<Self> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Browser processes stay in its group, so that ending the group ends all of them.
            .process_group(0)
            .spawn()
            .context(INSTALL)?;
        let output = process.stdout.take().context("stdout is piped")?;
        let mut driver = Self {
            process,
            profile: TempDir::with_prefix("confab-browser-")?,
            url: String::new(),
        };
        let mut lines = BufReader::new(output).lines();
        let port = timeout(seconds(30), async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, port)) = line.split_once("started successfully on port ") {
                    return Ok(port.trim_end_matches('.').to_owned());
                }
            }
            Err(anyhow!("chromedriver ended at once. {INSTALL}"))
        });
        let port = port.await.context("chromedriver names no port in 30 s")??;
        driver.url = format!("http://127.0.0.1:{port}");
        Ok(driver)
    }

    /// The capabilities of a headless browser that talks to nobody but the chat.
    pub(super) fn capabilities(&self, javascript: bool) -> serde_json::Value {
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        // 1 allows, 2 blocks; this preference is what a managed browser's policy sets.
        let script = if javascript { 1 } else { 2 };
        serde_json::json!({
            "timeouts": {"pageLoad": 30_000, "script": 10_000},
            "goog:chromeOptions": {
                "args": [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--disable-dev-shm-usage", "--disable-breakpad", "--lang=en-GB", "--no-proxy-server",
                    "--window-size=1280,900", profile,
                ],
                "prefs": {"profile.managed_default_content_settings.javascript": script},
            },
        })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(pid) = self.process.id() {
            let group = format!("-{pid}");
            // Nothing can be done about a failure here, and the test has its result.
            let _ = std::process::Command::new("kill")
                .args(["-KILL", "--", &group])
                .status();
        }
    }
}
