//! Sign-up: open, by invitation, and of the first admin. Does I/O.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Credentials, NextQuery, password_error, return_path, unprocessable};
use crate::app::App;
use crate::config::{self, PasswordLogin, Registration};
use crate::domain::{Session, UserId, UserName};
use crate::error::AppError;
use crate::http::extract::{Form, Path};
use crate::http::limits::Attempt;
use crate::http::second_factor;
use crate::http::session::{self, Browser};
use crate::http::source::Source;
use crate::input_error::InputError;
use crate::store::users::{self, CreateUserError};
use crate::store::{invites, lookalikes};
use crate::text::Text;
use crate::{tokens, views};

use crate::views::auth::AuthForm;

pub(in crate::http) async fn register_page(
    State(app): State<App>,
    session: Option<Session>,
    text: Text,
    Form(NextQuery { next }): Form<NextQuery>,
) -> Result<Response, AppError> {
    if session.is_some() {
        return Ok(Redirect::to(&return_path(&next)).into_response());
    }
    require_open(&app)?;
    let form = AuthForm {
        next,
        ..Default::default()
    };
    let page = views::auth::register(&app.config, text, &form);
    Ok(Html(page.into_string()).into_response())
}

pub(in crate::http) async fn register(
    State(app): State<App>,
    text: Text,
    source: Source,
    browser: Browser,
    Form(given): Form<Credentials>,
) -> Result<Response, AppError> {
    require_open(&app)?;
    let next = given.next.clone();
    let rejected = |form: AuthForm| {
        let form = AuthForm {
            next: next.clone(),
            ..form
        };
        unprocessable(views::auth::register(&app.config, text, &form))
    };
    let new = match check(&app, &given).await? {
        Ok(new) => new,
        Err(form) => return Ok(rejected(*form)),
    };
    Attempt::sign_up(&app, source).await?;
    let hash = app.passwords.hash(given.password).await?;
    match users::create(&app.pool, &new, &hash).await {
        Ok(user) => sign_in(&app, browser, user, &return_path(&next)).await,
        Err(error) => Ok(rejected(creation_error(&new, error)?)),
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
    let page = views::auth::join(&app.config, text, &token, &AuthForm::default());
    Ok(Html(page.into_string()).into_response())
}

pub(in crate::http) async fn join(
    State(app): State<App>,
    text: Text,
    source: Source,
    browser: Browser,
    Path(token): Path<String>,
    Form(given): Form<Credentials>,
) -> Result<Response, AppError> {
    require_invites(&app)?;
    let token_hash = tokens::hash(&token);
    // Before the password is hashed, which is expensive: tokens may be made up.
    if !invites::is_open(&app.pool, &token_hash).await? {
        return Err(AppError::LinkSpent);
    }
    let rejected =
        |form: &AuthForm| unprocessable(views::auth::join(&app.config, text, &token, form));
    let new = match check(&app, &given).await? {
        Ok(new) => new,
        Err(form) => return Ok(rejected(&form)),
    };
    Attempt::sign_up(&app, source).await?;
    let hash = app.passwords.hash(given.password).await?;
    match invites::sign_up(&app.pool, &token_hash, &new, &hash).await {
        Ok(Some(user)) => sign_in(&app, browser, user, "/c").await,
        Ok(None) => Err(AppError::LinkSpent),
        Err(error) => Ok(rejected(&creation_error(&new, error)?)),
    }
}

pub(super) fn setup_token(app: &App) -> Option<&str> {
    config::exposed(app.config.setup_token.as_ref())
}

/// The setup token, until the chat has an admin.
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
    let page = views::auth::setup(&app.config, text, &AuthForm::default());
    Ok(Html(page.into_string()))
}

#[derive(Deserialize)]
pub(in crate::http) struct SetupForm {
    token: String,
    #[serde(flatten)]
    credentials: Credentials,
}

