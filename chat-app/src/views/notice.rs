//! A notice (somebody joined, a room was renamed) as HTML. Its text comes from [`super::words`]. Pure.

use maud::{Markup, html};

use super::widgets::{is_former, rfc3339, time_of_day};
use crate::domain::{Notice, NoticeKind};

/// The same bytes for everybody.
pub(crate) fn item(notice: &Notice) -> Markup {
    let subject = notice.subject.as_ref().map(|(_, name)| name);
    let former = [("actor", Some(&notice.actor_name)), ("subject", subject)];
    let former = former
        .iter()
        .filter(|(_, name)| name.is_some_and(|name| is_former(name)));
    let former: Vec<&str> = former.map(|(whose, _)| *whose).collect();
    html! {
        li.notice data-testid="notice" data-rev=(notice.rev) data-after=(notice.after_seq) {
            span data-t=(message_id(notice.kind)) data-actor=(notice.actor_name) data-subject=[subject]
                data-text=[notice.text.as_ref()] data-former=[(!former.is_empty()).then(|| former.join(" "))] {}
            " "
            time datetime=(rfc3339(notice.at)) { (time_of_day(notice.at)) }
        }
    }
}

/// The id of the Fluent message in `message.ftl`.
fn message_id(kind: NoticeKind) -> &'static str {
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
        NoticeKind::Imported => "notice-imported",
        NoticeKind::Disabled => "notice-disabled",
    }
}
