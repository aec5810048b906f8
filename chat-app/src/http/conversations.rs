//! The list of conversations, and their pages. Does I/O.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use maud::Markup;
use serde::Deserialize;

use super::extract::{Form, Path};
use super::page::{PageContext, html};
use crate::app::App;
use crate::domain::{ConversationId, ConversationSummary, Message, Page, Session, UserId, Window};
use crate::error::AppError;
use crate::recent_pages::PageKey;
use crate::store;
use crate::store::conversations::ListEnd;
use crate::text::Text;
use crate::views::composer::ComposerDraft;
use crate::views::conversation::{ConversationPage, RenderedPage};
use crate::views::shell;
use crate::views::{self, list};

const PAGE_MESSAGES: i64 = 50;

#[derive(Deserialize)]
pub(super) struct ListQuery {
    older: Option<ListEnd>,
}

pub(super) async fn index(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(ListQuery { older }): Form<ListQuery>,
) -> Result<Html<String>, AppError> {
    let context = PageContext::read_from(&app, session.user, text, older).await?;
    Ok(html(shell::index(&context.shell(&app))))
}

/// Which messages to show, and which one to reply to.
#[derive(Deserialize)]
pub(super) struct WindowQuery {
    before: Option<i64>,
    after: Option<i64>,
    at: Option<i64>,
    reply: Option<i64>,
}

impl WindowQuery {
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
    Form(query): Form<WindowQuery>,
) -> Result<Html<String>, AppError> {
    let context = PageContext::read(&app, session.user, text).await?;
    let mut draft = ComposerDraft::default();
    if let Some(seq) = query.reply {
        draft.reply_to = visible(&app, context.me.id, id, seq).await?;
    }
    let window = query.window();
    let page = conversation_page(&app, context, id, window, draft).await?;
    Ok(html(page))
}

/// The page of a conversation with the draft in its composer.
async fn conversation_page(
    app: &App,
    mut context: PageContext,
    id: ConversationId,
    window: Window,
    draft: ComposerDraft,
) -> Result<Markup, AppError> {
    // Read before the messages: the page may have newer ones, but never lacks one up to `rev`.
    let conversation = context.conversation(app, id).await?;
    let page = rendered_page(app, &context, &conversation, window).await?;
    let readers = match app.config.read_receipts && !conversation.kind.is_room() {
        true => store::people::readers(&app.pool, context.me.id, id).await?,
        false => Vec::new(),
    };
    let places = store::saved::places(&app.pool, context.me.id, &conversation).await?;
    context.list(&conversation);
    let missing = match window {
        Window::Around(seq) => !page.has(seq),
        _ => false,
    };
    let content = ConversationPage {
        conversation: &conversation,
        page: &page,
        missing,
        readers: &readers,
        places: &places,
        draft,
    };
    Ok(views::conversation::page(&context.shell(app), &content))
}

/// The messages in this window, of this state of the conversation or a later one.
async fn rendered_page(
    app: &App,
    context: &PageContext,
    conversation: &ConversationSummary,
    window: Window,
) -> Result<Arc<RenderedPage>, AppError> {
    let key = PageKey {
        conversation: conversation.id,
        floor: conversation.floor(),
    };
    let state = context.page_state(conversation);
    let began = Instant::now();
    let is_latest = matches!(window, Window::Latest);
    if is_latest && let Some(page) = app.recent_pages.get(key, &state, began) {
        return Ok(page);
    }
    let page = visible_page(app, context.me.id, conversation, window, PAGE_MESSAGES).await?;
    let is_later = page.last_rev() > conversation.rev;
    let page = Arc::new(RenderedPage::of(page));
    if is_latest && !is_later {
        app.recent_pages.insert(key, state, page.clone(), began);
    }
    Ok(page)
}

/// The messages that this person may see, of a conversation as it was before.
pub(super) async fn visible_page(
    app: &App,
    me: UserId,
    conversation: &ConversationSummary,
    window: Window,
    limit: i64,
) -> Result<Page, AppError> {
    let (id, floor) = (conversation.id, conversation.floor());
    let mut page = store::messages::page(&app.pool, id, floor, window, limit).await?;
    // This person may have been removed since, before newer messages were sent. A member gets those live.
    page.messages
        .retain(|message| message.seq <= conversation.last_seq);
    // The same goes for newer changes.
    if page.last_rev() > conversation.rev && seen_by(app, me, id).await?.floor() != floor {
        return Err(AppError::NotFound);
    }
    Ok(page)
}

/// The conversation as this person sees it. Fails with [`AppError::NotFound`] if they are no member.
pub(super) async fn seen_by(
    app: &App,
    me: UserId,
    id: ConversationId,
) -> Result<ConversationSummary, AppError> {
    let summary = store::conversations::summary(&app.pool, me, id).await?;
    summary.ok_or(AppError::NotFound)
}

/// The page of a conversation with the text as typed and its error.
pub(super) async fn page_with_error(
    app: &App,
    context: PageContext,
    id: ConversationId,
    draft: ComposerDraft,
) -> Result<Response, AppError> {
    let page = html(conversation_page(app, context, id, Window::Latest, draft).await?);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// One item of the list, for a conversation that the page does not list yet.
pub(super) async fn item(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(id): Path<ConversationId>,
) -> Result<Html<String>, AppError> {
    let summary = seen_by(&app, session.user.id, id).await?;
    Ok(html(list::item(text, &summary, false)))
}

#[derive(Deserialize)]
pub(super) struct OpenForm {
    user: UserId,
}

pub(super) async fn open(
    State(app): State<App>,
    session: Session,
    Form(OpenForm { user }): Form<OpenForm>,
) -> Result<Redirect, AppError> {
    let id = store::conversations::open_direct(&app.pool, session.user.id, user).await?;
    Ok(Redirect::to(&format!(
        "/c/{}",
        id.ok_or(AppError::NotFound)?
    )))
}

/// The message, if this person may see it.
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
