//! Hooks: the URLs with which programs post to a room. Pure.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{HookId, UserName};

/// What a hook reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum HookKind {
    /// Messages as Slack's incoming webhooks take them.
    Slack,
    /// Notifications of Prometheus Alertmanager.
    Alertmanager,
}

/// A hook as the owners of its room see it.
#[derive(Clone, Debug)]
pub struct Hook {
    pub id: HookId,
    pub kind: HookKind,
    pub name: String,
    /// The login name of its account.
    pub account: UserName,
    /// Whether its messages may name another room that its account is a member of.
    pub chooses_room: bool,
    pub creator_name: String,
    pub created_at: OffsetDateTime,
    pub used_at: Option<OffsetDateTime>,
    pub disabled: bool,
}
