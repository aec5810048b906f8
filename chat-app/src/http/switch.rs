//! What Ctrl+K finds: conversations and people by name. Does I/O.

use axum::extract::State;
use axum::response::Html;
use serde::Deserialize;

use super::extract::Form;
use super::page::html;
use crate::app::App;
use crate::domain::Session;
use crate::error::AppError;
use crate::store::{conversations, users};
use crate::text::Text;
use crate::views::shell;

const CONVERSATIONS: i64 = 8;
const PEOPLE: i64 = 5;

#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
}

/// A fragment of links: latest conversations first, then people one has none with.
pub(super) async fn find(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(Search { q }): Form<Search>,
) -> Result<Html<String>, AppError> {
    let me = session.user.id;
    let found = conversations::named(&app.pool, me, &q, CONVERSATIONS).await?;
    let mut people = match q.trim() {
        "" => Vec::new(),
        q => users::search(&app.pool, me, q, PEOPLE).await?,
    };
    people.retain(|person| found.iter().all(|known| known.partner != Some(person.id)));
    Ok(html(shell::switcher(text, &found, &people)))
}
