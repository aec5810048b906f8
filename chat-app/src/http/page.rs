//! Reads what all pages of a logged-in person show. Does I/O.

use axum::response::Html;
use maud::Markup;

use super::conversations::seen_by;
use crate::app::App;
use crate::domain::{ConversationId, ConversationSummary, User};
use crate::error::AppError;
use crate::recent_pages::PageState;
use crate::store;
use crate::store::changes::PageStart;
use crate::store::conversations::{ListEnd, Listed};
use crate::text::Text;
use crate::views::shell::Shell;

/// Conversations that the list shows before a link to older ones.
const LIST_PART: usize = 50;

/// Everything that any page of a logged-in person needs.
pub(super) struct PageContext {
    pub(super) me: User,
    text: Text,
    start: PageStart,
    list: Listed,
}

impl PageContext {
    /// Reads the cursor first: live events continue from there, so none is lost.
    pub(super) async fn read(app: &App, me: User, text: Text) -> sqlx::Result<Self> {
        Self::read_from(app, me, text, None).await
    }

    /// Shows the conversations after `end`.
    pub(super) async fn read_from(
        app: &App,
        me: User,
        text: Text,
        end: Option<ListEnd>,
    ) -> sqlx::Result<Self> {
        let start = store::changes::page_start(&app.pool, me.id).await?;
        let list = store::conversations::list(&app.pool, me.id, end, LIST_PART).await?;
        Ok(Self {
            me,
            text,
            start,
            list,
        })
    }

    /// A conversation as this person sees it, from the list if it is there. Fails with [`AppError::NotFound`] if they are not
    /// a member.
    pub(super) async fn conversation(
        &self,
        app: &App,
        id: ConversationId,
    ) -> Result<ConversationSummary, AppError> {
        let mut listed = self.list.conversations.iter();
        match listed.find(|listed| listed.id == id) {
            Some(listed) => Ok(listed.clone()),
            None => seen_by(app, self.me.id, id).await,
        }
    }

    /// The state of a conversation that was read with this.
    pub(super) fn page_state(&self, conversation: &ConversationSummary) -> PageState {
        PageState {
            epoch: self.start.cursor.epoch.clone(),
            rev: conversation.rev,
        }
    }

    pub(super) fn shell<'a>(&'a self, app: &'a App) -> Shell<'a> {
        Shell {
            config: &app.config,
            text: self.text,
            me: &self.me,
            start: &self.start,
            list: &self.list,
        }
    }

    /// Lists the conversation on screen, even if it has no messages yet.
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
