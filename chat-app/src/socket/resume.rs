//! What a browser missed: the changes of the conversation on screen, and the head of every other that changed. Does I/O.

use serde::Serialize;

use super::Resume;
use crate::app::App;
use crate::domain::{ConversationId, ConversationSummary, UserId};
use crate::store::timeline::Change;
use crate::store::{Pool, changes, conversations, timeline};
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
    let pool = &app.pool;
    // Taken before anything is read: what changes meanwhile is told once more.
    let cursor = changes::cursor(pool).await?;
    let mut resumed = Resumed {
        xid: cursor.xid.to_string(),
        reload: true,
        conversation: None,
        heads: Vec::new(),
        gone: Vec::new(),
        epoch: cursor.epoch,
    };
    let Ok(xid) = resume.xid.parse() else {
        return Ok(resumed);
    };
    if resume.epoch != resumed.epoch || xid < cursor.horizon {
        return Ok(resumed);
    }
    let touched = conversations::changed_since(pool, user, xid, LIMIT + 1).await?;
    if touched.len() as i64 > LIMIT {
        return Ok(resumed);
    }
    let (mut changed, mut gone) = (Vec::new(), Vec::new());
    for (id, is_in) in touched {
        if is_in {
            changed.push(id)
        } else {
            gone.push(id)
        }
    }
    let heads = match changed.as_slice() {
        [] => Vec::new(),
        ids => conversations::summaries(pool, user, ids).await?,
    };
    if let Some(id) = resume.conversation {
        // One that has not changed since may still have a hole on screen.
        let on_screen = match heads.iter().find(|summary| summary.id == id) {
            Some(summary) => Some(summary.clone()),
            None => conversations::summary(pool, user, id).await?,
        };
        if let Some(summary) = on_screen {
            if !(0..=LIMIT).contains(&(summary.rev - resume.rev)) {
                return Ok(resumed);
            }
            resumed.conversation = Some(missed(pool, &summary, resume.rev).await?);
        }
    }
    resumed.heads = heads
        .iter()
        .map(|summary| Head {
            conversation: summary.id,
            last_seq: summary.last_seq,
            unread: summary.unread(),
            html: views::list::item(text, summary, resume.conversation == Some(summary.id))
                .into_string(),
        })
        .collect();
    (resumed.reload, resumed.gone) = (false, gone);
    Ok(resumed)
}

async fn missed(pool: &Pool, summary: &ConversationSummary, rev: i64) -> sqlx::Result<Missed> {
    let changes = if summary.rev > rev {
        let mut connection = pool.acquire().await?;
        timeline::changes(&mut connection, summary.id, rev, summary.rev, LIMIT)
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
