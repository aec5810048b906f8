//! The checker of the delivery contract: clients that send and watch, what they saw, and whether it keeps the promise.
//!
//! [`load`] does the I/O and writes a [`journal`]; [`judge`] decides from the journal alone; [`report`] shows it.
//! [`tamper`] plants the faults that prove the judge.

mod http;
pub mod journal;
pub mod judge;
pub mod load;
pub mod prefix;
pub mod prove;
pub mod report;
pub mod shown;
pub mod tamper;
