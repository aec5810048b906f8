//! Log in, sign up, set up, reset a password, enter a code: cards with a form. Pure.

mod providers;

use maud::{Markup, html};

pub(crate) use self::providers::leave;
use super::document::card;
use super::widgets::field_error;
use crate::config::{Config, OidcProvider, PasswordLogin, Registration};
use crate::domain::PROOF_MINUTES;
use crate::input_error::InputError;
use crate::t;
use crate::text::Text;

/// What a person typed, and what is wrong with it. Passwords and tokens are never sent back.
#[derive(Debug, Default)]
pub(crate) struct AuthForm {
    pub(crate) name: String,
    pub(crate) next: String,
    /// Whether the session of the page before has ended.
    pub(crate) ended: bool,
    pub(crate) name_error: Option<InputError>,
    pub(crate) password_error: Option<InputError>,
    /// Of a second factor.
    pub(crate) code_error: Option<InputError>,
    /// Of the setup token.
    pub(crate) token_error: Option<InputError>,
    /// Of a login at a provider.
    pub(crate) provider_error: Option<InputError>,
}

impl AuthForm {
    pub(crate) fn has_error(&self) -> bool {
        let errors = [
            &self.name_error,
            &self.password_error,
            &self.code_error,
            &self.token_error,
            &self.provider_error,
        ];
        errors.iter().any(|error| error.is_some())
    }
}

/// Providers first: where there are some, most people use them.
pub(crate) fn login(config: &Config, text: Text, form: &AuthForm) -> Markup {
    let providers = &config.login.providers.0;
    let passwords = config.login.passwords;
    let content = html! {
        @if form.ended { p.hint role="status" data-testid="ended" { (t!(text, "login-ended")) } }
        (providers::error(text, form))
        @for provider in providers {
            (providers::button(text, "/login", provider, &form.next))
        }
        @match passwords {
            PasswordLogin::Disabled => {}
            PasswordLogin::AdminsOnly => details open[form.has_error() && form.provider_error.is_none()] {
                summary { (t!(text, "provider-admins")) }
                (login_form(text, form, false))
            },
            PasswordLogin::Enabled => {
                @if !providers.is_empty() { p.aside { (t!(text, "provider-or-password")) } }
                (login_form(text, form, providers.is_empty()))
            }
        }
        @if config.registration == Registration::Open && passwords == PasswordLogin::Enabled {
            p.aside { (t!(text, "login-new-here")) " " a href=(with_next("/register", &form.next)) { (t!(text, "login-create")) } }
        }
    };
    card(config, text, &t!(text, "login"), content)
}

fn login_form(text: Text, form: &AuthForm, first: bool) -> Markup {
    html! {
        form method="post" action="/login" data-testid="login-form" novalidate {
            (next_field(form))
            (name_field(text, form, first))
            (password_field(text, form, false))
            button.primary type="submit" { (t!(text, "login")) }
        }
    }
}

pub(crate) fn register(config: &Config, text: Text, form: &AuthForm) -> Markup {
    let content = html! {
        (sign_up(text, form, "/register"))
        p.aside { (t!(text, "register-been-here")) " " a href=(with_next("/login", &form.next)) { (t!(text, "login")) } }
    };
    card(config, text, &t!(text, "register-heading"), content)
}

/// Sign-up by invitation.
pub(crate) fn join(config: &Config, text: Text, token: &str, form: &AuthForm) -> Markup {
    let content = html! {
        p.hint { (t!(text, "join-sentence")) }
        (sign_up(text, form, &format!("/join/{token}")))
        p.aside { (t!(text, "register-been-here")) " " a href="/login" { (t!(text, "login")) } }
    };
    card(config, text, &t!(text, "join-heading"), content)
}

fn sign_up(text: Text, form: &AuthForm, action: &str) -> Markup {
    html! {
        form method="post" action=(action) data-testid="register-form" novalidate {
            (next_field(form))
            (name_field(text, form, true))
            (password_field(text, form, true))
            button.primary type="submit" { (t!(text, "register-submit")) }
        }
    }
}

