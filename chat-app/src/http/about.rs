//! The page about a conversation, and what is changed there: its name, its people, their roles. Does I/O.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::extract::{Form, Path};
use super::page::{PageContext, html};
use super::rooms::{Search, one_line, people, title_error, topic_error};
use crate::app::App;
use crate::domain::{ConversationId, Role, Session, UserId};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::store::rooms;
use crate::text::Text;
use crate::views::rooms::{self as views, About};

/// Members shown at once; whoever is missing is searched for.
const MEMBERS: i64 = 100;

pub(super) async fn show(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(id): Path<ConversationId>,
    Form(Search { q }): Form<Search>,
) -> Result<Html<String>, AppError> {
    let context = PageContext::read(&app, session.user, text).await?;
    let asked = Asked {
        q: &q,
        ..Asked::default()
    };
    about_page(&app, &context, id, &asked).await
}

/// What was asked for on the page about a conversation, and what is wrong with it.
#[derive(Default)]
struct Asked<'a> {
    q: &'a str,
    people: &'a str,
    people_error: Option<&'a InputError>,
    title_error: Option<&'a InputError>,
}

async fn about_page(
    app: &App,
    context: &PageContext,
    id: ConversationId,
    asked: &Asked<'_>,
) -> Result<Html<String>, AppError> {
    let conversation = context.conversation(app, id).await?;
    let about = About {
        conversation: &conversation,
        members: &rooms::members(&app.pool, id, asked.q, MEMBERS).await?,
        size: rooms::size(&app.pool, id).await?,
        q: asked.q,
        people: (asked.people, asked.people_error),
        title_error: asked.title_error,
    };
    Ok(html(views::about(&context.shell(app), &about)))
}

#[derive(Deserialize)]
pub(super) struct Described {
    #[serde(default)]
    title: String,
    #[serde(default)]
    topic: String,
}

pub(super) async fn describe(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(id): Path<ConversationId>,
    Form(described): Form<Described>,
) -> Result<Response, AppError> {
    let me = session.user.id;
    let (title, topic) = (one_line(&described.title), one_line(&described.topic));
    let context = PageContext::read(&app, session.user, text).await?;
    let room = context.conversation(&app, id).await?.kind.is_room();
    if let Some(wrong) = title_error(&title, room).or_else(|| topic_error(&topic)) {
        let asked = Asked {
            title_error: Some(&wrong),
            ..Asked::default()
        };
        let page = about_page(&app, &context, id, &asked).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let title = Some(title.as_str()).filter(|title| !title.is_empty());
    let outcome = rooms::describe(&app.pool, id, me, (title, &topic), false).await?;
    app.announce(id, outcome).await?;
    Ok(Redirect::to(&format!("/c/{id}/about")).into_response())
}

#[derive(Deserialize)]
pub(super) struct Added {
    #[serde(default)]
    people: String,
}

pub(super) async fn add(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(id): Path<ConversationId>,
    Form(Added { people: typed }): Form<Added>,
) -> Result<Response, AppError> {
    let me = session.user.id;
    let context = PageContext::read(&app, session.user, text).await?;
    // Before names are looked up: an outsider learns nothing.
    context.conversation(&app, id).await?;
    match people(&app, &typed).await? {
        Ok(people) => {
            let people: Vec<UserId> = people.iter().map(|person| person.id).collect();
            let outcome = rooms::add(&app.pool, id, me, &people).await?;
            app.announce(id, outcome).await?;
            Ok(Redirect::to(&format!("/c/{id}/about")).into_response())
        }
        Err(error) => {
            let asked = Asked {
                people: &typed,
                people_error: Some(&error),
                ..Asked::default()
            };
            let page = about_page(&app, &context, id, &asked).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

pub(super) async fn remove(
    State(app): State<App>,
    session: Session,
    Path((id, person)): Path<(ConversationId, UserId)>,
) -> Result<Redirect, AppError> {
    let outcome = rooms::remove_member(&app.pool, id, session.user.id, person, false).await?;
    app.announce(id, outcome).await?;
    Ok(Redirect::to(&format!("/c/{id}/about")))
}

#[derive(Deserialize)]
pub(super) struct NewRole {
    role: Role,
}

pub(super) async fn set_role(
    State(app): State<App>,
    session: Session,
    Path((id, person)): Path<(ConversationId, UserId)>,
    Form(NewRole { role }): Form<NewRole>,
) -> Result<Redirect, AppError> {
    let me = session.user.id;
    let outcome = rooms::set_role(&app.pool, id, me, (person, role), false).await?;
    app.announce(id, outcome).await?;
    Ok(Redirect::to(&format!("/c/{id}/about")))
}
