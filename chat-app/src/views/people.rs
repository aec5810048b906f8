//! Finding people. Pure.

use maud::{Markup, html};

use super::portrait;
use super::shell::{Pane, Shell, back, icon};
use crate::domain::User;
use crate::t;
use crate::text::Text;

/// The page to find people; `q` is what was searched for.
pub fn page(shell: &Shell, q: &str, people: &[User]) -> Markup {
    shell.page(&Pane {
        title: "Find people",
        place: "at-page",
        live: None,
        current: None,
        content: html! {
            header.bar { (back(shell.text)) h1 { "Find people" } }
            div.scroller.top tabindex="-1" {
                div.track {
                    form.search method="get" action="/people" role="search" data-testid="people-search" {
                        label.visually-hidden for="q" { "Name" }
                        input #q type="search" name="q" value=(q) placeholder="Search by name" maxlength="64"
                            autocomplete="off" autocapitalize="none" spellcheck="false" autofocus;
                        button type="submit" { (icon("M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.5 4.5")) span.visually-hidden { "Search" } }
                    }
                    (results(shell.text, q, people))
                }
            }
        },
    })
}

fn results(text: Text, q: &str, people: &[User]) -> Markup {
    html! {
        div #results aria-live="polite" {
            @if !people.is_empty() {
                h2.caption { @if q.trim().is_empty() { "Newest people" } @else { "People found" } }
                ul.people { @for person in people { (item(text, person)) } }
            } @else if q.trim().is_empty() {
                div.empty {
                    h2 { "You’re the first one here" }
                    p { "Pass the address on. Everybody who signs up can be found here." }
                }
            } @else {
                div.empty {
                    h2 { "Nobody found" }
                    p { "No name here holds “" (q.trim()) "”. Try fewer letters, or " a href="/people" { "see who is new" } "." }
                }
            }
        }
    }
}

fn item(text: Text, person: &User) -> Markup {
    html! {
        li data-testid="person" data-name=(person.name) {
            form method="post" action="/c" {
                input type="hidden" name="user" value=(person.id);
                button.person type="submit" {
                    (portrait(&person.display_name, person.avatar))
                    span.name { bdi { (person.display_name) } }
                    @if person.display_name != person.name.as_str() { span.handle { "@" (person.name) } }
                    span.act { "Message" }
                }
            }
            form method="post" action="/account/block" {
                input type="hidden" name="user" value=(person.id);
                button.quiet type="submit" data-testid="block"
                    aria-label={ (t!(text, "account-block")) " " (person.display_name) } { (t!(text, "account-block")) }
            }
        }
    }
}
