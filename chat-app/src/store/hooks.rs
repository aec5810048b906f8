//! Hooks: created and changed by the owners of a room, found by their token. Does I/O; each change is one call that is its own
//! transaction.

use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{Outcome, Pool};
use crate::domain::{ConversationId, Hook, HookId, HookKind, UserId, UserName};
use crate::hooks::AlertGroup;

/// Who acts on the hooks of a room.
#[derive(Clone, Copy, Debug)]
pub struct Manager {
    pub room: ConversationId,
    pub user: UserId,
    pub admin: bool,
}

/// The title of a room whose hooks this user may change; `Err` says why there is none.
pub async fn room(pool: &Pool, manager: Manager) -> sqlx::Result<Result<String, super::Refusal>> {
    let found: Option<(String, bool)> = sqlx::query_as(
        "SELECT c.title, $3 OR m.role = 'owner' FROM conversations c
         LEFT JOIN members m ON m.conversation_id = c.id AND m.user_id = $2 AND m.left_rev IS NULL
         WHERE c.id = $1 AND c.kind IN ('public', 'private') AND ($3 OR m.user_id IS NOT NULL)",
    )
    .bind(manager.room)
    .bind(manager.user)
    .bind(manager.admin)
    .fetch_optional(pool)
    .await?;
    Ok(match found {
        Some((title, true)) => Ok(title),
        Some((_, false)) => Err(super::Refusal::Forbidden),
        None => Err(super::Refusal::NotFound),
    })
}

/// The hooks of a room, oldest first.
pub async fn list(pool: &Pool, room: ConversationId) -> sqlx::Result<Vec<Hook>> {
    let rows = sqlx::query(
        "SELECT h.id, h.kind, h.chooses_room, h.created_at, h.used_at, h.disabled_at IS NOT NULL AS disabled,
                coalesce(b.display_name, b.name) AS name, b.name AS account,
                coalesce(u.display_name, u.name) AS creator_name
         FROM hooks h JOIN users b ON b.id = h.bot_id JOIN users u ON u.id = h.created_by
         WHERE h.conversation_id = $1 ORDER BY h.id",
    )
    .bind(room)
    .fetch_all(pool)
    .await?;
    let hook = |row: &PgRow| {
        Ok(Hook {
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            name: row.try_get("name")?,
            account: UserName::stored(row.try_get("account")?),
            chooses_room: row.try_get("chooses_room")?,
            creator_name: row.try_get("creator_name")?,
            created_at: row.try_get("created_at")?,
            used_at: row.try_get("used_at")?,
            disabled: row.try_get("disabled")?,
        })
    };
    rows.iter().map(hook).collect()
}

/// Creates a hook. `None` if the room has as many as it may have.
pub async fn create(
    pool: &Pool,
    manager: Manager,
    kind: HookKind,
    name: &str,
    token_hash: &[u8; 32],
) -> sqlx::Result<Option<Outcome>> {
    // Random, so that it is nobody's yet.
    let account = format!("app-{}", &Uuid::new_v4().simple().to_string()[..10]);
    let row = sqlx::query("SELECT * FROM create_hook($1, $2, $3, $4, $5, $6, $7)")
        .bind(manager.room)
        .bind(manager.user)
        .bind(manager.admin)
        .bind(kind)
        .bind(account)
        .bind(name)
        .bind(token_hash.as_slice())
        .fetch_one(pool)
        .await?;
    match row.try_get("outcome")? {
        "full" => Ok(None),
        _ => sqlx::FromRow::from_row(&row).map(Some),
    }
}

/// What may be done to a hook.
#[derive(Clone, Copy, Debug)]
pub enum HookAct<'a> {
    Save {
        name: &'a str,
        chooses_room: bool,
    },
    /// Replaces the token by the one with this hash.
    Rotate(&'a [u8; 32]),
    Disable,
    Enable,
    Delete,
}

impl HookAct<'_> {
    fn as_str(self) -> &'static str {
        match self {
            Self::Save { .. } => "save",
            Self::Rotate(_) => "rotate",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Delete => "delete",
        }
    }
}

pub async fn act(
    pool: &Pool,
    manager: Manager,
    hook: HookId,
    act: HookAct<'_>,
) -> sqlx::Result<Outcome> {
    let (name, chooses_room) = match act {
        HookAct::Save { name, chooses_room } => (Some(name), chooses_room),
        _ => (None, false),
    };
    let token_hash = match act {
        HookAct::Rotate(hash) => Some(hash.as_slice()),
        _ => None,
    };
    sqlx::query_as("SELECT * FROM change_hook($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(manager.room)
        .bind(hook)
        .bind(manager.user)
        .bind(manager.admin)
        .bind(act.as_str())
        .bind(name)
        .bind(chooses_room)
        .bind(token_hash)
        .fetch_one(pool)
        .await
}

/// A hook that is in use.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct OpenHook {
    pub id: HookId,
    #[sqlx(rename = "conversation_id")]
    pub room: ConversationId,
    #[sqlx(rename = "bot_id")]
    pub bot: UserId,
    pub kind: HookKind,
    pub chooses_room: bool,
}

/// The hook with this token, unless it is disabled. Notes that it is used.
pub async fn open(pool: &Pool, token_hash: &[u8; 32]) -> sqlx::Result<Option<OpenHook>> {
    sqlx::query_as(
        "WITH found AS (
             SELECT * FROM hooks WHERE token_hash = $1 AND disabled_at IS NULL
         ), used AS (
             UPDATE hooks h SET used_at = now() FROM found
             WHERE h.id = found.id AND coalesce(h.used_at < now() - interval '1 minute', true)
         )
         SELECT id, conversation_id, bot_id, kind, chooses_room FROM found",
    )
    .bind(token_hash.as_slice())
    .fetch_optional(pool)
    .await
}

/// The room with this title that the account is a member of.
pub async fn room_named(
    pool: &Pool,
    bot: UserId,
    title: &str,
) -> sqlx::Result<Option<ConversationId>> {
    sqlx::query_scalar(
        "SELECT c.id FROM conversations c
         JOIN members m ON m.conversation_id = c.id AND m.user_id = $1 AND m.left_rev IS NULL
         WHERE c.title IS NOT NULL AND lower(c.title) = lower($2) ORDER BY c.id LIMIT 1",
    )
    .bind(bot)
    .bind(title)
    .fetch_optional(pool)
    .await
}

/// The client id of the group's message: another one once the group was resolved and fires again. The lock on the row makes
/// all replicas agree.
pub async fn alert_message(pool: &Pool, hook: HookId, group: &AlertGroup) -> sqlx::Result<Uuid> {
    sqlx::query_scalar(
        "INSERT INTO alert_groups AS g (hook_id, key_hash, client_id, resolved) VALUES ($1, $2, $3, $4)
         ON CONFLICT (hook_id, key_hash) DO UPDATE SET
             client_id = CASE WHEN g.resolved AND NOT excluded.resolved THEN excluded.client_id ELSE g.client_id END,
             resolved = excluded.resolved, changed_at = now()
         RETURNING client_id",
    )
    .bind(hook)
    .bind(group.key.as_slice())
    .bind(Uuid::new_v4())
    .bind(group.resolved)
    .fetch_one(pool)
    .await
}
