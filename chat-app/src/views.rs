//! All pages and fragments as HTML. Pure: values in, markup out.
//!
//! Pages work without JavaScript. The script reads data attributes.

pub(crate) mod about;
pub(crate) mod access_tokens;
pub(crate) mod account;
pub(crate) mod actions;
pub(crate) mod admin;
pub(crate) mod assets;
pub(crate) mod attach;
pub(crate) mod attachment;
pub(crate) mod auth;
pub(crate) mod composer;
pub(crate) mod conversation;
mod document;
pub(crate) mod error;
mod excerpt;
pub(crate) mod hooks;
pub(crate) mod list;
mod listed;
pub(crate) mod message;
pub(crate) mod notice;
pub(crate) mod notifications;
pub(crate) mod people;
pub(crate) mod pins;
pub(crate) mod rooms;
pub(crate) mod saved;
pub(crate) mod search;
mod settings;
pub(crate) mod shell;
mod widgets;
pub(crate) mod words;
