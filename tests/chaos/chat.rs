//! The chat that faults are injected into: local processes, or on the cluster. Does I/O.

use std::path::Path;

use confab_tests::{Context, Result};

use crate::cluster::Cluster;
use crate::faults::Fault;
use crate::local::{Local, Programs};
use crate::pace::Pace;

pub(crate) enum Chat {
    Local(Box<Local>),
    Cluster(Cluster),
}

impl Chat {
    /// Starts a chat of local processes that log to `logs`.
    pub(crate) async fn local(logs: &Path) -> Result<Self> {
        let programs = Programs::find()?;
        Ok(Self::Local(Box::new(Local::start(&programs, logs).await?)))
    }

    pub(crate) async fn cluster() -> Result<Self> {
        Ok(Self::Cluster(Cluster::start().await?))
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Local(local) => local.url(),
            Self::Cluster(cluster) => cluster.url.clone(),
        }
    }

    /// Runs one cycle of a fault; returns the proof that it took effect.
    pub(crate) async fn cycle(&mut self, fault: &Fault, pace: &mut Pace) -> Result<String> {
        match self {
            Self::Local(local) => {
                fault.local.context("it runs on the cluster only")?(local, pace).await
            }
            Self::Cluster(cluster) => {
                fault.cluster.context("it runs with local processes only")?(cluster, pace).await
            }
        }
    }

    /// The number of records that Kafka has delivered to each replica; not known on the cluster.
    pub(crate) async fn relayed(&self) -> Result<Vec<f64>> {
        match self {
            Self::Local(local) => local.relayed().await,
            Self::Cluster(_) => Ok(Vec::new()),
        }
    }

    /// Spreads the clients over all replicas again, so that the next fault affects some of them, whichever replica it hits.
    pub(crate) fn disconnect_clients(&self) {
        // On the cluster the ingress chooses for each request.
        if let Self::Local(local) = self {
            local.load_balancer.disconnect_all();
        }
    }

    pub(crate) async fn end(self) -> Result<()> {
        match self {
            Self::Local(_) => Ok(()),
            Self::Cluster(cluster) => cluster.remove().await,
        }
    }
}
