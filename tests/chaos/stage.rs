//! Where the faults happen: local processes or the cluster. Does I/O.

use std::path::Path;

use confab_tests::{Context, Result};

use crate::cluster::Cluster;
use crate::faults::Fault;
use crate::local::{Local, Programs};
use crate::pace::Pace;

/// A chat to be disturbed.
pub enum Stage {
    Local(Box<Local>),
    Cluster(Cluster),
}

impl Stage {
    /// A chat of local processes, whose logs go to `logs`.
    pub async fn local(logs: &Path) -> Result<Self> {
        let programs = Programs::found()?;
        Ok(Self::Local(Box::new(Local::start(&programs, logs).await?)))
    }

    pub async fn cluster() -> Result<Self> {
        Ok(Self::Cluster(Cluster::start().await?))
    }

    pub fn url(&self) -> String {
        match self {
            Self::Local(local) => local.url(),
            Self::Cluster(cluster) => cluster.url.clone(),
        }
    }

    /// One cycle of a fault; the proof that it took effect.
    pub async fn cycle(&mut self, fault: &Fault, pace: &mut Pace) -> Result<String> {
        match self {
            Self::Local(local) => {
                fault.local.context("it runs on the cluster alone")?(local, pace).await
            }
            Self::Cluster(cluster) => {
                fault
                    .cluster
                    .context("it runs with local processes alone")?(cluster, pace)
                .await
            }
        }
    }

    /// How many records Kafka has brought each replica; on the cluster that is not looked at.
    pub async fn relayed(&self) -> Result<Vec<f64>> {
        match self {
            Self::Local(local) => local.relayed().await,
            Self::Cluster(_) => Ok(Vec::new()),
        }
    }

    /// Spreads the clients over all replicas again, so that the next fault meets some of them wherever it strikes.
    pub fn shuffle(&self) {
        // On the cluster the ingress chooses for each request.
        if let Self::Local(local) = self {
            local.front.shuffle();
        }
    }

    pub async fn end(self) -> Result<()> {
        match self {
            Self::Local(_) => Ok(()),
            Self::Cluster(cluster) => cluster.remove().await,
        }
    }
}
