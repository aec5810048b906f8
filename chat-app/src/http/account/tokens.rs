//! A person's own access tokens, with which programs use the API for them: created, revoked. Does I/O.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::app::App;
use crate::domain::{AccessTokenId, Session, User};
use crate::error::AppError;
use crate::http::access_tokens::{NewTokenForm, issue};
use crate::http::extract::{Form, Path};
use crate::http::page::{PageContext, html};
use crate::http::proof::Proven;
use crate::store::access_tokens;
use crate::text::Text;
use crate::views::access_tokens::{self as views, Created};

pub(in crate::http) async fn show(
    State(app): State<App>,
    session: Session,
    text: Text,
) -> Result<Html<String>, AppError> {
    page(&app, session.user, text, Created::Nothing).await
}

async fn page(app: &App, me: User, text: Text, created: Created) -> Result<Html<String>, AppError> {
    let list = access_tokens::list(&app.pool, me.id).await?;
    let context = PageContext::read(app, me, text).await?;
    Ok(html(views::page(&context.shell(app), &list, &created)))
}

/// Only this response has the token.
pub(in crate::http) async fn create(
    State(app): State<App>,
    Proven(me): Proven,
    text: Text,
    Form(form): Form<NewTokenForm>,
) -> Result<Response, AppError> {
    let (status, created) = match issue(&app, me.id, me.id, &form).await? {
        Ok(token) => (StatusCode::OK, Created::Token(token)),
        Err(error) => {
            let name = form.name;
            let rejected = Created::Rejected { error, name };
            (StatusCode::UNPROCESSABLE_ENTITY, rejected)
        }
    };
    let page = page(&app, me, text, created).await?;
    Ok((status, page).into_response())
}

pub(in crate::http) async fn revoke(
    State(app): State<App>,
    Proven(me): Proven,
    Path(token): Path<AccessTokenId>,
) -> Result<Redirect, AppError> {
    match access_tokens::revoke(&app.pool, me.id, me.id, token).await? {
        true => Ok(Redirect::to("/account/tokens")),
        false => Err(AppError::NotFound),
    }
}
