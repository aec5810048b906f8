//! The invitations, and the form for a new one. Pure.

use maud::{Markup, html};

pub(crate) use super::people::FormResult;
use super::{next_link, page, secret_link};
use crate::config::Registration;
use crate::store::invites::Invite;
use crate::t;
use crate::text::Text;
use crate::views::settings::{button, section};
use crate::views::shell::Shell;
use crate::views::widgets::{display_name, timestamp};

pub(crate) fn list(
    shell: &Shell,
    invites: &[Invite],
    has_more: bool,
    result: &FormResult,
) -> Markup {
    let text = shell.text;
    let last = invites.last().map_or(0, |invite| invite.id).to_string();
    let content = html! {
        (form(shell, result))
        section.setting aria-labelledby="invites-title" {
            h2 #invites-title { (t!(text, "admin-invites")) }
            @if invites.is_empty() { p.hint { (t!(text, "admin-none")) } }
            ul.rows { @for invite in invites { (row(text, invite)) } }
            (next_link(text, "/admin/invites", &[("before", &last)], has_more))
        }
    };
    page(shell, "/admin/invites", content)
}

fn form(shell: &Shell, result: &FormResult) -> Markup {
    let text = shell.text;
    let content = html! {
        @if shell.config.registration == Registration::Closed { p.hint { (t!(text, "admin-invite-closed")) } }
        @if let FormResult::Link(link) = result {
            p role="status" { (t!(text, "admin-invite-made")) }
            (secret_link(text, link))
        }
        form method="post" action="/admin/invites" data-testid="invite-form" {
            div.field {
                label for="days" { (t!(text, "admin-invite-days")) }
                input #days name="days" type="number" value="7" min="1" max="365" required;
            }
            div.field {
                label for="uses" { (t!(text, "admin-invite-uses")) }
                input #uses name="uses" type="number" value="1" min="1" max="1000" required;
            }
            button.button.primary type="submit" { (t!(text, "admin-invite-make")) }
        }
    };
    let title = t!(text, "admin-invite-new");
    section(text, "invite", &title, &result.outcome(), content)
}

fn row(text: Text, invite: &Invite) -> Markup {
    let used = t!(
        text,
        "admin-invite-uses-of",
        uses = invite.uses,
        max = invite.max_uses
    );
    let by = t!(
        text,
        "admin-invite-by",
        name = display_name(text, &invite.created_by_name)
    );
    html! {
        li.row data-testid="invite" data-invite=(invite.id) {
            span.grow {
                span { (invite.id) ". " (used) ", " (by) }
                span.hint {
                    @if invite.open { (t!(text, "admin-invite-until")) " " (timestamp(invite.expires_at)) }
                    @else { (t!(text, "admin-invite-over")) }
                }
            }
            @if invite.open {
                (button("/admin/invites/revoke", &[("invite", &invite.id.to_string())], "quiet",
                    &t!(text, "admin-invite-revoke")))
            }
        }
    }
}
