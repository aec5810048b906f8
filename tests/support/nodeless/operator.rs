//! Runs the operator as a process of a test. I/O.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use super::process::OperatorProcess;
use crate::names::unique;
use crate::wait::eventually;

#[derive(Clone, Debug)]
pub struct Settings {
    pub program: PathBuf,
    /// The address of the API server, or of a proxy.
    pub server: String,
    /// The namespaces that it watches; empty: all.
    pub namespaces: Vec<String>,
    /// The namespace of the Lease.
    pub lease: String,
    /// Its identity in the Lease. None: no leader election.
    pub identity: Option<String>,
}

/// A running operator; it is killed when this is dropped.
pub struct Operator {
    process: OperatorProcess,
    log: PathBuf,
}

impl Operator {
    /// Starts it; proxies kill it through `process`.
    pub async fn start(settings: &Settings, process: &OperatorProcess) -> Result<Self> {
        let directory = std::env::temp_dir().join("confab-nodeless");
        std::fs::create_dir_all(&directory)?;
        let name = unique("operator");
        let kubeconfig = directory.join(format!("{name}.kubeconfig"));
        std::fs::write(&kubeconfig, kubeconfig_of(&settings.server))?;
        let log = directory.join(format!("{name}.log"));
        let child = command(settings, &kubeconfig, &log)?.spawn();
        process
            .set(child.with_context(|| settings.program.display().to_string())?)
            .await;
        Ok(Self {
            process: process.clone(),
            log,
        })
    }

    /// Kills it, like a crash.
    pub async fn kill(&self) {
        self.process.kill().await;
    }

    /// Stops it by SIGTERM, and waits until it has exited.
    pub async fn stop(&self) -> Result<()> {
        self.process.terminate(Duration::from_secs(15)).await
    }

    pub async fn has_exited(&self) -> bool {
        self.process.has_exited().await
    }

    pub async fn pid(&self) -> Result<u32> {
        self.process.pid().await.context("the operator has exited")
    }

    /// Status and text of `/readyz`, `/livez` or `/metrics`.
    pub async fn admin(&self, path: &str) -> Result<(u16, String)> {
        let answer = reqwest::get(format!("http://{}{path}", self.admin_address()?)).await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// The address of its admin port, from the first line of its log. It picks a free port itself: a port that is chosen before
    /// may be taken when it starts.
    pub fn admin_address(&self) -> Result<String> {
        let log = self.log();
        let (_, rest) = log.split_once(" admin=").context("it has not started")?;
        let address = rest.split_whitespace().next();
        Ok(address.context("an address")?.to_owned())
    }

    /// The number of reconciles, of all chats.
    pub async fn reconciles(&self) -> Result<f64> {
        let (_, metrics) = self.admin("/metrics").await?;
        let counts = metrics
            .lines()
            .filter(|line| line.starts_with("controller_runtime_reconcile_total{"))
            .map(|line| line.rsplit(' ').next().unwrap_or_default().parse::<f64>());
        Ok(counts.sum::<std::result::Result<_, _>>()?)
    }

    /// Waits until it has not reconciled for a second: everything that a change caused is done.
    pub async fn wait_until_idle(&self, limit: Duration) -> Result<()> {
        let (mut known, mut since) = (-1.0, Instant::now());
        eventually(limit, "the operator is idle", async || {
            let reconciles = self.reconciles().await?;
            if reconciles != known {
                (known, since) = (reconciles, Instant::now());
            }
            ensure!(
                since.elapsed() >= Duration::from_secs(1),
                "{reconciles} reconciles"
            );
            Ok(())
        })
        .await
    }

    /// Waits until `/readyz` answers with this status and a text that contains this.
    pub async fn wait_for_readyz(&self, limit: Duration, status: u16, text: &str) -> Result<()> {
        eventually(
            limit,
            &format!("/readyz answers {status} {text}"),
            async || {
                let (code, said) = self.admin("/readyz").await?;
                ensure!(code == status && said.contains(text), "{code} {said}");
                Ok(())
            },
        )
        .await
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

fn command(settings: &Settings, kubeconfig: &Path, log: &Path) -> Result<Command> {
    let mut command = Command::new(&settings.program);
    command
        .arg("run")
        .arg(format!("--leader-election={}", settings.identity.is_some()))
        .arg(format!("--namespace={}", settings.lease))
        .arg("--admin-listen=127.0.0.1:0")
        .arg("--log=info,operator=debug")
        .arg("--default-image=confab/chat-app:1")
        .env_clear()
        .env("KUBECONFIG", kubeconfig)
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(log)?)
        .kill_on_drop(true);
    if !settings.namespaces.is_empty() {
        command.arg(format!(
            "--watch-namespaces={}",
            settings.namespaces.join(",")
        ));
    }
    if let Some(identity) = &settings.identity {
        command.arg(format!("--identity={identity}"));
    }
    Ok(command)
}

/// Without credentials: the proxy has those of the operator.
fn kubeconfig_of(server: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: \"{server}\"}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
    )
}
