//! What pages of settings share: a title, a way back, sections with a form each. Pure.

use maud::{Markup, html};

use super::assets;
use super::shell::{Pane, Shell};
use super::widgets::{back_link, field_error};
use crate::input_error::InputError;
use crate::t;
use crate::text::Text;

/// A page with these sections; `nav` stands beside its title.
pub(super) fn page(shell: &Shell, title: &str, nav: Markup, content: Markup) -> Markup {
    shell.page(&Pane {
        title,
        place: "at-page",
        live: None,
        current: None,
        content: html! {
            link rel="stylesheet" href=(assets::url("account.css"));
            header.bar { (back_link(shell.text)) h1 { (title) } (nav) }
            div.scroller.top tabindex="-1" { div.track.settings { (content) } }
        },
    })
}

/// What was done, or what is wrong, in a section.
#[derive(Clone, Debug, Default)]
pub enum Outcome {
    #[default]
    None,
    Saved,
    Wrong(InputError),
}

/// A section of the page, with its outcome under its heading.
pub(super) fn section(
    text: Text,
    id: &str,
    title: &str,
    outcome: &Outcome,
    content: Markup,
) -> Markup {
    html! {
        section.setting #(id) aria-labelledby={ (id) "-title" } {
            h2 #{ (id) "-title" } { (title) }
            @match outcome {
                Outcome::None => {}
                Outcome::Saved => p.saved role="status" data-testid="saved" { (t!(text, "account-saved")) },
                Outcome::Wrong(error) => div role="alert" {
                    (field_error(text, &format!("{id}-error"), Some(error)))
                },
            }
            (content)
        }
    }
}

/// A form that is one button.
pub(super) fn button(action: &str, fields: &[(&str, &str)], class: &str, label: &str) -> Markup {
    html! {
        form method="post" action=(action) {
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button.button.(class) type="submit" { (label) }
        }
    }
}

/// A password that is asked for.
pub(super) fn password(id: &str, name: &str, label: &str, autocomplete: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            input #(id) name=(name) type="password" required autocomplete=(autocomplete);
        }
    }
}
