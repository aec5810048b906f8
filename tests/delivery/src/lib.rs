//! Checks the delivery contract of a chat: clients send and observe, and the check decides whether the chat kept its contract.
//!
//! [`load`] does the I/O and writes a [`journal`]; [`check`] decides from the journal alone; [`report`] renders the result.
//! [`inject`] injects faults, and [`self_test`] verifies with them that the check finds each.

#![warn(unreachable_pub)]

pub mod check;
mod http;
pub mod inject;
pub mod journal;
pub mod load;
pub mod page;
mod prefix;
pub mod report;
pub mod self_test;
