//! What follows when a provider has said who a person is: a session, a connected account, or a proof. Does I/O.

use axum::response::{IntoResponse, Redirect, Response};

use super::{Errand, refuse};
use crate::app::App;
use crate::config::OidcRegistration;
use crate::domain::{Session, UserId};
use crate::error::AppError;
use crate::http::account::saved_redirect;
use crate::http::auth::return_path;
use crate::http::session::{self, Browser};
use crate::input_error::InputError;
use crate::oidc::{Account, Provider};
use crate::store::identities::{self, Identity, NewIdentity};
use crate::store::lookalikes;
use crate::store::oidc_flows::Purpose;
use crate::store::sessions::{self, ProviderSession};
use crate::store::users::CreateUserError;
use crate::telemetry::LoginOutcome;
use crate::text::Text;

/// Longer ones do not fit into an address either, by which a provider would get them back.
const MAX_ID_TOKEN: usize = 16 * 1024;
const MAX_SID: usize = 255;

/// Does what the browser went to the provider for.
pub(super) async fn accept(
    app: &App,
    text: Text,
    provider: &Provider,
    browser: Browser,
    errand: Errand,
    account: Account,
) -> Result<Response, AppError> {
    let done = match (errand.purpose, &errand.session) {
        (Purpose::Connect, Some(session)) => connect(app, provider, session, &account).await?,
        (Purpose::Confirm, Some(session)) => {
            confirm(app, provider, session, &errand, &account).await?
        }
        _ => match known(app, provider, &account).await? {
            Ok(identity) => Ok(log_in(app, browser, &errand, &identity, account).await?),
            Err(error) => Err(error),
        },
    };
    let outcome = match done {
        Ok(_) => LoginOutcome::Succeeded,
        Err(_) => LoginOutcome::Refused,
    };
    app.metrics.login(&provider.settings.name, outcome);
    match done {
        Ok(response) => Ok(response),
        Err(error) => refuse(app, text, &errand, error).await,
    }
}

/// The identity of a person who may log in, with an account if they had none, and with what the provider now says of them.
async fn known(
    app: &App,
    provider: &Provider,
    account: &Account,
) -> Result<Result<Identity, InputError>, AppError> {
    let settings = &provider.settings;
    let called = || settings.display_name().to_owned();
    let allowed = &settings.allowed_groups;
    if !allowed.is_empty() && !account.profile.is_in_one_of(allowed) {
        let provider = called();
        return Ok(Err(InputError::ProviderGroup { provider }));
    }
    let new = identity_of(provider, account);
    let found = identities::find(&app.pool, new.issuer, new.subject).await?;
    let identity = match found {
        Some(identity) if identity.disabled => return Ok(Err(InputError::LoginDisabled)),
        Some(identity) => identity,
        None if settings.registration == OidcRegistration::Disabled => {
            let provider = called();
            return Ok(Err(InputError::ProviderNoAccount { provider }));
        }
        None => registered(app, account, new).await?,
    };
    follow(app, provider, &identity, account).await?;
    Ok(Ok(identity))
}

fn identity_of<'a>(provider: &'a Provider, account: &'a Account) -> NewIdentity<'a> {
    NewIdentity {
        issuer: provider.settings.issuer_url.as_str(),
        subject: &account.subject,
        account: &account.profile.account,
        display_name: account.profile.display_name.as_deref(),
    }
}

/// Creates an account with a login name that nobody has and that looks like nobody's.
async fn registered(
    app: &App,
    account: &Account,
    new: NewIdentity<'_>,
) -> Result<Identity, AppError> {
    for name in account.profile.names() {
        // Also if another request of this person was faster.
        if let Some(identity) = identities::find(&app.pool, new.issuer, new.subject).await? {
            return Ok(identity);
        }
        if lookalikes::of_name(&app.pool, &name).await?.is_some() {
            continue;
        }
        match identities::create_user(&app.pool, &name, new).await {
            Ok(identity) => return Ok(identity),
            Err(CreateUserError::Taken) => {}
            Err(CreateUserError::Db(error)) => return Err(error.into()),
        }
    }
    Err(AppError::Internal(
        "there is no randomness for a name".into(),
    ))
}

/// Takes over a display name that has changed at the provider, and whether the person is an admin.
async fn follow(
    app: &App,
    provider: &Provider,
    identity: &Identity,
    account: &Account,
) -> sqlx::Result<()> {
    let user = identity.user_id;
    let new = identity_of(provider, account);
    // What a person has chosen here stays until the provider has another name than before.
    let changed = new
        .display_name
        .filter(|name| identity.display_name.as_deref() != Some(*name));
    let name = match changed {
        Some(name) => free_display_name(app, user, name).await?,
        None => None,
    };
    identities::follow(&app.pool, identity.id, new, name).await?;
    let admins = &provider.settings.admin_groups;
    if !admins.is_empty() {
        let member = account.profile.is_in_one_of(admins);
        identities::follow_admin_group(&app.pool, user, member).await?;
    }
    Ok(())
}

/// The name, unless somebody would take the person for another one: they keep the name that they have.
async fn free_display_name<'a>(
    app: &App,
    user: UserId,
    name: &'a str,
) -> sqlx::Result<Option<&'a str>> {
    let other = lookalikes::of_display_name(&app.pool, user, name).await?;
    Ok(other.is_none().then_some(name))
}

async fn log_in(
    app: &App,
    browser: Browser,
    errand: &Errand,
    identity: &Identity,
    account: Account,
) -> Result<Response, AppError> {
    let provider = ProviderSession {
        identity: identity.id,
        sid: account.sid.filter(|sid| sid.len() <= MAX_SID),
        id_token: Some(account.id_token).filter(|token| token.len() <= MAX_ID_TOKEN),
        authenticated_at: account.authenticated_at,
    };
    let jar = session::start(app, browser, identity.user_id, Some(&provider)).await?;
    Ok((jar, Redirect::to(&return_path(&errand.next))).into_response())
}

/// Adds the identity to the account of the session.
async fn connect(
    app: &App,
    provider: &Provider,
    session: &Session,
    account: &Account,
) -> sqlx::Result<Result<Response, InputError>> {
    let new = identity_of(provider, account);
    let found = identities::find(&app.pool, new.issuer, new.subject).await?;
    let own = match found {
        Some(identity) => identity.user_id == session.user.id,
        None => identities::connect(&app.pool, session.user.id, new).await?,
    };
    Ok(match own {
        true => Ok(saved_redirect("logins").into_response()),
        false => Err(InputError::ProviderAccountTaken {
            provider: provider.settings.display_name().to_owned(),
        }),
    })
}

/// The person of the session has entered their credentials at the provider.
async fn confirm(
    app: &App,
    provider: &Provider,
    session: &Session,
    errand: &Errand,
    account: &Account,
) -> sqlx::Result<Result<Response, InputError>> {
    let issuer = provider.settings.issuer_url.as_str();
    let found = identities::find(&app.pool, issuer, &account.subject).await?;
    if found.is_none_or(|identity| identity.user_id != session.user.id) {
        return Ok(Err(InputError::ProviderOtherPerson {
            provider: provider.settings.display_name().to_owned(),
        }));
    }
    sessions::prove(&app.pool, session.id).await?;
    Ok(Ok(Redirect::to(&return_path(&errand.next)).into_response()))
}