pub(in crate::http) async fn setup(
    State(app): State<App>,
    text: Text,
    browser: Browser,
    Form(given): Form<SetupForm>,
) -> Result<Response, AppError> {
    let token = open_setup(&app).await?;
    let attempt = Attempt::set_up(&app).await?;
    let correct = tokens::same(given.token.trim(), token);
    let given = given.credentials;
    let rejected = |form: &AuthForm| unprocessable(views::auth::setup(&app.config, text, form));
    let new = match check(&app, &given).await? {
        Ok(new) if correct => new,
        checked => {
            let mut form = checked.err().unwrap_or_default();
            form.name = given.name;
            form.token_error = (!correct).then_some(InputError::SetupTokenWrong);
            return Ok(rejected(&form));
        }
    };
    attempt.succeeded().await?;
    let hash = app.passwords.hash(given.password.clone()).await?;
    match users::create_first_admin(&app.pool, &new, &hash).await {
        Ok(Some(user)) => sign_in(&app, browser, user, "/admin").await,
        Ok(None) => Err(AppError::NotFound),
        Err(CreateUserError::Taken) => match promote(&app, &new, given.password).await? {
            Some(user) => second_factor::log_in(&app, browser, user, "/admin").await,
            None => {
                let form = AuthForm {
                    name: given.name,
                    password_error: Some(InputError::SetupNameTaken),
                    ..Default::default()
                };
                Ok(rejected(&form))
            }
        },
        Err(CreateUserError::Db(error)) => Err(error.into()),
    }
}

/// If accounts existed before the token, an existing account can become the admin.
async fn promote(app: &App, name: &UserName, password: String) -> Result<Option<UserId>, AppError> {
    let person = users::credentials(&app.pool, name, None).await?;
    let hash = person.as_ref().map(|person| person.password_hash.clone());
    let correct = app.passwords.verify(password, hash).await?;
    match person.filter(|person| correct && !person.disabled) {
        Some(person) if users::first_admin(&app.pool, person.id).await? => Ok(Some(person.id)),
        Some(_) => Err(AppError::NotFound),
        None => Ok(None),
    }
}

/// Validates the name and the password of a new account.
async fn check(
    app: &App,
    given: &Credentials,
) -> Result<Result<UserName, Box<AuthForm>>, AppError> {
    let name = new_name(app, &given.name).await?;
    let names: Vec<&str> = name.iter().map(UserName::as_str).collect();
    let password_error = password_error(app, &given.password, &names).await?;
    Ok(match name {
        Ok(name) if password_error.is_none() => Ok(name),
        name => Err(Box::new(AuthForm {
            name: given.name.clone(),
            name_error: name.err(),
            password_error,
            ..Default::default()
        })),
    })
}

/// The login name of a new account.
pub(in crate::http) async fn new_name(
    app: &App,
    given: &str,
) -> sqlx::Result<Result<UserName, InputError>> {
    let name = match UserName::parse_new(given) {
        Ok(name) => name,
        Err(error) => return Ok(Err(error.into())),
    };
    if name.as_str().starts_with("former-") {
        return Ok(Err(InputError::UserNameReserved));
    }
    let other = lookalikes::of_name(&app.pool, &name).await?;
    Ok(match other {
        Some(name) => Err(InputError::NameLooksAlike { name }),
        None => Ok(name),
    })
}

fn creation_error(name: &UserName, error: CreateUserError) -> Result<AuthForm, AppError> {
    match error {
        CreateUserError::Taken => Ok(AuthForm {
            name: name.to_string(),
            name_error: Some(InputError::UserNameTaken {
                name: name.to_string(),
            }),
            ..Default::default()
        }),
        CreateUserError::Db(error) => Err(error.into()),
    }
}

async fn sign_in(
    app: &App,
    browser: Browser,
    user: UserId,
    page: &str,
) -> Result<Response, AppError> {
    let jar = session::start(app, browser, user, None).await?;
    Ok((jar, Redirect::to(page)).into_response())
}

fn require_open(app: &App) -> Result<(), AppError> {
    require_passwords(app)?;
    match app.config.registration {
        Registration::Open => Ok(()),
        Registration::Invite => Err(AppError::InviteNeeded),
        Registration::Closed => Err(AppError::RegistrationClosed),
    }
}

fn require_invites(app: &App) -> Result<(), AppError> {
    require_passwords(app)?;
    match app.config.registration {
        // Links that were handed out keep working while sign-up is open.
        Registration::Open | Registration::Invite => Ok(()),
        Registration::Closed => Err(AppError::RegistrationClosed),
    }
}

/// People sign up with a password, which they must be able to log in with.
fn require_passwords(app: &App) -> Result<(), AppError> {
    match app.config.login.passwords {
        PasswordLogin::Enabled => Ok(()),
        PasswordLogin::AdminsOnly | PasswordLogin::Disabled => Err(AppError::RegistrationClosed),
    }
}
