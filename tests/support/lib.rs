//! What the suites share to test a running Confab: the cluster through `kubectl`, the chat through HTTP and through a real
//! browser, an API server without nodes, and one way to wait. All of it does I/O, except for `manifest`, `names` and `page`.
//!
//! A test fails when what it needs is missing, with a line that says what to do; it never skips.

#![warn(unreachable_pub)]

pub mod browser;
pub mod client;
pub mod example;
pub mod kubectl;
#[cfg(test)]
mod links;
pub mod local;
pub mod manifest;
#[cfg(test)]
mod mentions;
mod names;
pub mod nodeless;
pub mod page;
pub mod port;
pub mod section;
pub mod secured;
#[cfg(test)]
mod vocabulary;
pub mod wait;

pub use anyhow::{Context, Error, Result, anyhow, bail, ensure};
pub use names::{PASSWORD, unique};
pub use port::{free_port, free_ports};
pub use wait::eventually;
