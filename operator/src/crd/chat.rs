//! The API's part about the chat itself: what people may do in it. Types alone, no I/O.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the chat itself.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatSettings {
    /// Name shown in the browser's tab and at the top of the pages.
    #[serde(default = "defaults::title")]
    #[schemars(length(min = 1, max = 60), regex(pattern = r"^[^\x00-\x1f\x7f]+$"))]
    pub title: String,

    /// Who may make an account. `Open`: anyone who can open the chat. `Invite`: whoever has the link of an
    /// invitation. `Closed`: nobody. People who have an account can log in whatever this says, and the setup
    /// token makes the first one.
    #[serde(default)]
    pub registration: Registration,

    /// Longest message in bytes (UTF-8).
    #[serde(default = "defaults::max_message_bytes")]
    #[schemars(range(min = 256, max = 65536))]
    pub max_message_bytes: i32,

    /// Messages, and the files in them, are deleted after this many days. Left out, they are kept for ever.
    /// `topics.retentionHours` must not be longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3650))]
    pub message_retention_days: Option<i32>,

    /// The language whose word endings the search knows: a text search configuration that comes with PostgreSQL.
    /// `Simple` finds words as they are written, in any language. A change builds the search anew in a migration.
    #[serde(default)]
    pub search_language: SearchLanguage,

    /// Whether people see who is there. `Disabled` takes it from all; `Enabled` leaves it to each person.
    #[serde(default)]
    pub presence: Switch,

    /// Whether people see who is typing. `Disabled` takes it from all; `Enabled` leaves it to each person.
    #[serde(default)]
    pub typing: Switch,

    /// Whether people see who has read a message. `Disabled` takes it from all; `Enabled` leaves it to each person.
    #[serde(default)]
    pub read_receipts: Switch,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Registration {
    /// Anyone who can open the chat.
    #[default]
    Open,
    /// Whoever has the link of an invitation.
    Invite,
    /// Nobody.
    Closed,
}

impl Registration {
    /// As the chat-app's settings write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invite => "invite",
            Self::Closed => "closed",
        }
    }
}

/// On or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Switch {
    /// On.
    #[default]
    Enabled,
    /// Off.
    Disabled,
}

impl Switch {
    /// Whether it is on.
    pub fn on(self) -> bool {
        self == Self::Enabled
    }
}

macro_rules! search_languages {
    ($default:ident $($name:ident)*) => {
        /// A text search configuration that every PostgreSQL from version 15 on has.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
        pub enum SearchLanguage { #[default] $default, $($name),* }

        impl SearchLanguage {
            /// All of them.
            #[cfg(test)]
            pub const ALL: &[Self] = &[Self::$default, $(Self::$name),*];

            /// The configuration's name in PostgreSQL.
            pub fn configuration(self) -> String {
                let name = match self {
                    Self::$default => stringify!($default),
                    $(Self::$name => stringify!($name)),*
                };
                name.to_ascii_lowercase()
            }
        }
    };
}

search_languages! {
    Simple
    Arabic Armenian Basque Catalan Danish Dutch English Finnish French German Greek Hindi Hungarian Indonesian
    Irish Italian Lithuanian Nepali Norwegian Portuguese Romanian Russian Serbian Spanish Swedish Tamil Turkish
    Yiddish
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            title: defaults::title(),
            registration: Registration::default(),
            max_message_bytes: defaults::max_message_bytes(),
            message_retention_days: None,
            search_language: SearchLanguage::default(),
            presence: Switch::default(),
            typing: Switch::default(),
            read_receipts: Switch::default(),
        }
    }
}

mod defaults {
    pub(super) fn title() -> String {
        "Confab".to_owned()
    }
    pub(super) fn max_message_bytes() -> i32 {
        8192
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_language_is_written_as_kubernetes_writes_it_and_named_as_postgresql_names_it() {
        for language in SearchLanguage::ALL {
            let written = serde_json::to_value(language).unwrap();
            let written = written.as_str().unwrap();
            assert!(written.starts_with(|c: char| c.is_ascii_uppercase()));
            assert_eq!(language.configuration(), written.to_lowercase());
        }
        assert_eq!(SearchLanguage::default().configuration(), "simple");
    }
}
