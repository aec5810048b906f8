//! The process of the operator, which proxies can kill. I/O.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::Child;
use tokio::sync::Mutex;

/// A handle to the process; it is empty until the operator starts.
#[derive(Clone, Default)]
pub struct OperatorProcess(Arc<Mutex<Option<Child>>>);

impl OperatorProcess {
    pub(super) async fn set(&self, child: Child) {
        *self.0.lock().await = Some(child);
    }

    /// Kills it and waits until it has exited; it may have exited before.
    pub async fn kill(&self) {
        if let Some(child) = self.0.lock().await.as_mut() {
            let _ = child.kill().await;
        }
    }

    /// Sends SIGTERM; fails if it has not exited after `limit`.
    pub async fn terminate(&self, limit: Duration) -> Result<()> {
        let mut child = self.0.lock().await;
        let Some(child) = child.as_mut() else {
            return Ok(());
        };
        if let Some(pid) = child.id() {
            let sent = tokio::process::Command::new("kill")
                .arg("-TERM")
                .arg(pid.to_string())
                .status()
                .await?;
            ensure!(sent.success(), "kill -TERM {pid}: {sent}");
        }
        tokio::time::timeout(limit, child.wait())
            .await
            .context("it is still running after SIGTERM")??;
        Ok(())
    }

    pub(super) async fn has_exited(&self) -> bool {
        match self.0.lock().await.as_mut() {
            Some(child) => child.try_wait().is_ok_and(|status| status.is_some()),
            None => true,
        }
    }

    pub(super) async fn pid(&self) -> Option<u32> {
        self.0.lock().await.as_ref()?.id()
    }
}
