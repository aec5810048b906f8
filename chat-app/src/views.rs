//! All pages and fragments as HTML. Pure: values in, markup out.
//!
//! Pages work without JavaScript. The script reads data attributes.

pub mod about;
pub mod account;
pub mod actions;
pub mod admin;
pub mod assets;
pub mod attach;
pub mod attachment;
pub mod auth;
pub mod composer;
pub mod conversation;
mod document;
pub mod error;
mod excerpt;
pub mod list;
pub mod message;
pub mod notice;
pub mod notifications;
pub mod people;
pub mod rooms;
pub mod search;
mod settings;
pub mod shell;
mod widgets;
pub mod words;
