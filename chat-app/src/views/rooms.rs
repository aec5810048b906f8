//! The directory of rooms, making a group or a room, and what there is to know about a conversation. Pure.

use maud::{Markup, html};

use super::list::conversation_name;
use super::notifications;
use super::settings::{Outcome, button, page, section};
use super::shell::Shell;
use super::widgets::{SEARCH_ICON, avatar, display_name, field_error, icon, is_former};
use crate::domain::{ConversationKind, ConversationSummary, Member, Role, UserId};
use crate::input_error::InputError;
use crate::store::rooms::DirectoryEntry;
use crate::t;
use crate::text::Text;

/// The directory; `q` is what was searched for.
pub fn directory(shell: &Shell, q: &str, rooms: &[DirectoryEntry]) -> Markup {
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
    page(shell, &t!(text, "rooms-title"), html! {}, content)
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

/// A group or a room that is being made, and what is wrong with it.
#[derive(Debug)]
pub struct Making {
    pub kind: ConversationKind,
    pub title: String,
    pub topic: String,
    pub people: String,
    /// What is wrong with the title.
    pub title_error: Option<InputError>,
    /// What is wrong with the topic.
    pub topic_error: Option<InputError>,
    /// What is wrong with the people.
    pub people_error: Option<InputError>,
}

/// The page to make a group or a room.
pub fn making(shell: &Shell, made: &Making) -> Markup {
    let text = shell.text;
    let heading = match made.kind {
        ConversationKind::Group => t!(text, "group-new"),
        _ => t!(text, "rooms-new"),
    };
    let content = html! {
        form method="post" action="/rooms" data-testid="room-form" {
            fieldset.field {
                legend { (t!(text, "room-kind")) }
                (kind(made, ConversationKind::Public, "public", &t!(text, "room-kind-public")))
                (kind(made, ConversationKind::Private, "private", &t!(text, "room-kind-private")))
                (kind(made, ConversationKind::Group, "group", &t!(text, "room-kind-group")))
            }
            (description(text, true, (&made.title, made.title_error.as_ref()), (&made.topic, made.topic_error.as_ref())))
            (people_field(text, &made.people, made.people_error.as_ref()))
            button.primary type="submit" { (t!(text, "room-create")) }
        }
    };
    page(shell, &heading, html! {}, content)
}

fn kind(made: &Making, kind: ConversationKind, value: &str, words: &str) -> Markup {
    html! {
        label.choice {
            input type="radio" name="kind" value=(value) checked[made.kind == kind];
            span { (words) }
        }
    }
}

/// The fields of name and topic, each with what is wrong with it; a group may do without a name.
fn description(
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

fn people_field(text: Text, typed: &str, error: Option<&InputError>) -> Markup {
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

/// What there is to know about a conversation.
#[derive(Debug)]
pub struct About<'a> {
    pub conversation: &'a ConversationSummary,
    pub members: &'a [Member],
    pub size: i64,
    /// Which members were searched for.
    pub q: &'a str,
    /// What was typed to add people, and what is wrong with it.
    pub people: (&'a str, Option<&'a InputError>),
    /// What is wrong with the name.
    pub title_error: Option<&'a InputError>,
}

/// The page about a conversation.
pub fn about(shell: &Shell, about: &About) -> Markup {
    let (text, conversation) = (shell.text, about.conversation);
    let title = t!(
        text,
        "about-title",
        name = conversation_name(text, conversation)
    );
    let path = format!("/c/{}", conversation.id);
    let direct = conversation.kind == ConversationKind::Direct;
    let may_describe =
        conversation.kind == ConversationKind::Group || conversation.role == Role::Owner;
    let may_add =
        conversation.kind != ConversationKind::Private || conversation.role == Role::Owner;
    let content = html! {
        p { a href=(path) { (t!(text, "back-to-conversation")) } }
        @if !direct && may_describe { (change(text, about, &path)) }
        @if !direct && may_add { (add(text, about.people, &path)) }
        (plain(text, "notifications", "about-notifications",
            notifications::level_form(text, conversation.id, conversation.level)))
        (members(shell, about, &path))
        @if !direct { (leave(text, &path)) }
        @if let Some(partner) = conversation.partner.filter(|_| !is_former(&conversation.name)) {
            (block(text, partner))
        }
    };
    page(shell, &title, html! {}, content)
}

/// A section in which nothing goes wrong but beside its fields.
fn plain(text: Text, id: &str, title: &str, content: Markup) -> Markup {
    section(text, id, &text.get(title), &Outcome::None, content)
}

fn change(text: Text, about: &About, path: &str) -> Markup {
    let conversation = about.conversation;
    let group = conversation.kind == ConversationKind::Group;
    let title = if group && about.title_error.is_none() {
        ""
    } else {
        &conversation.name
    };
    let form = html! {
        form method="post" action={ (path) "/about" } data-testid="about-form" {
            (description(text, group, (title, about.title_error), (&conversation.topic, None)))
            button.primary type="submit" { (t!(text, "save")) }
        }
    };
    plain(text, "describe", "about-change", form)
}

fn add(text: Text, (typed, error): (&str, Option<&InputError>), path: &str) -> Markup {
    let form = html! {
        form method="post" action={ (path) "/members" } data-testid="add-form" {
            (people_field(text, typed, error))
            button.primary type="submit" { (t!(text, "about-add-button")) }
        }
    };
    plain(text, "add", "about-add", form)
}

fn leave(text: Text, path: &str) -> Markup {
    let form = html! {
        p.hint { (t!(text, "room-leave-hint")) }
        form method="post" action={ (path) "/leave" } data-testid="leave-form" {
            button.button.danger type="submit" { (t!(text, "room-leave")) }
        }
    };
    plain(text, "leave", "room-leave", form)
}

fn block(text: Text, partner: UserId) -> Markup {
    let partner = partner.to_string();
    let form = html! {
        p.hint { (t!(text, "account-block-hint")) }
        (button("/account/block", &[("user", &partner)], "danger", &t!(text, "account-block")))
    };
    plain(text, "block", "account-block", form)
}

fn members(shell: &Shell, about: &About, path: &str) -> Markup {
    let text = shell.text;
    let list = html! {
        @if about.size > about.members.len() as i64 || !about.q.is_empty() {
            form.search method="get" action={ (path) "/about" } role="search" {
                label.visually-hidden for="q" { (t!(text, "people-find-member")) }
                input #q type="search" name="q" value=(about.q) placeholder=(t!(text, "people-find-member")) maxlength="64" autocomplete="off";
                button type="submit" { (icon(SEARCH_ICON)) span.visually-hidden { (t!(text, "search")) } }
            }
        }
        ul.people #results { @for member in about.members { (row(shell, about.conversation, member)) } }
    };
    let title = t!(text, "room-members", count = about.size);
    section(text, "members", &title, &Outcome::None, list)
}

fn row(shell: &Shell, conversation: &ConversationSummary, member: &Member) -> Markup {
    let (text, user) = (shell.text, &member.user);
    let who = display_name(text, &user.display_name);
    let who = who.as_str();
    let path = format!("/c/{}/members/{}", conversation.id, user.id);
    let owns = conversation.role == Role::Owner && conversation.kind != ConversationKind::Direct;
    html! {
        li.member data-testid="member" data-name=(user.name) {
            (avatar(&user.display_name, user.avatar))
            span.titles {
                span.name dir="auto" { (who) }
                @if user.display_name != user.name.as_str() { span.handle { "@" (user.name) } }
                @if member.role == Role::Owner { span.hint { (t!(text, "about-owner")) } }
            }
            @if owns {
                form method="post" action={ (path) "/role" } {
                    @if member.role == Role::Owner {
                        button.quiet name="role" value="member" aria-label=(t!(text, "about-make-member-named", name = who)) { (t!(text, "about-make-member")) }
                    } @else {
                        button.quiet name="role" value="owner" aria-label=(t!(text, "about-make-owner-named", name = who)) { (t!(text, "about-make-owner")) }
                    }
                }
                @if user.id != shell.me.id {
                    form method="post" action={ (path) "/remove" } {
                        button.quiet type="submit" aria-label=(t!(text, "about-remove-named", name = who)) { (t!(text, "about-remove")) }
                    }
                }
            }
        }
    }
}
