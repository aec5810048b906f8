//! The pages with the outgoing webhooks of a room, and with one of them and its deliveries. Pure.

use maud::{Markup, html};

use super::admin::secret_link;
use super::settings::{Outcome, button, page as settings_page, section};
use super::shell::Shell;
use super::widgets::timestamp;
use crate::domain::{
    ConversationId, Delivery, DeliveryState, DisabledBecause, Webhook, WebhookEvent,
};
use crate::input_error::InputError;
use crate::t;
use crate::text::Text;

/// What the last form of a page has made.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Nothing,
    /// A secret, which is shown once.
    Secret(String),
    Rejected(InputError, Typed),
}

/// The fields of a form as typed or as stored.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) events: Vec<WebhookEvent>,
}

#[derive(Debug)]
pub(crate) struct WebhooksPage<'a> {
    pub(crate) room: ConversationId,
    /// Of the room.
    pub(crate) title: &'a str,
    pub(crate) webhooks: &'a [Webhook],
    /// Whether the reader may create one.
    pub(crate) creates: bool,
    pub(crate) made: Made,
}

#[derive(Debug)]
pub(crate) struct WebhookPage<'a> {
    pub(crate) room: ConversationId,
    pub(crate) webhook: &'a Webhook,
    pub(crate) log: &'a [Delivery],
    /// Whether the reader is an owner of the room, and not only an admin.
    pub(crate) owned: bool,
    pub(crate) made: Made,
}

/// Each event with the name of its checkbox and the id of its text.
const EVENTS: [(WebhookEvent, &str, &str); 4] = [
    (WebhookEvent::Created, "created", "webhooks-event-created"),
    (WebhookEvent::Edited, "edited", "webhooks-event-edited"),
    (WebhookEvent::Deleted, "deleted", "webhooks-event-deleted"),
    (WebhookEvent::Reacted, "reacted", "webhooks-event-reacted"),
];

pub(crate) fn list(shell: &Shell, page: &WebhooksPage) -> Markup {
    let text = shell.text;
    let path = format!("/c/{}/webhooks", page.room);
    let title = t!(text, "webhooks-of", name = page.title);
    let content = html! {
        p { a href={ "/c/" (page.room) } { (t!(text, "back-to-conversation")) } }
        @if page.creates { (new(text, &path, &page.made)) }
        @else if shell.config.webhooks.webhook_key.is_none() { p { (t!(text, "webhooks-off")) } }
        @else { p.hint { (t!(text, "webhooks-owners-only")) } }
        @if page.webhooks.is_empty() { p.hint { (t!(text, "webhooks-none")) } }
        ul.rows {
            @for webhook in page.webhooks {
                li.row data-testid="webhook" data-webhook=(webhook.id) {
                    a.grow href={ (path) "/" (webhook.id) } {
                        bdi { (webhook.name) }
                        span.hint { (standing(text, webhook)) }
                    }
                }
            }
        }
    };
    settings_page(shell, &title, html! {}, content)
}

fn new(text: Text, path: &str, made: &Made) -> Markup {
    let (outcome, typed) = match made {
        Made::Rejected(error, typed) => (Outcome::Invalid(error.clone()), typed.clone()),
        Made::Nothing | Made::Secret(_) => {
            let (name, url) = (String::new(), String::new());
            let events = vec![WebhookEvent::Created];
            (Outcome::None, Typed { name, url, events })
        }
    };
    let content = html! {
        (secret(text, made))
        p.hint { (t!(text, "webhooks-about")) }
        form method="post" action=(path) data-testid="webhook-form" {
            (fields(text, &typed))
            button.button.primary type="submit" { (t!(text, "webhooks-create")) }
        }
    };
    let title = t!(text, "webhooks-new");
    section(text, "new-webhook", &title, &outcome, content)
}

fn secret(text: Text, made: &Made) -> Markup {
    html! {
        @if let Made::Secret(secret) = made {
            p role="status" { (t!(text, "webhooks-secret")) }
            (secret_link(text, secret))
        }
    }
}

fn fields(text: Text, typed: &Typed) -> Markup {
    html! {
        div.field {
            label for="name" { (t!(text, "hooks-name")) }
            input #name name="name" type="text" value=(typed.name) maxlength="64" required dir="auto" autocomplete="off";
        }
        div.field {
            label for="url" { (t!(text, "webhooks-url")) }
            input #url name="url" type="url" value=(typed.url) maxlength="1024" required dir="ltr" autocomplete="off"
                aria-describedby="url-hint";
            p.hint #url-hint { (t!(text, "webhooks-url-hint")) }
        }
        fieldset {
            legend { (t!(text, "webhooks-events")) }
            @for (event, name, id) in EVENTS {
                label.choice {
                    input type="checkbox" name=(name) value="yes" checked[typed.events.contains(&event)];
                    " " (text.get(id))
                }
            }
        }
    }
}

/// Whether the webhook works, and why if it does not.
fn standing(text: Text, webhook: &Webhook) -> Markup {
    html! {
        @match (webhook.disabled, webhook.failing_since) {
            (Some(why), _) => (text.get(disabled(why))),
            (None, Some(since)) => { (t!(text, "webhooks-failing")) " " (timestamp(since)) },
            (None, None) => (t!(text, "webhooks-working")),
        }
    }
}