/// Creates the first admin.
pub(crate) fn setup(config: &Config, text: Text, form: &AuthForm) -> Markup {
    let error = form.token_error.as_ref();
    let content = html! {
        p.hint { (t!(text, "setup-sentence")) }
        form method="post" action="/setup" data-testid="setup-form" novalidate {
            div.field {
                label for="token" { (t!(text, "setup-token")) }
                input #token name="token" type="password" required autocomplete="off" maxlength="256"
                    aria-invalid=[error.map(|_| "true")]
                    aria-describedby=(if error.is_some() { "token-error" } else { "token-hint" })
                    autofocus[error.is_some() || !form.has_error()];
                @if error.is_none() { p.hint #token-hint { (t!(text, "setup-token-hint")) } }
                (field_error(text, "token-error", error))
            }
            (name_field(text, form, false))
            (password_field(text, form, true))
            button.primary type="submit" { (t!(text, "setup-submit")) }
        }
    };
    let heading = t!(text, "setup-heading", title = config.title.as_str());
    card(config, text, &heading, content)
}

/// Says what to do if nobody can sign up or set up the chat.
pub(crate) fn first_run(config: &Config, text: Text) -> Markup {
    let content = html! {
        p {
            @if config.registration == Registration::Invite { (t!(text, "first-run-invite")) }
            @else { (t!(text, "first-run-closed")) }
        }
    };
    card(config, text, &t!(text, "first-run-heading"), content)
}

/// Sets a new password.
pub(crate) fn reset(config: &Config, text: Text, token: &str, form: &AuthForm) -> Markup {
    let content = html! {
        p.hint { (t!(text, "reset-sentence", name = form.name.as_str())) }
        form method="post" action={ "/reset/" (token) } data-testid="reset-form" novalidate {
            // Password managers store the new password under this name.
            input type="hidden" name="name" value=(form.name) autocomplete="username";
            (password_field(text, form, true))
            button.primary type="submit" { (t!(text, "reset-submit")) }
        }
    };
    card(config, text, &t!(text, "reset-heading"), content)
}

/// Asks for a code of the second factor, after the password.
pub(crate) fn second_factor(config: &Config, text: Text, form: &AuthForm) -> Markup {
    let content = html! {
        p.hint { (t!(text, "second-factor-sentence", name = form.name.as_str())) }
        form method="post" action="/second-factor" data-testid="code-form" novalidate {
            (code_field(text, form.code_error.as_ref(), true, true))
            button.primary type="submit" { (t!(text, "login")) }
        }
        p.aside { a href="/login" { (t!(text, "second-factor-other")) } }
    };
    card(config, text, &t!(text, "second-factor-heading"), content)
}

/// A code of the authenticator app; with `recovery`, or a recovery code. `first`: it is what the page is for.
pub(super) fn code_field(
    text: Text,
    error: Option<&InputError>,
    recovery: bool,
    first: bool,
) -> Markup {
    let described_by = match error {
        Some(_) => Some("code-error"),
        None => recovery.then_some("code-hint"),
    };
    html! {
        div.field {
            label for="code" { (t!(text, "second-factor-code")) }
            // Not `inputmode="numeric"` where recovery codes are taken: their keyboard needs letters.
            input #code name="code" type="text" required maxlength="64" dir="ltr" autocomplete="one-time-code" autocapitalize="none"
                autocorrect="off" spellcheck="false" inputmode=[(!recovery).then_some("numeric")]
                aria-invalid=[error.map(|_| "true")] aria-describedby=[described_by] autofocus[first || error.is_some()];
            @if recovery && error.is_none() { p.hint #code-hint { (t!(text, "second-factor-code-hint")) } }
            (field_error(text, "code-error", error))
        }
    }
}

/// How a person can prove who they are.
#[derive(Debug)]
pub(crate) struct Proofs<'a> {
    pub(crate) password: bool,
    /// Whether the password needs a code of the second factor.
    pub(crate) code: bool,
    pub(crate) providers: Vec<&'a OidcProvider>,
}

/// Asks a person who is logged in for a proof.
pub(crate) fn confirm(config: &Config, text: Text, proofs: &Proofs, form: &AuthForm) -> Markup {
    let content = html! {
        @if proofs.password { p.hint { (t!(text, "confirm-sentence", minutes = PROOF_MINUTES)) } }
        @else { p.hint { (t!(text, "confirm-provider-sentence", minutes = PROOF_MINUTES)) } }
        (providers::error(text, form))
        @if proofs.password {
            form method="post" action="/confirm" data-testid="confirm-form" novalidate {
                input type="hidden" name="name" value=(form.name) autocomplete="username";
                input type="hidden" name="next" value=(form.next);
                (password_field(text, form, false))
                @if proofs.code { (code_field(text, form.code_error.as_ref(), true, false)) }
                button.primary type="submit" { (t!(text, "confirm-submit")) }
            }
        } @else if proofs.providers.is_empty() {
            p { (t!(text, "confirm-no-way")) }
        }
        @for provider in &proofs.providers {
            (providers::button(text, "/confirm", provider, &form.next))
        }
    };
    let heading = match proofs.password {
        true => t!(text, "confirm-heading"),
        false => t!(text, "confirm-provider-heading"),
    };
    card(config, text, &heading, content)
}

/// Where to go after the form.
fn next_field(form: &AuthForm) -> Markup {
    html! { @if !form.next.is_empty() { input type="hidden" name="next" value=(form.next); } }
}

fn with_next(page: &str, next: &str) -> String {
    if next.is_empty() {
        return page.to_owned();
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("{page}?{}", query.append_pair("next", next).finish())
}

fn name_field(text: Text, form: &AuthForm, first: bool) -> Markup {
    let error = form.name_error.as_ref();
    html! {
        div.field {
            label for="name" { (t!(text, "field-name")) }
            input #name name="name" type="text" value=(form.name) required maxlength="64"
                autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false"
                aria-invalid=[error.map(|_| "true")] aria-describedby=[error.map(|_| "name-error")]
                autofocus[form.token_error.is_none() && (error.is_some() || first && !form.has_error())];
            (field_error(text, "name-error", error))
        }
    }
}

fn password_field(text: Text, form: &AuthForm, new: bool) -> Markup {
    let error = form.password_error.as_ref();
    let hint = new && error.is_none();
    let described_by = match error {
        Some(_) => Some("password-error"),
        None => hint.then_some("password-hint"),
    };
    html! {
        div.field {
            label for="password" { (t!(text, "field-password")) }
            input #password name="password" type="password" required
                autocomplete=(if new { "new-password" } else { "current-password" })
                aria-invalid=[error.map(|_| "true")] aria-describedby=[described_by]
                autofocus[error.is_some() && form.name_error.is_none() && form.token_error.is_none()];
            @if hint { p.hint #password-hint { (t!(text, "field-new-password-hint")) } }
            (field_error(text, "password-error", error))
        }
    }
}
