//! The types of the chat: ids, names, messages, changes. Pure: no I/O.

mod access_tokens;
mod body;
mod conversations;
mod excerpt;
mod hooks;
mod ids;
mod messages;
mod names;
mod people;
mod position;

pub use self::access_tokens::{AccessToken, Caller, Scope, TOKEN_NAME_CHARS};
pub use self::body::{BodyError, MessageBody};
pub use self::conversations::{
    ConversationKind, ConversationSummary, Level, Member, Page, Preview, Role, Window,
};
pub(crate) use self::excerpt::shortened;
pub use self::excerpt::{Excerpt, FileSummary, Gist};
pub use self::hooks::{Hook, HookKind};
pub use self::ids::{AccessTokenId, ConversationId, HookId, IdentityId, SessionId, UserId};
pub use self::messages::{
    AddressedChange, Attachment, Audience, Change, Integration, Mention, Message, MessageAlias,
    Notice, NoticeKind, Pin, Quote, Reaction,
};
pub use self::names::{VisibleNameError, look_alike, lookalike_keys, parse_visible};
pub(crate) use self::names::{is_invisible, is_visible};
pub use self::people::{
    DisplayNameError, LoggedOut, NameError, PROOF_MINUTES, Session, User, UserName,
    parse_display_name,
};
pub use self::position::{Cursor, Snapshot, Span};
