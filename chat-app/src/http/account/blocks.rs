//! Blocks people, and folds what they say. Does I/O.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::saved;
use crate::app::App;
use crate::domain::{Session, UserId};
use crate::error::AppError;
use crate::http::extract::Form;
use crate::store::blocks;
use crate::text::Text;
use crate::views;

#[derive(Deserialize)]
pub(in crate::http) struct Whom {
    user: UserId,
}

pub(in crate::http) async fn block(
    State(app): State<App>,
    session: Session,
    Form(whom): Form<Whom>,
) -> Result<Redirect, AppError> {
    if blocks::add(&app.pool, session.user.id, whom.user).await? {
        Ok(saved("blocked"))
    } else {
        Err(AppError::NotFound)
    }
}

pub(in crate::http) async fn unblock(
    State(app): State<App>,
    session: Session,
    Form(whom): Form<Whom>,
) -> Result<Redirect, AppError> {
    blocks::remove(&app.pool, session.user.id, whom.user).await?;
    Ok(saved("blocked"))
}

/// The style sheet of this session alone. Nobody else may learn who is in it, so it is kept nowhere.
pub(in crate::http) async fn folded(
    State(app): State<App>,
    session: Session,
    text: Text,
) -> Result<impl IntoResponse, AppError> {
    let blocked = blocks::ids(&app.pool, session.user.id).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, views::account::folded_css(text, &blocked)))
}
