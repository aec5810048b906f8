//! The contents of a Lease: read, written, and whether it is expired. Pure.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use tokio::time::Instant;

use crate::names::LEASE;

/// Seconds after which a Lease that is not renewed is expired.
const DURATION: i32 = 15;

pub(super) fn holder(lease: &Lease) -> Option<&str> {
    lease
        .spec
        .as_ref()?
        .holder_identity
        .as_deref()
        .filter(|holder| !holder.is_empty())
}

/// The Lease, held by `identity` from now on. `before` keeps its version, so that of two who take it one fails.
pub(super) fn taken(before: Option<&Lease>, identity: &str, now: Timestamp) -> Lease {
    let mut lease = before.cloned().unwrap_or_default();
    lease.metadata.name = Some(LEASE.to_owned());
    lease.metadata.managed_fields = None;
    let spec = lease.spec.get_or_insert_with(LeaseSpec::default);
    let changed = spec.holder_identity.as_deref() != Some(identity);
    spec.lease_transitions =
        Some(spec.lease_transitions.unwrap_or(0) + i32::from(changed && before.is_some()));
    spec.holder_identity = Some(identity.to_owned());
    spec.lease_duration_seconds = Some(DURATION);
    spec.acquire_time = Some(MicroTime(now));
    spec.renew_time = Some(MicroTime(now));
    lease
}

pub(super) fn renewed(lease: &Lease, now: Timestamp) -> Lease {
    let mut lease = lease.clone();
    lease.metadata.managed_fields = None;
    lease.spec.get_or_insert_with(LeaseSpec::default).renew_time = Some(MicroTime(now));
    lease
}

/// Another's Lease, and since when it has not changed by this process's clock.
#[derive(Debug, Default)]
pub(super) struct ObservedLease {
    holder: String,
    version: Option<String>,
    since: Option<Instant>,
    /// Whether it changed after the first look.
    renewed: bool,
}

impl ObservedLease {
    /// Takes note of what was read. Whether the Lease is free or expired.
    pub(super) fn update(&mut self, lease: &Lease, now: Instant) -> bool {
        let version = lease.resource_version();
        if self.since.is_none() || self.version != version {
            self.renewed = self.since.is_some();
            self.version = version;
            self.since = Some(now);
        }
        self.holder = holder(lease).unwrap_or("nobody").to_owned();
        let seconds = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.lease_duration_seconds)
            .unwrap_or(DURATION);
        let duration = Duration::from_secs(u64::try_from(seconds).unwrap_or(15));
        holder(lease).is_none()
            || self
                .since
                .is_some_and(|since| now.duration_since(since) > duration)
    }

    /// Whether its holder lives: it changed the Lease while this process looked.
    pub(super) fn renewed(&self) -> bool {
        self.renewed
    }

    /// As of the last update.
    pub(super) fn holder(&self) -> &str {
        &self.holder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(version: &str) -> Lease {
        let mut lease = taken(None, "other", Timestamp::UNIX_EPOCH);
        lease.metadata.resource_version = Some(version.to_owned());
        lease
    }

    #[test]
    fn anothers_lease_is_expired_when_it_did_not_change_for_its_duration_by_our_own_clock() {
        let (mut observed, start) = (ObservedLease::default(), Instant::now());
        assert!(
            !observed.update(&lease("1"), start),
            "its old renewTime does not count"
        );
        assert!(!observed.renewed(), "it may have been left long ago");
        assert!(!observed.update(&lease("2"), start + Duration::from_secs(14)));
        assert!(observed.renewed());
        assert!(!observed.update(&lease("2"), start + Duration::from_secs(29)));
        assert!(observed.update(&lease("2"), start + Duration::from_secs(30)));
    }

    #[test]
    fn a_lease_that_was_released_is_free_at_once() {
        let mut free = lease("1");
        free.spec.as_mut().unwrap().holder_identity = None;
        assert!(ObservedLease::default().update(&free, Instant::now()));
    }

    #[test]
    fn taking_a_lease_counts_a_transition_and_keeps_its_version() {
        let mine = taken(Some(&lease("7")), "me", Timestamp::UNIX_EPOCH);
        assert_eq!(holder(&mine), Some("me"));
        assert_eq!(
            (
                mine.spec.unwrap().lease_transitions,
                mine.metadata.resource_version.as_deref()
            ),
            (Some(1), Some("7"))
        );
    }
}
