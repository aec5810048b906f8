//! Bots as admins see them. Pure.

use maud::{Markup, html};

use super::page;
use crate::domain::AccessToken;
use crate::input_error::InputError;
use crate::store::bots::Bot;
use crate::t;
use crate::text::Text;
use crate::views::access_tokens::{Created, sections};
use crate::views::settings::{Outcome, button, section};
use crate::views::shell::Shell;
use crate::views::widgets::{handle, timestamp};

const PATH: &str = "/admin/bots";

/// A bot that was not created.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) error: InputError,
    pub(crate) typed: String,
}

pub(crate) fn list(shell: &Shell, bots: &[Bot], rejected: Option<&Rejected>) -> Markup {
    let text = shell.text;
    let content = html! {
        (new(text, rejected))
        @if bots.is_empty() { p.hint { (t!(text, "admin-none")) } }
        ul.rows {
            @for bot in bots {
                li.row data-testid="bot" {
                    a.grow href={ (PATH) "/" (bot.user.id) } { (handle(bot.user.name.as_str())) }
                    span.hint { (t!(text, "bots-tokens", count = bot.tokens)) }
                }
            }
        }
    };
    page(shell, PATH, content)
}

fn new(text: Text, rejected: Option<&Rejected>) -> Markup {
    let outcome = rejected.map_or(Outcome::None, |it| Outcome::Invalid(it.error.clone()));
    let typed = rejected.map_or("", |it| it.typed.as_str());
    let content = html! {
        p.hint { (t!(text, "bots-about")) }
        form method="post" action=(PATH) data-testid="bot-form" {
            div.field {
                label for="bot-name" { (t!(text, "field-name")) }
                input #bot-name name="name" type="text" value=(typed) minlength="2" maxlength="32" required autocomplete="off"
                    autocapitalize="none" spellcheck="false" dir="ltr";
            }
            button.button.primary type="submit" { (t!(text, "bots-create")) }
        }
    };
    section(text, "new-bot", &t!(text, "bots-new"), &outcome, content)
}

/// A bot with its access tokens.
pub(crate) fn bot(shell: &Shell, bot: &Bot, tokens: &[AccessToken], created: &Created) -> Markup {
    let text = shell.text;
    let path = format!("{PATH}/{}", bot.user.id);
    let about = html! {
        p.hint {
            (handle(bot.user.name.as_str())) " · " (t!(text, "bots-since")) " " (timestamp(bot.created_at))
        }
        p.hint { (t!(text, "bots-rooms", name = bot.user.name.as_str())) }
        (button(&format!("{path}/remove"), &[], "danger", &t!(text, "bots-delete")))
    };
    let content = html! {
        (section(text, "bot", &bot.user.display_name, &Outcome::None, about))
        (sections(text, &format!("{path}/tokens"), tokens, created))
    };
    page(shell, PATH, content)
}
