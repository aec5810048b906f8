//! What the tests of a running Confab share: the cluster through `kubectl`, the chat through HTTP and through a real browser,
//! and one way to wait. All of it does I/O, except for `html`, `page` and `manifest`.
//!
//! The tests fail when what they need is not there, with a line that says what to do; they never skip.

pub mod browser;
pub mod client;
pub mod delivery;
mod error;
pub mod example;
pub mod html;
pub mod kubectl;
#[cfg(test)]
mod links;
pub mod manifest;
pub mod nodeless;
pub mod page;
pub mod port;
pub mod secured;
#[cfg(test)]
mod vocabulary;
pub mod wait;

pub use error::{Context, Error, Result};
pub use port::{free_port, free_ports};
pub use wait::eventually;

/// A name that no other test and no earlier run has used: `ada` becomes `ada-3f9c01d2`. Fits user names and Kubernetes names.
pub fn unique(name: &str) -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    format!("{name}-{}", &id[..8])
}

/// Every account of the tests has this password.
pub const PASSWORD: &str = "correct horse battery staple";
