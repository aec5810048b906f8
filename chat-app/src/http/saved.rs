//! Messages that a person saves for later, which nobody else learns. Does I/O.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::extract::{Form, Path, WantsJson};
use super::messages::respond;
use super::page::{PageContext, html};
use super::pins::ToggleForm;
use crate::app::App;
use crate::domain::{ConversationId, ConversationSummary, Session, UserId};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::store::conversations;
use crate::store::saved::{self, MAX_SAVED, Saved, Saving};
use crate::text::Text;
use crate::views;
use crate::views::saved::SavedPage;

const PAGE: usize = 30;

pub(super) async fn save(
    State(app): State<App>,
    session: Session,
    Path((id, seq)): Path<(ConversationId, i64)>,
    WantsJson(json): WantsJson,
    Form(form): Form<ToggleForm>,
) -> Result<Response, AppError> {
    let me = session.user.id;
    if form.present {
        match saved::save(&app.pool, me, id, seq).await? {
            Saving::Done => {}
            Saving::NotFound => return Err(AppError::NotFound),
            Saving::TooMany => return Err(InputError::TooManySaved { limit: MAX_SAVED }.into()),
        }
    } else {
        saved::remove(&app.pool, me, id, seq).await?;
    }
    Ok(match form.listed {
        true => Redirect::to("/saved").into_response(),
        false => respond(json, id, seq),
    })
}

#[derive(Deserialize)]
pub(super) struct SavedQuery {
    /// Of the last message of the page before.
    older: Option<i64>,
}

pub(super) async fn page(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(SavedQuery { older }): Form<SavedQuery>,
) -> Result<Html<String>, AppError> {
    let context = PageContext::read(&app, session.user, text).await?;
    let me = context.me.id;
    // One more says whether there are more.
    let mut found = saved::list(&app.pool, me, older, PAGE as i64 + 1).await?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let content = SavedPage {
        older: found.last().filter(|_| more).map(|last| last.number),
        continued: older.is_some(),
        conversations: conversations_of(&app, me, &found).await?,
        saved: found,
    };
    Ok(html(views::saved::page(&context.shell(&app), &content)))
}

/// The conversations of these messages, for their names. One that the person has just left is not there.
async fn conversations_of(
    app: &App,
    me: UserId,
    found: &[Saved],
) -> sqlx::Result<HashMap<ConversationId, ConversationSummary>> {
    let mut keys: Vec<_> = found
        .iter()
        .map(|saved| (me, saved.message.conversation))
        .collect();
    keys.sort_unstable_by_key(|(_, id)| id.0);
    keys.dedup();
    let mut connection = app.pool.acquire().await?;
    let summaries = conversations::summaries(&mut connection, &keys).await?;
    let by_id = summaries
        .into_iter()
        .map(|((_, id), summary)| (id, summary));
    Ok(by_id.collect())
}
