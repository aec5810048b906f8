//! The JSON of the API: what is in bodies, and how it is made of the chat's own types. Pure.
//!
//! These types are a promise to programs: a field may be added, none is renamed or removed within a version of the API.

mod conversations;
mod events;
mod messages;
mod people;

pub(super) use self::conversations::{Conversation, ConversationPage, Mark, MemberPage, NewMark};
pub(super) use self::events::LiveEvent;
pub(super) use self::messages::{
    Edit, Found, FoundPage, Message, MessagePage, NewMessage, PinnedMessages,
};
pub(super) use self::people::{Me, People, Person};
