//! The chat over HTTP with a real PostgreSQL: every handler for its user, for an outsider and with invalid input.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

mod account;
mod accounts;
mod admin;
mod api;
mod attachments;
mod backup;
mod bucket;
mod changes;
mod conversations;
mod hooks;
mod import;
mod limits;
mod messages;
mod metrics;
mod names;
mod notifications;
mod passwords;
mod pins;
mod protection;
mod provider;
mod provider_logins;
mod rooms;
mod saved;
mod search;
mod sessions;
mod sign_up;
mod site;
