//! The secret that the chat shares with a person's authenticator app, and the codes that follow from it (TOTP, RFC 6238). Pure, except that
//! a new secret reads the randomness of the operating system.

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use time::OffsetDateTime;
use totp_rs::{Algorithm, Builder};

/// Of SHA-1, which all apps know; RFC 4226 recommends 160 bits.
const SECRET_BYTES: usize = 20;
const DIGITS: u8 = 6;
const STEP_SECONDS: u64 = 30;
/// Steps that a clock may be late or early.
const SKEW: u16 = 1;

/// A shared secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Authenticator([u8; SECRET_BYTES]);

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator(…)")
    }
}

impl Authenticator {
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret)?;
        Ok(Self(secret))
    }

    /// `None` if a secret has another length.
    pub fn of(secret: &[u8]) -> Option<Self> {
        secret.try_into().ok().map(Self)
    }

    pub fn secret(&self) -> &[u8] {
        &self.0
    }

    /// The time step whose code this is, if it is the current one or next to it.
    pub fn step_of(&self, code: &[u8; 6], now: OffsetDateTime) -> Option<i64> {
        let seconds = u64::try_from(now.unix_timestamp()).ok()?;
        let code = std::str::from_utf8(code).ok()?;
        let step = self.codes().check(code, seconds)?;
        i64::try_from(step).ok()
    }

    fn codes(&self) -> totp_rs::Totp {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_step_duration(STEP_SECONDS)
            .with_skew(SKEW)
            .with_secret(self.0)
            .build_noncompliant()
    }

    /// The secret for typing: base32 in groups of four.
    pub fn typed(&self) -> String {
        let text = self.base32();
        let groups: Vec<&str> = (0..text.len() / 4)
            .map(|n| &text[4 * n..4 * n + 4])
            .collect();
        groups.join(" ")
    }

    fn base32(&self) -> String {
        base32::encode(base32::Alphabet::Rfc4648 { padding: false }, &self.0)
    }

    /// What the app reads from the QR code:
    /// <https://github.com/google/google-authenticator/wiki/Key-Uri-Format>. A colon would end the name of the chat.
    pub fn uri(&self, chat: &str, account: &str) -> String {
        let chat = chat.replace(':', " ");
        let [chat, account] =
            [chat.trim(), account].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC));
        format!(
            "otpauth://totp/{chat}:{account}?secret={}&issuer={chat}",
            self.base32()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    fn example() -> Authenticator {
        Authenticator::of(b"12345678901234567890").unwrap()
    }

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // The last six of its eight digits.
        for (seconds, code) in [
            (59, b"287082"),
            (1_111_111_109, b"081804"),
            (1_111_111_111, b"050471"),
            (1_234_567_890, b"005924"),
            (2_000_000_000, b"279037"),
            (20_000_000_000, b"353130"),
        ] {
            let step = example().step_of(code, at(seconds));
            assert_eq!(step, Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_clock_may_be_one_step_late_or_early() {
        let (code, step) = (b"081804", 1_111_111_109 / 30);
        for (shift, expected) in [
            (-2, None),
            (-1, Some(step)),
            (0, Some(step)),
            (1, Some(step)),
            (2, None),
        ] {
            let now = at((step + shift) * 30);
            assert_eq!(example().step_of(code, now), expected, "{shift}");
        }
    }

    #[test]
    fn another_secret_has_other_codes_and_none_is_shown() {
        let (one, other) = (
            Authenticator::random().unwrap(),
            Authenticator::random().unwrap(),
        );
        assert_ne!(one, other);
        assert_eq!(format!("{one:?}"), "Authenticator(…)");
        assert_eq!(Authenticator::of(&[0; 19]), None);
    }

    #[test]
    fn an_app_reads_the_names_and_the_secret() {
        assert_eq!(
            example().uri("Team: Süd", "ada.l"),
            "otpauth://totp/Team%20%20S%C3%BCd:ada%2El?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Team%20%20S%C3%BCd"
        );
        assert_eq!(example().typed(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }
}
