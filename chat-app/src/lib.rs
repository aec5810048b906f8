//! The chat-app of Confab: one of many equal replicas behind a load balancer.
//!
//! ```text
//! browser → http → writer → PostgreSQL (message + outbox, one transaction) → publisher → Kafka → relay → hub → socket → browser
//! ```

pub mod app;
pub mod avatars;
pub mod config;
pub mod domain;
pub mod error;
pub mod event;
pub mod files;
pub mod housekeeping;
pub mod http;
pub mod hub;
pub mod input_error;
pub mod kafka;
pub mod lookups;
pub mod markdown;
pub mod migrate;
pub mod passwords;
pub mod poller;
pub mod postgres;
pub mod publisher;
pub mod push;
pub mod relay;
pub mod replay;
pub mod search;
pub mod serve;
pub mod socket;
pub mod store;
pub mod telemetry;
pub mod text;
pub mod tokens;
pub mod views;
pub mod workers;
pub mod writer;
