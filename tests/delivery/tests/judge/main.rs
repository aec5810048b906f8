//! The judge of the delivery contract on journals that were made up: each promise broken at one place, and what looks
//! broken and is not.

mod broken;
mod kept;
mod script;
mod times;
