//! Search over one's own conversations. Does I/O.

use axum::extract::State;
use axum::response::Html;
use serde::Deserialize;

use super::extract::Form;
use super::page::{PageContext, html};
use crate::app::App;
use crate::domain::{Session, UserId};
use crate::error::AppError;
use crate::markdown;
use crate::search::{self, Problem};
use crate::store;
use crate::store::search::{Hit, MARK_END, MARK_START, Prepared};
use crate::text::Text;
use crate::views;
use crate::views::search::{Found, Piece, Results};

const SHOWN: usize = 20;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    older: Option<i64>,
}

pub(super) async fn results(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(Asked { q, older }): Form<Asked>,
) -> Result<Html<String>, AppError> {
    let results = search(&app, session.user.id, &q, older).await?;
    let context = PageContext::read(&app, session.user, text).await?;
    Ok(html(views::search::page(
        &context.shell(&app),
        &q,
        &results,
    )))
}

async fn search(app: &App, me: UserId, q: &str, older: Option<i64>) -> sqlx::Result<Results> {
    let query = match search::parse(q) {
        Ok(query) if query.is_empty() => return Ok(Results::default()),
        Ok(query) => query,
        Err(problems) => return Ok(Results::refused(problems)),
    };
    match store::search::prepare(&app.pool, me, &query).await? {
        Ok(prepared) => found(app, me, prepared, older).await,
        Err(problems) => Ok(Results::refused(problems)),
    }
}

async fn found(
    app: &App,
    me: UserId,
    prepared: Prepared,
    older: Option<i64>,
) -> sqlx::Result<Results> {
    // One more than is shown tells whether there is more.
    let limit = SHOWN as i32 + 1;
    let mut hits = store::search::find(&app.pool, me, &prepared, older, limit).await?;
    let more = hits.len() > SHOWN;
    hits.truncate(SHOWN);
    let older_than = hits.last().filter(|_| more).map(|hit| hit.number);
    let texts: Vec<String> = hits.iter().map(text_of).collect();
    let headlines = store::search::headlines(&app.pool, &prepared, &texts).await?;
    let found = std::iter::zip(hits, headlines).map(|(hit, headline)| Found {
        hit,
        pieces: pieces(&headline),
    });
    Ok(Results {
        asked: true,
        problems: Vec::from_iter(prepared.left_out),
        found: found.collect(),
        continued: older.is_some(),
        older_than,
    })
}

/// What is shown of a message: its text and the names of its files.
fn text_of(hit: &Hit) -> String {
    let mut text = markdown::plain(&hit.body);
    for name in &hit.files {
        text.push(' ');
        text.push_str(name);
    }
    text
}

/// Splits a headline at its marks.
fn pieces(headline: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for part in headline.split(MARK_START) {
        let (marked, plain) = part.split_once(MARK_END).unwrap_or(("", part));
        for (text, marked) in [(marked, true), (plain, false)] {
            if !text.is_empty() {
                pieces.push(Piece {
                    text: text.to_owned(),
                    marked,
                });
            }
        }
    }
    pieces
}

impl Results {
    fn refused(problems: Vec<Problem>) -> Self {
        Self {
            problems,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_is_split_at_its_marks() {
        let shown = |headline: &str| -> String {
            let pieces = pieces(headline).into_iter();
            pieces
                .map(|piece| match piece.marked {
                    true => format!("[{}]", piece.text),
                    false => piece.text,
                })
                .collect()
        };
        assert_eq!(shown("a \u{2}b\u{3} c \u{2}d\u{3}"), "a [b] c [d]");
        assert_eq!(shown("\u{2}b\u{3}\u{2}c\u{3}"), "[b][c]");
        assert_eq!(shown("none"), "none");
        assert_eq!(shown(""), "");
    }
}
