//! From what a provider calls a person to login names that they can have here. No I/O but the system's source of randomness.

use unicode_normalization::UnicodeNormalization;

use crate::domain::UserName;

/// The longest login name.
const LENGTH: usize = 32;
/// Names with numbers up to this one after them are tried before random ones.
const NUMBERED: u32 = 20;

/// What of a name can be a login name: of `Zoë.Müller@example.com`, `zoe.muller`.
pub(super) fn base_name(name: &str) -> String {
    let name = name.split_once('@').map_or(name, |(local, _)| local);
    let mut base = String::new();
    for c in name.nfkd().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => base.push(c),
            // An accent, which is a character of its own after the normalization.
            '\u{300}'..='\u{36f}' => {}
            // A separator only between others.
            _ if base.is_empty() || base.ends_with(['.', '_', '-']) => {}
            '.' | '_' => base.push(c),
            _ => base.push('-'),
        }
    }
    base.truncate(LENGTH);
    let base = base.trim_end_matches(['.', '_', '-']);
    // Names that start so are those of deleted accounts.
    match base.len() < 2 || base == "former" || base.starts_with("former-") {
        true => "member".to_owned(),
        false => base.to_owned(),
    }
}

/// The name as it is, then with numbers, then with random digits, without end.
#[derive(Debug)]
pub(crate) struct NameCandidates {
    base: String,
    number: u32,
}

impl NameCandidates {
    pub(super) fn of(base: String) -> Self {
        Self { base, number: 0 }
    }
}

impl Iterator for NameCandidates {
    type Item = UserName;

    fn next(&mut self) -> Option<UserName> {
        self.number += 1;
        let suffix = match self.number {
            1 => String::new(),
            number if number <= NUMBERED => format!("-{number}"),
            _ => {
                let mut bytes = [0; 4];
                getrandom::fill(&mut bytes).ok()?;
                format!("-{:08x}", u32::from_be_bytes(bytes))
            }
        };
        // ASCII.
        let base = &self.base[..self.base.len().min(LENGTH - suffix.len())];
        UserName::parse(&format!(
            "{}{suffix}",
            base.trim_end_matches(['.', '_', '-'])
        ))
        .ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_login_name_is_what_of_the_name_can_be_one() {
        for (given, expected) in [
            ("ada", "ada"),
            ("Zoë.Müller@example.com", "zoe.muller"),
            ("  Ada Lovelace ", "ada-lovelace"),
            ("CORP\\ada", "corp-ada"),
            ("-_ada__b-", "ada_b"),
            ("former-7", "member"),
            ("Former", "member"),
            ("ﬁona", "fiona"),
            ("李明", "member"),
            ("a", "member"),
            ("", "member"),
        ] {
            let base = base_name(given);
            assert_eq!(base, expected, "{given}");
            let first = NameCandidates::of(base).next().unwrap();
            assert_eq!(first.as_str(), expected);
        }
        assert_eq!(base_name(&"x".repeat(40)).len(), LENGTH);
    }

    #[test]
    fn a_taken_name_gets_a_number_and_in_the_end_random_digits() {
        let names: Vec<_> = NameCandidates::of("y".repeat(32)).take(30).collect();
        assert_eq!(names[1].as_str(), format!("{}-2", "y".repeat(30)));
        assert!(names.iter().all(|name| name.as_str().len() <= LENGTH));
        let distinct: HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }
}
