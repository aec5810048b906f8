//! Removes a message by its link, without showing it; and shows how long messages are kept. Does I/O.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Admin, render, unprocessable};
use crate::app::App;
use crate::domain::ConversationId;
use crate::error::AppError;
use crate::http::extract::Form;
use crate::input_error::InputError;
use crate::store;
use crate::store::admin::Done;
use crate::text::Text;
use crate::views::account::Outcome;
use crate::views::admin::messages as views;

#[derive(Deserialize)]
pub(in crate::http) struct SavedQuery {
    saved: Option<String>,
}

pub(super) async fn show(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Form(SavedQuery { saved }): Form<SavedQuery>,
) -> Result<Html<String>, AppError> {
    let outcome = saved.map_or(Outcome::None, |_| Outcome::Saved);
    render(&app, admin, text, |shell| views::page(shell, &outcome)).await
}

#[derive(Deserialize)]
pub(in crate::http) struct RemoveForm {
    link: String,
}

pub(super) async fn remove(
    State(app): State<App>,
    Admin(admin): Admin,
    text: Text,
    Form(RemoveForm { link }): Form<RemoveForm>,
) -> Result<Response, AppError> {
    let done = match message_of_link(&link) {
        Some((id, seq)) => store::admin::remove_message(&app.pool, admin.id, id, seq).await?,
        None => Done::NotFound,
    };
    if done == Done::Done {
        return Ok(Redirect::to("/admin/messages?saved=yes").into_response());
    }
    let outcome = Outcome::Invalid(InputError::MessageLink);
    let page = render(&app, admin, text, |shell| views::page(shell, &outcome)).await?;
    Ok(unprocessable(page))
}

/// The conversation and `seq` in a link of any form: the first number after `/c/`, and the last one.
fn message_of_link(link: &str) -> Option<(ConversationId, i64)> {
    let (_, rest) = link.trim().split_once("/c/")?;
    let mut numbers = rest
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| !digits.is_empty());
    let id = numbers.next()?.parse().ok()?;
    let seq = numbers.next_back()?.parse().ok()?;
    Some((id, seq))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_a_message_names_its_conversation_and_seq() {
        for link in [
            "https://chat.example/c/12?at=7#m7",
            " /c/12/messages/7 ",
            "http://1.2.3.4:80/c/12#m7",
        ] {
            assert_eq!(
                message_of_link(link),
                Some((ConversationId(12), 7)),
                "{link}"
            );
        }
        for link in ["", "12/7", "/c/12", "/c/x/y", "/c/99999999999999999999/1"] {
            assert_eq!(message_of_link(link), None, "{link}");
        }
    }
}
