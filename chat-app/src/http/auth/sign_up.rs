//! Signing up: by oneself, with an invitation, as the first administrator. Does I/O.

use axum::Extension;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Credentials, password_error, unprocessable};
use crate::app::App;
use crate::config::{self, Registration};
use crate::domain::{Session, UserId, UserName};
use crate::error::AppError;
use crate::http::extract::{Form, Path};
use crate::http::limits::Logins;
use crate::http::session::{self, Browser};
use crate::input_error::InputError;
use crate::store::invites;
use crate::store::users::{self, CreateUserError};
use crate::text::Text;
use crate::{tokens, views};

type Wrong = views::auth::Form;

pub(in crate::http) async fn register_page(
    State(app): State<App>,
    session: Option<Session>,
    text: Text,
) -> Result<Response, AppError> {
    if session.is_some() {
        return Ok(Redirect::to("/c").into_response());
    }
    require_open(&app)?;
    let page = views::auth::register(&app.config, text, &Wrong::default());
    Ok(Html(page.into_string()).into_response())
}

pub(in crate::http) async fn register(
    State(app): State<App>,
    text: Text,
    browser: Browser,
    Form(given): Form<Credentials>,
) -> Result<Response, AppError> {
    require_open(&app)?;
    let again = |form: &Wrong| unprocessable(views::auth::register(&app.config, text, form));
    let new = match checked(&given) {
        Ok(new) => new,
        Err(form) => return Ok(again(&form)),
    };
    let hash = app.passwords.hash(given.password).await?;
    match users::create(&app.pool, &new, &hash).await {
        Ok(user) => welcome(&app, browser, user, "/c").await,
        Err(error) => Ok(again(&taken(&new, error)?)),
    }
}

pub(in crate::http) async fn join_page(
    State(app): State<App>,
    session: Option<Session>,
    text: Text,
    Path(token): Path<String>,
) -> Result<Response, AppError> {
    if session.is_some() {
        return Ok(Redirect::to("/c").into_response());
    }
    require_invites(&app)?;
    if !invites::is_open(&app.pool, &tokens::hash(&token)).await? {
        return Err(AppError::LinkSpent);
    }
    let page = views::auth::join(&app.config, text, &token, &Wrong::default());
    Ok(Html(page.into_string()).into_response())
}

pub(in crate::http) async fn join(
    State(app): State<App>,
    text: Text,
    browser: Browser,
    Path(token): Path<String>,
    Form(given): Form<Credentials>,
) -> Result<Response, AppError> {
    require_invites(&app)?;
    let token_hash = tokens::hash(&token);
    // Before a password is hashed for whoever makes tokens up.
    if !invites::is_open(&app.pool, &token_hash).await? {
        return Err(AppError::LinkSpent);
    }
    let again = |form: &Wrong| unprocessable(views::auth::join(&app.config, text, &token, form));
    let new = match checked(&given) {
        Ok(new) => new,
        Err(form) => return Ok(again(&form)),
    };
    let hash = app.passwords.hash(given.password).await?;
    match invites::sign_up(&app.pool, &token_hash, &new, &hash).await {
        Ok(Some(user)) => welcome(&app, browser, user, "/c").await,
        Ok(None) => Err(AppError::LinkSpent),
        Err(error) => Ok(again(&taken(&new, error)?)),
    }
}

/// What makes somebody the first administrator, where it is set.
pub(super) fn setup_token(app: &App) -> Option<&str> {
    config::exposed(app.config.setup_token.as_ref())
}

/// The token, as long as there is nobody whom it has made the administrator.
async fn open_setup(app: &App) -> Result<&str, AppError> {
    let token = setup_token(app).ok_or(AppError::NotFound)?;
    let (_, no_admin) = users::first_run(&app.pool).await?;
    if no_admin {
        Ok(token)
    } else {
        Err(AppError::NotFound)
    }
}

pub(in crate::http) async fn setup_page(
    State(app): State<App>,
    text: Text,
) -> Result<Html<String>, AppError> {
    open_setup(&app).await?;
    let page = views::auth::setup(&app.config, text, &Wrong::default());
    Ok(Html(page.into_string()))
}

