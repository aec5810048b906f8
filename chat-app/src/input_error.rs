//! What can be wrong with what a person enters or uploads, as a sentence in their language. Pure.
//!
//! Pages take an [`InputError`] where they show an error beside a field, never a plain text: so every such error is translated.

use axum::http::StatusCode;

use crate::domain::{BodyError, DisplayNameError, NameError, VisibleNameError};
use crate::passwords::Weakness;
use crate::t;
use crate::text::Text;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputError {
    MessageEmpty,
    /// In characters.
    MessageTooLong {
        length: usize,
        limit: usize,
    },
    MessageControlCharacters,
    TooManyFiles {
        limit: usize,
    },

    /// Of a conversation.
    TooManyPins {
        limit: usize,
    },
    /// Of one person.
    TooManySaved {
        limit: usize,
    },

    UserNameLength,
    UserNameCharacters,
    UserNameReserved,
    UserNameTaken {
        name: String,
    },
    DisplayNameTooLong,
    DisplayNameReserved,
    /// Of a person, of a room, or what a room is about.
    NameInvisible,
    /// Looks like that of the person with this login name.
    NameLooksAlike {
        name: String,
    },
    PasswordTooShort,
    PasswordTooLong,
    PasswordIsName,
    PasswordCommon,
    PasswordPredictable,
    LoginWrong,
    LoginDisabled,
    /// Nobody, or nobody but admins, logs in with a password.
    PasswordLoginOff,
    ProviderUnavailable {
        provider: String,
    },
    ProviderInvalid {
        provider: String,
    },
    /// It took too long, was used already, or began in another browser.
    ProviderExpired,
    ProviderCancelled {
        provider: String,
    },
    /// The person is in no group that may log in.
    ProviderGroup {
        provider: String,
    },
    /// Only people who have an account here already may log in.
    ProviderNoAccount {
        provider: String,
    },
    ProviderNotFresh {
        provider: String,
    },
    ProviderOtherPerson {
        provider: String,
    },
    ProviderAccountTaken {
        provider: String,
    },
    LastWayToLogIn,
    SetupTokenWrong,
    SetupNameTaken,
    CurrentPasswordWrong,
    AvatarFormat,
    AvatarTooLarge,
    /// The last admin can't delete their account.
    OwnAccountLastAdmin,

    RoomNameMissing,
    RoomNameTooLong,
    RoomTopicTooLong,
    UnknownPeople {
        names: String,
    },
    GroupWithoutPeople,

    FileEmpty,
    FileTooLarge {
        /// As [`crate::views::attachment::size`] writes it.
        limit: String,
    },
    FileTypeNotAllowed {
        /// The types that are allowed.
        types: String,
    },
    ImageTooLarge {
        megapixels: u64,
    },
    ImageBroken,
    TooManyUploads,
    ImagesBusy,
    UploadStalled,

    QuietHours,
    TimeZone,
    PushEndpoint,

    LastAdmin,
    InviteLimits,
    MessageLink,

    HookNameMissing,
    HookNameTooLong,
    TooManyHooks,

    TokenNameMissing,
    TokenNameTooLong,
    TokenWithoutScope,
    TooManyTokens,
}

