//! Live messages between replicas, on a real PostgreSQL and a real Kafka broker (`tests/services/up` starts both).

mod browser;
mod replica;
mod resume;
mod travel;