#[derive(Deserialize)]
pub(in crate::http) struct Setup {
    token: String,
    #[serde(flatten)]
    credentials: Credentials,
}

pub(in crate::http) async fn setup(
    State(app): State<App>,
    Extension(logins): Extension<Logins>,
    text: Text,
    browser: Browser,
    Form(given): Form<Setup>,
) -> Result<Response, AppError> {
    let token = open_setup(&app).await?;
    // No name holds a space: this counter is the token's own.
    logins.count("setup token")?;
    let right = tokens::same(given.token.trim(), token);
    let given = given.credentials;
    let again = |form: &Wrong| unprocessable(views::auth::setup(&app.config, text, form));
    let new = match checked(&given) {
        Ok(new) if right => new,
        checked => {
            let mut form = checked.err().unwrap_or_else(|| Wrong {
                name: given.name,
                ..Default::default()
            });
            form.token_error = (!right).then_some(InputError::SetupTokenWrong);
            return Ok(again(&form));
        }
    };
    let hash = app.passwords.hash(given.password.clone()).await?;
    match users::create_first_admin(&app.pool, &new, &hash).await {
        Ok(Some(user)) => welcome(&app, browser, user, "/admin").await,
        Ok(None) => Err(AppError::NotFound),
        Err(CreateUserError::Taken) => match promote(&app, &new, given.password).await? {
            Some(user) => welcome(&app, browser, user, "/admin").await,
            None => {
                let form = Wrong {
                    name: given.name,
                    password_error: Some(InputError::SetupNameTaken),
                    ..Default::default()
                };
                Ok(again(&form))
            }
        },
        Err(CreateUserError::Db(error)) => Err(error.into()),
    }
}

/// In a chat that had people before it had a token, one of them becomes the administrator.
async fn promote(app: &App, name: &UserName, password: String) -> Result<Option<UserId>, AppError> {
    let person = users::credentials(&app.pool, name).await?;
    let hash = person.as_ref().map(|person| person.password_hash.clone());
    let right = app.passwords.verify(password, hash).await?;
    match person.filter(|person| right && !person.disabled) {
        Some(person) if users::first_admin(&app.pool, person.id).await? => Ok(Some(person.id)),
        Some(_) => Err(AppError::NotFound),
        None => Ok(None),
    }
}

/// The name of a new account, where name and password will do.
fn checked(given: &Credentials) -> Result<UserName, Wrong> {
    let name = new_name(&given.name);
    let password_error = password_error(&given.password);
    match name {
        Ok(name) if password_error.is_none() => Ok(name),
        name => Err(Wrong {
            name: given.name.clone(),
            name_error: name.err(),
            password_error,
            ..Default::default()
        }),
    }
}

fn new_name(given: &str) -> Result<UserName, InputError> {
    let name = UserName::parse(given)?;
    if name.as_str().starts_with("former-") {
        return Err(InputError::UserNameReserved);
    }
    Ok(name)
}

fn taken(name: &UserName, error: CreateUserError) -> Result<Wrong, AppError> {
    match error {
        CreateUserError::Taken => Ok(Wrong {
            name: name.to_string(),
            name_error: Some(InputError::UserNameTaken {
                name: name.to_string(),
            }),
            ..Default::default()
        }),
        CreateUserError::Db(error) => Err(error.into()),
    }
}

async fn welcome(
    app: &App,
    browser: Browser,
    user: UserId,
    page: &str,
) -> Result<Response, AppError> {
    let jar = session::begin(app, browser, user).await?;
    Ok((jar, Redirect::to(page)).into_response())
}

fn require_open(app: &App) -> Result<(), AppError> {
    match app.config.registration {
        Registration::Open => Ok(()),
        Registration::Invite => Err(AppError::InviteNeeded),
        Registration::Closed => Err(AppError::RegistrationClosed),
    }
}

fn require_invites(app: &App) -> Result<(), AppError> {
    match app.config.registration {
        // Also while everybody may come: a link that was handed out goes on working.
        Registration::Open | Registration::Invite => Ok(()),
        Registration::Closed => Err(AppError::RegistrationClosed),
    }
}
