//! Search queries: [`query`] parses what a user typed, [`crate::store::search`] runs it. Pure.

pub mod query;
mod sentences;

pub use self::query::{MAX_CHARS, Problem, parse};
