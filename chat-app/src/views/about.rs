//! The page about a conversation: its name, its members, and what its reader may change. Pure.

use maud::{Markup, html};

use super::list::conversation_name;
use super::notifications;
use super::rooms::{description, people_field};
use super::settings::{Outcome, button, page as settings_page, section};
use super::shell::Shell;
use super::widgets::{SEARCH_ICON, app_label, avatar, display_name, handle_of, icon, is_former};
use crate::domain::{ConversationKind, ConversationSummary, Member, Role, UserId};
use crate::input_error::InputError;
use crate::t;
use crate::text::Text;

#[derive(Debug)]
pub(crate) struct AboutPage<'a> {
    pub(crate) conversation: &'a ConversationSummary,
    pub(crate) members: &'a [Member],
    pub(crate) size: i64,
    /// The search for members.
    pub(crate) q: &'a str,
    /// The people to add, as typed, and what is wrong with them.
    pub(crate) people: (&'a str, Option<&'a InputError>),
    pub(crate) rejected: Option<&'a RejectedDescription<'a>>,
}

/// A name and a topic as typed, and what is wrong with each.
#[derive(Debug)]
pub(crate) struct RejectedDescription<'a> {
    pub(crate) title: &'a str,
    pub(crate) title_error: Option<InputError>,
    pub(crate) topic: &'a str,
    pub(crate) topic_error: Option<InputError>,
}

pub(crate) fn page(shell: &Shell, page: &AboutPage) -> Markup {
    let (text, conversation) = (shell.text, page.conversation);
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
        @if !direct && may_add { (add(text, page.people, &path)) }
        (members(shell, page, &path))
        (plain(text, "notifications", "about-notifications",
            notifications::level_form(text, conversation.id, conversation.level)))
        @if conversation.kind.is_room() && conversation.role == Role::Owner { (integrations(text, &path)) }
        @if !direct && may_describe { (change(text, page, &path)) }
        @if !direct { (leave(text, &path)) }
        @if let Some(partner) = conversation.partner.filter(|_| !is_former(&conversation.name)) {
            (block(text, partner))
        }
    };
    settings_page(shell, &title, html! {}, content)
}

/// A section without an outcome: its errors stand beside its fields.
fn plain(text: Text, id: &str, title: &str, content: Markup) -> Markup {
    section(text, id, &text.get(title), &Outcome::None, content)
}

fn change(text: Text, page: &AboutPage, path: &str) -> Markup {
    let conversation = page.conversation;
    let group = conversation.kind == ConversationKind::Group;
    let (title, topic) = match page.rejected {
        Some(typed) => (
            (typed.title, typed.title_error.as_ref()),
            (typed.topic, typed.topic_error.as_ref()),
        ),
        None => {
            // The name of a group may be only the names of its members.
            let title = if group { "" } else { &conversation.name };
            ((title, None), (conversation.topic.as_str(), None))
        }
    };
    let form = html! {
        form method="post" action={ (path) "/about" } data-testid="about-form" {
            (description(text, group, title, topic))
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

fn integrations(text: Text, path: &str) -> Markup {
    let content = html! {
        p.hint { (t!(text, "hooks-about")) }
        a.button href={ (path) "/hooks" } data-testid="hooks-link" { (t!(text, "hooks-manage")) }
    };
    plain(text, "integrations", "hooks-title", content)
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

fn members(shell: &Shell, page: &AboutPage, path: &str) -> Markup {
    let text = shell.text;
    let list = html! {
        @if page.size > page.members.len() as i64 || !page.q.is_empty() {
            form.search method="get" action={ (path) "/about" } role="search" {
                label.visually-hidden for="q" { (t!(text, "people-find-member")) }
                input #q type="search" name="q" value=(page.q) placeholder=(t!(text, "people-find-member")) maxlength="64" autocomplete="off";
                button type="submit" { (icon(SEARCH_ICON)) span.visually-hidden { (t!(text, "search")) } }
            }
        }
        ul.people #results { @for member in page.members { (row(shell, page.conversation, member)) } }
    };
    let title = t!(text, "room-members", count = page.size);
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
                (handle_of(user))
                @if member.role == Role::Owner { span.hint { (t!(text, "about-owner")) } }
                @if member.integration { (app_label(None)) }
            }
            @if owns { (member_menu(text, &path, member, who, user.id == shell.me.id)) }
        }
    }
}

/// What an owner can do with a member, behind a button, so that nobody is removed by a slip.
fn member_menu(text: Text, path: &str, member: &Member, who: &str, own: bool) -> Markup {
    html! {
        details.member-menu name="member-menu" {
            summary.button.icon.quiet title=(t!(text, "about-member", name = who)) {
                (icon("M5 12h.01M12 12h.01M19 12h.01"))
                span.visually-hidden { (t!(text, "about-member", name = who)) }
            }
            div.acts {
                @if !member.integration { form method="post" action={ (path) "/role" } {
                    @if member.role == Role::Owner {
                        button.act name="role" value="member" aria-label=(t!(text, "about-make-member-named", name = who)) { (t!(text, "about-make-member")) }
                    } @else {
                        button.act name="role" value="owner" aria-label=(t!(text, "about-make-owner-named", name = who)) { (t!(text, "about-make-owner")) }
                    }
                } }
                @if !own {
                    form method="post" action={ (path) "/remove" } {
                        button.act.danger type="submit" aria-label=(t!(text, "about-remove-named", name = who)) { (t!(text, "about-remove")) }
                    }
                }
            }
        }
    }
}
