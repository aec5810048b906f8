//! API types for the settings of the chat: what users can do in it. No I/O.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the chat itself.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatSettings {
    /// Name of the chat, shown in the browser tab and at the top of each page.
    #[serde(default = "defaults::title")]
    #[schemars(length(min = 1, max = 60), regex(pattern = r"^[^\x00-\x1f\x7f]+$"))]
    pub title: String,

    /// Who can create an account. `Open`: anyone who can reach the chat. `Invite`: anyone with an invitation
    /// link. `Closed`: nobody. It does not affect existing accounts, nor the first account, which is created
    /// with the setup token.
    #[serde(default)]
    pub registration: Registration,

    /// Maximum length of a message in characters.
    #[serde(default = "defaults::max_message_characters")]
    #[schemars(range(min = 256, max = 65536))]
    pub max_message_characters: i32,

    /// Messages and their files are deleted after this number of days. If omitted, they are kept indefinitely.
    /// `topics.retentionHours` must not be longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3650))]
    pub message_retention_days: Option<i32>,

    /// Language in which search also finds the other forms of a word. `Simple` finds words as they are written, in
    /// any language. A change rebuilds the search index in a migration.
    #[serde(default)]
    pub search_language: SearchLanguage,

    /// Whether users see who is online. `Disabled` turns it off for everyone; `Enabled` lets each user decide.
    #[serde(default)]
    pub presence: Switch,

    /// Whether users see who is typing. `Disabled` turns it off for everyone; `Enabled` lets each user decide.
    #[serde(default)]
    pub typing: Switch,

    /// Whether users see who has read a message. `Disabled` turns it off for everyone; `Enabled` lets each user
    /// decide.
    #[serde(default)]
    pub read_receipts: Switch,
}

/// Who can create an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum Registration {
    /// Anyone who can reach the chat.
    #[default]
    Open,
    /// Anyone with an invitation link.
    Invite,
    /// Nobody.
    Closed,
}

impl Registration {
    /// The value as the chat-app's setting takes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invite => "invite",
            Self::Closed => "closed",
        }
    }
}

/// Whether a feature is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum Switch {
    /// The feature is on.
    #[default]
    Enabled,
    /// The feature is off.
    Disabled,
}

impl Switch {
    /// Whether it is on.
    pub(crate) fn on(self) -> bool {
        self == Self::Enabled
    }
}

macro_rules! search_languages {
    ($default:ident $($name:ident)*) => {
        /// A language whose words the chat-app can reduce to their stems.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
        pub(crate) enum SearchLanguage { #[default] $default, $($name),* }

        impl SearchLanguage {
            /// All of them.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[Self::$default, $(Self::$name),*];

            /// The language's name as the chat-app takes it.
            pub(crate) fn name(self) -> String {
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
            max_message_characters: defaults::max_message_characters(),
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
    pub(super) fn max_message_characters() -> i32 {
        16_384
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_language_is_written_as_kubernetes_writes_it_and_named_as_the_chat_app_names_it() {
        for language in SearchLanguage::ALL {
            let written = serde_json::to_value(language).unwrap();
            let written = written.as_str().unwrap();
            assert!(written.starts_with(|c: char| c.is_ascii_uppercase()));
            assert_eq!(language.name(), written.to_lowercase());
        }
        assert_eq!(SearchLanguage::default().name(), "simple");
    }
}
