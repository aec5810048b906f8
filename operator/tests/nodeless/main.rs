//! The operator against a real API server without nodes, with a real Kafka and PostgreSQL outside of the cluster. The tests
//! write what nodes and the controllers of workloads would. `make test-fast` runs these.
//!
//! Each is a sentence about how the operator behaves. `tests/mutations` holds operators that misbehave, and the test
//! that must fail on each.

mod admission;
mod backup;
mod changes;
mod crash;
mod definition;
mod events;
mod foreign;
mod identity;
mod idle;
mod kubectl_confab;
mod leader;
mod namespaces;
mod orphans;
mod outside;
mod platform;
mod pods;
mod refusals;
mod refused_children;
mod secrets;
mod start;
mod volume;
mod watches;
mod world;
