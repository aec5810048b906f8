//! The parts of settings pages: a title, a link back, sections with a form each. Pure.

use maud::{Markup, html};

use super::assets;
use super::shell::{Pane, Shell};
use super::widgets::{back_link, field_error};
use crate::input_error::InputError;
use crate::t;
use crate::text::Text;

/// A page with these sections and `nav` beside its title.
pub(super) fn page(shell: &Shell, title: &str, nav: Markup, content: Markup) -> Markup {
    shell.page(&Pane {
        title,
        layout: "at-page",
        live: None,
        current: None,
        content: html! {
            link rel="stylesheet" href=(assets::url("account.css"));
            header.bar { (back_link(shell.text)) h1 { (title) } (nav) }
            div.scroller.top tabindex="-1" { div.track.settings { (content) } }
        },
    })
}

/// The outcome of a section's form.
#[derive(Clone, Debug, Default)]
pub(crate) enum Outcome {
    #[default]
    None,
    Saved,
    Invalid(InputError),
}

/// A section with the outcome of its form below the heading.
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
                Outcome::Invalid(error) => div role="alert" {
                    (field_error(text, &format!("{id}-error"), Some(error)))
                },
            }
            (content)
        }
    }
}

/// A form with nothing but a button.
pub(super) fn button(action: &str, fields: &[(&str, &str)], class: &str, label: &str) -> Markup {
    html! {
        form method="post" action=(action) {
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button.button.(class) type="submit" { (label) }
        }
    }
}

pub(super) fn password(id: &str, name: &str, label: &str, autocomplete: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            input #(id) name=(name) type="password" required autocomplete=(autocomplete);
        }
    }
}