impl InputError {
    pub(crate) fn sentence(&self, text: Text) -> String {
        match self {
            Self::MessageEmpty => t!(text, "message-empty"),
            Self::MessageTooLong { length, limit } => {
                t!(text, "message-too-long", length = *length, limit = *limit)
            }
            Self::MessageControlCharacters => t!(text, "message-control-characters"),
            Self::TooManyFiles { limit } => t!(text, "files-per-message", limit = *limit),
            Self::TooManyPins { limit } => t!(text, "pins-too-many", limit = *limit),
            Self::TooManySaved { limit } => t!(text, "saved-too-many", limit = *limit),
            Self::UserNameLength => t!(text, "name-length"),
            Self::UserNameCharacters => t!(text, "name-characters"),
            Self::UserNameReserved => t!(text, "name-reserved"),
            Self::UserNameTaken { name } => t!(text, "name-taken", name = name.as_str()),
            Self::DisplayNameTooLong => t!(text, "account-display-name-long"),
            Self::DisplayNameReserved => t!(text, "name-reserved"),
            Self::NameInvisible => t!(text, "name-invisible"),
            Self::NameLooksAlike { name } => t!(text, "name-looks-alike", name = name.as_str()),
            Self::PasswordTooShort => t!(text, "password-short"),
            Self::PasswordTooLong => t!(text, "password-long"),
            Self::PasswordIsName => t!(text, "password-is-name"),
            Self::PasswordCommon => t!(text, "password-common"),
            Self::PasswordPredictable => t!(text, "password-predictable"),
            Self::LoginWrong => t!(text, "login-wrong"),
            Self::LoginDisabled => t!(text, "login-disabled"),
            Self::PasswordLoginOff => t!(text, "password-login-off"),
            Self::ProviderUnavailable { provider } => {
                t!(text, "provider-unavailable", provider = provider.as_str())
            }
            Self::ProviderInvalid { provider } => {
                t!(text, "provider-invalid", provider = provider.as_str())
            }
            Self::ProviderExpired => t!(text, "provider-expired"),
            Self::ProviderCancelled { provider } => {
                t!(text, "provider-cancelled", provider = provider.as_str())
            }
            Self::ProviderGroup { provider } => {
                t!(text, "provider-group", provider = provider.as_str())
            }
            Self::ProviderNoAccount { provider } => {
                t!(text, "provider-no-account", provider = provider.as_str())
            }
            Self::ProviderNotFresh { provider } => {
                t!(text, "provider-not-fresh", provider = provider.as_str())
            }
            Self::ProviderOtherPerson { provider } => {
                t!(text, "provider-other-person", provider = provider.as_str())
            }
            Self::ProviderAccountTaken { provider } => {
                t!(text, "provider-account-taken", provider = provider.as_str())
            }
            Self::LastWayToLogIn => t!(text, "account-login-last"),
            Self::SetupTokenWrong => t!(text, "setup-token-wrong"),
            Self::SetupNameTaken => t!(text, "setup-name-taken"),
            Self::CurrentPasswordWrong => t!(text, "account-password-wrong"),
            Self::AvatarFormat => t!(text, "account-picture-format"),
            Self::AvatarTooLarge => t!(text, "account-picture-large"),
            Self::OwnAccountLastAdmin => t!(text, "account-delete-last-admin"),
            Self::RoomNameMissing => t!(text, "room-name-missing"),
            Self::RoomNameTooLong => t!(text, "room-name-long"),
            Self::RoomTopicTooLong => t!(text, "room-topic-long"),
            Self::UnknownPeople { names } => {
                t!(text, "room-people-unknown", names = names.as_str())
            }
            Self::GroupWithoutPeople => t!(text, "group-needs-people"),
            Self::FileEmpty => t!(text, "file-empty"),
            Self::FileTooLarge { limit } => t!(text, "file-too-large", limit = limit.as_str()),
            Self::FileTypeNotAllowed { types } => {
                t!(text, "file-type-refused", types = types.as_str())
            }
            Self::ImageTooLarge { megapixels } => {
                t!(text, "file-picture-too-large", limit = *megapixels)
            }
            Self::ImageBroken => t!(text, "file-picture-broken"),
            Self::TooManyUploads => t!(text, "file-too-many"),
            Self::ImagesBusy => t!(text, "file-busy"),
            Self::UploadStalled => t!(text, "file-stalled"),
            Self::QuietHours => t!(text, "notifications-bad-hours"),
            Self::TimeZone => t!(text, "notifications-bad-zone"),
            Self::PushEndpoint => t!(text, "notifications-bad-endpoint"),
            Self::LastAdmin => t!(text, "admin-last-admin"),
            Self::InviteLimits => t!(text, "admin-invite-bad"),
            Self::MessageLink => t!(text, "admin-message-link-bad"),
            Self::HookNameMissing => t!(text, "hooks-name-missing"),
            Self::HookNameTooLong => t!(text, "hooks-name-long"),
            Self::TooManyHooks => t!(text, "hooks-too-many"),
            Self::TokenNameMissing => t!(text, "tokens-name-missing"),
            Self::TokenNameTooLong => t!(text, "tokens-name-long"),
            Self::TokenWithoutScope => t!(text, "tokens-scope-missing"),
            Self::TooManyTokens => t!(text, "tokens-too-many"),
        }
    }

