//! What people are notified of, and on which devices. Does I/O.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::Deserialize;

use super::extract::{Form, FromScript, Path};
use super::page::{PageContext, html};
use crate::app::App;
use crate::domain::{ConversationId, Level, Session};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::push::quiet::is_zone;
use crate::push::{Push, are_keys};
use crate::store;
use crate::store::push::{Quiet, Subscription};
use crate::text::Text;
use crate::views::notifications::{self as views, Hours, Outcome, View};

/// Devices of a person that are notified; a new one takes the place of the oldest.
const DEVICES: i64 = 10;

const MINUTES_OF_A_DAY: i16 = 24 * 60;

#[derive(Deserialize)]
pub(super) struct Visit {
    saved: Option<String>,
}

pub(super) async fn page(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(Visit { saved }): Form<Visit>,
) -> Result<Html<String>, AppError> {
    let quiet = store::push::quiet(&app.pool, session.user.id).await?;
    let hours = Hours {
        outcome: saved.map_or(Outcome::None, |_| Outcome::Saved),
        ..Hours::of(quiet)
    };
    whole(&app, session, text, &hours).await
}

async fn whole(
    app: &App,
    session: Session,
    text: Text,
    hours: &Hours,
) -> Result<Html<String>, AppError> {
    let devices = store::push::devices(&app.pool, session.user.id).await?;
    let key = app.push.as_ref().map(|push| push.public_key());
    let context = PageContext::read(app, session.user, text).await?;
    let view = View {
        key: key.as_deref(),
        session: session.id,
        devices: &devices,
        hours,
    };
    Ok(html(views::page(&context.shell(app), &view)))
}

/// What scripts go by, on any page: the key to subscribe with, and when to be quiet.
pub(super) async fn settings(
    State(app): State<App>,
    session: Session,
) -> Result<Response, AppError> {
    let quiet = store::push::quiet(&app.pool, session.user.id).await?;
    let key = app.push.as_ref().map(|push| push.public_key());
    Ok(Json(serde_json::json!({ "key": key, "quiet": quiet })).into_response())
}

#[derive(Deserialize)]
pub(super) struct HoursForm {
    #[serde(default)]
    on: Option<String>,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    zone: String,
}

/// Sets the hours without disturbance.
pub(super) async fn save(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(form): Form<HoursForm>,
) -> Result<Response, AppError> {
    match hours(&form) {
        Ok(quiet) => {
            store::push::set_quiet(&app.pool, session.user.id, quiet).await?;
            Ok(Redirect::to("/notifications?saved=1").into_response())
        }
        Err(error) => {
            let again = Hours {
                on: form.on.is_some(),
                from: form.from,
                to: form.to,
                zone: form.zone,
                outcome: Outcome::Wrong(error),
            };
            let page = whole(&app, session, text, &again).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// The hours of the form, or what is wrong with it.
fn hours(form: &HoursForm) -> Result<Option<Quiet>, InputError> {
    if form.on.is_none() {
        return Ok(None);
    }
    let (from, to) = minute(&form.from)
        .zip(minute(&form.to))
        .filter(|(from, to)| from != to)
        .ok_or(InputError::QuietHours)?;
    let zone = form.zone.trim();
    if zone.len() > 64 || !is_zone(zone) {
        return Err(InputError::TimeZone);
    }
    Ok(Some((from, to, zone.to_owned())))
}

/// The minute of the day of `07:30`.
fn minute(text: &str) -> Option<i16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (i16, i16) = (hour.parse().ok()?, minute.parse().ok()?);
    let within = (0..24).contains(&hour) && (0..60).contains(&minute);
    within.then_some((hour * 60 + minute) % MINUTES_OF_A_DAY)
}

#[derive(Deserialize)]
pub(super) struct NewSubscription {
    endpoint: String,
    p256dh: String,
    auth: String,
}

/// Registers the browser that asks. Without a key there is no Web Push here.
pub(super) async fn subscribe(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(form): Form<NewSubscription>,
) -> Result<StatusCode, AppError> {
    let push = app.push.as_ref().ok_or(AppError::NotFound)?;
    let subscription = subscription(push, text, form).ok_or(InputError::PushEndpoint)?;
    let owner = (session.user.id, session.id);
    store::push::subscribe(&app.pool, owner, &subscription, DEVICES).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn subscription(push: &Push, text: Text, form: NewSubscription) -> Option<Subscription> {
    // Browsers differ in whether they pad.
    let decoded = |field: &str| BASE64.decode(field.trim_end_matches('=')).ok();
    let (p256dh, auth) = (decoded(&form.p256dh)?, decoded(&form.auth)?);
    push.endpoint(&form.endpoint)?;
    are_keys(&p256dh, &auth).then(|| Subscription {
        endpoint: form.endpoint,
        p256dh,
        auth,
        language: text.language.tag(),
    })
}

#[derive(Deserialize)]
pub(super) struct Endpoint {
    endpoint: String,
}

/// Forgets the browser with this endpoint.
pub(super) async fn unsubscribe(
    State(app): State<App>,
    session: Session,
    Form(Endpoint { endpoint }): Form<Endpoint>,
) -> Result<StatusCode, AppError> {
    store::push::unsubscribe(&app.pool, session.user.id, &endpoint).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets a device of the person's list.
pub(super) async fn forget(
    State(app): State<App>,
    session: Session,
    Path(subscription): Path<i64>,
) -> Result<Redirect, AppError> {
    match store::push::forget(&app.pool, session.user.id, subscription).await? {
        true => Ok(Redirect::to("/notifications")),
        false => Err(AppError::NotFound),
    }
}

#[derive(Deserialize)]
pub(super) struct NewLevel {
    level: Level,
}

/// Sets what the person is notified of in a conversation of theirs.
pub(super) async fn level(
    State(app): State<App>,
    session: Session,
    Path(id): Path<ConversationId>,
    FromScript(script): FromScript,
    Form(NewLevel { level }): Form<NewLevel>,
) -> Result<Response, AppError> {
    if !store::conversations::set_level(&app.pool, session.user.id, id, level).await? {
        return Err(AppError::NotFound);
    }
    Ok(match script {
        true => StatusCode::NO_CONTENT.into_response(),
        false => Redirect::to(&format!("/c/{id}")).into_response(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_hours_and_minutes() {
        assert_eq!(minute("07:30"), Some(450));
        assert_eq!(minute("00:00"), Some(0));
        for bad in ["", "7", "24:00", "12:60", "-1:00", "12:-5", "99999:0"] {
            assert_eq!(minute(bad), None, "{bad}");
        }
    }
}
