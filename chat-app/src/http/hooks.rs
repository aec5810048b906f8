//! The hooks of a room, for its owners and for admins: created, named, rotated, disabled, deleted. Does I/O.

pub(super) mod receive;

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::admin::shared_link;
use super::extract::{Form, Path};
use super::page::{PageContext, html};
use super::proof;
use crate::app::App;
use crate::domain::{ConversationId, HookId, HookKind, Session, User, parse_visible};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::store::hooks::{self, HookAct, Manager};
use crate::text::Text;
use crate::tokens;
use crate::views::hooks::{self as views, HooksPage, Made};

/// The longest name of a hook in characters.
const NAME_CHARS: usize = 64;

/// A person who has proved lately who they are, if this is more than looking.
pub(super) struct Proved {
    pub(super) user: User,
    admin: bool,
}

impl FromRequestParts<App> for Proved {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        let session = <Session as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let admin = session.admin;
        let user = match parts.method.is_safe() {
            true => session.user,
            false => proof::require(session, parts)?,
        };
        Ok(Self { user, admin })
    }
}

impl Proved {
    pub(super) fn manager(&self, room: ConversationId) -> Manager {
        Manager {
            room,
            user: self.user.id,
            admin: self.admin,
        }
    }
}

pub(super) async fn show(
    State(app): State<App>,
    proved: Proved,
    text: Text,
    Path(room): Path<ConversationId>,
) -> Result<Html<String>, AppError> {
    page(&app, proved, text, room, Made::Nothing).await
}

async fn page(
    app: &App,
    proved: Proved,
    text: Text,
    room: ConversationId,
    made: Made,
) -> Result<Html<String>, AppError> {
    let title = hooks::room(&app.pool, proved.manager(room)).await??;
    let hooks = hooks::list(&app.pool, room).await?;
    let context = PageContext::read(app, proved.user, text).await?;
    let content = HooksPage {
        room,
        title: &title,
        hooks: &hooks,
        made,
    };
    Ok(html(views::page(&context.shell(app), &content)))
}

#[derive(Deserialize)]
pub(super) struct NewHookForm {
    #[serde(default)]
    name: String,
    kind: HookKind,
}

/// Only this response has the hook's URL: PostgreSQL stores the hash of its token.
pub(super) async fn create(
    State(app): State<App>,
    proved: Proved,
    text: Text,
    Path(room): Path<ConversationId>,
    Form(form): Form<NewHookForm>,
) -> Result<Response, AppError> {
    let name = match parse_name(&form.name) {
        Ok(name) => name,
        Err(error) => return rejected(&app, proved, text, room, error, form.name).await,
    };
    let token = tokens::random()?;
    let manager = proved.manager(room);
    let hash = tokens::hash(&token);
    match hooks::create(&app.pool, manager, form.kind, &name, &hash).await? {
        None => {
            rejected(
                &app,
                proved,
                text,
                room,
                InputError::TooManyHooks,
                form.name,
            )
            .await
        }
        Some(outcome) => {
            app.announce(room, outcome).await?;
            shown_once(&app, proved, text, room, &token).await
        }
    }
}

async fn rejected(
    app: &App,
    proved: Proved,
    text: Text,
    room: ConversationId,
    error: InputError,
    name: String,
) -> Result<Response, AppError> {
    let page = page(app, proved, text, room, Made::Rejected { error, name }).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn shown_once(
    app: &App,
    proved: Proved,
    text: Text,
    room: ConversationId,
    token: &str,
) -> Result<Response, AppError> {
    let made = Made::Url(shared_link(app, &format!("/hooks/{token}")));
    Ok(page(app, proved, text, room, made).await?.into_response())
}

pub(super) fn parse_name(text: &str) -> Result<String, InputError> {
    let name = parse_visible(text, NAME_CHARS);
    let name = name.map_err(|error| InputError::visible(error, InputError::HookNameTooLong))?;
    name.ok_or(InputError::HookNameMissing)
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Act {
    Save,
    Rotate,
    Disable,
    Enable,
    Delete,
}

#[derive(Deserialize)]
pub(super) struct ActForm {
    act: Act,
    #[serde(default)]
    name: String,
    /// A checkbox: absent unless it is checked.
    chooses_room: Option<String>,
}

pub(super) async fn act(
    State(app): State<App>,
    proved: Proved,
    text: Text,
    Path((room, hook)): Path<(ConversationId, HookId)>,
    Form(form): Form<ActForm>,
) -> Result<Response, AppError> {
    let name = match form.act {
        Act::Save => parse_name(&form.name),
        _ => Ok(String::new()),
    };
    let name = match name {
        Ok(name) => name,
        Err(error) => return rejected(&app, proved, text, room, error, String::new()).await,
    };
    let token = tokens::random()?;
    let hash = tokens::hash(&token);
    let act = match form.act {
        Act::Save => HookAct::Save {
            name: &name,
            chooses_room: form.chooses_room.is_some(),
        },
        Act::Rotate => HookAct::Rotate(&hash),
        Act::Disable => HookAct::Disable,
        Act::Enable => HookAct::Enable,
        Act::Delete => HookAct::Delete,
    };
    let outcome = hooks::act(&app.pool, proved.manager(room), hook, act).await?;
    app.announce(room, outcome).await?;
    match form.act {
        Act::Rotate => shown_once(&app, proved, text, room, &token).await,
        _ => Ok(Redirect::to(&format!("/c/{room}/hooks")).into_response()),
    }
}
