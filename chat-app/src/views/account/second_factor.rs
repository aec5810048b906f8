//! A person's second factor on the page of their account. Pure.

use maud::{Markup, html};
use time::OffsetDateTime;

use super::AccountPage;
use crate::store::second_factors::SecondFactor;
use crate::t;
use crate::text::Text;
use crate::views::settings::{button, section};
use crate::views::widgets::timestamp;

const SETUP: &str = "/account/second-factor/setup";

#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) factor: Option<SecondFactor>,
    /// When somebody else removed it, until the person has read it.
    pub(crate) removed_at: Option<OffsetDateTime>,
    /// Whether the person can set one up: it protects a password.
    pub(crate) available: bool,
    /// Whether the settings require one, so that it cannot be removed.
    pub(crate) required: bool,
}

/// Nothing for people who log in at providers alone, who have factors of their own.
pub(super) fn second_factor(text: Text, page: &AccountPage) -> Markup {
    let Section {
        factor,
        removed_at,
        available,
        required,
    } = &page.second_factor;
    if factor.is_none() && removed_at.is_none() && !available {
        return html! {};
    }
    let content = html! {
        @if let Some(at) = removed_at { (removal(text, *at)) }
        @match factor {
            Some(factor) => (present(text, factor, *required)),
            None => p.hint { (t!(text, "second-factor-hint")) },
        }
        @if *available {
            (button(SETUP, &[], if factor.is_some() { "quiet" } else { "primary" }, &match factor {
                Some(_) => t!(text, "second-factor-replace"),
                None => t!(text, "second-factor-set-up"),
            }))
        }
        @if factor.is_some() && !required {
            (button("/account/second-factor/remove", &[], "danger", &t!(text, "second-factor-remove")))
        }
    };
    let title = t!(text, "second-factor");
    section(
        text,
        "second-factor",
        &title,
        page.outcome("second-factor"),
        content,
    )
}

fn present(text: Text, factor: &SecondFactor, required: bool) -> Markup {
    html! {
        p data-testid="second-factor" { (t!(text, "second-factor-since")) " " (timestamp(factor.created_at)) }
        p.hint { (t!(text, "second-factor-codes-left", count = factor.recovery_codes)) }
        @if required { p.hint { (t!(text, "second-factor-required")) } }
        (button("/account/second-factor/codes", &[], "quiet", &t!(text, "second-factor-codes-new")))
    }
}

fn removal(text: Text, at: OffsetDateTime) -> Markup {
    html! {
        p role="status" { (t!(text, "second-factor-removed")) " " (timestamp(at)) }
        (button("/account/second-factor/read", &[], "quiet", &t!(text, "second-factor-read")))
    }
}
