//! The answer to a browser that resumes: what it missed. Does I/O (PostgreSQL).

use std::sync::Arc;

use serde::Serialize;

use super::Resume;
use crate::app::App;
use crate::domain::{Change, ConversationId, ConversationSummary, UserId};
use crate::store::missed::{OnScreen, ResumePoint};
use crate::text::Text;
use crate::views;

#[derive(Serialize)]
#[serde(tag = "type", rename = "resumed")]
pub(super) struct Resumed {
    /// The cursor from now on.
    epoch: String,
    xid: String,
    /// Too much was missed, or the epoch is another one: the page has to be reloaded.
    reload: bool,
    conversation: Option<Changed>,
    heads: Vec<Head>,
    /// Conversations of which the user is no longer a member.
    gone: Vec<ConversationId>,
}

/// The current state of everything that changed in the revs (from, to].
#[derive(Serialize)]
struct Changed {
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

impl Resume {
    fn point(&self, user: UserId) -> ResumePoint {
        ResumePoint {
            user,
            epoch: self.epoch.clone(),
            xid: self.xid.parse().ok(),
            on_screen: self.conversation.map(|id| (id, self.rev)),
        }
    }
}

pub(super) async fn answer(
    app: &App,
    user: UserId,
    text: Text,
    resume: &Resume,
) -> Result<Resumed, Arc<sqlx::Error>> {
    let found = app.missed.get(resume.point(user)).await?;
    let missed = found.ok_or_else(|| Arc::new(sqlx::Error::RowNotFound))?;
    let mut resumed = Resumed {
        epoch: missed.cursor.epoch,
        xid: missed.cursor.xid.to_string(),
        reload: true,
        conversation: None,
        heads: Vec::new(),
        gone: Vec::new(),
    };
    let Some(news) = missed.news else {
        return Ok(resumed);
    };
    let heads = news.changed.iter();
    resumed.heads = heads
        .map(|summary| head(text, summary, resume.conversation))
        .collect();
    resumed.conversation = news.on_screen.map(|it| on_screen(&it, resume.rev));
    (resumed.reload, resumed.gone) = (false, news.gone);
    Ok(resumed)
}

fn head(text: Text, summary: &ConversationSummary, on_screen: Option<ConversationId>) -> Head {
    Head {
        conversation: summary.id,
        last_seq: summary.last_seq,
        unread: summary.unread,
        html: views::list::item(text, summary, on_screen == Some(summary.id)).into_string(),
    }
}

fn on_screen(OnScreen { summary, changes }: &OnScreen, rev: i64) -> Changed {
    let missed = changes.iter().filter(|change| change.rev() > rev);
    let seen = missed.filter(|change| match change {
        Change::Message(message) => message.seq > summary.floor(),
        Change::Notice(notice) => notice.after_seq >= summary.floor(),
    });
    let items = seen.map(|change| Item {
        rev: change.rev(),
        html: views::message::change(change).into_string(),
    });
    Changed {
        id: summary.id,
        from: rev,
        to: summary.rev,
        items: items.collect(),
    }
}
