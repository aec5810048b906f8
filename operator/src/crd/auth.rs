//! API types for how people sign in. No I/O.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::oidc::{OidcProvider, PasswordLogin};

/// How people sign in, and how long they stay signed in.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.password != 'Disabled' || (has(self.oidc) && self.oidc.size() > 0)").message("auth.password: Disabled requires a provider in auth.oidc, or nobody could log in"),
)]
pub(crate) struct Auth {
    /// Who can log in with a password. With `AdminsOnly` and `Disabled`, nobody can sign up with one, and invitation links have no
    /// effect.
    #[serde(default)]
    pub password: PasswordLogin,

    /// Who has to set up a second factor, an authenticator app, before they can do anything else in the chat. Concerns people who log in
    /// with a password: at a provider of `oidc`, its own factors count. Access tokens and bots of the API are not affected.
    #[serde(default)]
    pub second_factor: SecondFactor,

    /// Providers of OpenID Connect at which people log in, in the order in which the login page offers them.
    /// Requires `url`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub oidc: Vec<OidcProvider>,

    /// Hours after which people have to sign in again, whatever they do.
    #[serde(default = "defaults::session_lifetime_hours")]
    #[schemars(range(min = 1, max = 8760))]
    pub session_lifetime_hours: i32,

    /// Hours after which people have to sign in again in a browser that they have not used.
    #[serde(default = "defaults::session_idle_hours")]
    #[schemars(range(min = 1, max = 8760))]
    pub session_idle_hours: i32,

    /// New accounts that all replicas together accept in a minute, after the first twenty. Others wait.
    #[serde(default = "defaults::sign_ups_per_minute")]
    #[schemars(range(min = 1, max = 100000))]
    pub sign_ups_per_minute: i32,

    /// Address ranges of the proxies in front of the chat, such as `10.0.0.0/8`. Limits of attempts then count by the
    /// client address that these report in X-Forwarded-For. If omitted, addresses are ignored, because anyone
    /// could forge them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 64)))]
    #[x_kube(merge_strategy = ListMerge::Set, validation = Rule::new("self.all(range, isCIDR(range))").message("auth.trustedProxies must be address ranges in CIDR notation, such as 10.0.0.0/8"))]
    pub trusted_proxies: Vec<String>,
}

/// Who has to have a second factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum SecondFactor {
    /// Nobody. Everyone with a password can set one up.
    #[default]
    Optional,
    /// Everyone who logs in with a password.
    Required,
    /// Admins who log in with a password.
    RequiredForAdmins,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            password: PasswordLogin::default(),
            second_factor: SecondFactor::default(),
            oidc: Vec::new(),
            session_lifetime_hours: defaults::session_lifetime_hours(),
            session_idle_hours: defaults::session_idle_hours(),
            sign_ups_per_minute: defaults::sign_ups_per_minute(),
            trusted_proxies: Vec::new(),
        }
    }
}

mod defaults {
    pub(super) fn session_lifetime_hours() -> i32 {
        720
    }
    pub(super) fn session_idle_hours() -> i32 {
        336
    }
    pub(super) fn sign_ups_per_minute() -> i32 {
        60
    }
}