fn disabled(why: DisabledBecause) -> &'static str {
    match why {
        DisabledBecause::Person => "webhooks-disabled-person",
        DisabledBecause::Gone => "webhooks-disabled-gone",
        DisabledBecause::Failing => "webhooks-disabled-failing",
        DisabledBecause::Key => "webhooks-disabled-key",
    }
}

pub(crate) fn one(shell: &Shell, page: &WebhookPage) -> Markup {
    let (text, webhook) = (shell.text, page.webhook);
    let all = format!("/c/{}/webhooks", page.room);
    let path = format!("{all}/{}", webhook.id);
    let content = html! {
        p { a href=(all) { (t!(text, "webhooks")) } }
        (settings(text, &path, page))
        (log(text, &path, page))
    };
    settings_page(shell, &webhook.name, html! {}, content)
}

fn settings(text: Text, path: &str, page: &WebhookPage) -> Markup {
    let webhook = page.webhook;
    let (outcome, typed) = match &page.made {
        Made::Rejected(error, typed) => (Outcome::Invalid(error.clone()), typed.clone()),
        Made::Nothing | Made::Secret(_) => {
            let (name, url) = (webhook.name.clone(), webhook.url.clone());
            let events = webhook.events.clone();
            (Outcome::None, Typed { name, url, events })
        }
    };
    let act = |act: &str, class: &str, label: String| button(path, &[("act", act)], class, &label);
    let content = html! {
        (secret(text, &page.made))
        p data-testid="standing" { (standing(text, webhook)) }
        p.hint {
            (t!(text, "webhooks-by", name = webhook.creator_name.as_str())) " " (timestamp(webhook.created_at))
            @if let Some(at) = webhook.next_attempt { " · " (t!(text, "webhooks-next")) " " (timestamp(at)) }
        }
        @if page.owned {
            form method="post" action=(path) data-testid="webhook-form" {
                input type="hidden" name="act" value="save";
                (fields(text, &typed))
                button.button.primary type="submit" { (t!(text, "save")) }
            }
        } @else {
            p dir="ltr" { (webhook.url) }
            p.hint { (t!(text, "webhooks-owners-only")) }
        }
        @if webhook.disabled.is_some() { p.hint { (t!(text, "webhooks-enable-hint")) } }
        div.acts {
            @if page.owned { (act("rotate", "quiet", t!(text, "webhooks-rotate"))) }
            @if webhook.disabled.is_none() { (act("disable", "quiet", t!(text, "webhooks-disable"))) }
            @else if page.owned { (act("enable", "quiet", t!(text, "webhooks-enable"))) }
            (act("delete", "danger", t!(text, "webhooks-delete")))
        }
    };
    let title = t!(text, "webhooks-settings");
    section(text, "settings", &title, &outcome, content)
}

fn log(text: Text, path: &str, page: &WebhookPage) -> Markup {
    let content = html! {
        @if page.log.is_empty() { p.hint { (t!(text, "webhooks-log-none")) } }
        @else { p.hint { (t!(text, "webhooks-log-hint")) } }
        ol.rows {
            @for delivery in page.log { (row(text, path, page, delivery)) }
        }
    };
    let title = t!(text, "webhooks-log");
    section(text, "log", &title, &Outcome::None, content)
}

fn row(text: Text, path: &str, page: &WebhookPage, delivery: &Delivery) -> Markup {
    let (event, seq) = (delivery.event.as_str(), delivery.seq);
    let again = t!(text, "webhooks-redeliver-named", event = event, seq = seq);
    html! {
        li.row data-testid="delivery" data-state=(state(delivery.state).0) {
            span.grow {
                span {
                    code { (event) } " · "
                    a href={ "/c/" (page.room) "?at=" (seq) "#m" (seq) } { (t!(text, "webhooks-message", seq = seq)) }
                    " · " (timestamp(delivery.at))
                }
                span.hint {
                    (text.get(state(delivery.state).1))
                    @if let Some(at) = delivery.tried_at {
                        " · "
                        @match delivery.status {
                            Some(status) => (t!(text, "webhooks-status", status = i64::from(status))),
                            None => (t!(text, "webhooks-no-answer")),
                        }
                        " · " (t!(text, "webhooks-attempts", count = i64::from(delivery.attempts))) " · " (timestamp(at))
                    }
                }
            }
            @if page.owned && page.webhook.disabled.is_none() {
                form method="post" action=(path) {
                    input type="hidden" name="delivery" value=(delivery.id);
                    button.button.quiet name="act" value="redeliver" aria-label=(again) { (t!(text, "webhooks-redeliver")) }
                }
            }
        }
    }
}

/// The name of a state, and the id of its text.
fn state(state: DeliveryState) -> (&'static str, &'static str) {
    match state {
        DeliveryState::Waiting => ("waiting", "webhooks-waiting"),
        DeliveryState::Delivered => ("delivered", "webhooks-delivered"),
        DeliveryState::Failed => ("failed", "webhooks-failed"),
        DeliveryState::Skipped => ("skipped", "webhooks-skipped"),
    }
}
