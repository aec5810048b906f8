//! The search for people. Pure.

use maud::{Markup, html};

use super::shell::{Pane, Shell};
use super::widgets::{SEARCH_ICON, avatar, back_link, handle_of, icon};
use crate::domain::User;
use crate::t;
use crate::text::Text;

pub(crate) fn page(shell: &Shell, q: &str, people: &[User]) -> Markup {
    shell.page(&Pane {
        title: &t!(shell.text, "new-conversation"),
        layout: "at-page",
        live: None,
        current: None,
        content: html! {
            header.bar { (back_link(shell.text)) h1 { (t!(shell.text, "new-conversation")) } }
            div.scroller.top tabindex="-1" {
                div.track {
                    form.search method="get" action="/people" role="search" data-testid="people-search" {
                        label.visually-hidden for="q" { (t!(shell.text, "people-search")) }
                        input #q type="search" name="q" value=(q) placeholder=(t!(shell.text, "people-search")) maxlength="64"
                            autocomplete="off" autocapitalize="none" spellcheck="false" autofocus;
                        button type="submit" { (icon(SEARCH_ICON)) span.visually-hidden { (t!(shell.text, "search")) } }
                    }
                    // The page behind “+”: it starts rooms and groups too.
                    p.start {
                        a.button href="/rooms/new" { (t!(shell.text, "rooms-new")) }
                        a.button href="/rooms/new?kind=group" { (t!(shell.text, "group-new")) }
                        a.button href="/rooms" { (t!(shell.text, "rooms-browse")) }
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
                h2.caption { @if q.trim().is_empty() { (t!(text, "people-newest")) } @else { (t!(text, "people-found")) } }
                ul.people { @for person in people { (item(text, person)) } }
            } @else if q.trim().is_empty() {
                div.empty {
                    h2 { (t!(text, "people-first")) }
                    p { (t!(text, "people-first-hint")) }
                }
            } @else {
                div.empty {
                    h2 { (t!(text, "people-none")) }
                    p { (t!(text, "people-none-hint", q = q.trim())) }
                    a.button.quiet href="/people" { (t!(text, "people-newest-link")) }
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
                    (avatar(&person.display_name, person.avatar))
                    span.titles {
                        span.name dir="auto" { (person.display_name) }
                        (handle_of(person))
                    }
                    span.act.at-desk { (t!(text, "people-message")) }
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
