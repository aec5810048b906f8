//! Who of an export has which account, as a file says. Pure.

use std::collections::HashMap;

use super::report::Report;
use super::slack::User;
use crate::domain::UserName;

#[derive(Default)]
pub(super) struct Mapping {
    /// By id or e-mail address, in lower case.
    names: HashMap<String, UserName>,
    /// E-mail addresses that more than one person has.
    ambiguous: Vec<String>,
}

impl Mapping {
    /// Reads lines of `SLACK,NAME`; the number of the first that is not one is the error.
    pub(super) fn parse(text: &str) -> Result<Self, usize> {
        let mut names = HashMap::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim().trim_start_matches('\u{feff}');
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (who, name) = line.split_once(',').ok_or(number + 1)?;
            let field = |text: &str| text.trim().trim_matches('"').trim().to_lowercase();
            let name = UserName::parse(&field(name)).map_err(|_| number + 1)?;
            names.insert(field(who), name);
        }
        Ok(Self {
            names,
            ambiguous: Vec::new(),
        })
    }

    /// Notes whose e-mail address says nothing, and what the mapping has in vain.
    pub(super) fn compare(&mut self, users: &[User], report: &mut Report) {
        let mut people: HashMap<String, usize> = HashMap::new();
        for user in users.iter().filter(|user| !user.profile.email.is_empty()) {
            *people.entry(user.profile.email.to_lowercase()).or_default() += 1;
        }
        let mut shared: Vec<_> = people
            .iter()
            .filter(|(_, count)| **count > 1)
            .map(|(email, _)| email.clone())
            .collect();
        shared.sort();
        for email in &shared {
            report.problem(
                "e-mail addresses belong to more than one person: each stays a person of their own, and --people must name them by their ids",
                || email.clone(),
            );
        }
        let known = |who: &String| {
            people.contains_key(who) || users.iter().any(|user| user.id.to_lowercase() == *who)
        };
        let mut unknown: Vec<_> = self.names.keys().filter(|who| !known(who)).collect();
        unknown.sort();
        for who in unknown {
            report.problem("lines of --people name nobody of the export", || {
                who.clone()
            });
        }
        self.ambiguous = shared;
    }

    /// The login name that the file gives to a person.
    pub(super) fn account(&self, user: &User) -> Option<&UserName> {
        let email = user.profile.email.to_lowercase();
        let by_email = || {
            self.names
                .get(&email)
                .filter(|_| !self.ambiguous.contains(&email))
        };
        self.names.get(&user.id.to_lowercase()).or_else(by_email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_people_and_their_accounts() {
        let mapping =
            Mapping::parse("\u{feff}# comment\n\nU1,Ada\n \"Bob@Example.com\" , bob \r\n").unwrap();
        assert_eq!(mapping.names.len(), 2);
        assert_eq!(mapping.names["bob@example.com"].as_str(), "bob");
        assert_eq!(mapping.names["u1"].as_str(), "ada");
        for (text, line) in [("U1,ada\nU2", 2), ("U1,-", 1)] {
            assert_eq!(Mapping::parse(text).err(), Some(line));
        }
    }
}
