//! Issues access tokens, as the forms of people and of admins ask for them. Does I/O.

use serde::Deserialize;

use crate::app::App;
use crate::domain::{Scope, TOKEN_NAME_CHARS, UserId, parse_visible};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::store::access_tokens::{self, NewToken};
use crate::tokens;
use crate::views::access_tokens::DAYS;

/// By which people and scanners for secrets recognize an access token.
const MARK: &str = "confab_";
/// So much of a token is stored, for its owner to recognize it.
const PREFIX_CHARS: usize = MARK.len() + 8;

/// Browsers do not send a box that is not checked.
#[derive(Deserialize)]
pub(super) struct NewTokenForm {
    #[serde(default)]
    pub(super) name: String,
    read: Option<String>,
    write: Option<String>,
    /// How long it is valid; without end if empty.
    #[serde(default)]
    days: String,
}

impl NewTokenForm {
    fn name(&self) -> Result<String, InputError> {
        let name = parse_visible(&self.name, TOKEN_NAME_CHARS);
        let name = name.map_err(|it| InputError::visible(it, InputError::TokenNameTooLong))?;
        name.ok_or(InputError::TokenNameMissing)
    }

    fn scopes(&self) -> Result<Vec<Scope>, InputError> {
        let is_checked = |scope: &Scope| match scope {
            Scope::Read => self.read.is_some(),
            Scope::Write => self.write.is_some(),
        };
        let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(is_checked).collect();
        match scopes.is_empty() {
            true => Err(InputError::TokenWithoutScope),
            false => Ok(scopes),
        }
    }

    /// Only what the form offers.
    fn days(&self) -> Result<Option<i32>, AppError> {
        if self.days.is_empty() {
            return Ok(None);
        }
        let days = self.days.parse::<i32>().ok();
        let days = days.filter(|days| DAYS.contains(days));
        days.map(Some).ok_or(AppError::BadRequest)
    }
}

/// Creates a token of an account. The token itself is known only now: PostgreSQL stores its hash.
pub(super) async fn issue(
    app: &App,
    created_by: UserId,
    user: UserId,
    form: &NewTokenForm,
) -> Result<Result<String, InputError>, AppError> {
    let days = form.days()?;
    let (name, scopes) = match form.name().and_then(|name| Ok((name, form.scopes()?))) {
        Ok(valid) => valid,
        Err(error) => return Ok(Err(error)),
    };
    let token = format!("{MARK}{}", tokens::random()?);
    let new = NewToken {
        user,
        created_by,
        name: &name,
        hash: &tokens::hash(&token),
        prefix: &token[..PREFIX_CHARS],
        scopes: &scopes,
        days,
    };
    Ok(match access_tokens::create(&app.pool, new).await? {
        true => Ok(token),
        false => Err(InputError::TooManyTokens),
    })
}
