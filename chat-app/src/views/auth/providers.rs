//! Logging in at a provider: the buttons that lead there, and the page that leaves for it. Pure.

use maud::{DOCTYPE, Markup, html};
use url::Url;

use super::AuthForm;
use crate::config::{Config, OidcProvider};
use crate::t;
use crate::text::Text;
use crate::views::assets;
use crate::views::widgets::field_error;

/// A form with a button; `path` is where the provider's name is appended.
pub(super) fn button(text: Text, path: &str, provider: &OidcProvider, next: &str) -> Markup {
    html! {
        form method="post" action={ (path) "/" (provider.name) } data-testid="provider-form" {
            @if !next.is_empty() { input type="hidden" name="next" value=(next); }
            button.primary type="submit" { (t!(text, "provider-login", provider = provider.display_name())) }
        }
    }
}

pub(super) fn error(text: Text, form: &AuthForm) -> Markup {
    html! {
        @if form.provider_error.is_some() {
            div role="alert" { (field_error(text, "provider-error", form.provider_error.as_ref())) }
        }
    }
}

/// Leaves for another site at once, or with a link where browsers do not do that.
pub(crate) fn leave(config: &Config, text: Text, url: &Url) -> Markup {
    let heading = t!(text, "provider-leave-heading");
    html! {
        (DOCTYPE)
        html lang=(text.language) dir=(text.direction()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content={ "0;url=" (url) };
                title { (heading) " · " (config.title) }
                link rel="stylesheet" href=(assets::url("confab.css"));
            }
            body.card-page {
                main.card {
                    h1 { (heading) }
                    p { (t!(text, "provider-leave", host = url.host_str().unwrap_or_default())) }
                    p { a data-testid="leave" href=(url) rel="noreferrer" { (t!(text, "provider-leave-link")) } }
                }
            }
        }
    }
}
