//! The list and the pages of conversations. Does I/O.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use maud::Markup;
use serde::Deserialize;

use super::extract::{Form, Path};
use super::page::{PageContext, html};
use crate::app::App;
use crate::domain::{ConversationId, Message, Session, UserId, Window};
use crate::error::AppError;
use crate::store;
use crate::store::conversations::ListEnd;
use crate::text::Text;
use crate::views::conversation::{Draft, View};
use crate::views::shell;
use crate::views::{self, list};

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
    let context = PageContext::read_from(&app, session.user, text, older).await?;
    Ok(html(shell::index(&context.shell(&app))))
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
    let context = PageContext::read(&app, session.user, text).await?;
    let mut draft = Draft::default();
    if let Some(seq) = wanted.reply {
        draft.reply_to = visible(&app, context.me.id, id, seq).await?;
    }
    let page = conversation(&app, context, id, wanted.window(), draft).await?;
    Ok(html(page))
}

/// The page of a conversation, with what is being written.
async fn conversation(
    app: &App,
    mut context: PageContext,
    id: ConversationId,
    window: Window,
    draft: Draft,
) -> Result<Markup, AppError> {
    // Before its messages: the page may then hold newer ones, but never lack one that `rev` says it has.
    let conversation = context.conversation(app, id).await?;
    let floor = conversation.floor();
    let mut page = store::messages::page(&app.pool, id, floor, window, MESSAGES).await?;
    // What was sent since may be after this person was let out. Who is in still gets it live.
    page.messages
        .retain(|message| message.seq <= conversation.last_seq);
    // So may what was changed since.
    let changes = page.messages.iter().map(|message| message.rev);
    let mut changes = changes.chain(page.notices.iter().map(|notice| notice.rev));
    if changes.any(|rev| rev > conversation.rev)
        && context.conversation(app, id).await?.floor() != floor
    {
        return Err(AppError::NotFound);
    }
    let readers = match app.config.read_receipts {
        true => store::people::readers(&app.pool, context.me.id, id).await?,
        false => Vec::new(),
    };
    context.list(&conversation);
    let view = View {
        conversation: &conversation,
        page: &page,
        readers: &readers,
        draft,
    };
    Ok(views::conversation::page(&context.shell(app), &view))
}

/// The conversation page again, with what was typed and what is wrong with it.
pub(super) async fn again(
    app: &App,
    context: PageContext,
    id: ConversationId,
    draft: Draft,
) -> Result<Response, AppError> {
    let page = html(conversation(app, context, id, Window::Latest, draft).await?);
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
    Ok(html(list::item(text, &summary, false)))
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

/// The message at this place, where the person may see it.
pub(super) async fn visible(
    app: &App,
    me: UserId,
    id: ConversationId,
    seq: i64,
) -> Result<Option<Message>, AppError> {
    let summary = store::conversations::summary(&app.pool, me, id).await?;
    match summary.filter(|summary| seq > summary.floor()) {
        Some(_) => Ok(store::messages::one(&app.pool, id, seq).await?),
        None => Ok(None),
    }
}
