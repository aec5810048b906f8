//! `/readyz`: whether this replica takes traffic. No I/O.
//!
//! [`Readiness`] is a handle to a set of flags, each set once by the part that it is about. They live as long as the
//! process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long to wait for Kafka at the start; then the replica serves without it.
const RELAY_PATIENCE: Duration = Duration::from_secs(10);

/// A latch: once ready, only a shutdown makes the replica unready. A replica without Kafka or PostgreSQL still serves what
/// it can; if all replicas became unready together, nothing would be served.
#[derive(Clone)]
pub struct Readiness(Arc<ReadinessState>);

struct ReadinessState {
    started: Instant,
    database: AtomicBool,
    relay: AtomicBool,
    latched: AtomicBool,
    stopping: AtomicBool,
}

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(ReadinessState {
            started: Instant::now(),
            database: AtomicBool::new(false),
            relay: AtomicBool::new(false),
            latched: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
        }))
    }
}

impl Readiness {
    /// PostgreSQL answers with a schema that this release can use.
    pub fn database_seen(&self) {
        self.0.database.store(true, Ordering::Relaxed);
    }

    /// Kafka has assigned partitions.
    pub fn relay_assigned(&self) {
        self.0.relay.store(true, Ordering::Relaxed);
    }

    pub fn stopping(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the replica is ready, and a sentence that names what it waits for.
    pub fn check(&self) -> (bool, &'static str) {
        let state = &self.0;
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        if is(&state.stopping) {
            return (false, "stopping");
        }
        if !is(&state.latched) {
            if !is(&state.database) {
                return (false, "waiting for PostgreSQL and its schema");
            }
            if !is(&state.relay) && state.started.elapsed() < RELAY_PATIENCE {
                return (
                    false,
                    "waiting for Kafka to assign partitions, at most 10 s",
                );
            }
            state.latched.store(true, Ordering::Relaxed);
        }
        if is(&state.relay) {
            (true, "ready")
        } else {
            (true, "ready, degraded: Kafka has not responded yet")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_names_what_it_waits_for() {
        let readiness = Readiness::default();
        assert!(readiness.check().1.contains("PostgreSQL"));
        readiness.database_seen();
        assert!(!readiness.check().0 && readiness.check().1.contains("Kafka"));
        readiness.relay_assigned();
        assert_eq!(readiness.check(), (true, "ready"));
        readiness.stopping();
        assert_eq!(readiness.check(), (false, "stopping"));
    }
}
