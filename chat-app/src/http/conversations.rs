//! The list and the pages of conversations. Does I/O.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use maud::Markup;
use serde::Deserialize;

use super::extract::{Form, Path};
use super::{AppError, messages};
use crate::app::App;
use crate::domain::{ConversationId, ConversationSummary, Cursor, Session, User, UserId, Window};
use crate::store;
use crate::store::conversations::{ListEnd, Listed};
use crate::text::Text;
use crate::views::conversation::{Draft, View};
use crate::views::shell::{self, Shell};
use crate::views::{self, list};

/// Conversations in a part of the list.
const LISTED: usize = 50;

const MESSAGES: i64 = 50;

#[derive(Deserialize)]
pub(super) struct Part {
    older: Option<ListEnd>,
}

pub(super) async fn index(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(Part { older }): Form<Part>,
) -> Result<Html<String>, AppError> {
    let known = Known::read_from(&app, session.user, text, older).await?;
    Ok(page(shell::index(&known.shell(&app))))
}

/// Which part of a conversation to show, and what is being answered.
#[derive(Deserialize)]
pub(super) struct Wanted {
    before: Option<i64>,
    after: Option<i64>,
    at: Option<i64>,
    reply: Option<i64>,
}

impl Wanted {
    fn window(&self) -> Window {
        match (self.before, self.after, self.at) {
            (Some(seq), ..) => Window::Before(seq),
            (_, Some(seq), _) => Window::After(seq),
            (.., Some(seq)) => Window::Around(seq),
            _ => Window::Latest,
        }
    }
}

pub(super) async fn show(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(id): Path<ConversationId>,
    Form(wanted): Form<Wanted>,
) -> Result<Html<String>, AppError> {
    let known = Known::read(&app, session.user, text).await?;
    let mut draft = Draft::default();
    if let Some(seq) = wanted.reply {
        draft.reply_to = messages::visible(&app, known.me.id, id, seq).await?;
    }
    let page = conversation(&app, known, id, wanted.window(), draft).await?;
    Ok(self::page(page))
}

/// The page of a conversation, with what is being written.
async fn conversation(
    app: &App,
    mut known: Known,
    id: ConversationId,
    window: Window,
    draft: Draft,
) -> Result<Markup, AppError> {
    // Before its messages: the page may then hold newer ones, but never lack one that `rev` says it has.
    let conversation = known.conversation(app, id).await?;
    let floor = conversation.floor();
    let mut page = store::messages::page(&app.pool, id, floor, window, MESSAGES).await?;
    // What was sent since may be after this person was let out. Who is in still gets it live.
    page.messages
        .retain(|message| message.seq <= conversation.last_seq);
    // So may what was changed since.
    let changes = page.messages.iter().map(|message| message.rev);
    let mut changes = changes.chain(page.notices.iter().map(|notice| notice.rev));
    if changes.any(|rev| rev > conversation.rev)
        && known.conversation(app, id).await?.floor() != floor
    {
        return Err(AppError::NotFound);
    }
    let readers = match app.config.read_receipts {
        true => store::people::readers(&app.pool, known.me.id, id).await?,
        false => Vec::new(),
    };
    known.list(&conversation);
    let view = View {
        conversation: &conversation,
        page: &page,
        readers: &readers,
        draft,
    };
    Ok(views::conversation::page(&known.shell(app), &view))
}

/// The conversation page again, with what was typed and what is wrong with it.
pub(super) async fn again(
    app: &App,
    known: Known,
    id: ConversationId,
    draft: Draft,
) -> Result<Response, AppError> {
    let page = page(conversation(app, known, id, Window::Latest, draft).await?);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// The list item alone, for a conversation that the page's list lacks.
pub(super) async fn item(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(id): Path<ConversationId>,
) -> Result<Html<String>, AppError> {
    let summary = store::conversations::summary(&app.pool, session.user.id, id).await?;
    let summary = summary.ok_or(AppError::NotFound)?;
    Ok(page(list::item(text, &summary, false)))
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
    folds: bool,
    cursor: Cursor,
    list: Listed,
}

impl Known {
    /// The cursor first: live events go on from there, so nothing falls between.
    pub(super) async fn read(app: &App, me: User, text: Text) -> sqlx::Result<Self> {
        Self::read_from(app, me, text, None).await
    }

    /// The same with a later part of the list.
    async fn read_from(
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
    fn list(&mut self, current: &ConversationSummary) {
        let listed = &mut self.list.conversations;
        if !listed.iter().any(|listed| listed.id == current.id) {
            listed.insert(0, current.clone());
        }
    }
}

pub(super) fn page(markup: Markup) -> Html<String> {
    Html(markup.into_string())
}
