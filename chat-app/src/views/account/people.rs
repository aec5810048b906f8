//! Whom one has blocked, and how what they say is folded. Pure.

use maud::{Markup, html};

use super::View;
use crate::domain::UserId;
use crate::t;
use crate::text::Text;
use crate::views::settings::{button, section};
use crate::views::widgets::avatar;

pub(super) fn blocked(text: Text, view: &View) -> Markup {
    let list = html! {
        @if view.blocked.is_empty() {
            p.hint { (t!(text, "account-blocked-none")) }
        } @else {
            ul.rows {
                @for person in view.blocked {
                    li.row data-testid="blocked" data-name=(person.name) {
                        (avatar(&person.display_name, person.avatar))
                        span.grow { bdi { (person.display_name) } }
                        (button("/account/unblock", &[("user", &person.id.to_string())], "quiet",
                            &t!(text, "account-unblock")))
                    }
                }
            }
        }
    };
    let title = t!(text, "account-blocked");
    section(text, "blocked", &title, view.outcome("blocked"), list)
}

/// Folds what these people say; a link to one message opens it. It is the reader's alone, and never cached.
pub fn folded_css(text: Text, blocked: &[UserId]) -> String {
    // A sentence of ours, but CSS has its own idea of what ends a string.
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
