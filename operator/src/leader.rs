//! Being one: of several operators, the holder of a Lease works. I/O: reads and writes one Lease.
//!
//! As client-go does it: another's Lease is over when it has not changed for its duration by this process's own
//! monotonic clock, so that clocks need not agree. There is no fencing: a process that could not renew for
//! [`GIVE_UP`] ends itself, well before another may take over, and each write that it makes is idempotent.

mod record;

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{debug, error, info};

use crate::telemetry::Health;
use record::{Sight, holder, renewed, taken};

pub const LEASE: &str = "confab-operator";
/// For how long it is good.
const DURATION: Duration = Duration::from_secs(15);
/// Without a renewal for this long, this process ends.
const GIVE_UP: Duration = Duration::from_secs(10);
/// Between renewals, and between looks at another's Lease.
const PERIOD: Duration = Duration::from_secs(3);
/// After a renewal that failed.
const RETRY: Duration = Duration::from_secs(1);

/// Takes part in the election.
pub struct Election {
    api: Api<Lease>,
    identity: String,
}

/// The Lease is held, and renewed until [`Leadership::resign`].
pub struct Leadership {
    stop: oneshot::Sender<()>,
    renewal: tokio::task::JoinHandle<()>,
}

impl Election {
    /// `identity` must be another for each process.
    pub fn new(client: Client, namespace: &str, identity: String) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            identity,
        }
    }

    /// Waits until this process holds the Lease.
    pub async fn win(self, health: &Health) -> Leadership {
        let mut sight = Sight::default();
        loop {
            let asked = Instant::now();
            let attempt = timeout(GIVE_UP, self.attempt(&mut sight)).await;
            match attempt {
                Ok(Ok(Some(lease))) => {
                    info!(lease = LEASE, "acquired the Lease");
                    return self.keep(lease, asked);
                }
                Ok(Ok(None)) => health.ready(format!(
                    "standby: {} holds the Lease {LEASE}",
                    sight.holder()
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

    /// One look at the Lease, and one try to take it if it is free. None: another holds it, or was faster.
    async fn attempt(&self, sight: &mut Sight) -> Result<Option<Lease>, kube::Error> {
        let written = match self.api.get_opt(LEASE).await? {
            None => {
                self.api
                    .create(
                        &PostParams::default(),
                        &taken(None, LEASE, &self.identity, DURATION, Timestamp::now()),
                    )
                    .await
            }
            Some(lease) => {
                let over = sight.look(&lease, Instant::now());
                if !over && holder(&lease) != Some(self.identity.as_str()) {
                    return Ok(None);
                }
                let lease = taken(
                    Some(&lease),
                    LEASE,
                    &self.identity,
                    DURATION,
                    Timestamp::now(),
                );
                self.api
                    .replace(LEASE, &PostParams::default(), &lease)
                    .await
            }
        };
        match written {
            // Someone else was faster: the version read is not the newest any more.
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
            other => other.map(Some),
        }
    }

    fn keep(self, lease: Lease, since: Instant) -> Leadership {
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
                _ = &mut stopped => return self.release(&lease).await,
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

    /// After a conflict: the Lease as it is, which may be another's by now.
    async fn reread(&self, known: Lease, since: Instant) -> Lease {
        match timeout_at(since + GIVE_UP, self.api.get(LEASE)).await {
            Ok(Ok(lease)) => lease,
            _ => known,
        }
    }

    /// Gives the Lease up, so that another need not wait for its end.
    async fn release(&self, lease: &Lease) {
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
    /// Gives the Lease up, within two seconds.
    pub async fn resign(self) {
        let _ = self.stop.send(());
        let _ = tokio::time::timeout(Duration::from_secs(2), self.renewal).await;
    }
}
