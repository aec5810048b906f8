//! The page of what one is notified of and where, the form of a conversation's level, and the hint in the list. Pure.

use maud::{Markup, html};

use super::auth::field_error;
use super::shell::{Pane, Shell, back};
use super::{assets, instant};
use crate::domain::{ConversationId, Level, SessionId};
use crate::store::push::{Device, Quiet};
use crate::t;
use crate::text::Text;

/// What the page shows.
pub struct Settings<'a> {
    /// The key that browsers subscribe with; without it there is no Web Push.
    pub key: Option<&'a str>,
    /// The session that looks.
    pub session: SessionId,
    /// The devices that are notified.
    pub devices: &'a [Device],
    /// The hours without disturbance.
    pub hours: &'a Hours,
}

/// The form of the hours, as it was saved or typed.
#[derive(Debug)]
pub struct Hours {
    /// Whether there are any.
    pub on: bool,
    /// As in `22:00`.
    pub from: String,
    /// As in `07:00`.
    pub to: String,
    /// The zone; where it is empty, the script puts the browser's there.
    pub zone: String,
    /// Whether they were just saved.
    pub saved: bool,
    /// What is wrong.
    pub error: Option<String>,
}

impl Hours {
    /// What is kept; a night to begin with where there is nothing.
    pub fn of(quiet: Option<Quiet>) -> Self {
        let on = quiet.is_some();
        let (from, to, zone) = quiet.unwrap_or((22 * 60, 7 * 60, String::new()));
        let clock = |minute: i16| format!("{:02}:{:02}", minute / 60, minute % 60);
        Self {
            on,
            from: clock(from),
            to: clock(to),
            zone,
            saved: false,
            error: None,
        }
    }
}

/// The page of settings.
pub fn page(shell: &Shell, settings: &Settings) -> Markup {
    let text = shell.text;
    shell.page(&Pane {
        title: &t!(text, "notifications"),
        place: "at-page",
        live: None,
        current: None,
        content: html! {
            link rel="stylesheet" href=(assets::url("notifications.css"));
            header.bar { (back(text)) h1 { (t!(text, "notifications")) } }
            div.scroller.top tabindex="-1" {
                div.track.notifications data-testid="notifications" {
                    (this_device(text, settings.key))
                    (devices(text, settings))
                    (hours(text, settings.hours))
                    (levels(text))
                }
            }
        },
    })
}

/// The script shows the sentence of the state that it finds, and its button.
fn this_device(text: Text, key: Option<&str>) -> Markup {
    html! {
        section aria-labelledby="this-device" {
            h2 #this-device { (t!(text, "notifications-this-device")) }
            noscript { p { (t!(text, "notifications-no-script")) } }
            div.this-device hidden data-testid="this-device" data-key=[key] {
                div role="status" {
                    p.when-off { (t!(text, "notifications-off")) }
                    p.when-on { (text.get(if key.is_some() { "notifications-on" } else { "notifications-page-only" })) }
                    p.when-denied { (t!(text, "notifications-denied")) }
                    p.when-unsupported { (t!(text, "notifications-unsupported")) }
                    p.when-failed.field-error hidden { (t!(text, "notifications-failed")) }
                }
                button.primary.when-off type="button" data-act="on" { (t!(text, "notifications-turn-on")) }
                button.quiet.when-on type="button" data-act="off" { (t!(text, "notifications-turn-off")) }
            }
        }
    }
}

fn devices(text: Text, settings: &Settings) -> Markup {
    html! {
        @if settings.key.is_some() {
            section aria-labelledby="devices" {
                h2 #devices { (t!(text, "notifications-devices")) }
                @if settings.devices.is_empty() {
                    p.hint { (t!(text, "notifications-no-devices")) }
                } @else {
                    ul.devices { @for device in settings.devices { (item(text, device, settings.session)) } }
                }
            }
        }
    }
}

fn item(text: Text, device: &Device, session: SessionId) -> Markup {
    let name = match &device.device {
        Some(name) => name.clone(),
        None => t!(text, "device-unknown"),
    };
    let at = instant(device.created_at);
    html! {
        li data-testid="push-device" {
            span.name {
                bdi { (name) }
                @if device.session_id == session { " (" (t!(text, "notifications-current")) ")" }
                small.hint { (t!(text, "notifications-since", date = &at[..10])) }
            }
            form method="post" action={ "/notifications/" (device.id) "/remove" } {
                button.quiet type="submit" aria-label=(t!(text, "notifications-remove-device", device = name.as_str())) {
                    (t!(text, "notifications-remove"))
                }
            }
        }
    }
}

