//! The operator as a local process against a real API server without nodes (`tests/services/up apiserver`): what both its tests
//! and its benchmark share. All of it does I/O.
//!
//! ```text
//! operator → ApiProxy → API server ← Controllers (write the status that nodes would lead to)
//!          → KafkaProxy → Kafka
//! ```
//!
//! The proxies count what the operator asks for, and can kill it, or answer in its world's place, at any count. What arrived at
//! the API server is read from its audit log.

mod audit;
mod chat;
mod cluster;
mod controllers;
mod kafka_proxy;
mod operator;
mod proxy;
mod snapshot;
mod watching;

pub use audit::{AuditLog, Entry};
pub use chat::{Chat, chat_path, namespaced};
pub use cluster::Cluster;
pub use controllers::{Controllers, JobFate};
pub use kafka_proxy::KafkaProxy;
pub use operator::{Operator, Settings};
pub use proxy::{ApiProxy, Call, Crash, Deed, Side, Victim};
pub use snapshot::snapshot;
pub use watching::Watching;
