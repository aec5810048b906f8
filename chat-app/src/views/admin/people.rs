//! People as admins see them. Pure.

use maud::{Markup, html};

use super::{next_link, page, search_form, secret_link};
use crate::config::Config;
use crate::input_error::InputError;
use crate::store::admin::Person;
use crate::t;
use crate::text::Text;
use crate::views::settings::{Outcome, button, section};
use crate::views::shell::Shell;
use crate::views::widgets::{avatar, handle, handle_of, timestamp};

/// What a form of the page has done.
#[derive(Debug)]
pub(crate) enum FormResult {
    None,
    Invalid(InputError),
    /// The link that was created.
    Link(String),
}

impl FormResult {
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Invalid(error) => Outcome::Invalid(error.clone()),
            Self::None | Self::Link(_) => Outcome::None,
        }
    }
}

/// All people, or those that match `q`.
pub(crate) fn list(shell: &Shell, q: &str, people: &[Person], has_more: bool) -> Markup {
    let text = shell.text;
    let last = people.last().map_or("", |person| person.user.name.as_str());
    let content = html! {
        (search_form(text, "/admin", q))
        @if people.is_empty() { p.hint { (t!(text, "admin-none")) } }
        ul.rows { @for person in people { (row(text, person)) } }
        (next_link(text, "/admin", &[("q", q), ("after", last)], has_more))
    };
    page(shell, "/admin", content)
}

fn row(text: Text, person: &Person) -> Markup {
    let user = &person.user;
    html! {
        li.row data-testid="person" data-name=(user.name) {
            (avatar(&user.display_name, user.avatar))
            a.grow href={ "/admin/people/" (user.id) } {
                bdi { (user.display_name) }
                " " (handle_of(user))
            }
            (tags(text, person))
        }
    }
}

fn tags(text: Text, person: &Person) -> Markup {
    html! {
        @if person.admin { span.tag { (t!(text, "admin-is-admin")) } }
        @if person.second_factor { span.tag { (t!(text, "admin-second-factor")) } }
        @if person.disabled { span.tag.off { (t!(text, "admin-is-disabled")) } }
    }
}

/// A person, and what an admin can do.
pub(crate) fn person(shell: &Shell, person: &Person, result: &FormResult) -> Markup {
    let text = shell.text;
    let user = &person.user;
    let content = html! {
        div.row {
            (avatar(&user.display_name, user.avatar))
            span.grow {
                (handle(user.name.as_str()))
                span.hint { (t!(text, "admin-person-since")) " " (timestamp(person.created_at)) }
            }
            (tags(text, person))
        }
        @if let FormResult::Link(link) = result {
            p role="status" { (t!(text, "admin-reset-link-made", name = user.name.as_str())) }
            (secret_link(text, link))
        }
        (acts(shell.config, text, person))
    };
    let content = section(
        text,
        "person",
        &user.display_name,
        &result.outcome(),
        content,
    );
    page(shell, "/admin", content)
}

fn acts(config: &Config, text: Text, person: &Person) -> Markup {
    let path = format!("/admin/people/{}", person.user.id);
    let act = |act: &str, class: &str, label: &str| button(&path, &[("act", act)], class, label);
    html! {
        @if person.disabled {
            (act("enable", "primary", &t!(text, "admin-enable")))
        } @else {
            @if config.login.passwords.allows(person.admin) {
                (button(&format!("{path}/reset"), &[], "primary", &t!(text, "admin-reset-link")))
            }
            (act("sign_out", "quiet", &t!(text, "admin-sign-out")))
            @if person.second_factor {
                (act("remove_second_factor", "quiet", &t!(text, "admin-remove-second-factor")))
            }
            @if person.admin { (act("unmake_admin", "quiet", &t!(text, "admin-unmake-admin"))) }
            @else { (act("make_admin", "quiet", &t!(text, "admin-make-admin"))) }
            (act("disable", "danger", &t!(text, "admin-disable")))
        }
    }
}
