//! The outer HTML of pages: the document, and the page that is one card. Pure.

use maud::{DOCTYPE, Markup, html};

use super::assets;
use super::widgets::logo;
use crate::config::Config;
use crate::text::Text;

/// The document; `content` is its `body` element.
pub(super) fn document(config: &Config, text: Text, title: &str, content: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(text.language) dir=(text.direction()) data-replica=(config.replica) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content";
                meta name="color-scheme" content="light dark";
                meta name="theme-color" content="#f6f5f2" media="(prefers-color-scheme: light)";
                meta name="theme-color" content="#151716" media="(prefers-color-scheme: dark)";
                title { (title) }
                link rel="icon" href=(assets::url("icon.svg")) type="image/svg+xml";
                link rel="apple-touch-icon" href=(assets::url("icon-maskable.png"));
                link rel="manifest" href="/manifest.webmanifest";
                link rel="stylesheet" href=(assets::url("confab.css"));
                link rel="stylesheet" href=(assets::words_url(text.language));
                // `blocking`: the first paint waits for the script, so that nothing jumps. Not all browsers support it.
                script type="module" src=(assets::url("confab.js")) blocking="render" {}
                @for module in assets::MODULES {
                    link rel="modulepreload" href=(assets::url(module));
                }
            }
            (content)
        }
    }
}

/// A page that is one card.
pub(super) fn card(config: &Config, text: Text, heading: &str, content: Markup) -> Markup {
    document(
        config,
        text,
        &format!("{heading} · {}", config.title),
        html! {
            body.card-page {
                main.card {
                    p.brand { (logo()) (config.title) }
                    h1 { (heading) }
                    (content)
                }
            }
        },
    )
}
