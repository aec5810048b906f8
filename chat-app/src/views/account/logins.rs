//! The accounts at login providers that are connected with a person's own, and those that could be. Pure.

use maud::{Markup, html};

use super::AccountPage;
use crate::config::OidcProvider;
use crate::store::identities::Identity;
use crate::t;
use crate::text::Text;
use crate::views::settings::{button, section};

/// Nothing in a chat without providers.
pub(super) fn logins(text: Text, page: &AccountPage) -> Markup {
    let provider = |identity: &Identity| {
        let issuer = |it: &&OidcProvider| it.issuer_url.as_str() == identity.issuer;
        page.providers.iter().find(issuer)
    };
    let content = html! {
        p.hint { (t!(text, "account-logins-hint")) }
        @if !page.identities.is_empty() {
            ul.rows {
                @for identity in page.identities { (row(text, identity, provider(identity))) }
            }
        }
        @for provider in page.providers {
            (button("/account/logins/connect", &[("provider", &provider.name)], "quiet",
                &t!(text, "account-login-connect", provider = provider.display_name())))
        }
    };
    if page.providers.is_empty() && page.identities.is_empty() {
        return html! {};
    }
    let title = t!(text, "account-logins");
    section(text, "logins", &title, page.outcome("logins"), content)
}

fn row(text: Text, identity: &Identity, provider: Option<&OidcProvider>) -> Markup {
    html! {
        li.row data-testid="login" {
            span.grow {
                bdi {
                    @if identity.account.is_empty() { (t!(text, "account-login-unknown")) }
                    @else { (identity.account) }
                }
                span.hint {
                    @match provider {
                        Some(provider) => bdi { (provider.display_name()) },
                        None => (t!(text, "account-login-gone")),
                    }
                }
            }
            (button("/account/logins/disconnect", &[("identity", &identity.id.to_string())], "quiet",
                &t!(text, "account-login-disconnect")))
        }
    }
}
