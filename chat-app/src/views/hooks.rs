//! The page with the hooks of a room. Pure.

use maud::{Markup, html};

use super::admin::secret_link;
use super::settings::{Outcome, button, page as settings_page, section};
use super::shell::Shell;
use super::widgets::{handle, timestamp};
use crate::domain::{ConversationId, Hook, HookKind};
use crate::input_error::InputError;
use crate::t;
use crate::text::Text;

/// What the last form has made.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Nothing,
    /// The URL of a hook, which is shown once.
    Url(String),
    Rejected {
        error: InputError,
        /// As typed.
        name: String,
    },
}

#[derive(Debug)]
pub(crate) struct HooksPage<'a> {
    pub(crate) room: ConversationId,
    pub(crate) title: &'a str,
    pub(crate) hooks: &'a [Hook],
    pub(crate) made: Made,
}

pub(crate) fn page(shell: &Shell, page: &HooksPage) -> Markup {
    let text = shell.text;
    let path = format!("/c/{}/hooks", page.room);
    let title = t!(text, "hooks-of", name = page.title);
    let content = html! {
        p { a href={ "/c/" (page.room) } { (t!(text, "back-to-conversation")) } }
        (new(text, &path, &page.made))
        @if page.hooks.is_empty() { p.hint { (t!(text, "hooks-none")) } }
        @for hook in page.hooks { (hook_section(text, &path, hook)) }
        @if shell.config.webhooks.webhook_key.is_some() {
            (section(text, "outgoing", &t!(text, "webhooks"), &Outcome::None, outgoing(text, page.room)))
        }
    };
    settings_page(shell, &title, html! {}, content)
}

fn outgoing(text: Text, room: ConversationId) -> Markup {
    html! {
        p.hint { (t!(text, "webhooks-about")) }
        a.button href={ "/c/" (room) "/webhooks" } data-testid="webhooks-link" { (t!(text, "webhooks-manage")) }
    }
}

fn new(text: Text, path: &str, made: &Made) -> Markup {
    let (outcome, typed) = match made {
        Made::Rejected { error, name } => (Outcome::Invalid(error.clone()), name.as_str()),
        Made::Nothing | Made::Url(_) => (Outcome::None, ""),
    };
    let content = html! {
        @if let Made::Url(url) = made {
            p role="status" { (t!(text, "hooks-made")) }
            (secret_link(text, url))
        }
        p.hint { (t!(text, "hooks-about")) }
        form method="post" action=(path) data-testid="hook-form" {
            div.field {
                label for="hook-name" { (t!(text, "hooks-name")) }
                input #hook-name name="name" type="text" value=(typed) maxlength="64" required dir="auto" autocomplete="off";
            }
            fieldset {
                legend { (t!(text, "hooks-kind")) }
                @for (kind, value, id) in KINDS {
                    label.choice {
                        input type="radio" name="kind" value=(value) checked[kind == HookKind::Slack];
                        " " (text.get(id))
                    }
                }
            }
            button.button.primary type="submit" { (t!(text, "hooks-create")) }
        }
    };
    section(text, "new-hook", &t!(text, "hooks-new"), &outcome, content)
}

const KINDS: [(HookKind, &str, &str); 2] = [
    (HookKind::Slack, "slack", "hooks-kind-slack"),
    (
        HookKind::Alertmanager,
        "alertmanager",
        "hooks-kind-alertmanager",
    ),
];

fn hook_section(text: Text, path: &str, hook: &Hook) -> Markup {
    let (path, id) = (format!("{path}/{}", hook.id), format!("hook-{}", hook.id));
    let kind = KINDS.iter().find(|(kind, ..)| *kind == hook.kind);
    let by = t!(text, "hooks-by", name = hook.creator_name.as_str());
    let act = |act: &str, class: &str, label: String| button(&path, &[("act", act)], class, &label);
    let content = html! {
        p.hint data-testid="hook" data-hook=(hook.id) {
            @if let Some((.., name)) = kind { (text.get(name)) " · " }
            (by) " " (timestamp(hook.created_at)) " · "
            @match hook.used_at {
                Some(at) => { (t!(text, "hooks-used")) " " (timestamp(at)) },
                None => (t!(text, "hooks-unused")),
            }
            @if hook.disabled { " · " b { (t!(text, "hooks-disabled")) } }
        }
        form method="post" action=(path) {
            input type="hidden" name="act" value="save";
            div.field {
                label for={ (id) "-name" } { (t!(text, "hooks-name")) }
                input #{ (id) "-name" } name="name" type="text" value=(hook.name) maxlength="64" required dir="auto" autocomplete="off";
            }
            @if hook.kind == HookKind::Slack {
                label.choice {
                    input type="checkbox" name="chooses_room" value="yes" checked[hook.chooses_room];
                    " " (t!(text, "hooks-chooses-room")) " " (handle(hook.account.as_str()))
                }
            }
            button.button type="submit" { (t!(text, "save")) }
        }
        div.acts {
            (act("rotate", "quiet", t!(text, "hooks-rotate")))
            @if hook.disabled { (act("enable", "quiet", t!(text, "hooks-enable"))) }
            @else { (act("disable", "quiet", t!(text, "hooks-disable"))) }
            (act("delete", "danger", t!(text, "hooks-delete")))
        }
    };
    section(text, &id, &hook.name, &Outcome::None, content)
}
