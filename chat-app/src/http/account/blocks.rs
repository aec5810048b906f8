//! Blocks people, and folds their messages. Does I/O.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::saved_redirect;
use crate::app::App;
use crate::domain::{Session, UserId};
use crate::error::AppError;
use crate::http::extract::Form;
use crate::store::blocks;
use crate::text::Text;
use crate::views;

#[derive(Deserialize)]
pub(in crate::http) struct BlockForm {
    user: UserId,
}

pub(in crate::http) async fn block(
    State(app): State<App>,
    session: Session,
    Form(form): Form<BlockForm>,
) -> Result<Redirect, AppError> {
    if blocks::add(&app.pool, session.user.id, form.user).await? {
        Ok(saved_redirect("blocked"))
    } else {
        Err(AppError::NotFound)
    }
}

pub(in crate::http) async fn unblock(
    State(app): State<App>,
    session: Session,
    Form(form): Form<BlockForm>,
) -> Result<Redirect, AppError> {
    blocks::remove(&app.pool, session.user.id, form.user).await?;
    Ok(saved_redirect("blocked"))
}

/// The style sheet reveals whom this person has blocked, so it must not be cached.
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
