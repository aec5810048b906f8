//! API types for references to Secrets. They have no namespace: a ChatDeployment reads only Secrets of its own
//! namespace. No I/O.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::resources;

/// A Secret in the same namespace that holds CA certificates in PEM format.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CaSecret {
    /// Name of the Secret.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// Key in the Secret.
    #[serde(default = "defaults::ca_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub key: String,
}

/// A key of a Secret in the same namespace that holds a URL including a password.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UrlSecret {
    /// Name of the Secret.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// Key in the Secret.
    #[serde(default = "defaults::url_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub key: String,
}

/// A key of a Secret in the same namespace that holds a password.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasswordSecret {
    /// Name of the Secret.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// Key in the Secret.
    #[serde(default = "defaults::password_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub key: String,
}

/// A key of a Secret in the same namespace that holds the secret of an OpenID Connect client.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientSecret {
    /// Name of the Secret.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// Key in the Secret.
    #[serde(default = "defaults::client_secret_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub key: String,
}

/// A Secret in the same namespace that holds a user name and a password.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CredentialsSecret {
    /// Name of the Secret.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,

    /// Key in the Secret that holds the user name.
    #[serde(default = "defaults::username_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub username_key: String,

    /// Key in the Secret that holds the password.
    #[serde(default = "defaults::password_key")]
    #[schemars(schema_with = "resources::secret_key")]
    pub password_key: String,
}

/// A Secret of type kubernetes.io/tls in the same namespace. The type defines its keys.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TlsSecret {
    /// Name of the Secret.
    #[schemars(schema_with = "resources::object_name")]
    pub name: String,
}

impl CredentialsSecret {
    /// With the keys that Kubernetes defines for the type kubernetes.io/basic-auth.
    pub(crate) fn named(name: String) -> Self {
        Self {
            name,
            username_key: defaults::username_key(),
            password_key: defaults::password_key(),
        }
    }
}

mod defaults {
    pub(super) fn username_key() -> String {
        "username".to_owned()
    }
    pub(super) fn ca_key() -> String {
        "ca.crt".to_owned()
    }
    pub(super) fn client_secret_key() -> String {
        "client-secret".to_owned()
    }
    pub(super) fn url_key() -> String {
        "url".to_owned()
    }
    pub(super) fn password_key() -> String {
        "password".to_owned()
    }
}
