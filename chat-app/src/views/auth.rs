//! Logging in and signing up. Pure.

use maud::{Markup, html};

use super::{document, mark};
use crate::config::{Config, Registration};
use crate::text::Text;

/// What a person typed and what is wrong with it. The password is never given back.
#[derive(Debug, Default)]
pub struct Form {
    /// The name as typed.
    pub name: String,
    /// Where to go after.
    pub next: String,
    /// What is wrong with the name.
    pub name_error: Option<String>,
    /// What is wrong with the password.
    pub password_error: Option<String>,
}

impl Form {
    /// Whether something is wrong.
    pub fn is_wrong(&self) -> bool {
        self.name_error.is_some() || self.password_error.is_some()
    }
}

/// The page to log in.
pub fn login(config: &Config, text: Text, form: &Form) -> Markup {
    card(
        config,
        text,
        "Log in",
        html! {
            form method="post" action="/login" data-testid="login-form" novalidate {
                @if !form.next.is_empty() { input type="hidden" name="next" value=(form.next); }
                (name_field(form, "username"))
                (password_field(form, "current-password", None))
                button.primary type="submit" { "Log in" }
            }
            @if config.registration == Registration::Open {
                p.aside { "New here? " a href="/register" { "Create an account" } }
            }
        },
    )
}

/// The page to sign up.
pub fn register(config: &Config, text: Text, form: &Form) -> Markup {
    card(
        config,
        text,
        "Create an account",
        html! {
            form method="post" action="/register" data-testid="register-form" novalidate {
                (name_field(form, "username"))
                (password_field(form, "new-password", Some("At least 8 characters. A few words make a good one.")))
                button.primary type="submit" { "Create account" }
            }
            p.aside { "Been here before? " a href="/login" { "Log in" } }
        },
    )
}

fn card(config: &Config, text: Text, heading: &str, content: Markup) -> Markup {
    document(
        config,
        text,
        &format!("{heading} · {}", config.title),
        html! {
            body.card-page {
                main.card {
                    p.brand { (mark()) (config.title) }
                    h1 { (heading) }
                    (content)
                }
            }
        },
    )
}

fn name_field(form: &Form, autocomplete: &str) -> Markup {
    let error = form.name_error.as_deref();
    html! {
        div.field {
            label for="name" { "Name" }
            input #name name="name" type="text" value=(form.name) required maxlength="64"
                autocomplete=(autocomplete) autocapitalize="none" autocorrect="off" spellcheck="false"
                aria-invalid=[error.map(|_| "true")] aria-describedby=[error.map(|_| "name-error")]
                autofocus[error.is_some() || form.password_error.is_none()];
            (field_error("name-error", error))
        }
    }
}

fn password_field(form: &Form, autocomplete: &str, hint: Option<&str>) -> Markup {
    let error = form.password_error.as_deref();
    let hint = hint.filter(|_| error.is_none());
    let described_by = [
        hint.map(|_| "password-hint"),
        error.map(|_| "password-error"),
    ];
    let described_by = described_by
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    html! {
        div.field {
            label for="password" { "Password" }
            input #password name="password" type="password" required autocomplete=(autocomplete)
                aria-invalid=[error.map(|_| "true")]
                aria-describedby=[Some(&described_by).filter(|ids| !ids.is_empty())]
                autofocus[error.is_some() && form.name_error.is_none()];
            @if let Some(hint) = hint { p.hint #password-hint { (hint) } }
            (field_error("password-error", error))
        }
    }
}

/// What is wrong with a field, beside it.
pub(super) fn field_error(id: &str, error: Option<&str>) -> Markup {
    html! {
        @if let Some(error) = error { p.field-error #(id) data-testid="field-error" { (error) } }
    }
}
