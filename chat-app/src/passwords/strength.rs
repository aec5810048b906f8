//! How hard a password is to guess. Pure, but takes some milliseconds.

use zxcvbn::feedback::Warning;
use zxcvbn::{Entropy, zxcvbn};

/// A password has this many characters.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=256;
/// As many as eight random characters take by zxcvbn's estimate. Ten guesses a minute find it after twenty years.
const MIN_GUESSES: u64 = 100_000_000;

/// Only so many characters are rated: what begins hard to guess is hard to guess. The time that zxcvbn takes grows faster than the
/// square of the length, to seconds for a hundred characters that it takes for letters in disguise.
const RATED: usize = 32;

/// Why a password is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    TooShort,
    TooLong,
    /// It consists of what everybody knows: names of the person or of the chat.
    Name,
    /// Many people have it, or one like it.
    Common,
    /// Words, dates, repetitions or neighboring keys that programs try first.
    Predictable,
}

/// What is wrong with a password of a person who has these names, in a chat that has these names.
pub(super) fn weakness(password: &str, names: &[String]) -> Option<Weakness> {
    let length = password.chars().count();
    if !LENGTHS.contains(&length) {
        let short = length < *LENGTHS.start();
        return Some(if short {
            Weakness::TooShort
        } else {
            Weakness::TooLong
        });
    }
    let known: Vec<&str> = names.iter().flat_map(|name| with_parts(name)).collect();
    let rated: String = password.chars().take(RATED).collect();
    let estimate = zxcvbn(&rated, &known);
    if estimate.guesses() >= MIN_GUESSES {
        return None;
    }
    let unnamed = zxcvbn(&rated, &[]);
    Some(match unnamed.guesses() > estimate.guesses() {
        true => Weakness::Name,
        false if is_common(&estimate) => Weakness::Common,
        false => Weakness::Predictable,
    })
}

/// The name, and its words.
fn with_parts(name: &str) -> impl Iterator<Item = &str> {
    let parts = name.split(|c: char| !c.is_alphanumeric());
    std::iter::once(name).chain(parts.filter(|part| part.chars().count() > 2))
}

fn is_common(estimate: &Entropy) -> bool {
    let warning = estimate.feedback().and_then(|feedback| feedback.warning());
    matches!(
        warning,
        Some(
            Warning::ThisIsATop10Password
                | Warning::ThisIsATop100Password
                | Warning::ThisIsACommonPassword
                | Warning::ThisIsSimilarToACommonlyUsedPassword
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(password: &str) -> Option<Weakness> {
        weakness(password, &["ada.lovelace".into(), "Engine Room".into()])
    }

    #[test]
    fn a_password_has_8_to_256_characters() {
        assert_eq!(of("ünïcödé"), Some(Weakness::TooShort));
        assert_eq!(of("ünïcödé!"), None);
        let long = "correct horse battery staple".chars();
        let long: String = long.chain(std::iter::repeat('x')).take(256).collect();
        assert_eq!(of(&long), None);
        assert_eq!(of(&"x".repeat(257)), Some(Weakness::TooLong));
    }

    #[test]
    fn only_the_beginning_of_a_long_password_is_rated() {
        let weak_begin = format!("{}k3Tq9xZp#vB7", "a".repeat(RATED));
        assert_eq!(of(&weak_begin), Some(Weakness::Predictable));
        let strong_begin = format!("k3Tq9xZp{}", "a".repeat(200));
        assert_eq!(of(&strong_begin), None);
    }

    #[test]
    fn what_many_people_choose_is_refused() {
        for password in [
            "password",
            "password1",
            "P4ssw0rd",
            "iloveyou",
            "qwertyuiop",
        ] {
            assert_eq!(of(password), Some(Weakness::Common), "{password}");
        }
        for password in [
            "aaaaaaaa",
            "          ",
            "abcdefgh",
            "19840612",
            "abcabcabc",
        ] {
            let weak = of(password);
            assert!(
                matches!(weak, Some(Weakness::Common | Weakness::Predictable)),
                "{password}: {weak:?}"
            );
        }
    }

    #[test]
    fn names_that_everybody_knows_are_refused() {
        for password in [
            "ada.lovelace",
            "Lovelace",
            "lovelace1",
            "engine room",
            "ecalevol",
        ] {
            assert_eq!(of(password), Some(Weakness::Name), "{password}");
        }
    }

    #[test]
    fn a_few_words_or_random_characters_are_accepted() {
        for password in [
            "correct horse",
            "k3Tq9xZp",
            "lovelace plays the organ",
            "пароль с пробелом",
        ] {
            assert_eq!(of(password), None, "{password}");
        }
    }
}
