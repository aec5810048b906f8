//! Rooms as admins see them. Pure.

use maud::{Markup, html};

use super::{next_link, page, search_form};
use crate::domain::User;
use crate::input_error::InputError;
use crate::store::admin::Room;
use crate::t;
use crate::text::Text;
use crate::views::settings::{Outcome, button, section};
use crate::views::shell::Shell;
use crate::views::widgets::{avatar, handle_of};

/// All rooms, or those that match `q`.
pub(crate) fn list(shell: &Shell, q: &str, rooms: &[Room], has_more: bool) -> Markup {
    let text = shell.text;
    let last = rooms.last().map_or(0, |room| room.id.0).to_string();
    let content = html! {
        (search_form(text, "/admin/rooms", q))
        @if rooms.is_empty() { p.hint { (t!(text, "admin-none")) } }
        ul.rows {
            @for room in rooms {
                li.row data-testid="room" {
                    a.grow href={ "/admin/rooms/" (room.id) } {
                        bdi { (room.title) }
                        span.hint { (kind(text, room)) " · " (t!(text, "admin-room-members", count = room.members)) }
                    }
                }
            }
        }
        (next_link(text, "/admin/rooms", &[("q", q), ("after", &last)], has_more))
    };
    page(shell, "/admin/rooms", content)
}

fn kind(text: Text, room: &Room) -> String {
    if room.public {
        t!(text, "admin-room-public")
    } else {
        t!(text, "admin-room-private")
    }
}

/// A room: its name and its members.
pub(crate) fn room(
    shell: &Shell,
    room: &Room,
    members: &[User],
    has_more: bool,
    error: Option<InputError>,
) -> Markup {
    let text = shell.text;
    let path = format!("/admin/rooms/{}", room.id);
    let last = members.last().map_or("", |member| member.name.as_str());
    let content = html! {
        p.hint { (kind(text, room)) " · " (t!(text, "admin-room-members", count = room.members)) }
        @if !room.topic.is_empty() { p dir="auto" { (room.topic) } }
        form method="post" action=(path) data-testid="rename-form" {
            div.field {
                label for="title" { (t!(text, "admin-room-title")) }
                input #title name="title" type="text" value=(room.title) maxlength="80" required dir="auto" autocomplete="off";
            }
            button.button.primary type="submit" { (t!(text, "admin-room-rename")) }
        }
        p { a href={ "/c/" (room.id) "/hooks" } { (t!(text, "hooks-manage")) } }
        ul.rows {
            @for member in members {
                li.row data-testid="member" data-name=(member.name) {
                    (avatar(&member.display_name, member.avatar))
                    span.grow { bdi { (member.display_name) } " " (handle_of(member)) }
                    (button(&format!("{path}/remove"), &[("user", &member.id.to_string())], "quiet",
                        &t!(text, "admin-room-remove")))
                }
            }
        }
        (next_link(text, &path, &[("after", last)], has_more))
    };
    let outcome = error.map_or(Outcome::None, Outcome::Invalid);
    let content = section(text, "room", &room.title, &outcome, content);
    page(shell, "/admin/rooms", content)
}