fn hours(text: Text, hours: &Hours) -> Markup {
    let error = hours.error.as_deref();
    html! {
        section aria-labelledby="quiet" {
            h2 #quiet { (t!(text, "notifications-quiet")) }
            p.hint { (t!(text, "notifications-quiet-hint")) }
            form.hours method="post" action="/notifications" data-testid="quiet-form" {
                label.check {
                    input type="checkbox" name="on" value="1" checked[hours.on];
                    (t!(text, "notifications-quiet-on"))
                }
                div.times {
                    (field("from", "time", &hours.from, &t!(text, "notifications-from"), error))
                    (field("to", "time", &hours.to, &t!(text, "notifications-to"), error))
                    (field("zone", "text", &hours.zone, &t!(text, "notifications-zone"), error))
                }
                (field_error("quiet-error", error))
                @if hours.saved { p.hint role="status" { (t!(text, "notifications-saved")) } }
                button.primary type="submit" { (t!(text, "notifications-save")) }
            }
        }
    }
}

fn field(name: &str, kind: &str, value: &str, label: &str, error: Option<&str>) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input #(name) name=(name) type=(kind) value=(value) maxlength="64" autocomplete="off" spellcheck="false"
                aria-invalid=[error.map(|_| "true")] aria-describedby=[error.map(|_| "quiet-error")];
        }
    }
}

fn levels(text: Text) -> Markup {
    html! {
        section aria-labelledby="levels" {
            h2 #levels { (t!(text, "notifications-levels")) }
            p.hint { (t!(text, "notifications-levels-hint")) }
            dl {
                @for (_, _, name, hint) in named(text) { dt { (name) } dd { (hint) } }
            }
        }
    }
}

/// The form that sets what one is notified of in a conversation.
pub fn level_form(text: Text, conversation: ConversationId, level: Level) -> Markup {
    html! {
        link rel="stylesheet" href=(assets::url("notifications.css"));
        form.level method="post" action={ "/c/" (conversation) "/level" } data-testid="level-form" {
            fieldset {
                legend { (t!(text, "level")) }
                @for (each, value, name, hint) in named(text) {
                    label.check {
                        input type="radio" name="level" value=(value) checked[each == level]
                            aria-describedby={ "level-" (value) };
                        span { (name) small.hint #{ "level-" (value) } { (hint) } }
                    }
                }
            }
            button.primary type="submit" { (t!(text, "level-save")) }
        }
    }
}

/// Each level with its value, name and explanation.
fn named(text: Text) -> [(Level, &'static str, String, String); 3] {
    [
        (
            Level::All,
            "all",
            t!(text, "level-all"),
            t!(text, "level-all-hint"),
        ),
        (
            Level::Mentions,
            "mentions",
            t!(text, "level-mentions"),
            t!(text, "level-mentions-hint"),
        ),
        (
            Level::None,
            "none",
            t!(text, "level-none"),
            t!(text, "level-none-hint"),
        ),
    ]
}

/// Asks once, in the list, whether to be notified; the script shows it after the first message that came.
pub fn hint(text: Text) -> Markup {
    html! {
        div.notify-hint hidden data-style=(assets::url("notifications.css")) role="region" aria-label=(t!(text, "notifications")) data-testid="notify-hint" {
            p { (t!(text, "notifications-hint")) }
            button.primary type="button" data-act="on" { (t!(text, "notifications-turn-on")) }
            button.quiet type="button" data-act="later" { (t!(text, "notifications-hint-later")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_that_is_set_is_chosen() {
        let form = level_form(Text::default(), ConversationId(7), Level::Mentions).into_string();
        assert_eq!(form.matches(" checked").count(), 1, "{form}");
        assert!(form.contains(r#"value="mentions" checked"#), "{form}");
        assert!(form.contains(r#"action="/c/7/level""#), "{form}");
    }

    #[test]
    fn hours_begin_as_a_night_that_is_off() {
        let hours = Hours::of(None);
        assert_eq!(
            (hours.on, &*hours.from, &*hours.to),
            (false, "22:00", "07:00")
        );
        let hours = Hours::of(Some((5, 725, "UTC".into())));
        assert_eq!(
            (hours.on, &*hours.from, &*hours.to),
            (true, "00:05", "12:05")
        );
    }
}
