//! Another operator that reconciles the same ChatDeployments under another Lease. I/O: reads that Lease.
//!
//! Each child names the namespace of the Lease under which it was written last. A child of another Lease is taken over once
//! that Lease is free or has expired, as in the leader election. While it is renewed, the two would revert each other's writes
//! forever: this operator stops before it writes.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::record::ObservedLease;
use crate::children::{Children, table};
use crate::names::{ANNOTATION_LEASE, LEASE};
use crate::validate::Chat;

/// The other Lease could not be read.
#[derive(Debug, thiserror::Error)]
#[error("reading the Lease {LEASE} of another operator in namespace {namespace}: {source}")]
pub(crate) struct Error {
    namespace: String,
    source: kube::Error,
}

/// There is one, which lives as long as the process.
pub(crate) struct Rivals {
    client: Client,
    /// Of this operator's own Lease.
    namespace: String,
    /// Other Leases, by namespace.
    observed: Mutex<HashMap<String, ObservedLease>>,
    /// Stops the process.
    stop: CancellationToken,
    found: OnceLock<String>,
}

impl Rivals {
    pub(crate) fn new(client: Client, namespace: &str, stop: CancellationToken) -> Self {
        Self {
            client,
            namespace: namespace.to_owned(),
            observed: Mutex::default(),
            stop,
            found: OnceLock::new(),
        }
    }

    /// The namespace of this operator's own Lease, in which it runs.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Why the process stops, if it does because of another operator.
    pub(crate) fn found(&self) -> Option<&str> {
        self.found.get().map(String::as_str)
    }

    /// Whether this operator may write these children of `chat`. If not now, then perhaps once the other's Lease has expired.
    pub(crate) async fn may_write(&self, chat: &Chat, children: &Children) -> Result<bool, Error> {
        for namespace in written_under(children) {
            if namespace != self.namespace && !self.has_ended(chat, namespace).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn has_ended(&self, chat: &Chat, namespace: &str) -> Result<bool, Error> {
        let api: Api<Lease> = Api::namespaced(self.client.clone(), namespace);
        let lease = api.get_opt(LEASE).await;
        let Some(lease) = lease.map_err(|source| unreadable(namespace, source))? else {
            return Ok(true);
        };
        let mut all = self
            .observed
            .lock()
            .expect("nothing panics while it holds this lock");
        let observed = all.entry(namespace.to_owned()).or_default();
        let ended = observed.update(&lease, Instant::now());
        if !ended && observed.renewed() {
            self.give_way(chat, namespace, observed.holder());
        }
        Ok(ended)
    }

    fn give_way(&self, chat: &Chat, namespace: &str, holder: &str) {
        let chat = format!("{}/{}", chat.namespace, chat.name);
        let message = format!(
            "another operator ({holder}, with the Lease {LEASE} in namespace {namespace}) reconciles ChatDeployment {chat}: stop one of the two, start this one with --namespace={namespace} to take turns, or limit each to other namespaces with --watch-namespaces"
        );
        if self.found.set(message).is_ok() {
            error!("another operator reconciles the same ChatDeployment; exiting");
        }
        self.stop.cancel();
    }
}

fn unreadable(namespace: &str, source: kube::Error) -> Error {
    Error {
        namespace: namespace.to_owned(),
        source,
    }
}

/// The namespaces of the Leases under which the children were written.
fn written_under(children: &Children) -> Vec<&str> {
    let existing = table().iter().filter_map(|child| children.object(child));
    let annotations = existing.filter_map(|object| object.metadata().annotations.as_ref());
    let mut all: Vec<&str> = annotations
        .filter_map(|annotations| annotations.get(ANNOTATION_LEASE))
        .map(String::as_str)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}
