//! Rooms and groups: the directory, creation, joining, leaving. Does I/O.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::extract::{Form, Path, SearchQuery, WantsJson};
use super::page::{PageContext, html};
use crate::app::App;
use crate::domain::{ConversationId, ConversationKind, Session, User, UserId};
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
    let (title, topic) = (one_line(&form.title), one_line(&form.topic));
    let found = find_people(&app, &form.people).await?;
    let alone = form.kind == ConversationKind::Group
        && matches!(&found, Ok(people) if people.iter().all(|p| p.id == session.user.id));
    let wrong = NewRoom {
        kind: form.kind,
        title_error: title_error(&title, form.kind.is_room()),
        topic_error: topic_error(&topic),
        people_error: match &found {
            Err(error) => Some(error.clone()),
            Ok(_) => alone.then_some(InputError::GroupWithoutPeople),
        },
        title: form.title,
        topic: form.topic,
        people: form.people,
    };
    match found {
        Ok(people)
            if (&wrong.title_error, &wrong.topic_error, &wrong.people_error)
                == (&None, &None, &None) =>
        {
            let people: Vec<UserId> = people.iter().map(|person| person.id).collect();
            let title = Some(title.as_str()).filter(|title| !title.is_empty());
            let me = session.user.id;
            let id = rooms::create(&app.pool, me, form.kind, (title, &topic), &people).await?;
            app.announce_all(id).await;
            Ok(Redirect::to(&format!("/c/{id}")).into_response())
        }
        _ => {
            let context = PageContext::read(&app, session.user, text).await?;
            let page = html(views::new_room(&context.shell(&app), &wrong));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// Replaces control characters and repeated spaces by single spaces.
pub(super) fn one_line(text: &str) -> String {
    let words: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn title_error(title: &str, needed: bool) -> Option<InputError> {
    match title.chars().count() {
        0 if needed => Some(InputError::RoomNameMissing),
        0..=80 => None,
        _ => Some(InputError::RoomNameTooLong),
    }
}

pub(super) fn topic_error(topic: &str) -> Option<InputError> {
    (topic.chars().count() > 250).then_some(InputError::RoomTopicTooLong)
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
