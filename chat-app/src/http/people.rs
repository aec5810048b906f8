//! Finding people. Does I/O.

use axum::extract::State;
use axum::response::Html;
use serde::Deserialize;

use super::extract::Form;
use super::page::{PageContext, html};
use crate::app::App;
use crate::domain::Session;
use crate::error::AppError;
use crate::store;
use crate::text::Text;
use crate::views;

/// People shown at once; whoever is missing takes one more letter.
const SHOWN: i64 = 50;

#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
}

pub(super) async fn search(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(Search { q }): Form<Search>,
) -> Result<Html<String>, AppError> {
    let people = store::users::search(&app.pool, session.user.id, &q, SHOWN).await?;
    let context = PageContext::read(&app, session.user, text).await?;
    Ok(html(views::people::page(&context.shell(&app), &q, &people)))
}
