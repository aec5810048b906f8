//! A line in the flow that is no message, as HTML without words: [`super::words`] puts them there. Pure.

use maud::{Markup, html};

use super::widgets::{is_former, rfc3339, time_of_day};
use crate::domain::{Notice, NoticeKind};

/// The notice's list item: the same bytes for everybody.
pub fn item(notice: &Notice) -> Markup {
    let subject = notice.subject.as_ref().map(|(_, name)| name);
    let former = [("actor", Some(&notice.actor_name)), ("subject", subject)];
    let former = former
        .iter()
        .filter(|(_, name)| name.is_some_and(|name| is_former(name)));
    let former: Vec<&str> = former.map(|(whose, _)| *whose).collect();
    html! {
        li.notice data-testid="notice" data-rev=(notice.rev) data-after=(notice.after_seq) {
            span data-t=(words(notice.kind)) data-actor=(notice.actor_name) data-subject=[subject]
                data-text=[notice.text.as_ref()] data-former=[(!former.is_empty()).then(|| former.join(" "))] {}
            " "
            time datetime=(rfc3339(notice.at)) { (time_of_day(notice.at)) }
        }
    }
}

/// The message of locales/*/message.ftl.
fn words(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Created => "notice-created",
        NoticeKind::Joined => "notice-joined",
        NoticeKind::Added => "notice-added",
        NoticeKind::Left => "notice-left",
        NoticeKind::Removed => "notice-removed",
        NoticeKind::Renamed => "notice-renamed",
        NoticeKind::Topic => "notice-topic",
        NoticeKind::Promoted => "notice-promoted",
        NoticeKind::Demoted => "notice-demoted",
    }
}
