//! API types for login with OpenID Connect. No I/O.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chat::Switch;
use super::secrets::{CaSecret, ClientSecret};

/// Who can log in with a password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum PasswordLogin {
    /// Everyone who has one.
    #[default]
    Enabled,
    /// Admins who have one: a way in while no provider answers.
    AdminsOnly,
    /// Nobody.
    Disabled,
}

/// A provider of OpenID Connect at which people log in. Register the chat there with the redirect URI
/// `<url>/login/<name>/callback`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OidcProvider {
    /// Name of the provider in the addresses that it calls back.
    #[schemars(
        length(min = 1, max = 32),
        regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    )]
    pub name: String,

    /// Name that the login page shows. Defaults to `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub display_name: Option<String>,

    /// Issuer of the provider, exactly as its discovery document writes it: the address that
    /// `/.well-known/openid-configuration` is appended to.
    #[serde(rename = "issuerURL")]
    #[schemars(length(max = 512))]
    #[x_kube(validation = Rule::new(ISSUER).message(ISSUER_MESSAGE))]
    pub issuer_url: String,

    /// ID of the chat at the provider.
    #[serde(rename = "clientID")]
    #[schemars(length(min = 1, max = 256))]
    pub client_id: String,

    /// Secret of the chat at the provider.
    pub client_secret: ClientSecret,

    /// Scopes that the chat requests besides `openid`.
    #[serde(default = "defaults::scopes")]
    #[schemars(
        length(max = 16),
        inner(length(min = 1, max = 128), regex(pattern = r"^[^\s]+$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub scopes: Vec<String>,

    /// Claims that describe a person.
    #[serde(default)]
    pub claims: Claims,

    /// Groups whose members can log in. If omitted, everyone at the provider can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_groups: Vec<String>,

    /// Groups whose members are admins of the chat: set and unset at each login, except that the last admin
    /// stays one. If omitted, the provider does not decide who is an admin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub admin_groups: Vec<String>,

    /// Whether a person who logs in for the first time gets an account. With `Disabled`, only people who have
    /// connected the provider with their account can log in.
    #[serde(default)]
    pub registration: Switch,

    /// Certificate authority (CA) of the provider, trusted besides the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret: Option<CaSecret>,
}

/// Names of claims. A dot leads into an object, as in `realm_access.roles`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Claims {
    /// From which the login name of a new account is made. If a person does not have it, `email` or
    /// `displayName` is used.
    #[serde(default = "defaults::username")]
    #[schemars(length(min = 1, max = 128))]
    pub username: String,

    /// Name that others see. If it changes at the provider, it changes in the chat at the next login.
    #[serde(default = "defaults::display_name")]
    #[schemars(length(min = 1, max = 128))]
    pub display_name: String,

    /// E-mail address, by which people recognize their account at the provider. It never decides who someone
    /// is.
    #[serde(default = "defaults::email")]
    #[schemars(length(min = 1, max = 128))]
    pub email: String,

    /// Groups of the person: a list of strings, or one string.
    #[serde(default = "defaults::groups")]
    #[schemars(length(min = 1, max = 128))]
    pub groups: String,
}

/// CEL: `http` is only for this machine, where tests run.
const ISSUER: &str = "self.matches('^https://[^/?#[:space:]]+(/[^?#[:space:]]*)?$') || self.matches('^http://(localhost|127[.]0[.]0[.]1|[[]::1[]])(:[0-9]{1,5})?(/[^?#[:space:]]*)?$')";
const ISSUER_MESSAGE: &str = "auth.oidc[].issuerURL must be an https:// URL without a query, as the discovery document of the provider writes it, such as https://login.example.com/realms/team";

impl Default for Claims {
    fn default() -> Self {
        Self {
            username: defaults::username(),
            display_name: defaults::display_name(),
            email: defaults::email(),
            groups: defaults::groups(),
        }
    }
}

mod defaults {
    pub(super) fn scopes() -> Vec<String> {
        ["profile", "email"].map(str::to_owned).to_vec()
    }
    pub(super) fn username() -> String {
        "preferred_username".to_owned()
    }
    pub(super) fn display_name() -> String {
        "name".to_owned()
    }
    pub(super) fn email() -> String {
        "email".to_owned()
    }
    pub(super) fn groups() -> String {
        "groups".to_owned()
    }
}
