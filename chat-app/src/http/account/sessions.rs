//! Revokes a user's sessions: one, or all except the current one. Does I/O.

use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;

use super::saved_redirect;
use crate::app::App;
use crate::domain::{Session, SessionId};
use crate::error::AppError;
use crate::http::extract::Form;
use crate::store::sessions;

#[derive(Deserialize)]
pub(in crate::http) struct SessionForm {
    session: SessionId,
}

pub(in crate::http) async fn revoke(
    State(app): State<App>,
    session: Session,
    Form(SessionForm { session: other }): Form<SessionForm>,
) -> Result<Redirect, AppError> {
    if sessions::revoke_own(&app.pool, session.user.id, other).await? {
        Ok(saved_redirect("devices"))
    } else {
        Err(AppError::NotFound)
    }
}

pub(in crate::http) async fn revoke_others(
    State(app): State<App>,
    session: Session,
) -> Result<Redirect, AppError> {
    sessions::revoke_others(&app.pool, session.user.id, session.id).await?;
    Ok(saved_redirect("devices"))
}
