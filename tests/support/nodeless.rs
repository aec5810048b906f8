//! The operator as a local process against a real API server without nodes (`tests/services/up apiserver`): shared by its tests
//! and its benchmark. All of it does I/O.
//!
//! ```text
//! operator → ApiProxy → API server ← Controllers (write the status that controllers and nodes would write)
//!          → KafkaProxy → Kafka
//! ```
//!
//! The proxies count the requests of the operator. At any request they can kill the operator, or answer themselves. The audit
//! log of the API server shows what arrived there.

mod audit;
mod chat;
mod cluster;
mod controllers;
mod crash;
mod kafka_proxy;
mod operator;
mod process;
mod proxy;
mod snapshot;
mod watch;

pub use audit::{AuditLog, Entry};
pub use chat::{Chat, chat_path, namespaced};
pub use cluster::Cluster;
pub use controllers::{Controllers, JobOutcome};
pub use crash::{Crash, Side};
pub use kafka_proxy::KafkaProxy;
pub use operator::{Operator, Settings};
pub use process::OperatorProcess;
pub use proxy::{ApiProxy, Behavior, Call};
pub use snapshot::snapshot;
pub use watch::WatchBehavior;
