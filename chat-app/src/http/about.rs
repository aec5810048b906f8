//! The page about a conversation, and what its forms change: name, topic, members, roles. Does I/O.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::extract::{Form, Path, SearchQuery};
use super::page::{PageContext, html};
use super::rooms::{find_people, parse_title, parse_topic};
use crate::app::App;
use crate::domain::{ConversationId, Role, Session, UserId};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::store::rooms;
use crate::text::Text;
use crate::views::about::{self as views, AboutPage, RejectedDescription};

/// Members on the page; a search finds the others.
const MAX_MEMBERS: i64 = 100;

pub(super) async fn show(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(id): Path<ConversationId>,
    Form(SearchQuery { q }): Form<SearchQuery>,
) -> Result<Html<String>, AppError> {
    let context = PageContext::read(&app, session.user, text).await?;
    let state = FormState {
        q: &q,
        ..FormState::default()
    };
    about_page(&app, &context, id, &state).await
}

/// What the person typed into the page's forms, and what is wrong with it.
#[derive(Default)]
struct FormState<'a> {
    q: &'a str,
    people: &'a str,
    people_error: Option<&'a InputError>,
    description: Option<RejectedDescription<'a>>,
}

async fn about_page(
    app: &App,
    context: &PageContext,
    id: ConversationId,
    state: &FormState<'_>,
) -> Result<Html<String>, AppError> {
    let conversation = context.conversation(app, id).await?;
    let about = AboutPage {
        conversation: &conversation,
        members: &rooms::members(&app.pool, id, state.q, MAX_MEMBERS).await?,
        size: rooms::size(&app.pool, id).await?,
        q: state.q,
        people: (state.people, state.people_error),
        rejected: state.description.as_ref(),
    };
    Ok(html(views::page(&context.shell(app), &about)))
}

#[derive(Deserialize)]
pub(super) struct DescribeForm {
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
    Form(form): Form<DescribeForm>,
) -> Result<Response, AppError> {
    let me = session.user.id;
    let context = PageContext::read(&app, session.user, text).await?;
    let room = context.conversation(&app, id).await?.kind.is_room();
    let (title, topic) = match (parse_title(&form.title, room), parse_topic(&form.topic)) {
        (Ok(title), Ok(topic)) => (title, topic),
        (title, topic) => {
            let state = FormState {
                description: Some(RejectedDescription {
                    title: &form.title,
                    title_error: title.err(),
                    topic: &form.topic,
                    topic_error: topic.err(),
                }),
                ..FormState::default()
            };
            let page = about_page(&app, &context, id, &state).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let about = (title.as_deref(), topic.as_str());
    let outcome = rooms::describe(&app.pool, id, me, about, false).await?;
    app.announce(id, outcome).await?;
    Ok(Redirect::to(&format!("/c/{id}/about")).into_response())
}

#[derive(Deserialize)]
pub(super) struct AddMembersForm {
    #[serde(default)]
    people: String,
}

pub(super) async fn add(
    State(app): State<App>,
    session: Session,
    text: Text,
    Path(id): Path<ConversationId>,
    Form(AddMembersForm { people: typed }): Form<AddMembersForm>,
) -> Result<Response, AppError> {
    let me = session.user.id;
    let context = PageContext::read(&app, session.user, text).await?;
    // Before the names are looked up, so that an outsider learns nothing.
    context.conversation(&app, id).await?;
    match find_people(&app, &typed).await? {
        Ok(people) => {
            let people: Vec<UserId> = people.iter().map(|person| person.id).collect();
            let outcome = rooms::add(&app.pool, id, me, &people).await?;
            app.announce(id, outcome).await?;
            Ok(Redirect::to(&format!("/c/{id}/about")).into_response())
        }
        Err(error) => {
            let state = FormState {
                people: &typed,
                people_error: Some(&error),
                ..FormState::default()
            };
            let page = about_page(&app, &context, id, &state).await?;
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
pub(super) struct RoleForm {
    role: Role,
}

pub(super) async fn set_role(
    State(app): State<App>,
    session: Session,
    Path((id, person)): Path<(ConversationId, UserId)>,
    Form(RoleForm { role }): Form<RoleForm>,
) -> Result<Redirect, AppError> {
    let me = session.user.id;
    let outcome = rooms::set_role(&app.pool, id, me, (person, role), false).await?;
    app.announce(id, outcome).await?;
    Ok(Redirect::to(&format!("/c/{id}/about")))
}
