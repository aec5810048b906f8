//! Live messages between replicas, on a real PostgreSQL and a real Kafka broker (`tests/services/up` starts both).

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod api;
mod beyond_repair;
mod bots;
mod browser;
mod clients;
mod delivery;
mod fuzz;
mod guards;
mod herd;
mod lifecycle;
mod limits;
mod monitoring;
mod notifications;
mod pages;
mod pins;
mod process;
mod prometheus;
mod proxy;
mod push_service;
mod replica;
mod resume;
mod signals;
mod topics;
mod travel;
