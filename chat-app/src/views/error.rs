//! The page that says what went wrong. Pure.

use maud::{Markup, html};

use super::document::document;
use super::widgets::logo;
use crate::config::Config;
use crate::t;
use crate::text::Text;

#[derive(Debug)]
pub struct Notice<'a> {
    pub heading: &'a str,
    /// A sentence or two: what happened, what to do.
    pub sentence: &'a str,
    /// What the log calls this request, where the log has more.
    pub reference: Option<&'a str>,
}

/// A page that holds nothing but a notice.
pub fn page(config: &Config, text: Text, notice: &Notice) -> Markup {
    document(
        config,
        text,
        &format!("{} · {}", notice.heading, config.title),
        html! {
            body.card-page {
                main.card data-testid="error" {
                    p.brand { (logo()) (config.title) }
                    h1 { (notice.heading) }
                    p { (notice.sentence) }
                    @if let Some(reference) = notice.reference {
                        p.hint { (t!(text, "error-reference")) " " code { (reference) } }
                    }
                    a.button.primary href="/" { (t!(text, "error-go-home", title = config.title.as_str())) }
                }
            }
        },
    )
}
