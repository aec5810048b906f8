//! Rooms and groups: the directory, creation, joining, leaving. Does I/O.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::extract::{Form, Path, SearchQuery, WantsJson};
use super::page::{PageContext, html};
use crate::app::App;
use crate::domain::{ConversationId, ConversationKind, Session, User, UserId, parse_visible};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::store::rooms;
use crate::text::Text;
use crate::views::rooms::{self as views, NewRoom};

const MAX_ROOMS: i64 = 100;
/// Members suggested while a name is being typed.
const MAX_SUGGESTIONS: i64 = 8;

pub(super) async fn directory(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(SearchQuery { q }): Form<SearchQuery>,
) -> Result<Html<String>, AppError> {
    let found = rooms::directory(&app.pool, session.user.id, &q, MAX_ROOMS).await?;
    let context = PageContext::read(&app, session.user, text).await?;
    Ok(html(views::directory(&context.shell(&app), &q, &found)))
}

#[derive(Deserialize)]
pub(super) struct NewRoomQuery {
    kind: Option<ConversationKind>,
}

pub(super) async fn new(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(NewRoomQuery { kind }): Form<NewRoomQuery>,
) -> Result<Html<String>, AppError> {
    let form = NewRoom {
        kind: kind.unwrap_or(ConversationKind::Public),
        title: String::new(),
        topic: String::new(),
        people: String::new(),
        title_error: None,
        topic_error: None,
        people_error: None,
    };
    let context = PageContext::read(&app, session.user, text).await?;
    Ok(html(views::new_room(&context.shell(&app), &form)))
}

#[derive(Deserialize)]
pub(super) struct NewRoomForm {
    kind: ConversationKind,
    #[serde(default)]
    title: String,
    #[serde(default)]
    topic: String,
    #[serde(default)]
    people: String,
}

pub(super) async fn create(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(form): Form<NewRoomForm>,
) -> Result<Response, AppError> {
    if form.kind == ConversationKind::Direct {
        return Err(AppError::BadRequest);
    }
    let title = parse_title(&form.title, form.kind.is_room());
    let topic = parse_topic(&form.topic);
    let people = find_people(&app, &form.people).await?.and_then(|people| {
        let alone = people.iter().all(|person| person.id == session.user.id);
        match form.kind == ConversationKind::Group && alone {
            true => Err(InputError::GroupWithoutPeople),
            false => Ok(people),
        }
    });
    match (title, topic, people) {
        (Ok(title), Ok(topic), Ok(people)) => {
            let people: Vec<UserId> = people.iter().map(|person| person.id).collect();
            let (me, about) = (session.user.id, (title.as_deref(), topic.as_str()));
            let id = rooms::create(&app.pool, me, form.kind, about, &people).await?;
            app.announce_all(id).await;
            Ok(Redirect::to(&format!("/c/{id}")).into_response())
        }
        (title, topic, people) => {
            let wrong = NewRoom {
                kind: form.kind,
                title_error: title.err(),
                topic_error: topic.err(),
                people_error: people.err(),
                title: form.title,
                topic: form.topic,
                people: form.people,
            };
            let context = PageContext::read(&app, session.user, text).await?;
            let page = html(views::new_room(&context.shell(&app), &wrong));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// The name of a room or, optional, of a group.
pub(super) fn parse_title(text: &str, needed: bool) -> Result<Option<String>, InputError> {
    let title = parse_visible(text, 80);
    match title.map_err(|error| InputError::visible(error, InputError::RoomNameTooLong))? {
        None if needed => Err(InputError::RoomNameMissing),
        title => Ok(title),
    }
}

pub(super) fn parse_topic(text: &str) -> Result<String, InputError> {
    let topic = parse_visible(text, 250);
    let topic = topic.map_err(|error| InputError::visible(error, InputError::RoomTopicTooLong))?;
    Ok(topic.unwrap_or_default())
}

/// Finds people by the names typed; fails with the names that do not exist.
pub(super) async fn find_people(
    app: &App,
    typed: &str,
) -> sqlx::Result<Result<Vec<User>, InputError>> {
    let names: Vec<String> = typed
        .split([',', ';', ' ', '\n', '\t'])
        .map(|name| name.trim_start_matches('@').to_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    let found = rooms::named(&app.pool, &names).await?;
    let missing: Vec<&str> = names
        .iter()
        .filter(|name| {
            found
                .iter()
                .all(|person| person.name.as_str() != name.as_str())
        })
        .map(String::as_str)
        .collect();
    Ok(match missing.is_empty() {
        true => Ok(found),
        false => Err(InputError::UnknownPeople {
            names: missing.join(", "),
        }),
    })
}

pub(super) async fn join(
    State(app): State<App>,
    session: Session,
    Path(id): Path<ConversationId>,
) -> Result<Redirect, AppError> {
    let outcome = rooms::join(&app.pool, id, session.user.id).await?;
    app.announce(id, outcome).await?;
    Ok(Redirect::to(&format!("/c/{id}")))
}

pub(super) async fn leave(
    State(app): State<App>,
    session: Session,
    Path(id): Path<ConversationId>,
) -> Result<Redirect, AppError> {
    let me = session.user.id;
    let outcome = rooms::remove_member(&app.pool, id, me, me, false).await?;
    app.announce(id, outcome).await?;
    Ok(Redirect::to("/c"))
}

#[derive(Serialize)]
struct MemberSuggestion {
    id: UserId,
    name: String,
    display_name: String,
}

/// Members whose name contains the text, for the script's suggestions.
pub(super) async fn members(
    State(app): State<App>,
    session: Session,
    Path(id): Path<ConversationId>,
    WantsJson(json): WantsJson,
    Form(SearchQuery { q }): Form<SearchQuery>,
) -> Result<Response, AppError> {
    let summary = crate::store::conversations::summary(&app.pool, session.user.id, id).await?;
    summary.ok_or(AppError::NotFound)?;
    if !json {
        return Ok(Redirect::to(&format!("/c/{id}/about")).into_response());
    }
    let found = rooms::members(&app.pool, id, &q, MAX_SUGGESTIONS).await?;
    let suggestions = found.into_iter().map(|member| MemberSuggestion {
        id: member.user.id,
        name: member.user.name.to_string(),
        display_name: member.user.display_name,
    });
    Ok(Json(suggestions.collect::<Vec<_>>()).into_response())
}
