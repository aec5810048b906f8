//! The directory of rooms, and the page that creates a room or a group. Pure.

use maud::{Markup, html};

use super::settings::page as settings_page;
use super::shell::Shell;
use super::widgets::{SEARCH_ICON, field_error, icon};
use crate::domain::ConversationKind;
use crate::input_error::InputError;
use crate::store::rooms::DirectoryEntry;
use crate::t;
use crate::text::Text;

pub(crate) fn directory(shell: &Shell, q: &str, rooms: &[DirectoryEntry]) -> Markup {
    let text = shell.text;
    let content = html! {
        form.search method="get" action="/rooms" role="search" data-testid="room-search" {
            label.visually-hidden for="q" { (t!(text, "rooms-search")) }
            input #q type="search" name="q" value=(q) placeholder=(t!(text, "rooms-search")) maxlength="80" autocomplete="off";
            button type="submit" { (icon(SEARCH_ICON)) span.visually-hidden { (t!(text, "search")) } }
        }
        p.choices {
            a.button.primary href="/rooms/new" { (t!(text, "rooms-new")) }
            a.button.quiet href="/rooms/new?kind=group" { (t!(text, "group-new")) }
        }
        div #results aria-live="polite" {
            @if rooms.is_empty() {
                div.empty {
                    p { @if q.trim().is_empty() { (t!(text, "rooms-none")) } @else { (t!(text, "rooms-none-found", q = q.trim())) } }
                }
            }
            ul.people { @for room in rooms { (listed(text, room)) } }
        }
    };
    settings_page(shell, &t!(text, "rooms-title"), html! {}, content)
}

fn listed(text: Text, room: &DirectoryEntry) -> Markup {
    let act = if room.joined {
        t!(text, "room-open")
    } else {
        t!(text, "room-join")
    };
    let row = html! {
        span.avatar.sign aria-hidden="true" { (icon("M5 9h14M5 15h14M10 4L8 20M16 4l-2 16")) }
        span.titles {
            span.name dir="auto" { (room.title) }
            span.topic dir="auto" { (room.topic) }
            span.hint { (t!(text, "room-members", count = room.members)) }
        }
        span.act { (act) }
    };
    html! {
        li data-testid="room" data-name=(room.title) {
            @if room.joined {
                a.person href={ "/c/" (room.id) } { (row) }
            } @else {
                form method="post" action={ "/c/" (room.id) "/join" } { button.person type="submit" { (row) } }
            }
        }
    }
}

/// The form of a new room or group as typed, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct NewRoom {
    pub(crate) kind: ConversationKind,
    pub(crate) title: String,
    pub(crate) topic: String,
    pub(crate) people: String,
    pub(crate) title_error: Option<InputError>,
    pub(crate) topic_error: Option<InputError>,
    pub(crate) people_error: Option<InputError>,
}

pub(crate) fn new_room(shell: &Shell, room: &NewRoom) -> Markup {
    let text = shell.text;
    let heading = match room.kind {
        ConversationKind::Group => t!(text, "group-new"),
        _ => t!(text, "rooms-new"),
    };
    let content = html! {
        form method="post" action="/rooms" data-testid="room-form" {
            fieldset.field {
                legend { (t!(text, "room-kind")) }
                (kind(room, ConversationKind::Public, "public", &t!(text, "room-kind-public")))
                (kind(room, ConversationKind::Private, "private", &t!(text, "room-kind-private")))
                (kind(room, ConversationKind::Group, "group", &t!(text, "room-kind-group")))
            }
            (description(text, true, (&room.title, room.title_error.as_ref()), (&room.topic, room.topic_error.as_ref())))
            (people_field(text, &room.people, room.people_error.as_ref()))
            button.primary type="submit" { (t!(text, "room-create")) }
        }
    };
    settings_page(shell, &heading, html! {}, content)
}

fn kind(room: &NewRoom, kind: ConversationKind, value: &str, words: &str) -> Markup {
    html! {
        label.choice {
            input type="radio" name="kind" value=(value) checked[room.kind == kind];
            span { (words) }
        }
    }
}

/// The fields of name and topic, each with its error. With `group`, a hint says that the name is optional.
pub(super) fn description(
    text: Text,
    group: bool,
    title: (&str, Option<&InputError>),
    topic: (&str, Option<&InputError>),
) -> Markup {
    html! {
        div.field {
            label for="title" { (t!(text, "room-name")) }
            input #title name="title" value=(title.0) maxlength="80" autocomplete="off" dir="auto"
                aria-invalid=[title.1.map(|_| "true")] aria-describedby="title-hint title-error";
            @if group { p.hint #title-hint { (t!(text, "room-name-hint")) } }
            (field_error(text, "title-error", title.1))
        }
        div.field {
            label for="topic" { (t!(text, "room-topic")) }
            input #topic name="topic" value=(topic.0) maxlength="250" autocomplete="off" dir="auto"
                aria-invalid=[topic.1.map(|_| "true")] aria-describedby="topic-hint topic-error";
            p.hint #topic-hint { (t!(text, "room-topic-hint")) }
            (field_error(text, "topic-error", topic.1))
        }
    }
}

pub(super) fn people_field(text: Text, typed: &str, error: Option<&InputError>) -> Markup {
    html! {
        div.field {
            label for="people" { (t!(text, "room-people")) }
            input #people name="people" value=(typed) maxlength="2000" autocomplete="off" autocapitalize="none"
                spellcheck="false" aria-invalid=[error.map(|_| "true")] aria-describedby="people-hint people-error";
            p.hint #people-hint { (t!(text, "room-people-hint")) }
            (field_error(text, "people-error", error))
        }
    }
}
