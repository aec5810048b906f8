//! Tokens that open something: 256 random bits for the one who is meant, their SHA-256 for PostgreSQL, so that a copy
//! of a table opens nothing. No I/O but the operating system's randomness.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A new token: 64 hexadecimal digits.
pub fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What a table holds of a token.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Whether both are the same. How long it takes tells nothing about where, or how long, they are.
pub fn same(given: &str, expected: &str) -> bool {
    hash(given).ct_eq(&hash(expected)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_like_no_other_and_like_itself() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_eq!(one.len(), 64);
        assert!(same(&one, &one) && !same(&one, &other) && !same(&one, ""));
    }
}
