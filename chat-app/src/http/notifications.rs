//! The notification settings: levels, quiet hours, push subscriptions. Does I/O.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::Deserialize;

use super::extract::{Form, Path, WantsJson};
use super::page::{PageContext, html};
use crate::app::App;
use crate::domain::{ConversationId, Level, Session};
use crate::error::AppError;
use crate::input_error::InputError;
use crate::push::quiet::is_valid_time_zone;
use crate::push::{PushClient, are_valid_keys};
use crate::store;
use crate::store::push::{QuietHours, Subscription};
use crate::text::Text;
use crate::views::notifications::{self as views, NotificationsPage, Outcome, QuietHoursSection};

/// Push subscriptions per user; a new one replaces the oldest.
const MAX_PUSH_SUBSCRIPTIONS: i64 = 10;

#[derive(Deserialize)]
pub(super) struct SavedQuery {
    saved: Option<String>,
}

pub(super) async fn page(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(SavedQuery { saved }): Form<SavedQuery>,
) -> Result<Html<String>, AppError> {
    let hours = store::push::quiet_hours(&app.pool, session.user.id).await?;
    let quiet_hours = QuietHoursSection {
        outcome: saved.map_or(Outcome::None, |_| Outcome::Saved),
        ..QuietHoursSection::of(hours)
    };
    settings_page(&app, session, text, &quiet_hours).await
}

async fn settings_page(
    app: &App,
    session: Session,
    text: Text,
    quiet_hours: &QuietHoursSection,
) -> Result<Html<String>, AppError> {
    let subscriptions = store::push::subscriptions(&app.pool, session.user.id).await?;
    let key = app.push.as_ref().map(|push| push.public_key());
    let context = PageContext::read(app, session.user, text).await?;
    let content = NotificationsPage {
        key: key.as_deref(),
        session: session.id,
        subscriptions: &subscriptions,
        quiet_hours,
    };
    Ok(html(views::page(&context.shell(app), &content)))
}

/// For `static/js/notify.js`: the VAPID public key and the quiet hours.
pub(super) async fn settings(
    State(app): State<App>,
    session: Session,
) -> Result<Response, AppError> {
    let hours = store::push::quiet_hours(&app.pool, session.user.id).await?;
    let quiet = hours.map(|hours| (hours.from, hours.to, hours.zone));
    let key = app.push.as_ref().map(|push| push.public_key());
    Ok(Json(serde_json::json!({ "key": key, "quiet": quiet })).into_response())
}

#[derive(Deserialize)]
pub(super) struct QuietHoursForm {
    #[serde(default)]
    on: Option<String>,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    zone: String,
}

pub(super) async fn set_quiet_hours(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(form): Form<QuietHoursForm>,
) -> Result<Response, AppError> {
    match parse_quiet_hours(&form) {
        Ok(hours) => {
            store::push::set_quiet_hours(&app.pool, session.user.id, hours.as_ref()).await?;
            Ok(Redirect::to("/notifications?saved=1").into_response())
        }
        Err(error) => {
            let rejected = QuietHoursSection {
                on: form.on.is_some(),
                from: form.from,
                to: form.to,
                zone: form.zone,
                outcome: Outcome::Invalid(error),
            };
            let page = settings_page(&app, session, text, &rejected).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

fn parse_quiet_hours(form: &QuietHoursForm) -> Result<Option<QuietHours>, InputError> {
    if form.on.is_none() {
        return Ok(None);
    }
    let (from, to) = minute_of_day(&form.from)
        .zip(minute_of_day(&form.to))
        .filter(|(from, to)| from != to)
        .ok_or(InputError::QuietHours)?;
    let zone = form.zone.trim();
    if zone.len() > 64 || !is_valid_time_zone(zone) {
        return Err(InputError::TimeZone);
    }
    let zone = zone.to_owned();
    Ok(Some(QuietHours { from, to, zone }))
}

/// Parses a time such as `07:30`.
fn minute_of_day(text: &str) -> Option<i16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (i16, i16) = (hour.parse().ok()?, minute.parse().ok()?);
    let within = (0..24).contains(&hour) && (0..60).contains(&minute);
    within.then_some(hour * 60 + minute)
}

#[derive(Deserialize)]
pub(super) struct SubscriptionForm {
    endpoint: String,
    p256dh: String,
    auth: String,
}

/// Registers this browser for Web Push. 404 if the chat has no key for it.
pub(super) async fn subscribe(
    State(app): State<App>,
    session: Session,
    text: Text,
    Form(form): Form<SubscriptionForm>,
) -> Result<StatusCode, AppError> {
    let push = app.push.as_ref().ok_or(AppError::NotFound)?;
    let subscription = subscription(push, text, form).ok_or(InputError::PushEndpoint)?;
    let owner = (session.user.id, session.id);
    store::push::subscribe(&app.pool, owner, &subscription, MAX_PUSH_SUBSCRIPTIONS).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn subscription(push: &PushClient, text: Text, form: SubscriptionForm) -> Option<Subscription> {
    // Some browsers add padding.
    let decoded = |field: &str| BASE64.decode(field.trim_end_matches('=')).ok();
    let (p256dh, auth) = (decoded(&form.p256dh)?, decoded(&form.auth)?);
    let valid = push.is_valid_endpoint(&form.endpoint) && are_valid_keys(&p256dh, &auth);
    valid.then(|| Subscription {
        endpoint: form.endpoint,
        p256dh,
        auth,
        language: text.language.tag(),
    })
}

#[derive(Deserialize)]
pub(super) struct EndpointForm {
    endpoint: String,
}

pub(super) async fn unsubscribe_by_endpoint(
    State(app): State<App>,
    session: Session,
    Form(EndpointForm { endpoint }): Form<EndpointForm>,
) -> Result<StatusCode, AppError> {
    store::push::unsubscribe_by_endpoint(&app.pool, session.user.id, &endpoint).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn unsubscribe_by_id(
    State(app): State<App>,
    session: Session,
    Path(subscription): Path<i64>,
) -> Result<Redirect, AppError> {
    match store::push::unsubscribe_by_id(&app.pool, session.user.id, subscription).await? {
        true => Ok(Redirect::to("/notifications")),
        false => Err(AppError::NotFound),
    }
}

#[derive(Deserialize)]
pub(super) struct LevelForm {
    level: Level,
}

pub(super) async fn set_level(
    State(app): State<App>,
    session: Session,
    Path(id): Path<ConversationId>,
    WantsJson(json): WantsJson,
    Form(LevelForm { level }): Form<LevelForm>,
) -> Result<Response, AppError> {
    if !store::conversations::set_level(&app.pool, session.user.id, id, level).await? {
        return Err(AppError::NotFound);
    }
    Ok(match json {
        true => StatusCode::NO_CONTENT.into_response(),
        false => Redirect::to(&format!("/c/{id}")).into_response(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_hours_and_minutes() {
        assert_eq!(minute_of_day("07:30"), Some(450));
        assert_eq!(minute_of_day("00:00"), Some(0));
        for bad in ["", "7", "24:00", "12:60", "-1:00", "12:-5", "99999:0"] {
            assert_eq!(minute_of_day(bad), None, "{bad}");
        }
    }
}
