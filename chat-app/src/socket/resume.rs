//! What a browser missed: the changes of the conversation on screen, and the head of every other that changed. Does I/O.

use serde::Serialize;

use super::Resume;
use crate::app::App;
use crate::domain::{ConversationId, UserId};
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
    if let Some(id) = resume.conversation
        && let Some(summary) = conversations::summary(pool, user, id).await?
    {
        if !(0..=LIMIT).contains(&(summary.rev - resume.rev)) {
            return Ok(resumed);
        }
        let mut connection = pool.acquire().await?;
        let (missed, _) =
            timeline::changes(&mut connection, id, resume.rev, summary.rev, LIMIT).await?;
        drop(connection);
        let items = missed.iter().filter_map(|change| match change {
            Change::Message(message) if message.seq <= summary.floor() => None,
            Change::Notice(notice) if notice.after_seq < summary.floor() => None,
            change => Some(Item {
                rev: change.rev(),
                html: views::message::change(change).into_string(),
            }),
        });
        resumed.conversation = Some(Missed {
            id,
            from: resume.rev,
            to: summary.rev,
            items: items.collect(),
        });
    }
    let changed = conversations::changed_since(pool, user, xid, LIMIT + 1).await?;
    if changed.len() as i64 > LIMIT {
        return Ok(Resumed {
            conversation: None,
            ..resumed
        });
    }
    let heads = changed.iter().map(|summary| Head {
        conversation: summary.id,
        last_seq: summary.last_seq,
        unread: summary.unread(),
        html: views::list::item(text, summary, resume.conversation == Some(summary.id))
            .into_string(),
    });
    Ok(Resumed {
        reload: false,
        heads: heads.collect(),
        gone: conversations::left_since(pool, user, xid).await?,
        ..resumed
    })
}
