//! Bearer tokens: 256 random bits for the holder, their SHA-256 for PostgreSQL, so that a copy of a table grants nothing.
//! No I/O, except that it reads the randomness of the operating system.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A new token: 64 hexadecimal digits.
pub fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The hash of a token, for a table.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Compares in constant time: neither position of a difference nor length can be measured.
pub fn same(given: &str, expected: &str) -> bool {
    hash(given).ct_eq(&hash(expected)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_equals_only_itself() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_eq!(one.len(), 64);
        assert!(same(&one, &one) && !same(&one, &other) && !same(&one, ""));
    }
}
