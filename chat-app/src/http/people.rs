//! The search for people. Does I/O.

use axum::extract::State;
use axum::response::Html;

use super::extract::{Form, SearchQuery};
use super::page::{PageContext, html};
use crate::app::App;
use crate::domain::Session;
use crate::error::AppError;
use crate::store;
use crate::text::Text;
use crate::views;

/// People on the page; a longer query finds the others.
const MAX_PEOPLE: i64 = 50;

pub(super) async fn search(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(SearchQuery { q }): Form<SearchQuery>,
) -> Result<Html<String>, AppError> {
    let people = store::users::search(&app.pool, session.user.id, &q, MAX_PEOPLE).await?;
    let context = PageContext::read(&app, session.user, text).await?;
    Ok(html(views::people::page(&context.shell(&app), &q, &people)))
}
