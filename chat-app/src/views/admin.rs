//! The pages of administration. Pure.

pub(crate) mod bots;
pub(crate) mod invites;
pub(crate) mod messages;
pub(crate) mod people;
pub(crate) mod rooms;

use maud::{Markup, html};

use super::settings;
use super::shell::Shell;
use super::widgets::{SEARCH_ICON, display_name, icon, timestamp};
use crate::store::audit::Entry;
use crate::t;
use crate::text::{FluentArgs, FluentValue, Text};

const TABS: [(&str, &str); 6] = [
    ("/admin", "admin-people"),
    ("/admin/rooms", "admin-rooms"),
    ("/admin/invites", "admin-invites"),
    ("/admin/bots", "admin-bots"),
    ("/admin/messages", "admin-messages"),
    ("/admin/log", "admin-log"),
];

/// A page under one of the tabs.
fn page(shell: &Shell, tab: &str, content: Markup) -> Markup {
    let text = shell.text;
    let title = t!(text, "admin");
    let content = html! {
        nav.tabs aria-label=(title) {
            @for (path, name) in TABS {
                a href=(path) aria-current=[(path == tab).then_some("page")] { (text.get(name)) }
            }
        }
        (content)
    };
    settings::page(shell, &title, html! {}, content)
}

fn search_form(text: Text, path: &str, q: &str) -> Markup {
    html! {
        form.search method="get" action=(path) role="search" {
            label.visually-hidden for="q" { (t!(text, "admin-search")) }
            input #q type="search" name="q" value=(q) placeholder=(t!(text, "admin-search")) maxlength="80"
                autocomplete="off" autocapitalize="none" spellcheck="false";
            button type="submit" {
                (icon(SEARCH_ICON))
                span.visually-hidden { (t!(text, "admin-search")) }
            }
        }
    }
}

fn next_link(text: Text, path: &str, query: &[(&str, &str)], has_more: bool) -> Markup {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish();
    html! {
        @if has_more { a.button.quiet.further href={ (path) "?" (query) } { (t!(text, "admin-more")) } }
    }
}

/// A link to copy, which holds a secret.
pub(super) fn secret_link(text: Text, link: &str) -> Markup {
    html! {
        p.secret-link dir="ltr" data-testid="secret-link" { (link) }
        @if link.starts_with('/') { p.hint { (t!(text, "admin-link-relative")) } }
    }
}

/// The audit log.
pub(crate) fn log(shell: &Shell, entries: &[Entry], has_more: bool) -> Markup {
    let text = shell.text;
    let last = entries.last().map_or(0, |entry| entry.id).to_string();
    let content = html! {
        @if entries.is_empty() { p.hint { (t!(text, "admin-none")) } }
        ol.rows {
            @for entry in entries {
                li.row data-testid="audit" data-act=(entry.act) {
                    span.grow { (sentence(text, entry)) span.hint { (timestamp(entry.at)) } }
                }
            }
        }
        (next_link(text, "/admin/log", &[("before", &last)], has_more))
    };
    page(shell, "/admin/log", content)
}

fn sentence(text: Text, entry: &Entry) -> String {
    let mut args = FluentArgs::new();
    let known = |value: &Option<String>| FluentValue::from(value.clone().unwrap_or_default());
    args.set("actor", FluentValue::from(display_name(text, &entry.actor)));
    args.set(
        "subject",
        known(&entry.subject.as_ref().map(|name| display_name(text, name))),
    );
    args.set("detail", known(&entry.detail));
    args.set(
        "place",
        known(&entry.conversation_id.map(|id| id.to_string())),
    );
    text.with(&format!("audit-{}", entry.act), &args)
}
