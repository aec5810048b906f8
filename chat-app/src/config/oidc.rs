//! Settings of how people log in: passwords, second factors, and providers of OpenID Connect. Pure.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use openidconnect::IssuerUrl;
use serde::Deserialize;

use crate::domain::Session;

/// How people log in.
#[derive(Clone, Debug, Args)]
pub struct Login {
    /// Who can log in with a password
    #[arg(
        long = "password-login",
        env = "CONFAB_PASSWORD_LOGIN",
        default_value = "enabled"
    )]
    pub passwords: PasswordLogin,
    /// Who has to set up a second factor before they can do anything else, if they log in with a password
    #[arg(
        long = "second-factor",
        env = "CONFAB_SECOND_FACTOR",
        default_value = "optional"
    )]
    pub second_factor: SecondFactorPolicy,
    /// Providers of OpenID Connect, as a JSON list of objects with the fields of auth.oidc in a ChatDeployment, but with
    /// clientSecretFile and caFile for the paths of files; requires a URL
    #[arg(
        long = "oidc-providers",
        env = "CONFAB_OIDC_PROVIDERS",
        default_value = "[]",
        hide_default_value = true,
        value_name = "JSON"
    )]
    pub providers: OidcProviders,
}

impl Login {
    /// Whether the person of this session has to set up a second factor first. A provider asks for factors of its own.
    pub fn lacks_second_factor(&self, session: &Session) -> bool {
        self.second_factor.requires(session.admin)
            && !session.second_factor
            && !session.began_at_provider
    }
}

/// Who has to have a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SecondFactorPolicy {
    /// Nobody.
    Optional,
    /// Everyone who logs in with a password.
    Required,
    /// Admins who log in with a password.
    RequiredForAdmins,
}

impl SecondFactorPolicy {
    pub fn requires(self, admin: bool) -> bool {
        match self {
            Self::Optional => false,
            Self::Required => true,
            Self::RequiredForAdmins => admin,
        }
    }
}

/// Who can log in with a password. Only with `Enabled` can people sign up with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PasswordLogin {
    /// Everyone who has one.
    Enabled,
    /// Admins who have one: a way in while no provider answers.
    AdminsOnly,
    /// Nobody.
    Disabled,
}

impl PasswordLogin {
    /// Whether a person can log in with their password.
    pub fn allows(self, admin: bool) -> bool {
        match self {
            Self::Enabled => true,
            Self::AdminsOnly => admin,
            Self::Disabled => false,
        }
    }
}

/// The providers, in the order in which the login page offers them.
#[derive(Clone, Debug, Default)]
pub struct OidcProviders(pub Vec<OidcProvider>);

/// A provider, and what it may decide.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OidcProvider {
    /// Part of the addresses that the provider calls back.
    pub name: String,
    /// Shown on the login page; the name if omitted.
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(rename = "issuerURL")]
    pub issuer_url: IssuerUrl,
    #[serde(rename = "clientID")]
    pub client_id: String,
    /// Read at each login, so that a new secret needs no restart.
    pub client_secret_file: PathBuf,
    /// Requested besides `openid`.
    #[serde(default = "defaults::scopes")]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub claims: ClaimNames,
    /// Groups whose members can log in; all people if empty.
    #[serde(default)]
    pub allowed_groups: Vec<String>,
    /// Groups whose members are admins; if empty, the provider does not decide who is one.
    #[serde(default)]
    pub admin_groups: Vec<String>,
    #[serde(default)]
    pub registration: OidcRegistration,
    /// Trusted besides the public authorities, in PEM format.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

impl OidcProvider {
    pub fn display_name(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }
}

/// Whether a person who logs in for the first time gets an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum OidcRegistration {
    #[default]
    Enabled,
    Disabled,
}

/// Names of the claims that describe a person. A dot leads into an object, as in `realm_access.roles`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClaimNames {
    pub username: String,
    pub display_name: String,
    pub email: String,
    pub groups: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            username: "preferred_username".to_owned(),
            display_name: "name".to_owned(),
            email: "email".to_owned(),
            groups: "groups".to_owned(),
        }
    }
}

impl FromStr for OidcProviders {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let providers: Vec<OidcProvider> = serde_json::from_str(text)
            .map_err(|error| format!("not a list of providers: {error}"))?;
        for (n, provider) in providers.iter().enumerate() {
            check(provider)?;
            if providers[..n].iter().any(|it| it.name == provider.name) {
                return Err(format!("two providers are named {}", provider.name));
            }
        }
        Ok(Self(providers))
    }
}

fn check(provider: &OidcProvider) -> Result<(), String> {
    let name = &provider.name;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !(1..=32).contains(&name.len())
        || !name.chars().all(|c| plain(c) || c == '-')
        || !name.starts_with(plain)
        || !name.ends_with(plain)
    {
        return Err(format!(
            "the name {name:?} must be at most 32 lowercase letters, digits and dashes, with a letter or digit at both ends"
        ));
    }
    let url = provider.issuer_url.url();
    let secure = match url.host() {
        // Without TLS only on this machine, for tests.
        Some(url::Host::Domain(host)) => host == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    } || url.scheme() == "https";
    match secure && url.query().is_none() && url.fragment().is_none() {
        true => Ok(()),
        false => Err(format!(
            "the issuerURL of {name} must be an https URL without a query, such as https://login.example.com/realms/team"
        )),
    }
}

mod defaults {
    pub(super) fn scopes() -> Vec<String> {
        ["profile", "email"].map(str::to_owned).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn providers(issuer: &str, names: &[&str]) -> Result<OidcProviders, String> {
        let provider = |name: &&str| {
            serde_json::json!({
                "name": name, "issuerURL": issuer, "clientID": "confab", "clientSecretFile": "/secret",
                "aFieldOfANewerOperator": true,
            })
        };
        let all: Vec<_> = names.iter().map(provider).collect();
        serde_json::to_string(&all).unwrap().parse()
    }

    #[test]
    fn what_a_provider_does_not_set_has_a_default() {
        let OidcProviders(all) = providers("https://login.example.com/realms/a", &["sso"]).unwrap();
        assert_eq!(all[0].display_name(), "sso");
        assert_eq!(all[0].scopes, ["profile", "email"]);
        assert_eq!(all[0].claims, ClaimNames::default());
        assert_eq!(all[0].registration, OidcRegistration::Enabled);
        // The issuer is compared character by character: a slash at its end counts.
        assert_eq!(
            all[0].issuer_url.as_str(),
            "https://login.example.com/realms/a"
        );
    }

    #[test]
    fn a_provider_has_a_name_of_its_own_and_an_issuer_with_tls() {
        for (issuer, names) in [
            ("https://login.example.com", &["a", "a"][..]),
            ("https://login.example.com", &["a_b"]),
            ("https://login.example.com", &["-a"]),
            ("https://login.example.com", &[""]),
            ("http://login.example.com", &["a"]),
            ("https://login.example.com?a=b", &["a"]),
            ("login.example.com", &["a"]),
        ] {
            assert!(providers(issuer, names).is_err(), "{issuer} {names:?}");
        }
        assert!(providers("http://127.0.0.1:9000", &["a", "b"]).is_ok());
        assert!(providers("http://localhost:9000/x", &["a"]).is_ok());
    }
}
