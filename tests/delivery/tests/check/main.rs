//! The check of the delivery contract on made-up journals: each with one anomaly, or with what only looks like one.

#![warn(unreachable_pub)]

mod anomalies;
mod latency;
mod scenario;
mod tolerated;
