//! The example chat that `make up` leaves running, and the lock for tests that share it. Does I/O.

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::kubectl::{Kubectl, require_cluster};
use crate::wait::seconds;

pub const URL: &str = "http://chat.localhost:8080";
pub const NAMESPACE: &str = "chat";
pub const NAME: &str = "team";
/// The namespace of the operator.
pub const OPERATOR_NAMESPACE: &str = "confab-system";
/// The Helm release of the operator.
pub const RELEASE: &str = "confab";

/// Tests that disturb the cluster lock it exclusively; the others share it.
static CLUSTER: RwLock<()> = RwLock::const_new(());

/// The example chat, which is ready. It holds the lock.
#[derive(Debug)]
pub struct Example<Guard> {
    /// `kubectl` in its namespace.
    pub kubectl: Kubectl,
    _guard: Guard,
}

/// The example chat, shared with other tests.
pub async fn shared() -> Result<Example<RwLockReadGuard<'static, ()>>> {
    ready(CLUSTER.read().await).await
}

/// The example chat for a test that kills, scales or upgrades something.
pub async fn exclusive() -> Result<Example<RwLockWriteGuard<'static, ()>>> {
    ready(CLUSTER.write().await).await
}

async fn ready<Guard>(guard: Guard) -> Result<Example<Guard>> {
    require_cluster().await?;
    let kubectl = Kubectl::new(NAMESPACE);
    kubectl.wait_ready(NAME, seconds(300)).await?;
    Ok(Example {
        kubectl,
        _guard: guard,
    })
}

impl<Guard> Example<Guard> {
    /// The pods of the chat-app that are not terminating.
    pub async fn pods(&self) -> Result<Vec<Value>> {
        let selector = format!("app.kubernetes.io/instance={NAME},app.kubernetes.io/component=app");
        let pods = self.kubectl.list(&format!("pods -l {selector}")).await?;
        let stays = |pod: &Value| pod["metadata"]["deletionTimestamp"].is_null();
        Ok(pods.into_iter().filter(stays).collect())
    }

    /// A field of the ChatDeployment by JSON pointer, such as `/status/readyReplicas`.
    pub async fn field(&self, pointer: &str) -> Result<Value> {
        let chat = self.kubectl.get(&format!("chat {NAME}")).await?;
        let value = chat.pointer(pointer).cloned();
        value.with_context(|| format!("{pointer} is not set"))
    }
}
