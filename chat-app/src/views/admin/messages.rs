//! Removal of a message by its link, and how long messages are kept. Pure.

use maud::{Markup, html};

use super::page as admin_page;
use crate::t;
use crate::views::settings::{Outcome, section};
use crate::views::shell::Shell;

pub(crate) fn page(shell: &Shell, outcome: &Outcome) -> Markup {
    let text = shell.text;
    let form = html! {
        form method="post" action="/admin/messages" data-testid="remove-form" {
            div.field {
                label for="link" { (t!(text, "admin-message-link")) }
                input #link name="link" type="text" inputmode="url" dir="ltr" required maxlength="500" autocomplete="off"
                    aria-describedby="link-hint";
                p.hint #link-hint { (t!(text, "admin-message-link-hint")) }
            }
            button.button.danger type="submit" { (t!(text, "admin-message-remove")) }
        }
    };
    let kept = html! {
        p data-testid="retention" {
            @match shell.config.message_retention_days {
                Some(days) => (t!(text, "admin-retention-days", count = days)),
                None => (t!(text, "admin-retention-none")),
            }
        }
    };
    let content = html! {
        (section(text, "remove", &t!(text, "admin-message-remove"), outcome, form))
        (section(text, "retention", &t!(text, "admin-retention"), &Outcome::None, kept))
    };
    admin_page(shell, "/admin/messages", content)
}
