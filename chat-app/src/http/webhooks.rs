//! The outgoing webhooks of a room: created, changed, rotated, disabled, deleted by its owners; their deliveries, which can be made
//! again. Admins see them and can disable and delete them. Does I/O.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::extract::{Form, Path};
use super::hooks::{Proved, parse_name};
use super::page::{PageContext, html};
use crate::app::App;
use crate::domain::{ConversationId, WebhookEvent, WebhookId};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::store::hooks::{self, Manager};
use crate::store::webhooks::{self, NotCreated, WebhookAct, WebhookSettings};
use crate::text::Text;
use crate::views::webhooks::{self as views, Made, Typed, WebhookPage, WebhooksPage};
use crate::webhooks::WebhookClient;

/// Deliveries on the page of a webhook.
const LOG_ROWS: i64 = 100;

#[derive(Deserialize)]
pub(super) struct SettingsForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    url: String,
    /// Checkboxes: absent unless they are checked.
    created: Option<String>,
    edited: Option<String>,
    deleted: Option<String>,
    reacted: Option<String>,
}

impl SettingsForm {
    fn typed(self) -> Typed {
        let events = [
            (self.created, WebhookEvent::Created),
            (self.edited, WebhookEvent::Edited),
            (self.deleted, WebhookEvent::Deleted),
            (self.reacted, WebhookEvent::Reacted),
        ];
        let checked = events
            .into_iter()
            .filter_map(|(checkbox, event)| checkbox.map(|_| event));
        Typed {
            name: self.name,
            url: self.url.trim().to_owned(),
            events: checked.collect(),
        }
    }
}

/// What was typed, with a name as it is stored.
fn checked(client: &WebhookClient, typed: &Typed) -> Result<Typed, InputError> {
    let name = parse_name(&typed.name)?;
    if !client.is_valid_url(&typed.url) {
        return Err(InputError::WebhookUrl);
    }
    if typed.events.is_empty() {
        return Err(InputError::WebhookWithoutEvents);
    }
    Ok(Typed {
        name,
        ..typed.clone()
    })
}

fn settings(typed: &Typed) -> WebhookSettings<'_> {
    WebhookSettings {
        name: &typed.name,
        url: &typed.url,
        events: &typed.events,
    }
}

/// Without a key there are no webhooks.
fn client(app: &App) -> Result<&WebhookClient, AppError> {
    app.webhooks.as_deref().ok_or(AppError::NotFound)
}

/// Whether they are an owner of the room, and not only an admin.
async fn owns(app: &App, manager: Manager) -> sqlx::Result<bool> {
    let owner = Manager {
        admin: false,
        ..manager
    };
    Ok(hooks::room(&app.pool, owner).await?.is_ok())
}

pub(super) async fn list(
    State(app): State<App>,
    proved: Proved,
    text: Text,
    Path(room): Path<ConversationId>,
) -> Result<Html<String>, AppError> {
    all(&app, proved, text, room, Made::Nothing).await
}

async fn all(
    app: &App,
    proved: Proved,
    text: Text,
    room: ConversationId,
    made: Made,
) -> Result<Html<String>, AppError> {
    let manager = proved.manager(room);
    let title = hooks::room(&app.pool, manager).await??;
    let webhooks = webhooks::list(&app.pool, room).await?;
    let context = PageContext::read(app, proved.user, text).await?;
    let content = WebhooksPage {
        room,
        title: &title,
        webhooks: &webhooks,
        creates: app.webhooks.is_some() && owns(app, manager).await?,
        made,
    };
    Ok(html(views::list(&context.shell(app), &content)))
}

pub(super) async fn create(
    State(app): State<App>,
    proved: Proved,
    text: Text,
    Path(room): Path<ConversationId>,
    Form(form): Form<SettingsForm>,
) -> Result<Response, AppError> {
    let (client, typed) = (client(&app)?, form.typed());
    let created = match checked(client, &typed) {
        Err(error) => Err(error),
        Ok(typed) => {
            let (secret, stored) = client.new_secret()?;
            let manager = proved.manager(room);
            match webhooks::create(&app.pool, manager, settings(&typed), &stored).await? {
                Ok(_) => Ok(secret),
                Err(NotCreated::Full) => Err(InputError::TooManyWebhooks),
                Err(NotCreated::Refused(refusal)) => return Err(refusal.into()),
            }
        }
    };
    let (status, made) = outcome(created, typed);
    let page = all(&app, proved, text, room, made).await?;
    Ok((status, page).into_response())
}

