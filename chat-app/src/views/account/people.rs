//! The people that a person has blocked, and the style sheet that folds their messages. Pure.

use maud::{Markup, html};

use super::AccountPage;
use crate::domain::UserId;
use crate::t;
use crate::text::Text;
use crate::views::settings::{button, section};
use crate::views::widgets::{avatar, handle_of};

pub(super) fn blocked(text: Text, page: &AccountPage) -> Markup {
    let list = html! {
        @if page.blocked.is_empty() {
            p.hint { (t!(text, "account-blocked-none")) }
        } @else {
            ul.rows {
                @for person in page.blocked {
                    li.row data-testid="blocked" data-name=(person.name) {
                        (avatar(&person.display_name, person.avatar))
                        span.grow { bdi { (person.display_name) } " " (handle_of(person)) }
                        (button("/account/unblock", &[("user", &person.id.to_string())], "quiet",
                            &t!(text, "account-unblock")))
                    }
                }
            }
        }
    };
    let title = t!(text, "account-blocked");
    section(text, "blocked", &title, page.outcome("blocked"), list)
}

/// Folds the messages of these people; a link to one of them unfolds it.
pub(crate) fn folded_css(text: Text, blocked: &[UserId]) -> String {
    // These characters would end the CSS string.
    let words = t!(text, "folded-message").replace(['"', '\\', '\n'], "");
    let rule = |id: &UserId| {
        format!(
            ".message[data-sender=\"{id}\"]:not(:target)>:not(.avatar,.meta){{display:none}}\
             .message[data-sender=\"{id}\"]:not(:target)::after{{content:\"{words}\";grid-column:-2/-1;color:var(--muted);font-style:italic}}\
             :is(.preview:not([data-t]),.hit .text)[data-sender=\"{id}\"]>*{{display:none}}\
             :is(.preview:not([data-t]),.hit .text)[data-sender=\"{id}\"]::after{{content:\"{words}\";font-style:italic}}"
        )
    };
    blocked.iter().map(rule).collect()
}
