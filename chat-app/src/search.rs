//! Search: [`query`] parses what a user typed, [`words`] cuts it and the messages into the same words, and
//! [`crate::store::search`] finds messages. Pure.

pub mod entry;
pub mod excerpt;
mod language;
pub mod pattern;
pub mod query;
mod sentences;
mod words;

pub use self::language::Language;
pub use self::query::{MAX_CHARS, Problem, parse};
