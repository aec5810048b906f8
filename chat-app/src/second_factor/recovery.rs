//! Recovery codes, for who has lost the authenticator app. Pure, except that new ones read the randomness of the operating system.
//!
//! A code has 120 random bits, so SHA-256 is enough for the table, as for all tokens, and nobody can guess one.

use std::fmt;

use base32::Alphabet;

use crate::tokens;

/// How many a person gets at a time.
pub const RECOVERY_CODES: usize = 10;

const BYTES: usize = 15;
const CHARACTERS: usize = 24;
/// Between dashes, for reading.
const GROUP: usize = 6;

/// A code in the form that is hashed: 24 characters of Crockford's base32, which has no letter that looks like a digit.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// As people see it: `k3v7qa-…`.
impl fmt::Display for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, character) in self.0.chars().enumerate() {
            if n > 0 && n % GROUP == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", character.to_ascii_lowercase())?;
        }
        Ok(())
    }
}

impl RecoveryCode {
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(base32::encode(Alphabet::Crockford, &bytes)))
    }

    /// Codes for one person.
    pub fn set() -> Result<Vec<Self>, getrandom::Error> {
        (0..RECOVERY_CODES).map(|_| Self::random()).collect()
    }

    pub fn hash(&self) -> [u8; 32] {
        tokens::hash(&self.0)
    }
}

/// The hash of a typed code, without spaces and dashes. `None` if it cannot be one.
pub(super) fn hash_of(bare: &str) -> Option<[u8; 32]> {
    let letters = bare.chars().map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    });
    let code: String = letters.collect();
    let is_code = code.len() == CHARACTERS && code.bytes().all(|b| b.is_ascii_alphanumeric());
    is_code.then(|| tokens::hash(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_random_and_shown_in_groups() {
        let codes = RecoveryCode::set().unwrap();
        assert_eq!(codes.len(), RECOVERY_CODES);
        for (n, code) in codes.iter().enumerate() {
            let shown = code.to_string();
            let groups: Vec<_> = shown.split('-').collect();
            assert_eq!(
                groups.iter().map(|group| group.len()).collect::<Vec<_>>(),
                [6; 4]
            );
            assert!(!shown.contains(['i', 'l', 'o', 'u']), "{shown}");
            assert!(!codes[n + 1..].contains(code));
            assert_eq!(format!("{code:?}"), "RecoveryCode(…)");
        }
    }
}
