//! Second factors: codes of authenticator apps, and recovery codes. No I/O, except that new ones read the randomness of the operating
//! system.

mod authenticator;
mod recovery;

pub use self::authenticator::Authenticator;
pub use self::recovery::{RECOVERY_CODES, RecoveryCode};

/// What a person typed as their second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedCode {
    /// Of an authenticator app.
    App([u8; 6]),
    /// The hash of a recovery code.
    Recovery([u8; 32]),
}

impl TypedCode {
    /// Spaces and dashes may stand anywhere. `None` if it can be neither.
    pub fn parse(text: &str) -> Option<Self> {
        let bare: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .collect();
        if let Ok(digits) = <[u8; 6]>::try_from(bare.as_bytes())
            && digits.iter().all(u8::is_ascii_digit)
        {
            return Some(Self::App(digits));
        }
        recovery::hash_of(&bare).map(Self::Recovery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        for text in ["123456", " 123 456 ", "123-456\u{a0}"] {
            let read = TypedCode::parse(text);
            assert_eq!(read, Some(TypedCode::App(*b"123456")), "{text:?}");
        }
        let code = RecoveryCode::random().unwrap();
        let shown = code.to_string();
        let same = [
            shown.clone(),
            shown.to_uppercase(),
            shown.replace('-', " "),
            shown.replace('-', ""),
            shown.replace('0', "O").replace('1', "l"),
        ];
        for text in same {
            let read = TypedCode::parse(&text);
            assert_eq!(read, Some(TypedCode::Recovery(code.hash())), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        for text in [
            "",
            "12345",
            "1234567",
            "12345a",
            "１２３４５６",
            "a-b-c",
            &"a".repeat(500),
        ] {
            assert_eq!(TypedCode::parse(text), None, "{text:?}");
        }
    }
}
