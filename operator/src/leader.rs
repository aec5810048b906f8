//! Leader election: only the holder of the Lease reconciles. I/O: reads and writes one Lease.
//!
//! As client-go does it: another's Lease is expired when it has not changed for its duration by this process's own
//! monotonic clock, so that clocks need not agree. There is no fencing: a process that could not renew for
//! [`GIVE_UP`] exits, well before another may take over, and each write that it makes is idempotent.
//!
//! kube has no leader election, and the crates for it decide by the clocks of other machines (renewTime) or leave it to
//! their user to stop in time. So these are our own lines, held to that behavior by tests.
//!
//! The Lease is owned by [`Election`] until it is acquired, and then by the task behind [`Leadership`], which renews it until it is
//! released or lost.

mod record;
mod rivals;

pub(crate) use rivals::{Error, Rivals};

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{debug, error, info};

use crate::names::LEASE;
use crate::telemetry::Health;
use record::{ObservedLease, holder, renewed, taken};

/// Without a renewal for this long, this process exits.
const GIVE_UP: Duration = Duration::from_secs(10);
/// Between renewals, and between attempts while another holds the Lease.
const PERIOD: Duration = Duration::from_secs(3);
/// After a renewal that failed.
const RETRY: Duration = Duration::from_secs(1);

pub(crate) struct Election {
    api: Api<Lease>,
    identity: String,
}

/// The Lease is held, and renewed until [`Leadership::release`].
pub(crate) struct Leadership {
    stop: oneshot::Sender<()>,
    renewal: tokio::task::JoinHandle<()>,
}

impl Election {
    /// `identity` must differ between processes.
    pub(crate) fn new(client: Client, namespace: &str, identity: String) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            identity,
        }
    }

    /// Waits until this process holds the Lease.
    pub(crate) async fn acquire(self, health: &Health) -> Leadership {
        let mut observed = ObservedLease::default();
        loop {
            let asked = Instant::now();
            let attempt = timeout(GIVE_UP, self.attempt(&mut observed)).await;
            match attempt {
                Ok(Ok(Some(lease))) => {
                    info!(lease = LEASE, "acquired the Lease");
                    return self.hold(lease, asked);
                }
                Ok(Ok(None)) => health.ready(format!(
                    "standby: {} holds the Lease {LEASE}",
                    observed.holder()
                )),
                Ok(Err(error)) => {
                    health.waits_for(format!("the Lease {LEASE}: {error}"));
                    error!(error = %error, "could not acquire the Lease");
                }
                Err(_) => health.waits_for(format!(
                    "the Lease {LEASE}: the API server does not respond"
                )),
            }
            sleep(PERIOD).await;
        }
    }

    /// Reads the Lease, and takes it if it is free. None: another holds it, or was faster.
    async fn attempt(&self, observed: &mut ObservedLease) -> Result<Option<Lease>, kube::Error> {
        let written = match self.api.get_opt(LEASE).await? {
            None => {
                self.api
                    .create(
                        &PostParams::default(),
                        &taken(None, &self.identity, Timestamp::now()),
                    )
                    .await
            }
            Some(lease) => {
                let expired = observed.update(&lease, Instant::now());
                if !expired && holder(&lease) != Some(self.identity.as_str()) {
                    return Ok(None);
                }
                let lease = taken(Some(&lease), &self.identity, Timestamp::now());
                self.api
                    .replace(LEASE, &PostParams::default(), &lease)
                    .await
            }
        };
        match written {
            // Another was faster: the version that was read is not the latest.
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
            other => other.map(Some),
        }
    }

    fn hold(self, lease: Lease, since: Instant) -> Leadership {
        let (stop, stopped) = oneshot::channel();
        Leadership {
            stop,
            renewal: tokio::spawn(self.renew(lease, since, stopped)),
        }
    }

    async fn renew(self, mut lease: Lease, mut since: Instant, mut stopped: oneshot::Receiver<()>) {
        let mut pause = PERIOD;
        loop {
            tokio::select! {
                _ = &mut stopped => return self.give_up(&lease).await,
                () = sleep(pause) => {}
            }
            let asked = Instant::now();
            let next = renewed(&lease, Timestamp::now());
            match timeout_at(
                since + GIVE_UP,
                self.api.replace(LEASE, &PostParams::default(), &next),
            )
            .await
            {
                Ok(Ok(written)) => (lease, since, pause) = (written, asked, PERIOD),
                Ok(Err(error)) => {
                    debug!(error = %error, "could not renew the Lease");
                    lease = self.reread(lease, since).await;
                    pause = RETRY;
                }
                Err(_) => pause = RETRY,
            }
            if since.elapsed() > GIVE_UP || holder(&lease) != Some(self.identity.as_str()) {
                error!(
                    held_by = holder(&lease),
                    "lost the Lease; exiting so that only one operator is active"
                );
                std::process::exit(1);
            }
        }
    }

    /// After a conflict: the Lease as it is. Another may hold it by now.
    async fn reread(&self, known: Lease, since: Instant) -> Lease {
        match timeout_at(since + GIVE_UP, self.api.get(LEASE)).await {
            Ok(Ok(lease)) => lease,
            _ => known,
        }
    }

    /// Another operator need not wait until the Lease expires.
    async fn give_up(&self, lease: &Lease) {
        let mut free = renewed(lease, Timestamp::now());
        if let Some(spec) = &mut free.spec {
            spec.holder_identity = None;
            spec.lease_duration_seconds = Some(1);
        }
        match self.api.replace(LEASE, &PostParams::default(), &free).await {
            Ok(_) => info!(lease = LEASE, "released the Lease"),
            Err(error) => debug!(error = %error, "could not release the Lease"),
        }
    }
}

impl Leadership {
    /// Within two seconds.
    pub(crate) async fn release(self) {
        let _ = self.stop.send(());
        let _ = tokio::time::timeout(Duration::from_secs(2), self.renewal).await;
    }
}
