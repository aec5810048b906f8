//! program → hook → writer: a program posts to a hook. Does I/O.
//!
//! Answers as Slack's incoming webhooks do, in plain text, since the programs that post compare them:
//! <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::app::App;
use crate::domain::{ConversationId, Message, MessageAlias, MessageBody};
use crate::error::AppError;
use crate::hooks::{self, AlertGroup, Hooked, PayloadError, Posted};
use crate::http::error::{Verbatim, with_retry_after};
use crate::http::extract::Path;
use crate::http::limits::Attempt;
use crate::markdown::mentioned_names;
use crate::store;
use crate::store::hooks::OpenHook;
use crate::store::messages::Extra;
use crate::tokens;
use crate::writer::{NewMessage, SendError, Sent};

/// Notifications of Alertmanager list all alerts of a group.
pub(in crate::http) const BODY_LIMIT: usize = 1024 * 1024;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Why a program's message is not posted.
#[derive(Debug)]
pub(in crate::http) enum Refused {
    /// There is no such hook, or it is disabled.
    NoService,
    Payload(PayloadError),
    TooLarge,
    /// The hook's account is in no room of this name.
    NoSuchRoom,
    /// The hook's account is no longer a member of its room.
    NotMember,
    Failed(AppError),
}

impl<E: Into<AppError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl From<PayloadError> for Refused {
    fn from(error: PayloadError) -> Self {
        Self::Payload(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        use StatusCode as S;
        let answer = match &self {
            Self::NoService => (S::NOT_FOUND, "no_service"),
            Self::Payload(PayloadError::Invalid) => (S::BAD_REQUEST, "invalid_payload"),
            Self::Payload(PayloadError::NoText) => (S::BAD_REQUEST, "no_text"),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "payload_too_large"),
            Self::NoSuchRoom => (S::NOT_FOUND, "channel_not_found"),
            Self::NotMember => (S::GONE, "channel_is_archived"),
            Self::Failed(AppError::TooManyAttempts(_)) => (S::TOO_MANY_REQUESTS, "rate_limited"),
            Self::Failed(error) => (error.describe().0, "rollup_error"),
        };
        let answer = (answer.0, Verbatim, answer.1).into_response();
        match self {
            Self::Failed(error) => {
                error.log();
                with_retry_after(&error, answer)
            }
            _ => answer,
        }
    }
}

pub(in crate::http) async fn receive(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<&'static str, Refused> {
    let hook = store::hooks::open(&app.pool, &tokens::hash(&token)).await?;
    let hook = hook.ok_or(Refused::NoService)?;
    Attempt::post(&app, hook.id).await?;
    let body = body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refused::TooLarge,
        _ => Refused::Payload(PayloadError::Invalid),
    })?;
    // So many bytes are at most so many characters.
    match hooks::read(hook.kind, &body, app.config.max_message_characters)? {
        Posted::Message(hooked) => post(&app, &hook, &headers, hooked).await?,
        Posted::Alerts(group) => show(&app, &hook, group).await?,
    }
    Ok("ok")
}

async fn post(
    app: &App,
    hook: &OpenHook,
    headers: &HeaderMap,
    hooked: Hooked,
) -> Result<(), Refused> {
    let room = match hooked.room.filter(|_| hook.chooses_room) {
        None => hook.room,
        Some(name) => {
            let title = name.trim_start_matches('#');
            let found = store::hooks::room_named(&app.pool, hook.bot, title).await?;
            found.ok_or(Refused::NoSuchRoom)?
        }
    };
    let key = headers.get(IDEMPOTENCY_KEY);
    let client_id = match key {
        Some(key) => repeatable(hook, key.as_bytes()),
        None => Uuid::new_v4(),
    };
    send(app, hook, room, client_id, &hooked.body, hooked.alias).await?;
    Ok(())
}

/// The same UUID for the same key, so that a retry is the same message.
fn repeatable(hook: &OpenHook, key: &[u8]) -> Uuid {
    let hash = Sha256::new_with_prefix(format!("hook {} ", hook.id)).chain_update(key);
    let hash: [u8; 32] = hash.finalize().into();
    let bytes = std::array::from_fn(|n| hash[n]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Shows the state of a group of alerts in its message, which is sent first if need be.
async fn show(app: &App, hook: &OpenHook, group: AlertGroup) -> Result<(), Refused> {
    let client_id = store::hooks::alert_message(&app.pool, hook.id, &group).await?;
    let alias = MessageAlias::default();
    let sent = send(app, hook, hook.room, client_id, &group.body, alias).await?;
    let Message {
        seq, body, deleted, ..
    } = sent.message;
    if !sent.duplicate || deleted || body == group.body {
        return Ok(());
    }
    let mentions = mentioned_names(&group.body);
    let (pool, body) = (&app.pool, group.body.as_str());
    let outcome = store::messages::edit(pool, hook.room, seq, hook.bot, body, &mentions).await?;
    app.announce(hook.room, outcome).await?;
    Ok(())
}

async fn send(
    app: &App,
    hook: &OpenHook,
    room: ConversationId,
    client_id: Uuid,
    body: &str,
    alias: MessageAlias,
) -> Result<Sent, Refused> {
    let body = MessageBody::parse(body, app.config.max_message_characters);
    let body = body.map_err(|_| PayloadError::Invalid)?;
    let extra = Extra {
        mentions: mentioned_names(body.as_str()),
        alias: Some(alias),
        ..Extra::default()
    };
    let message = NewMessage {
        conversation: room,
        sender: hook.bot,
        client_id,
        body,
        extra,
    };
    match app.writer.send(message).await {
        Err(SendError::NotMember) => Err(Refused::NotMember),
        sent => Ok(sent?),
    }
}
