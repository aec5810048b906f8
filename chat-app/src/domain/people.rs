//! Users, their names and sessions. Pure.

use std::fmt;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{SessionId, UserId, VisibleNameError, lookalike_keys, parse_visible};

/// A login name: 2 to 32 of `a–z 0–9 . _ -`, starting with a letter or a digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserName(String);

/// Why a text is not a [`UserName`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Shorter than 2 or longer than 32 characters.
    #[error("the name does not have 2 to 32 characters")]
    Length,
    /// A character that is not allowed.
    #[error("the name has a character that is not allowed")]
    Characters,
}

impl UserName {
    pub(crate) const MIN_CHARS: usize = 2;
    pub(crate) const MAX_CHARS: usize = 32;
    /// What a name may hold besides letters and digits.
    pub(crate) const MARKS: &str = "._-";

    /// Trims and lower-cases.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name = text.trim().to_ascii_lowercase();
        if !(Self::MIN_CHARS..=Self::MAX_CHARS).contains(&name.chars().count()) {
            return Err(NameError::Length);
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if !name.starts_with(plain) || !name.chars().all(|c| plain(c) || Self::MARKS.contains(c)) {
            return Err(NameError::Characters);
        }
        Ok(Self(name))
    }

    /// The name of a new account also ends with a letter or a digit: behind a mention, another mark belongs to the sentence.
    pub fn parse_new(text: &str) -> Result<Self, NameError> {
        let name = Self::parse(text)?;
        match name.0.ends_with(|c| Self::MARKS.contains(c)) {
            true => Err(NameError::Characters),
            false => Ok(name),
        }
    }

    /// A name from the database, where a constraint ensures its form.
    pub(crate) fn stored(name: String) -> Self {
        Self(name)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name to show instead of the login name; `None` if the text is empty.
pub fn parse_display_name(text: &str) -> Result<Option<String>, DisplayNameError> {
    let name = parse_visible(text, 64)?;
    let [reserved, _] = lookalike_keys("former-");
    let is_reserved = |name: &String| {
        let keys = lookalike_keys(name);
        keys.iter().any(|key| key.starts_with(&reserved))
    };
    match name.as_ref().is_some_and(is_reserved) {
        true => Err(DisplayNameError::Reserved),
        false => Ok(name),
    }
}

/// Why a text is not a display name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisplayNameError {
    #[error(transparent)]
    Visible(#[from] VisibleNameError),
    /// Like the name of a deleted account: no user may look like one.
    #[error("the name is reserved for deleted accounts")]
    Reserved,
}

/// A user, as others see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// The login name, by which they are mentioned.
    pub name: UserName,
    /// The login name, unless they chose another one.
    pub display_name: String,
    pub avatar: Option<Uuid>,
}

/// A valid session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user: User,
    pub admin: bool,
    /// Whether they have entered their password with the code of a second factor if they have one, or their credentials at a login
    /// provider, within the last [`PROOF_MINUTES`].
    pub proved: bool,
    /// Whether their password alone does not log them in.
    pub second_factor: bool,
    /// Whether it began with a login at a provider.
    pub began_at_provider: bool,
}

/// What a login provider has ended: a session there, all sessions of a person there, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedOut {
    pub subject: Option<String>,
    /// The provider's name for the session.
    pub sid: Option<String>,
    /// What began later goes on.
    pub at: OffsetDateTime,
}

/// For so long an entered password allows what somebody else at an open browser must not do.
pub const PROOF_MINUTES: i32 = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_lower_cased() {
        assert_eq!(UserName::parse("  Ada.L ").unwrap().as_str(), "ada.l");
    }

    #[test]
    fn a_name_of_other_characters_or_lengths_is_refused() {
        for text in ["", "a", &"a".repeat(33)] {
            assert_eq!(UserName::parse(text), Err(NameError::Length), "{text:?}");
        }
        for text in ["-ada", "ada l", "äda", "ada\0"] {
            assert_eq!(
                UserName::parse(text),
                Err(NameError::Characters),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_new_name_ends_with_a_letter_or_a_digit() {
        for text in ["bob.", "x_", "y-", "a.b..", "bob-_"] {
            assert_eq!(
                UserName::parse_new(text),
                Err(NameError::Characters),
                "{text:?}"
            );
            assert!(
                UserName::parse(text).is_ok(),
                "accounts with such a name exist: {text:?}"
            );
        }
        assert_eq!(UserName::parse_new("Ada.L-2").unwrap().as_str(), "ada.l-2");
    }

    #[test]
    fn a_display_name_is_visible_and_not_that_of_a_deleted_account() {
        assert_eq!(
            parse_display_name(" Ada  Lovelace\n").unwrap().as_deref(),
            Some("Ada Lovelace")
        );
        assert_eq!(parse_display_name(" \t "), Ok(None));
        for text in ["a\u{202e}b", "a\u{7}b", &"x".repeat(65)] {
            let refused = parse_display_name(text);
            assert!(
                matches!(refused, Err(DisplayNameError::Visible(_))),
                "{text:?}"
            );
        }
        for text in ["Former-12", "fоrmer-12", "FORMER-x"] {
            let refused = parse_display_name(text);
            assert_eq!(refused, Err(DisplayNameError::Reserved), "{text:?}");
        }
    }
}
