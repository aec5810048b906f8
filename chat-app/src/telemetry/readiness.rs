//! Whether this replica takes traffic. No I/O.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Kafka may take this long at start; then the replica serves without it.
const RELAY_PATIENCE: Duration = Duration::from_secs(10);

/// Whether the replica takes traffic: a latch. Once ready only SIGTERM takes it away: a replica without Kafka or
/// PostgreSQL still serves what it can, and a fleet that goes unready together serves nothing.
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
    /// PostgreSQL was seen, with a schema that serves.
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

    /// Ready or not, and a sentence that says for what it waits.
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
    fn readiness_says_for_what_it_waits() {
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
