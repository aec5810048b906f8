//! Access tokens: the page with a person's own, and what it shares with the page of a bot. Pure.

use maud::{Markup, html};

use super::settings::{Outcome, button, page as settings_page, section};
use super::shell::Shell;
use super::widgets::timestamp;
use crate::domain::{AccessToken, Scope, TOKEN_NAME_CHARS};
use crate::input_error::InputError;
use crate::t;
use crate::text::Text;

/// How many days a token may be valid; it may also be valid without end.
pub(crate) const DAYS: [i32; 3] = [30, 90, 365];
const DEFAULT_DAYS: i32 = 90;

/// What the last form has created.
#[derive(Clone, Debug)]
pub(crate) enum Created {
    Nothing,
    /// A token, which is shown once.
    Token(String),
    Rejected {
        error: InputError,
        /// As typed.
        name: String,
    },
}

pub(crate) fn page(shell: &Shell, tokens: &[AccessToken], created: &Created) -> Markup {
    let text = shell.text;
    let nav = html! { a.button.quiet href="/account" { (t!(text, "account")) } };
    let content = sections(text, "/account/tokens", tokens, created);
    settings_page(shell, &t!(text, "tokens"), nav, content)
}

/// The tokens of an account, and the form for another one; `path` is where it is sent to.
pub(super) fn sections(
    text: Text,
    path: &str,
    tokens: &[AccessToken],
    created: &Created,
) -> Markup {
    html! { (new(text, path, created)) (list(text, path, tokens)) }
}

/// The form that creates a token, and the token that it has created.
fn new(text: Text, path: &str, created: &Created) -> Markup {
    let (outcome, typed) = match created {
        Created::Rejected { error, name } => (Outcome::Invalid(error.clone()), name.as_str()),
        Created::Nothing | Created::Token(_) => (Outcome::None, ""),
    };
    let content = html! {
        @if let Created::Token(token) = created {
            p role="status" { (t!(text, "tokens-created")) }
            p.secret-link dir="ltr" data-testid="access-token" { (token) }
        }
        p.hint { (t!(text, "tokens-about")) }
        form method="post" action=(path) data-testid="token-form" {
            div.field {
                label for="token-name" { (t!(text, "tokens-name")) }
                input #token-name name="name" type="text" value=(typed) maxlength=(TOKEN_NAME_CHARS) required dir="auto" autocomplete="off";
            }
            fieldset {
                legend { (t!(text, "tokens-scopes")) }
                @for scope in Scope::ALL {
                    label.choice {
                        input type="checkbox" name=(scope.as_str()) value="on" checked;
                        " " (scope_name(text, scope))
                    }
                }
            }
            fieldset {
                legend { (t!(text, "tokens-validity")) }
                @for days in DAYS {
                    label.choice {
                        input type="radio" name="days" value=(days) checked[days == DEFAULT_DAYS];
                        " " (t!(text, "tokens-days", count = days))
                    }
                }
                label.choice { input type="radio" name="days" value=""; " " (t!(text, "tokens-endless")) }
            }
            button.button.primary type="submit" { (t!(text, "tokens-create")) }
        }
    };
    section(
        text,
        "new-token",
        &t!(text, "tokens-new"),
        &outcome,
        content,
    )
}

fn list(text: Text, path: &str, tokens: &[AccessToken]) -> Markup {
    let content = html! {
        @if tokens.is_empty() { p.hint { (t!(text, "tokens-none")) } }
        ul.rows { @for token in tokens { (row(text, path, token)) } }
    };
    let title = t!(text, "tokens-list");
    section(text, "tokens", &title, &Outcome::None, content)
}

fn row(text: Text, path: &str, token: &AccessToken) -> Markup {
    let scopes = token.scopes.iter().map(|scope| scope_name(text, *scope));
    let scopes = scopes.collect::<Vec<_>>().join(" · ");
    html! {
        li.row data-testid="token" data-token=(token.id) {
            span.grow {
                bdi { (token.name) } " " code dir="ltr" { (token.prefix) "…" }
                span.hint {
                    (scopes) " · "
                    @match token.used_at {
                        Some(at) => { (t!(text, "tokens-used")) " " (timestamp(at)) },
                        None => (t!(text, "tokens-unused")),
                    }
                    " · "
                    @match token.expires_at {
                        _ if token.expired => b { (t!(text, "tokens-expired")) },
                        Some(at) => { (t!(text, "tokens-expires")) " " (timestamp(at)) },
                        None => (t!(text, "tokens-endless")),
                    }
                }
            }
            (button(&format!("{path}/{}/revoke", token.id), &[], "danger", &t!(text, "tokens-revoke")))
        }
    }
}

fn scope_name(text: Text, scope: Scope) -> String {
    match scope {
        Scope::Read => t!(text, "tokens-scope-read"),
        Scope::Write => t!(text, "tokens-scope-write"),
    }
}
