//! The page of a person's own account. Pure.

mod logins;
mod people;
mod safety;
mod second_factor;

use maud::{Markup, html};

pub(crate) use self::people::folded_css;
pub(crate) use self::second_factor::Section as SecondFactorSection;
use super::document::card;
pub(crate) use super::settings::Outcome;
use super::settings::{button, page as settings_page, section};
use super::shell::Shell;
use super::widgets::avatar;
use crate::config::{Config, OidcProvider};
use crate::domain::{Session, User};
use crate::store::accounts::Profile;
use crate::store::identities::Identity;
use crate::store::sessions::ListedSession;
use crate::t;
use crate::text::{Language, Text};

#[derive(Debug)]
pub(crate) struct AccountPage<'a> {
    /// The session that requests the page.
    pub(crate) session: &'a Session,
    pub(crate) profile: &'a Profile,
    pub(crate) sessions: &'a [ListedSession],
    pub(crate) blocked: &'a [User],
    /// Whether they have a password that they can use.
    pub(crate) has_password: bool,
    pub(crate) second_factor: SecondFactorSection,
    pub(crate) identities: &'a [Identity],
    pub(crate) providers: &'a [OidcProvider],
    /// The section whose form was sent, and its outcome.
    pub(crate) outcome: (String, Outcome),
}

impl AccountPage<'_> {
    fn outcome(&self, section: &str) -> &Outcome {
        const NONE: &Outcome = &Outcome::None;
        let (id, outcome) = &self.outcome;
        if id == section { outcome } else { NONE }
    }
}

pub(crate) fn page(shell: &Shell, page: &AccountPage) -> Markup {
    let text = shell.text;
    let nav = html! {
        a.button.quiet href="/notifications" { (t!(text, "notifications")) }
        a.button.quiet href="/account/tokens" { (t!(text, "tokens")) }
        @if page.session.admin { a.button.quiet href="/admin" { (t!(text, "account-admin")) } }
    };
    let content = html! {
        (profile(text, page))
        (picture(text, page))
        (language(text, page))
        (privacy(text, page))
        (logins::logins(text, page))
        @if page.has_password { (safety::password(text, page)) }
        (second_factor::second_factor(text, page))
        (safety::sessions(text, page))
        (people::blocked(text, page))
        (safety::data(text, page))
    };
    settings_page(shell, &t!(text, "account"), nav, content)
}

fn profile(text: Text, page: &AccountPage) -> Markup {
    let display_name = page.profile.display_name.as_deref().unwrap_or("");
    let form = html! {
        p.hint { (t!(text, "account-name", name = page.session.user.name.as_str())) }
        form method="post" action="/account/profile" data-testid="profile-form" {
            div.field {
                label for="display-name" { (t!(text, "account-display-name")) }
                input #display-name name="display_name" type="text" value=(display_name) maxlength="64" dir="auto"
                    autocomplete="nickname" aria-describedby="display-name-hint";
                p.hint #display-name-hint { (t!(text, "account-display-name-hint")) }
            }
            button.button.primary type="submit" { (t!(text, "account-save")) }
        }
    };
    let title = t!(text, "account-profile");
    section(text, "profile", &title, page.outcome("profile"), form)
}

fn picture(text: Text, page: &AccountPage) -> Markup {
    let me = &page.session.user;
    let form = html! {
        div.picture {
            (avatar(&me.display_name, me.avatar))
            form method="post" action="/account/avatar" enctype="multipart/form-data" data-testid="avatar-form" {
                div.field {
                    label for="picture-file" { (t!(text, "account-picture-file")) }
                    input #picture-file name="picture" type="file" required accept="image/png,image/jpeg,image/webp"
                        aria-describedby="picture-hint";
                    p.hint #picture-hint { (t!(text, "account-picture-hint")) }
                }
                button.button.primary type="submit" { (t!(text, "account-picture-upload")) }
            }
        }
        @if me.avatar.is_some() {
            (button("/account/avatar/remove", &[], "quiet", &t!(text, "account-picture-remove")))
        }
    };
    let title = t!(text, "account-picture");
    section(text, "picture", &title, page.outcome("picture"), form)
}

fn language(text: Text, page: &AccountPage) -> Markup {
    let chosen = page.profile.language.as_deref();
    let form = html! {
        form method="post" action="/account/language" data-testid="language-form" {
            fieldset {
                legend.visually-hidden { (t!(text, "account-language")) }
                label.choice {
                    input type="radio" name="language" value="" checked[chosen.is_none()];
                    (t!(text, "account-language-browser"))
                }
                @for language in Language::ALL {
                    label.choice lang=(language) {
                        input type="radio" name="language" value=(language) checked[chosen == Some(language.tag())];
                        (language.own_name())
                    }
                }
            }
            button.button.primary type="submit" { (t!(text, "account-save")) }
        }
    };
    let title = t!(text, "account-language");
    section(text, "language", &title, page.outcome("language"), form)
}

fn privacy(text: Text, page: &AccountPage) -> Markup {
    let choices = [
        (
            "presence",
            page.profile.share_presence,
            t!(text, "account-presence"),
        ),
        (
            "typing",
            page.profile.share_typing,
            t!(text, "account-typing"),
        ),
        (
            "receipts",
            page.profile.share_receipts,
            t!(text, "account-receipts"),
        ),
    ];
    let form = html! {
        form method="post" action="/account/privacy" data-testid="privacy-form" {
            @for (name, shared, label) in choices {
                label.choice { input type="checkbox" name=(name) value="on" checked[shared]; (label) }
            }
            button.button.primary type="submit" { (t!(text, "account-save")) }
        }
    };
    let title = t!(text, "account-privacy");
    section(text, "privacy", &title, page.outcome("privacy"), form)
}

/// The page after the account was deleted.
pub(crate) fn deleted(config: &Config, text: Text) -> Markup {
    let content = html! { p { (t!(text, "account-deleted")) } };
    card(config, text, &t!(text, "account-deleted-heading"), content)
}
