//! The chat-app of Confab: one of many equal replicas behind a load balancer.
//!
//! ```text
//! browser → http → writer → PostgreSQL (message + outbox, one transaction) → publisher → Kafka → relay → hub → socket → browser
//! ```
//!
//! Declares the modules; no I/O. Public is what `main.rs` and the tests in `tests/` use.

#![warn(unreachable_pub)]

pub mod app;
pub(crate) mod avatars;
pub mod backup;
pub(crate) mod batch_loader;
pub mod bucket;
pub mod config;
pub mod domain;
pub mod encryption;
pub(crate) mod error;
pub(crate) mod event;
pub mod files;
pub(crate) mod frame;
pub mod hooks;
pub mod housekeeping;
pub mod http;
pub(crate) mod hub;
pub mod import;
mod indexer;
pub(crate) mod input_error;
pub mod kafka;
pub mod lifecycle;
pub(crate) mod markdown;
pub mod migrate;
pub(crate) mod oidc;
pub(crate) mod passwords;
pub(crate) mod poller;
pub mod postgres;
pub(crate) mod publisher;
pub(crate) mod push;
pub(crate) mod recent_pages;
pub(crate) mod recent_sessions;
pub mod relay;
pub mod remove_second_factor;
pub mod replay;
pub mod search;
pub mod second_factor;
pub mod serve;
pub(crate) mod signal;
pub mod socket;
pub mod store;
pub mod telemetry;
pub(crate) mod termination;
pub mod text;
pub mod tokens;
pub(crate) mod views;
pub(crate) mod writer;

pub(crate) use self::text::t;
