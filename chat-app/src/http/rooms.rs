//! Groups and rooms: the directory, making one, coming and going, naming. Does I/O.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::AppError;
use super::conversations::{Known, page};
use super::extract::{Form, FromScript, Path};
use crate::app::App;
use crate::domain::{ConversationId, ConversationKind, Role, Session, User, UserId};
use crate::store::rooms;
use crate::t;
use crate::text::Text;
use crate::views::rooms::{self as views, About, Making};

const LISTED: i64 = 100;
/// Members shown at once; whoever is missing is searched for.
const MEMBERS: i64 = 100;
/// Members offered while a name is being typed.
const OFFERED: i64 = 8;

#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
}

pub(super) async fn directory(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(Search { q }): Form<Search>,
) -> Result<Html<String>, AppError> {
    let found = rooms::directory(&app.pool, session.user.id, &q, LISTED).await?;
    let known = Known::read(&app, session.user, text).await?;
    Ok(page(views::directory(&known.shell(&app), &q, &found)))
}

#[derive(Deserialize)]
pub(super) struct Kind {
    kind: Option<ConversationKind>,
}

pub(super) async fn new(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(Kind { kind }): Form<Kind>,
) -> Result<Html<String>, AppError> {
    let made = Making {
        kind: kind.unwrap_or(ConversationKind::Public),
        title: String::new(),
        topic: String::new(),
        people: String::new(),
        title_error: None,
        topic_error: None,
        people_error: None,
    };
    let known = Known::read(&app, session.user, text).await?;
    Ok(page(views::making(&known.shell(&app), &made)))
}

#[derive(Deserialize)]
pub(super) struct Made {
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
    Form(made): Form<Made>,
) -> Result<Response, AppError> {
    if made.kind == ConversationKind::Direct {
        return Err(AppError::BadRequest);
    }
    let (title, topic) = (one_line(&made.title), one_line(&made.topic));
    let found = people(&app, text, &made.people).await?;
    let alone = made.kind == ConversationKind::Group
        && matches!(&found, Ok(people) if people.iter().all(|p| p.id == session.user.id));
    let wrong = Making {
        kind: made.kind,
        title_error: title_error(text, &title, made.kind.is_room()),
        topic_error: topic_error(text, &topic),
        people_error: match &found {
            Err(sentence) => Some(sentence.clone()),
            Ok(_) => alone.then(|| t!(text, "group-needs-people")),
        },
        title: made.title,
        topic: made.topic,
        people: made.people,
    };
    match found {
        Ok(people)
            if (&wrong.title_error, &wrong.topic_error, &wrong.people_error)
                == (&None, &None, &None) =>
        {
            let people: Vec<UserId> = people.iter().map(|person| person.id).collect();
            let title = Some(title.as_str()).filter(|title| !title.is_empty());
            let me = session.user.id;
            let id = rooms::create(&app.pool, me, made.kind, (title, &topic), &people).await?;
            app.announce_all(id).await;
            Ok(Redirect::to(&format!("/c/{id}")).into_response())
        }
        _ => {
            let known = Known::read(&app, session.user, text).await?;
            let page = page(views::making(&known.shell(&app), &wrong));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// Without control characters, and with single spaces.
fn one_line(text: &str) -> String {
    let words: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn title_error(text: Text, title: &str, needed: bool) -> Option<String> {
    match title.chars().count() {
        0 if needed => Some(t!(text, "room-name-missing")),
        0..=80 => None,
        _ => Some(t!(text, "room-name-long")),
    }
}

fn topic_error(text: Text, topic: &str) -> Option<String> {
    (topic.chars().count() > 250).then(|| t!(text, "room-topic-long"))
}

/// The people of these names, or a sentence about who is missing.
async fn people(app: &App, text: Text, typed: &str) -> sqlx::Result<Result<Vec<User>, String>> {
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
        false => Err(t!(text, "room-people-unknown", names = missing.join(", "))),
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
    let outcome = rooms::let_out(&app.pool, id, me, me, false).await?;
    app.announce(id, outcome).await?;
    Ok(Redirect::to("/c"))
}

pub(super) async fn about(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(id): Path<ConversationId>,
    Form(Search { q }): Form<Search>,
) -> Result<Html<String>, AppError> {
    let known = Known::read(&app, session.user, text).await?;
    about_page(
        &app,
        &known,
        id,
        &Asked {
            q: &q,
            ..Asked::default()
        },
    )
    .await
}

/// What was asked for on the page about a conversation, and what is wrong with it.
#[derive(Default)]
struct Asked<'a> {
    q: &'a str,
    people: &'a str,
    people_error: Option<&'a str>,
    title_error: Option<&'a str>,
}

async fn about_page(
    app: &App,
    known: &Known,
    id: ConversationId,
    asked: &Asked<'_>,
) -> Result<Html<String>, AppError> {
    let conversation = known.conversation(app, id).await?;
    let about = About {
        conversation: &conversation,
        members: &rooms::members(&app.pool, id, asked.q, MEMBERS).await?,
        size: rooms::size(&app.pool, id).await?,
        q: asked.q,
        people: (asked.people, asked.people_error),
        title_error: asked.title_error,
    };
    Ok(page(views::about(&known.shell(app), &about)))
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
    let known = Known::read(&app, session.user, text).await?;
    let room = known.conversation(&app, id).await?.kind.is_room();
    if let Some(wrong) = title_error(text, &title, room).or_else(|| topic_error(text, &topic)) {
        let asked = Asked {
            title_error: Some(&wrong),
            ..Asked::default()
        };
        let page = about_page(&app, &known, id, &asked).await?;
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
    let known = Known::read(&app, session.user, text).await?;
    // Before names are looked up: an outsider learns nothing.
    known.conversation(&app, id).await?;
    match people(&app, text, &typed).await? {
        Ok(people) => {
            let people: Vec<UserId> = people.iter().map(|person| person.id).collect();
            let outcome = rooms::add(&app.pool, id, me, &people).await?;
            app.announce(id, outcome).await?;
            Ok(Redirect::to(&format!("/c/{id}/about")).into_response())
        }
        Err(sentence) => {
            let asked = Asked {
                people: &typed,
                people_error: Some(&sentence),
                ..Asked::default()
            };
            let page = about_page(&app, &known, id, &asked).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

pub(super) async fn remove(
    State(app): State<App>,
    session: Session,
    Path((id, person)): Path<(ConversationId, UserId)>,
) -> Result<Redirect, AppError> {
    let outcome = rooms::let_out(&app.pool, id, session.user.id, person, false).await?;
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

/// A member who may be meant.
#[derive(Serialize)]
struct Offered {
    id: UserId,
    name: String,
    display_name: String,
}

/// The members whose name holds what is being typed, for the script.
pub(super) async fn members(
    State(app): State<App>,
    session: Session,
    Path(id): Path<ConversationId>,
    FromScript(script): FromScript,
    Form(Search { q }): Form<Search>,
) -> Result<Response, AppError> {
    let summary = crate::store::conversations::summary(&app.pool, session.user.id, id).await?;
    summary.ok_or(AppError::NotFound)?;
    if !script {
        return Ok(Redirect::to(&format!("/c/{id}/about")).into_response());
    }
    let found = rooms::members(&app.pool, id, &q, OFFERED).await?;
    let offered = found.into_iter().map(|member| Offered {
        id: member.user.id,
        name: member.user.name.to_string(),
        display_name: member.user.display_name,
    });
    Ok(Json(offered.collect::<Vec<_>>()).into_response())
}
