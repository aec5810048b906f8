//! The notification settings: push subscriptions, quiet hours, and the form with a conversation's level. Pure.

use maud::{Markup, html};

use super::assets;
pub(crate) use super::settings::Outcome;
use super::settings::{self, section};
use super::shell::Shell;
use super::widgets::rfc3339;
use crate::domain::{ConversationId, Level, SessionId};
use crate::store::push::{ListedSubscription, QuietHours};
use crate::t;
use crate::text::Text;

pub(crate) struct NotificationsPage<'a> {
    /// The public key that browsers subscribe with. Without it there is no Web Push.
    pub(crate) key: Option<&'a str>,
    /// The session that requests the page.
    pub(crate) session: SessionId,
    pub(crate) subscriptions: &'a [ListedSubscription],
    pub(crate) quiet_hours: &'a QuietHoursSection,
}

/// The form of the quiet hours, as saved or as typed.
#[derive(Debug)]
pub(crate) struct QuietHoursSection {
    pub(crate) on: bool,
    /// For example `22:00`.
    pub(crate) from: String,
    pub(crate) to: String,
    /// The time zone. If it is empty, the script sets the browser's.
    pub(crate) zone: String,
    pub(crate) outcome: Outcome,
}

impl QuietHoursSection {
    /// As stored. By default a night, switched off.
    pub(crate) fn of(hours: Option<QuietHours>) -> Self {
        let on = hours.is_some();
        let QuietHours { from, to, zone } = hours.unwrap_or_else(|| QuietHours {
            from: 22 * 60,
            to: 7 * 60,
            zone: String::new(),
        });
        let clock = |minute: i16| format!("{:02}:{:02}", minute / 60, minute % 60);
        Self {
            on,
            from: clock(from),
            to: clock(to),
            zone,
            outcome: Outcome::None,
        }
    }
}

pub(crate) fn page(shell: &Shell, content: &NotificationsPage) -> Markup {
    let text = shell.text;
    let content = html! {
        link rel="stylesheet" href=(assets::url("notifications.css"));
        div.notifications data-testid="notifications" {
            (this_device(text, content.key))
            @if content.key.is_some() { (subscriptions(text, content)) }
            (quiet_hours(text, content.quiet_hours))
            (levels(text))
        }
    };
    settings::page(shell, &t!(text, "notifications"), html! {}, content)
}

/// The script shows the text and the button of the current state.
fn this_device(text: Text, key: Option<&str>) -> Markup {
    let on = text.get(match key {
        Some(_) => "notifications-on",
        None => "notifications-page-only",
    });
    let content = html! {
        noscript { p { (t!(text, "notifications-no-script")) } }
        div.this-device hidden data-testid="this-device-state" {
            div role="status" {
                p.when-off { (t!(text, "notifications-off")) }
                p.when-on { (on) }
                p.when-denied { (t!(text, "notifications-denied")) }
                p.when-unsupported { (t!(text, "notifications-unsupported")) }
                p.when-failed.field-error hidden { (t!(text, "notifications-failed")) }
            }
            button.primary.when-off type="button" data-act="on" { (t!(text, "notifications-turn-on")) }
            button.quiet.when-on type="button" data-act="off" { (t!(text, "notifications-turn-off")) }
        }
    };
    let title = t!(text, "notifications-this-device");
    section(text, "this-device", &title, &Outcome::None, content)
}

fn subscriptions(text: Text, content: &NotificationsPage) -> Markup {
    let content = html! {
        @if content.subscriptions.is_empty() {
            p.hint { (t!(text, "notifications-no-devices")) }
        } @else {
            ul.rows { @for subscription in content.subscriptions { (item(text, subscription, content.session)) } }
        }
    };
    let title = t!(text, "notifications-devices");
    section(text, "devices", &title, &Outcome::None, content)
}

fn item(text: Text, subscription: &ListedSubscription, session: SessionId) -> Markup {
    let name = match &subscription.device {
        Some(name) => name.clone(),
        None => t!(text, "device-unknown"),
    };
    let at = rfc3339(subscription.created_at);
    html! {
        li.row data-testid="push-device" {
            span.grow {
                bdi { (name) }
                span.hint { (t!(text, "notifications-since", date = &at[..10])) }
                @if subscription.session_id == session { span.tag { (t!(text, "notifications-current")) } }
            }
            form method="post" action={ "/notifications/" (subscription.id) "/remove" } {
                button.button.quiet type="submit" aria-label=(t!(text, "notifications-remove-device", device = name.as_str())) {
                    (t!(text, "notifications-remove"))
                }
            }
        }
    }
}

fn quiet_hours(text: Text, hours: &QuietHoursSection) -> Markup {
    let invalid = matches!(hours.outcome, Outcome::Invalid(_));
    let content = html! {
        p.hint { (t!(text, "notifications-quiet-hint")) }
        form.hours method="post" action="/notifications" data-testid="quiet-form" {
            label.check {
                input type="checkbox" name="on" value="1" checked[hours.on];
                (t!(text, "notifications-quiet-on"))
            }
            div.times {
                (field("from", "time", &hours.from, &t!(text, "notifications-from"), invalid))
                (field("to", "time", &hours.to, &t!(text, "notifications-to"), invalid))
                (field("zone", "text", &hours.zone, &t!(text, "notifications-zone"), invalid))
            }
            button.primary type="submit" { (t!(text, "notifications-save")) }
        }
    };
    let title = t!(text, "notifications-quiet");
    section(text, "quiet", &title, &hours.outcome, content)
}

fn field(name: &str, kind: &str, value: &str, label: &str, invalid: bool) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input #(name) name=(name) type=(kind) value=(value) maxlength="64" autocomplete="off" spellcheck="false"
                aria-invalid=[invalid.then_some("true")] aria-describedby=[invalid.then_some("quiet-error")];
        }
    }
}

fn levels(text: Text) -> Markup {
    let content = html! {
        p.hint { (t!(text, "notifications-levels-hint")) }
        dl { @for (_, _, name, hint) in level_choices(text) { dt { (name) } dd { (hint) } } }
    };
    let title = t!(text, "notifications-levels");
    section(text, "levels", &title, &Outcome::None, content)
}

/// The form that sets a conversation's notification level.
pub(crate) fn level_form(text: Text, conversation: ConversationId, level: Level) -> Markup {
    html! {
        link rel="stylesheet" href=(assets::url("notifications.css"));
        form.level method="post" action={ "/c/" (conversation) "/level" } data-testid="level-form" {
            fieldset {
                legend { (t!(text, "level")) }
                @for (each, value, name, hint) in level_choices(text) {
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
fn level_choices(text: Text) -> [(Level, &'static str, String, String); 3] {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_level_is_checked() {
        let form = level_form(Text::default(), ConversationId(7), Level::Mentions).into_string();
        assert_eq!(form.matches(" checked").count(), 1, "{form}");
        assert!(form.contains(r#"value="mentions" checked"#), "{form}");
        assert!(form.contains(r#"action="/c/7/level""#), "{form}");
    }

    #[test]
    fn quiet_hours_are_off_by_default() {
        let hours = QuietHoursSection::of(None);
        assert_eq!(
            (hours.on, &*hours.from, &*hours.to),
            (false, "22:00", "07:00")
        );
        let hours = QuietHoursSection::of(Some(QuietHours {
            from: 5,
            to: 725,
            zone: "UTC".into(),
        }));
        assert_eq!(
            (hours.on, &*hours.from, &*hours.to),
            (true, "00:05", "12:05")
        );
    }
}
