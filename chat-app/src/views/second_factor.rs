//! Setting up a second factor: cards, which need nothing of the chat, so that they are also for people who must do this first. Pure.

use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::assets;
use super::auth::code_field;
use super::document::card;
use super::qr_code::qr_code;
use super::settings::button;
use crate::config::Config;
use crate::input_error::InputError;
use crate::second_factor::RecoveryCode;
use crate::t;
use crate::text::Text;

/// Says that the chat requires a second factor.
pub(crate) fn start(config: &Config, text: Text) -> Markup {
    let content = html! {
        p { (t!(text, "second-factor-start")) }
        p.hint { (t!(text, "second-factor-apps")) }
        (button("/account/second-factor/setup", &[], "primary", &t!(text, "second-factor-set-up")))
        (log_out(text))
    };
    card(
        config,
        text,
        &t!(text, "second-factor-start-heading"),
        content,
    )
}

/// For who cannot set one up now.
fn log_out(text: Text) -> Markup {
    button("/logout", &[], "quiet", &t!(text, "log-out"))
}

/// An app that a code has to confirm.
#[derive(Debug)]
pub(crate) struct SetupForm<'a> {
    /// What the QR code says.
    pub(crate) uri: &'a str,
    pub(crate) secret: &'a str,
    /// Whether the person cannot do anything else before.
    pub(crate) forced: bool,
    pub(crate) error: Option<InputError>,
}

pub(crate) fn setup(config: &Config, text: Text, form: &SetupForm) -> Markup {
    let content = html! {
        link rel="stylesheet" href=(assets::url("second-factor.css"));
        p { (t!(text, "second-factor-scan")) }
        (qr_code(form.uri, &t!(text, "second-factor-qr-code")))
        p.hint { (t!(text, "second-factor-type")) }
        p.typed-secret dir="ltr" data-testid="typed-secret" { (form.secret) }
        p.hint { a href=(form.uri) data-testid="otpauth" { (t!(text, "second-factor-open")) } }
        form method="post" action="/account/second-factor" data-testid="setup-code-form" novalidate {
            (code_field(text, form.error.as_ref(), false, false))
            button.primary type="submit" { (t!(text, "second-factor-confirm")) }
        }
        @if form.forced { (log_out(text)) }
        @else { p.aside { a href="/account#second-factor" { (t!(text, "second-factor-cancel")) } } }
    };
    card(config, text, &t!(text, "second-factor-set-up"), content)
}

/// New recovery codes, shown once.
pub(crate) fn codes(config: &Config, text: Text, codes: &[RecoveryCode]) -> Markup {
    let lines: String = codes.iter().map(|code| format!("{code}\n")).collect();
    let title = t!(
        text,
        "second-factor-codes-file",
        title = config.title.as_str()
    );
    let file = format!("{title}\n\n{lines}");
    let href = format!(
        "data:text/plain;charset=utf-8,{}",
        utf8_percent_encode(&file, NON_ALPHANUMERIC)
    );
    let content = html! {
        link rel="stylesheet" href=(assets::url("second-factor.css"));
        p { (t!(text, "second-factor-codes-sentence")) }
        pre.recovery-codes dir="ltr" tabindex="0" aria-label=(t!(text, "second-factor-codes")) data-testid="recovery-codes" { (lines) }
        a.button.quiet href=(href) download="recovery-codes.txt" { (t!(text, "second-factor-codes-download")) }
        a.button.primary href="/c" data-testid="codes-kept" { (t!(text, "second-factor-codes-kept")) }
        p.aside { (t!(text, "second-factor-others")) }
        (button("/account/devices/others", &[], "quiet", &t!(text, "account-devices-others")))
    };
    card(config, text, &t!(text, "second-factor-codes"), content)
}
