//! What the pages of signed-in people share. Does I/O.

use axum::response::Html;
use maud::Markup;

use crate::app::App;
use crate::domain::{ConversationId, ConversationSummary, Cursor, User};
use crate::error::AppError;
use crate::store;
use crate::store::conversations::{ListEnd, Listed};
use crate::text::Text;
use crate::views::shell::Shell;

/// Conversations in a part of the list.
const LISTED: usize = 50;

/// What every page of a signed-in person is made from.
pub(super) struct PageContext {
    pub(super) me: User,
    text: Text,
    folds: bool,
    cursor: Cursor,
    list: Listed,
}

impl PageContext {
    /// The cursor first: live events go on from there, so nothing falls between.
    pub(super) async fn read(app: &App, me: User, text: Text) -> sqlx::Result<Self> {
        Self::read_from(app, me, text, None).await
    }

    /// The same with a later part of the list.
    pub(super) async fn read_from(
        app: &App,
        me: User,
        text: Text,
        end: Option<ListEnd>,
    ) -> sqlx::Result<Self> {
        let cursor = store::changes::cursor(&app.pool).await?;
        let list = store::conversations::list(&app.pool, me.id, end, LISTED).await?;
        let folds = store::blocks::any(&app.pool, me.id).await?;
        Ok(Self {
            me,
            text,
            folds,
            cursor,
            list,
        })
    }

    /// A conversation as this person sees it; not found where they are no member.
    pub(super) async fn conversation(
        &self,
        app: &App,
        id: ConversationId,
    ) -> Result<ConversationSummary, AppError> {
        let summary = store::conversations::summary(&app.pool, self.me.id, id).await?;
        summary.ok_or(AppError::NotFound)
    }

    pub(super) fn shell<'a>(&'a self, app: &'a App) -> Shell<'a> {
        Shell {
            config: &app.config,
            text: self.text,
            me: &self.me,
            folds: self.folds,
            cursor: &self.cursor,
            list: &self.list,
        }
    }

    /// A conversation without messages is listed only while it is on screen.
    pub(super) fn list(&mut self, current: &ConversationSummary) {
        let listed = &mut self.list.conversations;
        if !listed.iter().any(|listed| listed.id == current.id) {
            listed.insert(0, current.clone());
        }
    }
}

pub(super) fn html(markup: Markup) -> Html<String> {
    Html(markup.into_string())
}
