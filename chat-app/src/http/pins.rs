//! Pins and unpins messages, and lists the pinned ones of a conversation. Does I/O.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::extract::{Form, Path, WantsJson};
use super::messages::respond;
use super::page::{PageContext, html};
use crate::app::App;
use crate::domain::{ConversationId, Session, UserId};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::store::pins::{self, MAX_PINS, Pinning};
use crate::text::Text;
use crate::views;

#[derive(Deserialize)]
pub(super) struct ToggleForm {
    pub(super) present: bool,
    /// Whether to go back to the list, and not to the message.
    #[serde(default)]
    pub(super) listed: bool,
}

pub(super) async fn pin(
    State(app): State<App>,
    session: Session,
    Path((id, seq)): Path<(ConversationId, i64)>,
    WantsJson(json): WantsJson,
    Form(form): Form<ToggleForm>,
) -> Result<Response, AppError> {
    change_pin(&app, session.user.id, (id, seq), form.present).await?;
    Ok(match form.listed {
        true => Redirect::to(&format!("/c/{id}/pins")).into_response(),
        false => respond(json, id, seq),
    })
}

/// Pins or unpins a message that this person may see.
pub(super) async fn change_pin(
    app: &App,
    me: UserId,
    (id, seq): (ConversationId, i64),
    present: bool,
) -> Result<(), AppError> {
    match pins::pin(&app.pool, id, seq, me, present).await? {
        Pinning::Done(outcome) => Ok(app.announce(id, outcome).await?),
        Pinning::TooMany => Err(InputError::TooManyPins { limit: MAX_PINS }.into()),
    }
}

pub(super) async fn page(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(id): Path<ConversationId>,
) -> Result<Html<String>, AppError> {
    let context = PageContext::read(&app, session.user, text).await?;
    let conversation = context.conversation(&app, id).await?;
    let pinned = pins::list(&app.pool, id, context.me.id).await?;
    let page = views::pins::page(&context.shell(&app), &conversation, &pinned);
    Ok(html(page))
}
