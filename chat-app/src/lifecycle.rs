//! Start and stop of a replica: its tasks, and the two tokens that end them. No I/O but signals.
//!
//! One [`Lifecycle`] owns every task of a replica; parts get a clone of it to spawn what they need. The tasks are tracked
//! in the three groups that end one after the other when the replica drains: the HTTP server, the writer, and everything
//! in the background. The soft shutdown asks the server to finish what it has accepted. The hard shutdown ends the
//! background tasks, once what was accepted is committed and published; a task of the writer that still runs is dropped.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A handle to the tasks of a replica. Clones share them.
#[derive(Clone)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    server: TaskTracker,
    writer: TaskTracker,
    background: TaskTracker,
}

impl Default for Lifecycle {
    fn default() -> Self {
        let hard = CancellationToken::new();
        Self {
            soft: hard.child_token(),
            hard,
            server: TaskTracker::new(),
            writer: TaskTracker::new(),
            background: TaskTracker::new(),
        }
    }
}

impl Lifecycle {
    /// Cancelled when the replica accepts nothing new.
    pub fn soft_token(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when background tasks have to end.
    pub fn hard_token(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Spawns the HTTP server, which has to end after the soft shutdown once its requests are answered.
    pub fn spawn_server(&self, server: impl Future<Output = ()> + Send + 'static) {
        self.server.spawn(server);
    }

    /// Spawns a task that ends by itself once no more sends can arrive. The hard shutdown drops it.
    pub fn spawn_writer(&self, task: impl Future<Output = ()> + Send + 'static) {
        let hard = self.hard_token();
        self.writer.spawn(async move {
            hard.run_until_cancelled(task).await;
        });
    }

    /// Spawns a task that has to end after the hard shutdown: it holds the token.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.background.spawn(task);
    }

    pub fn shut_down_softly(&self) {
        self.soft.cancel();
    }

    pub fn shut_down_hard(&self) {
        self.hard.cancel();
    }

    /// Waits until the HTTP server has ended.
    pub async fn server_ended(&self) {
        ended(&self.server).await;
    }

    /// Waits until every send that was accepted is answered.
    pub async fn writer_ended(&self) {
        ended(&self.writer).await;
    }

    pub async fn background_ended(&self) {
        ended(&self.background).await;
    }
}

async fn ended(tasks: &TaskTracker) {
    tasks.close();
    tasks.wait().await;
}

/// SIGTERM and SIGINT. While this exists, neither ends the process by itself.
pub struct ShutdownSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl ShutdownSignals {
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for one of the two.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_group_ends_with_its_shutdown() {
        let lifecycle = Lifecycle::default();
        let (soft, hard) = (lifecycle.soft_token(), lifecycle.hard_token());
        lifecycle.spawn_server(async move { soft.cancelled().await });
        lifecycle.spawn_writer(std::future::pending());
        lifecycle.spawn(async move { hard.cancelled().await });
        lifecycle.shut_down_softly();
        lifecycle.server_ended().await;
        assert!(!lifecycle.hard_token().is_cancelled());
        lifecycle.shut_down_hard();
        lifecycle.writer_ended().await;
        lifecycle.background_ended().await;
    }
}
