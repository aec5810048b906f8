//! Searches a person's own conversations. Does I/O.

use axum::extract::State;
use axum::response::Html;
use serde::Deserialize;

use super::extract::Form;
use super::page::{PageContext, html};
use crate::app::App;
use crate::domain::{Session, UserId};
use crate::error::AppError;
use crate::markdown;
use crate::search::excerpt::excerpt;
use crate::search::{self, Problem};
use crate::store;
use crate::store::search::{Hit, Prepared};
use crate::text::Text;
use crate::views;
use crate::views::search::{FoundMessage, Results};

const PAGE_HITS: usize = 20;

#[derive(Deserialize)]
pub(super) struct SearchParams {
    #[serde(default)]
    q: String,
    older: Option<i64>,
}

pub(super) async fn results(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(SearchParams { q, older }): Form<SearchParams>,
) -> Result<Html<String>, AppError> {
    let results = search(&app, session.user.id, &q, older).await?;
    let context = PageContext::read(&app, session.user, text).await?;
    Ok(html(views::search::page(
        &context.shell(&app),
        &q,
        &results,
    )))
}

/// The messages of one's own conversations that match a query.
pub(super) async fn search(
    app: &App,
    me: UserId,
    q: &str,
    older: Option<i64>,
) -> sqlx::Result<Results> {
    let query = match search::parse(q) {
        Ok(query) if query.is_empty() => return Ok(Results::default()),
        Ok(query) => query,
        Err(problems) => return Ok(Results::refused(problems)),
    };
    match store::search::prepare(&app.pool, me, &query).await? {
        Ok(prepared) => find(app, me, prepared, older).await,
        Err(problems) => Ok(Results::refused(problems)),
    }
}

async fn find(
    app: &App,
    me: UserId,
    prepared: Prepared,
    older: Option<i64>,
) -> sqlx::Result<Results> {
    // One extra hit says whether there are more.
    let limit = PAGE_HITS as i32 + 1;
    let mut hits = store::search::find(&app.pool, me, &prepared, older, limit).await?;
    let more = hits.len() > PAGE_HITS;
    hits.truncate(PAGE_HITS);
    let older_than = hits.last().filter(|_| more).map(|hit| hit.number);
    let found = hits.into_iter().map(|hit| FoundMessage {
        segments: excerpt(&shown_text(&hit), &prepared.marked, prepared.language),
        hit,
    });
    Ok(Results {
        searched: true,
        problems: Vec::from_iter(prepared.left_out),
        found: found.collect(),
        continued: older.is_some(),
        older_than,
    })
}

/// The text of a hit: the message and the names of its files.
fn shown_text(hit: &Hit) -> String {
    let mut text = markdown::plain(&hit.body);
    for name in &hit.files {
        text.push(' ');
        text.push_str(name);
    }
    text
}

impl Results {
    fn refused(problems: Vec<Problem>) -> Self {
        Self {
            problems,
            ..Self::default()
        }
    }
}
