//! The JSON of people, and of the account that calls. Pure.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Caller, Scope, User};
use crate::event::rfc3339;

/// An account as others see it.
#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct Person {
    id: i64,
    /// The login name, by which it is mentioned.
    #[schema(example = "ada")]
    name: String,
    display_name: String,
}

impl Person {
    pub(in crate::http::api) fn of(user: User) -> Self {
        Self {
            id: user.id.0,
            name: user.name.to_string(),
            display_name: user.display_name,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct People {
    pub(in crate::http::api) people: Vec<Person>,
}

/// The account and the access token that call.
#[derive(Serialize, ToSchema)]
pub(in crate::http::api) struct Me {
    #[serde(flatten)]
    person: Person,
    /// Whether it is the account of a program.
    bot: bool,
    scopes: Vec<Scope>,
    /// When the token expires; null if it does not.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl Me {
    pub(in crate::http::api) fn of(caller: Caller) -> Self {
        Self {
            person: Person::of(caller.user),
            bot: caller.bot,
            scopes: caller.scopes,
            expires_at: caller.expires_at.map(rfc3339),
        }
    }
}
