//! From the claims of a provider, of whatever shape, to what the chat wants to know of a person. Pure.

use serde_json::{Map, Value};

use super::names::{NameCandidates, base_name};
use crate::config::{ClaimNames, OidcProvider};
use crate::domain::parse_display_name;

/// A person as a provider describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    /// From which a login name is made.
    name: String,
    /// `None` if there is none, or one that nobody may have.
    pub(crate) display_name: Option<String>,
    /// What the person recognizes their account there by.
    pub(crate) account: String,
    groups: Vec<String>,
}

impl Profile {
    pub(super) fn read(claims: &Map<String, Value>, names: &ClaimNames) -> Self {
        let username = text(claims, &names.username);
        let email = text(claims, &names.email);
        let display_name = text(claims, &names.display_name);
        let name = username.as_ref().or(email.as_ref());
        Self {
            name: name.or(display_name.as_ref()).cloned().unwrap_or_default(),
            display_name: display_name.and_then(|name| parse_display_name(&name).ok().flatten()),
            account: email
                .or(username)
                .map_or_else(String::new, |account| account.chars().take(255).collect()),
            groups: groups(claims, &names.groups),
        }
    }

    /// Whether all that the settings want to know is there, so that nothing more has to be asked for.
    pub(super) fn is_complete(claims: &Map<String, Value>, settings: &OidcProvider) -> bool {
        let names = &settings.claims;
        let needs_groups = !settings.allowed_groups.is_empty() || !settings.admin_groups.is_empty();
        find(claims, &names.username).is_some()
            && find(claims, &names.display_name).is_some()
            && (!needs_groups || find(claims, &names.groups).is_some())
    }

    pub(crate) fn is_in_one_of(&self, groups: &[String]) -> bool {
        groups.iter().any(|group| self.groups.contains(group))
    }

    /// Login names for this person, the best first.
    pub(crate) fn names(&self) -> NameCandidates {
        NameCandidates::of(base_name(&self.name))
    }
}

/// A claim with exactly this name, or else the one that its dots lead to.
fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let nested = || {
        let (first, rest) = name.split_once('.')?;
        find(claims.get(first)?.as_object()?, rest)
    };
    let found = claims.get(name).or_else(nested);
    found.filter(|value| !value.is_null())
}

fn text(claims: &Map<String, Value>, name: &str) -> Option<String> {
    let text = find(claims, name)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Of one group some providers make a text and not a list.
fn groups(claims: &Map<String, Value>, name: &str) -> Vec<String> {
    match find(claims, name) {
        Some(Value::String(group)) => vec![group.clone()],
        Some(Value::Array(groups)) => {
            let groups = groups.iter().filter_map(Value::as_str);
            groups.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn profile(claims: Value) -> Profile {
        let names = ClaimNames {
            groups: "realm.groups".to_owned(),
            ..ClaimNames::default()
        };
        Profile::read(claims.as_object().unwrap(), &names)
    }

    #[test]
    fn groups_are_a_list_a_text_or_absent_and_may_be_inside_an_object() {
        for (groups, expected) in [
            (
                json!({"realm.groups": ["a", "b", 7, {"name": "c"}]}),
                vec!["a", "b"],
            ),
            (json!({"realm": {"groups": ["a"]}}), vec!["a"]),
            (json!({"realm": {"groups": "team a"}}), vec!["team a"]),
            (json!({"realm.groups": []}), vec![]),
            (json!({"realm.groups": null}), vec![]),
            (json!({"realm.groups": {"a": true}}), vec![]),
            (json!({"realm": "groups"}), vec![]),
            (json!({}), vec![]),
        ] {
            assert_eq!(profile(groups.clone()).groups, expected, "{groups}");
        }
    }

    #[test]
    fn without_a_user_name_the_mail_address_or_the_display_name_makes_the_login_name() {
        let email = profile(json!({"email": "bob@example.com", "name": "Robert"}));
        assert_eq!(email.names().next().unwrap().as_str(), "bob");
        assert_eq!(email.account, "bob@example.com");
        let name = profile(json!({"preferred_username": " ", "name": "Ada Lovelace"}));
        assert_eq!(name.names().next().unwrap().as_str(), "ada-lovelace");
        assert_eq!(name.account, "");
    }

    #[test]
    fn a_display_name_that_nobody_may_have_is_left_out() {
        let name = |name: &str| profile(json!({"name": name})).display_name;
        assert_eq!(name(" Ada  Lovelace "), Some("Ada Lovelace".to_owned()));
        for refused in ["", "Ada\u{200b}", "Former-7", &"x".repeat(65)] {
            assert_eq!(name(refused), None, "{refused}");
        }
    }
}
