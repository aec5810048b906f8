//! The error page. Pure.

use maud::{Markup, html};

use super::document::document;
use super::widgets::logo;
use crate::config::Config;
use crate::t;
use crate::text::Text;

#[derive(Debug)]
pub(crate) struct ErrorPage<'a> {
    pub(crate) heading: &'a str,
    /// What happened, and what to do.
    pub(crate) sentence: &'a str,
    /// The request's id, if the log has more about the error.
    pub(crate) reference: Option<&'a str>,
}

pub(crate) fn page(config: &Config, text: Text, error: &ErrorPage) -> Markup {
    document(
        config,
        text,
        &format!("{} · {}", error.heading, config.title),
        html! {
            body.card-page {
                main.card data-testid="error" {
                    p.brand { (logo()) (config.title) }
                    h1 { (error.heading) }
                    p { (error.sentence) }
                    @if let Some(reference) = error.reference {
                        p.hint { (t!(text, "error-reference")) " " code { (reference) } }
                    }
                    a.button.primary href="/" { (t!(text, "error-go-home", title = config.title.as_str())) }
                }
            }
        },
    )
}
