//! What a browser missed: the changes of the conversation on screen, and the head of every other that changed. Does I/O.

use std::collections::HashSet;

use serde::Serialize;
use sqlx::PgConnection;

use super::Resume;
use crate::app::App;
use crate::domain::{ConversationId, ConversationSummary, UserId};
use crate::store::timeline::Change;
use crate::store::{changes, conversations, timeline};
use crate::text::Text;
use crate::views;

/// Past this many missed changes, or changed conversations, reading the page anew is cheaper.
const LIMIT: i64 = 200;

#[derive(Serialize)]
#[serde(tag = "type", rename = "resumed")]
pub(super) struct Resumed {
    /// The cursor from now on.
    epoch: String,
    xid: String,
    /// Too much was missed, or the history is another: load the page again.
    reload: bool,
    conversation: Option<Missed>,
    heads: Vec<Head>,
    /// Conversations that the person is no longer in.
    gone: Vec<ConversationId>,
}

/// The current state of what changed in the revs (from, to].
#[derive(Serialize)]
struct Missed {
    id: ConversationId,
    from: i64,
    to: i64,
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    rev: i64,
    html: String,
}

#[derive(Serialize)]
struct Head {
    conversation: ConversationId,
    last_seq: i64,
    unread: i64,
    html: String,
}

pub(super) async fn answer(
    app: &App,
    user: UserId,
    text: Text,
    resume: &Resume,
) -> sqlx::Result<Resumed> {
    // Some resumes at a time: a herd that comes back together must not take what sends and pages need.
    let _permit = app
        .resumes
        .acquire()
        .await
        .expect("the semaphore is never closed");
    // One connection, and few questions: each is a round trip.
    let mut connection = app.pool.acquire().await?;
    let xid = resume.xid.parse().ok();
    // The cursor is of the moment in which the changes are read; what changes after it is told once more.
    let (cursor, touched) = changes::of_person(&mut connection, user, xid, LIMIT + 1).await?;
    let mut resumed = Resumed {
        xid: cursor.xid.to_string(),
        reload: true,
        conversation: None,
        heads: Vec::new(),
        gone: Vec::new(),
        epoch: cursor.epoch,
    };
    let reaches = resume.epoch == resumed.epoch && xid.is_some_and(|xid| xid >= cursor.horizon);
    if !reaches || touched.len() as i64 > LIMIT {
        return Ok(resumed);
    }
    let (changed, gone) = split(touched);
    let summaries = summaries(&mut connection, user, &changed, resume.conversation).await?;
    let on_screen = summaries
        .iter()
        .find(|summary| resume.conversation == Some(summary.id));
    if let Some(summary) = on_screen {
        if !(0..=LIMIT).contains(&(summary.rev - resume.rev)) {
            return Ok(resumed);
        }
        resumed.conversation = Some(missed(&mut connection, summary, resume.rev).await?);
    }
    resumed.heads = heads(text, &summaries, &changed, resume.conversation);
    (resumed.reload, resumed.gone) = (false, gone);
    Ok(resumed)
}

/// Changed conversations that the person is in, and those that they are no longer in.
fn split(touched: Vec<(ConversationId, bool)>) -> (HashSet<ConversationId>, Vec<ConversationId>) {
    let (mut changed, mut gone) = (HashSet::new(), Vec::new());
    for (id, is_in) in touched {
        if is_in {
            changed.insert(id);
        } else {
            gone.push(id);
        }
    }
    (changed, gone)
}

/// Of what changed, and of what is on screen: it may have a hole although it has not changed since.
async fn summaries(
    connection: &mut PgConnection,
    user: UserId,
    changed: &HashSet<ConversationId>,
    on_screen: Option<ConversationId>,
) -> sqlx::Result<Vec<ConversationSummary>> {
    let more = on_screen.filter(|id| !changed.contains(id));
    let ids: Vec<_> = changed.iter().copied().chain(more).collect();
    match ids.as_slice() {
        [] => Ok(Vec::new()),
        ids => conversations::summaries(connection, user, ids).await,
    }
}

fn heads(
    text: Text,
    summaries: &[ConversationSummary],
    changed: &HashSet<ConversationId>,
    on_screen: Option<ConversationId>,
) -> Vec<Head> {
    let changed = summaries
        .iter()
        .filter(|summary| changed.contains(&summary.id));
    changed
        .map(|summary| Head {
            conversation: summary.id,
            last_seq: summary.last_seq,
            unread: summary.unread(),
            html: views::list::item(text, summary, on_screen == Some(summary.id)).into_string(),
        })
        .collect()
}

async fn missed(
    connection: &mut PgConnection,
    summary: &ConversationSummary,
    rev: i64,
) -> sqlx::Result<Missed> {
    let changes = if summary.rev > rev {
        timeline::changes(connection, summary.id, rev, summary.rev, LIMIT)
            .await?
            .0
    } else {
        Vec::new()
    };
    let items = changes.iter().filter_map(|change| match change {
        Change::Message(message) if message.seq <= summary.floor() => None,
        Change::Notice(notice) if notice.after_seq < summary.floor() => None,
        change => Some(Item {
            rev: change.rev(),
            html: views::message::change(change).into_string(),
        }),
    });
    Ok(Missed {
        id: summary.id,
        from: rev,
        to: summary.rev,
        items: items.collect(),
    })
}
