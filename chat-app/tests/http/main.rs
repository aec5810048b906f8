//! The chat over HTTP on a real PostgreSQL: every handler for the person it is for, for the outsider and for bad input.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

mod account;
mod accounts;
mod admin;
mod attachments;
mod bucket;
mod changes;
mod conversations;
mod messages;
mod metrics;
mod notifications;
mod protection;
mod rooms;
mod search;
mod sign_up;
mod site;
