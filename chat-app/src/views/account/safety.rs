//! Password, sessions, data export, and deletion of the account. Pure.

use maud::{Markup, html};

use super::AccountPage;
use crate::store::sessions::ListedSession;
use crate::t;
use crate::text::Text;
use crate::views::settings::{button, password as password_field, section};
use crate::views::widgets::timestamp;

pub(super) fn password(text: Text, page: &AccountPage) -> Markup {
    let form = html! {
        form method="post" action="/account/password" data-testid="password-form" {
            input type="hidden" name="name" value=(page.session.user.name) autocomplete="username";
            (password_field("current", "current", &t!(text, "account-password-current"), "current-password"))
            (password_field("new-password", "password", &t!(text, "account-password-new"), "new-password"))
            p.hint { (t!(text, "account-password-hint")) }
            button.button.primary type="submit" { (t!(text, "account-password-submit")) }
        }
    };
    let title = t!(text, "account-password");
    section(text, "password", &title, page.outcome("password"), form)
}

pub(super) fn sessions(text: Text, page: &AccountPage) -> Markup {
    let list = html! {
        ul.rows {
            @for session in page.sessions { (row(text, session, session.id == page.session.id)) }
        }
        @if page.sessions.len() > 1 {
            (button("/account/devices/others", &[], "quiet", &t!(text, "account-devices-others")))
        }
    };
    let title = t!(text, "account-devices");
    section(text, "devices", &title, page.outcome("devices"), list)
}

fn row(text: Text, session: &ListedSession, current: bool) -> Markup {
    let unknown = t!(text, "account-device-unknown");
    html! {
        li.row data-testid="device" {
            span.grow {
                bdi { (session.device.as_deref().unwrap_or(&unknown)) }
                span.hint {
                    @if current { (t!(text, "account-device-this")) }
                    @else { (t!(text, "account-device-seen")) " " (timestamp(session.last_seen_at)) }
                }
            }
            @if !current {
                (button("/account/devices/revoke", &[("session", &session.id.to_string())], "quiet",
                    &t!(text, "account-device-revoke")))
            }
        }
    }
}

/// Whoever has no password proves in another way who they are.
fn delete_proof(text: Text, page: &AccountPage) -> Markup {
    let label = t!(text, "account-password-current");
    html! {
        @if page.has_password {
            (password_field("delete-password", "password", &label, "current-password"))
        } @else {
            p.hint { (t!(text, "account-delete-no-password")) }
        }
    }
}

pub(super) fn data(text: Text, page: &AccountPage) -> Markup {
    let export = html! {
        p.hint { (t!(text, "account-export-hint")) }
        a.button.primary href="/account/export" download data-testid="export" { (t!(text, "account-export")) }
    };
    let delete = html! {
        p.hint { (t!(text, "account-delete-hint")) }
        form method="post" action="/account/delete" data-testid="delete-form" {
            fieldset {
                legend { (t!(text, "account-delete-messages")) }
                label.choice {
                    input type="radio" name="messages" value="keep" checked;
                    (t!(text, "account-delete-keep"))
                }
                label.choice {
                    input type="radio" name="messages" value="erase";
                    (t!(text, "account-delete-erase"))
                }
            }
            (delete_proof(text, page))
            button.button.danger type="submit" { (t!(text, "account-delete")) }
        }
    };
    html! {
        (section(text, "data", &t!(text, "account-data"), page.outcome("data"), export))
        (section(text, "delete", &t!(text, "account-delete"), page.outcome("delete"), delete))
    }
}