    /// `too_long` says how long such a name may be.
    pub(crate) fn visible(error: VisibleNameError, too_long: Self) -> Self {
        match error {
            VisibleNameError::TooLong => too_long,
            VisibleNameError::Invisible => Self::NameInvisible,
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::FileTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::FileTypeNotAllowed { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyUploads => StatusCode::TOO_MANY_REQUESTS,
            Self::ImagesBusy | Self::ProviderUnavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::ProviderGroup { .. } | Self::ProviderNoAccount { .. } => StatusCode::FORBIDDEN,
            Self::UploadStalled => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

impl From<BodyError> for InputError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Empty => Self::MessageEmpty,
            BodyError::TooLong { got, limit } => Self::MessageTooLong { length: got, limit },
            BodyError::Control => Self::MessageControlCharacters,
        }
    }
}

impl From<NameError> for InputError {
    fn from(error: NameError) -> Self {
        match error {
            NameError::Length => Self::UserNameLength,
            NameError::Characters => Self::UserNameCharacters,
        }
    }
}

impl From<Weakness> for InputError {
    fn from(weakness: Weakness) -> Self {
        match weakness {
            Weakness::TooShort => Self::PasswordTooShort,
            Weakness::TooLong => Self::PasswordTooLong,
            Weakness::Name => Self::PasswordIsName,
            Weakness::Common => Self::PasswordCommon,
            Weakness::Predictable => Self::PasswordPredictable,
        }
    }
}

impl From<DisplayNameError> for InputError {
    fn from(error: DisplayNameError) -> Self {
        match error {
            DisplayNameError::Visible(error) => Self::visible(error, Self::DisplayNameTooLong),
            DisplayNameError::Reserved => Self::DisplayNameReserved,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tests::{assert_every_variant, assert_translated};

    /// One of each variant: a test fails while one is missing.
    fn all() -> Vec<InputError> {
        use InputError as E;
        let some = || "x".to_owned();
        vec![
            E::MessageEmpty,
            E::MessageTooLong {
                length: 22,
                limit: 20,
            },
            E::MessageControlCharacters,
            E::TooManyFiles { limit: 10 },
            E::TooManyPins { limit: 100 },
            E::TooManySaved { limit: 1_000 },
            E::UserNameLength,
            E::UserNameCharacters,
            E::UserNameReserved,
            E::UserNameTaken { name: some() },
            E::DisplayNameTooLong,
            E::DisplayNameReserved,
            E::NameInvisible,
            E::NameLooksAlike { name: some() },
            E::PasswordTooShort,
            E::PasswordTooLong,
            E::PasswordIsName,
            E::PasswordCommon,
            E::PasswordPredictable,
            E::LoginWrong,
            E::LoginDisabled,
            E::PasswordLoginOff,
            E::ProviderUnavailable { provider: some() },
            E::ProviderInvalid { provider: some() },
            E::ProviderExpired,
            E::ProviderCancelled { provider: some() },
            E::ProviderGroup { provider: some() },
            E::ProviderNoAccount { provider: some() },
            E::ProviderNotFresh { provider: some() },
            E::ProviderOtherPerson { provider: some() },
            E::ProviderAccountTaken { provider: some() },
            E::LastWayToLogIn,
            E::SetupTokenWrong,
            E::SetupNameTaken,
            E::CurrentPasswordWrong,
            E::AvatarFormat,
            E::AvatarTooLarge,
            E::OwnAccountLastAdmin,
            E::RoomNameMissing,
            E::RoomNameTooLong,
            E::RoomTopicTooLong,
            E::UnknownPeople { names: some() },
            E::GroupWithoutPeople,
            E::FileEmpty,
            E::FileTooLarge { limit: some() },
            E::FileTypeNotAllowed { types: some() },
            E::ImageTooLarge { megapixels: 40 },
            E::ImageBroken,
            E::TooManyUploads,
            E::ImagesBusy,
            E::UploadStalled,
            E::QuietHours,
            E::TimeZone,
            E::PushEndpoint,
            E::LastAdmin,
            E::InviteLimits,
            E::MessageLink,
            E::HookNameMissing,
            E::HookNameTooLong,
            E::TooManyHooks,
            E::TokenNameMissing,
            E::TokenNameTooLong,
            E::TokenWithoutScope,
            E::TooManyTokens,
        ]
    }

    #[test]
    fn every_error_is_a_sentence_in_every_language() {
        let all = all();
        assert_every_variant(include_str!("input_error.rs"), "InputError", &all);
        for error in all {
            assert_translated(&format!("{error:?}"), |text| error.sentence(text));
        }
    }
}