/// A secret, or what is wrong with what was typed.
fn outcome(secret: Result<String, InputError>, typed: Typed) -> (StatusCode, Made) {
    match secret {
        Ok(secret) => (StatusCode::OK, Made::Secret(secret)),
        Err(error) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Made::Rejected(error, typed),
        ),
    }
}

type WebhookPath = Path<(ConversationId, WebhookId)>;

pub(super) async fn show(
    State(app): State<App>,
    proved: Proved,
    text: Text,
    Path(path): WebhookPath,
) -> Result<Html<String>, AppError> {
    one(&app, proved, text, path, Made::Nothing).await
}

async fn one(
    app: &App,
    proved: Proved,
    text: Text,
    (room, webhook): (ConversationId, WebhookId),
    made: Made,
) -> Result<Html<String>, AppError> {
    let manager = proved.manager(room);
    hooks::room(&app.pool, manager).await??;
    let found = webhooks::one(&app.pool, room, webhook).await?;
    let found = found.ok_or(AppError::NotFound)?;
    let log = webhooks::log(&app.pool, webhook, LOG_ROWS).await?;
    let context = PageContext::read(app, proved.user, text).await?;
    let content = WebhookPage {
        room,
        webhook: &found,
        log: &log,
        owned: owns(app, manager).await?,
        made,
    };
    Ok(html(views::one(&context.shell(app), &content)))
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Act {
    Save,
    Rotate,
    Disable,
    Enable,
    Delete,
    Redeliver,
}

#[derive(Deserialize)]
pub(super) struct ActForm {
    act: Act,
    /// What to deliver again.
    #[serde(default)]
    delivery: Uuid,
    #[serde(flatten)]
    settings: SettingsForm,
}

pub(super) async fn act(
    State(app): State<App>,
    proved: Proved,
    text: Text,
    Path(path): WebhookPath,
    Form(form): Form<ActForm>,
) -> Result<Response, AppError> {
    let (room, webhook) = path;
    let act = match form.act {
        Act::Save => return save(&app, proved, text, path, form.settings).await,
        Act::Rotate => return rotate(&app, proved, text, path).await,
        Act::Redeliver => {
            let manager = proved.manager(room);
            webhooks::redeliver(&app.pool, manager, webhook, form.delivery).await??;
            return Ok(to_page(path));
        }
        Act::Disable => WebhookAct::Disable,
        Act::Enable => WebhookAct::Enable,
        Act::Delete => WebhookAct::Delete,
    };
    webhooks::act(&app.pool, proved.manager(room), webhook, act).await??;
    Ok(match form.act {
        Act::Delete => Redirect::to(&format!("/c/{room}/webhooks")).into_response(),
        _ => to_page(path),
    })
}

fn to_page((room, webhook): (ConversationId, WebhookId)) -> Response {
    Redirect::to(&format!("/c/{room}/webhooks/{webhook}")).into_response()
}

async fn save(
    app: &App,
    proved: Proved,
    text: Text,
    path: (ConversationId, WebhookId),
    form: SettingsForm,
) -> Result<Response, AppError> {
    let typed = form.typed();
    match checked(client(app)?, &typed) {
        Ok(typed) => {
            let act = WebhookAct::Save(settings(&typed));
            webhooks::act(&app.pool, proved.manager(path.0), path.1, act).await??;
            Ok(to_page(path))
        }
        Err(error) => {
            let (status, made) = outcome(Err(error), typed);
            let page = one(app, proved, text, path, made).await?;
            Ok((status, page).into_response())
        }
    }
}

/// Only this response has the new secret.
async fn rotate(
    app: &App,
    proved: Proved,
    text: Text,
    path: (ConversationId, WebhookId),
) -> Result<Response, AppError> {
    let (secret, stored) = client(app)?.new_secret()?;
    let act = WebhookAct::Rotate(&stored);
    webhooks::act(&app.pool, proved.manager(path.0), path.1, act).await??;
    let page = one(app, proved, text, path, Made::Secret(secret)).await?;
    Ok(page.into_response())
}
