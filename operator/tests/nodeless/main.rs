//! The operator against a real API server without nodes, with a real Kafka and PostgreSQL outside of the cluster. What nodes and
//! the controllers of workloads would lead to is written by the tests. `make test-fast` runs these.
//!
//! Each is a sentence about how the operator behaves. `tests/mutations` holds operators that misbehave, and the test
//! that must fail on each.

mod changes;
mod crash;
mod definition;
mod events;
mod idle;
mod leader;
mod neighbours;
mod outside;
mod refusals;
mod start;
mod watches;
mod world;
