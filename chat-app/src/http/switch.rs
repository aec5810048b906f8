//! The switcher (Ctrl+K): finds conversations and people by name. Does I/O.

use axum::extract::State;
use axum::response::Html;

use super::extract::{Form, SearchQuery};
use super::page::html;
use crate::app::App;
use crate::domain::Session;
use crate::error::AppError;
use crate::store::{conversations, users};
use crate::text::Text;
use crate::views::shell;

const MAX_CONVERSATIONS: i64 = 8;
const MAX_PEOPLE: i64 = 5;

/// Conversations, latest first, then people without a conversation yet.
pub(super) async fn find(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(SearchQuery { q }): Form<SearchQuery>,
) -> Result<Html<String>, AppError> {
    let me = session.user.id;
    let found = conversations::named(&app.pool, me, &q, MAX_CONVERSATIONS).await?;
    let mut people = match q.trim() {
        "" => Vec::new(),
        q => users::search(&app.pool, me, q, MAX_PEOPLE).await?,
    };
    people.retain(|person| found.iter().all(|known| known.partner != Some(person.id)));
    Ok(html(shell::switcher(text, &found, &people)))
}
