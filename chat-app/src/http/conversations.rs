//! The list and the pages of conversations. Does I/O.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use maud::Markup;
use serde::Deserialize;
use uuid::Uuid;

use super::AppError;
use super::extract::{Form, Path};
use crate::app::App;
use crate::domain::{ConversationId, ConversationSummary, Cursor, Session, User, UserId};
use crate::store;
use crate::text::Text;
use crate::views::conversation::{Draft, View};
use crate::views::shell::{self, Shell};
use crate::views::{self, list};

/// Conversations in the list; more are found through people.
const LISTED: i64 = 200;

/// Messages on a page.
const MESSAGES: i64 = 50;

pub(super) async fn index(
    State(app): State<App>,
    session: Session,
    text: Text,
) -> Result<Html<String>, AppError> {
    let known = Known::read(&app, session.user, text).await?;
    Ok(page(shell::index(&known.shell(&app))))
}

#[derive(Deserialize)]
pub(super) struct Window {
    before: Option<i64>,
}

pub(super) async fn show(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(id): Path<ConversationId>,
    Form(Window { before }): Form<Window>,
) -> Result<Html<String>, AppError> {
    let draft = Draft {
        client_id: Uuid::new_v4(),
        body: String::new(),
        error: None,
    };
    Ok(page(
        conversation(&app, session.user, text, id, before, draft).await?,
    ))
}

/// The page of a conversation, with what is being written.
async fn conversation(
    app: &App,
    me: User,
    text: Text,
    id: ConversationId,
    before: Option<i64>,
    draft: Draft,
) -> Result<Markup, AppError> {
    let mut known = Known::read(app, me, text).await?;
    // Before its messages: the page may then hold newer ones, but never lack one that `rev` says it has.
    let conversation = store::conversations::summary(&app.pool, known.me.id, id)
        .await?
        .ok_or(AppError::NotFound)?;
    let messages = store::messages::before(&app.pool, id, before, MESSAGES).await?;
    known.list(&conversation);
    let view = View {
        conversation: &conversation,
        page: &messages,
        latest: before.is_none(),
        draft,
    };
    Ok(views::conversation::page(&known.shell(app), &view))
}

/// The conversation page again, with what was typed and what is wrong with it.
pub(super) async fn again(
    app: &App,
    me: User,
    text: Text,
    id: ConversationId,
    draft: Draft,
) -> Result<Response, AppError> {
    let page = page(conversation(app, me, text, id, None, draft).await?);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// The list item alone, for a conversation that the page's list lacks.
pub(super) async fn item(
    State(app): State<App>,
    session: Session,
    Path(id): Path<ConversationId>,
) -> Result<Html<String>, AppError> {
    let summary = store::conversations::summary(&app.pool, session.user.id, id).await?;
    Ok(page(list::item(&summary.ok_or(AppError::NotFound)?, false)))
}

#[derive(Deserialize)]
pub(super) struct With {
    user: UserId,
}

pub(super) async fn open(
    State(app): State<App>,
    session: Session,
    Form(With { user }): Form<With>,
) -> Result<Redirect, AppError> {
    let id = store::conversations::open_direct(&app.pool, session.user.id, user).await?;
    Ok(Redirect::to(&format!(
        "/c/{}",
        id.ok_or(AppError::NotFound)?
    )))
}

/// What every page of a signed-in person is made from.
pub(super) struct Known {
    me: User,
    text: Text,
    cursor: Cursor,
    conversations: Vec<ConversationSummary>,
}

impl Known {
    /// The cursor first: live events go on from there, so nothing falls between.
    pub(super) async fn read(app: &App, me: User, text: Text) -> sqlx::Result<Self> {
        let cursor = store::changes::cursor(&app.pool).await?;
        let conversations = store::conversations::list(&app.pool, me.id, LISTED).await?;
        Ok(Self {
            me,
            text,
            cursor,
            conversations,
        })
    }

    pub(super) fn shell<'a>(&'a self, app: &'a App) -> Shell<'a> {
        Shell {
            config: &app.config,
            text: self.text,
            me: &self.me,
            cursor: &self.cursor,
            conversations: &self.conversations,
        }
    }

    /// A conversation without messages is listed only while it is on screen.
    fn list(&mut self, current: &ConversationSummary) {
        if !self
            .conversations
            .iter()
            .any(|listed| listed.id == current.id)
        {
            self.conversations.insert(0, current.clone());
        }
    }
}

pub(super) fn page(markup: Markup) -> Html<String> {
    Html(markup.into_string())
}
