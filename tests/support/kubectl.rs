//! Runs `kubectl` and other commands of the cluster. Does I/O.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::wait::seconds;

/// The kubeconfig context of the test cluster. The tests touch no other cluster.
const CONTEXT: &str = "kind-confab";
const ENV: &str = "source tests/cluster/env.sh first";

/// Runs a command to its end; returns its output. If it fails, its stderr becomes the error.
pub async fn run(program: &str, args: &[&str], input: &str) -> Result<String> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{program} cannot be started; {ENV}"))?;
    let mut stdin = child.stdin.take().context("stdin is piped")?;
    stdin.write_all(input.as_bytes()).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{program} {}: {}",
        args.join(" "),
        stderr.trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Fails with a clear message unless the test cluster answers.
pub async fn require_cluster() -> Result<()> {
    ensure!(
        std::env::var_os("KUBECONFIG").is_some(),
        "no cluster: KUBECONFIG is not set; run `make up`, then {ENV}"
    );
    let context = run("kubectl", &["config", "current-context"], "").await;
    let context = context.context("no cluster: run `make up`")?;
    ensure!(
        context.trim() == CONTEXT,
        "these tests kill and delete things: they run on {CONTEXT} only, not on {}",
        context.trim()
    );
    let answer = run("kubectl", &["get", "--raw", "/readyz"], "").await;
    answer.context("the cluster does not answer: run `make up`")?;
    Ok(())
}

/// A local port that forwards to a pod; dropping it ends the forwarding.
#[derive(Debug)]
pub struct Forward {
    /// On 127.0.0.1.
    pub port: u16,
    _process: Child,
    /// Kept open: kubectl writes a line per connection, and exits if its stdout is closed.
    _lines: Lines<BufReader<ChildStdout>>,
}

/// `kubectl` in one namespace.
#[derive(Debug, Clone)]
pub struct Kubectl {
    namespace: String,
}

impl Kubectl {
    /// The namespace need not exist yet.
    pub fn new(namespace: &str) -> Self {
        let namespace = namespace.to_owned();
        Self { namespace }
    }

    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// `kubectl --namespace … <command>`, split at spaces.
    pub async fn run(&self, command: &str) -> Result<String> {
        self.with_input(command, "").await
    }

    /// The same with input on stdin.
    pub async fn with_input(&self, command: &str, input: &str) -> Result<String> {
        let mut args = vec!["--namespace", &self.namespace];
        args.extend(command.split_whitespace());
        run("kubectl", &args, input).await
    }

    /// `kubectl get <what> -o json`.
    pub async fn get(&self, what: &str) -> Result<Value> {
        let json = self.run(&format!("get {what} -o json")).await?;
        Ok(serde_json::from_str(&json)?)
    }

    /// The `items` of `kubectl get <what> -o json`.
    pub async fn list(&self, what: &str) -> Result<Vec<Value>> {
        match self.get(what).await?["items"].take() {
            Value::Array(items) => Ok(items),
            other => Err(anyhow!("get {what} returned no list but {other}")),
        }
    }

    /// `kubectl apply` of an object.
    pub async fn apply(&self, object: &Value) -> Result<()> {
        self.with_input("apply -f -", &object.to_string()).await?;
        Ok(())
    }

    /// `kubectl patch <what>` with a JSON merge patch.
    pub async fn merge(&self, what: &str, patch: &Value) -> Result<()> {
        let patch = patch.to_string();
        let mut args = vec!["--namespace", &self.namespace, "patch"];
        args.extend(what.split_whitespace());
        args.extend(["--type=merge", "--patch", &patch]);
        run("kubectl", &args, "").await?;
        Ok(())
    }

    /// `kubectl port-forward <to> :<port>`.
    pub async fn forward(&self, to: &str, port: u16) -> Result<Forward> {
        let mut child = Command::new("kubectl")
            .args(["--namespace", &self.namespace, "port-forward", to])
            .arg(format!(":{port}"))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("kubectl cannot be started; {ENV}"))?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(seconds(10), lines.next_line())
            .await
            .context("a port")??;
        let line = line.context("port-forward ended")?;
        let port = line
            .strip_prefix("Forwarding from 127.0.0.1:")
            .and_then(|rest| rest.split(' ').next()?.parse().ok());
        Ok(Forward {
            port: port.with_context(|| format!("no port in {line}"))?,
            _process: child,
            _lines: lines,
        })
    }

    /// `kubectl wait --for=condition=Ready` of a chat, for at most `limit`.
    pub async fn wait_ready(&self, chat: &str, limit: Duration) -> Result<()> {
        let wait = format!(
            "wait --for=condition=Ready --timeout={}s chat/{chat}",
            limit.as_secs()
        );
        match self.run(&wait).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let status = self.get(&format!("chat {chat}")).await?["status"].take();
                Err(anyhow!("{error:#}; its status is {status:#}"))
            }
        }
    }
}
