//! A page that a person keeps open: its live connection and all conversations on it. Does I/O.
//!
//! It behaves as live.js and log.js do: it subscribes, then resumes; holds changes that arrive ahead of a gap, and asks again
//! for a gap that stays; reconnects to the next replica. A browser has one conversation on a page; this tab resumes each in
//! turn.
//!
//! A tab is a task of its own. Its state lives from the start of the load until [`Tab::run`] returns.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::read_back::Loaded;
use super::shared::Shared;
use crate::journal::{self, Connection, Entry, State};
use crate::page::Cursor;
use connection::End;
use logs::ConversationLog;
use timing::{FIRST_RETRY_MS, LAST_RETRY_MS, QUICK_RETRIES};

mod connection;
mod logs;
mod timing;

pub(super) struct Tab {
    id: journal::Tab,
    user: i64,
    shared: Arc<Shared>,
    cursor: Option<Cursor>,
    logs: HashMap<i64, ConversationLog>,
    loading: HashSet<i64>,
    /// Conversations to load once more after the load in progress: the person was added again meanwhile.
    load_again: HashSet<i64>,
    loaded: (mpsc::Sender<Loading>, mpsc::Receiver<Loading>),
    /// The replica to connect to.
    at: usize,
    attempts: u32,
}

/// A page that was loaded; `None` if the person may not see the conversation.
struct Loading {
    conversation: i64,
    page: Option<Loaded>,
}

impl Tab {
    pub(super) fn new(shared: Arc<Shared>, id: journal::Tab) -> Self {
        let people = shared.people.len();
        Self {
            user: shared.person(id.person).user,
            // The tabs of one person are on different replicas.
            at: id.person as usize + id.tab as usize / people,
            id,
            shared,
            cursor: None,
            logs: HashMap::new(),
            loading: HashSet::new(),
            load_again: HashSet::new(),
            loaded: mpsc::channel(64),
            attempts: 0,
        }
    }

    /// Stays open until `close` is cancelled.
    pub(super) async fn run(mut self, close: CancellationToken) {
        for conversation in self.own_conversations() {
            self.load(conversation);
        }
        loop {
            let end = close.run_until_cancelled(self.live()).await;
            let end = end.unwrap_or(End::Closed);
            let over = matches!(end, End::Closed | End::Revoked);
            self.note(if over { State::Closed } else { State::Lost });
            self.at += 1;
            match end {
                End::Closed | End::Revoked => return,
                End::Redirected => {}
                End::Lost => {
                    self.shared.recorder.lost.fetch_add(1, Relaxed);
                    let slower = self.attempts.saturating_sub(QUICK_RETRIES).min(16);
                    let wait = (FIRST_RETRY_MS << slower).min(LAST_RETRY_MS);
                    let share = match self.attempts {
                        0 => fastrand::f64(),
                        _ => 0.5 + fastrand::f64() / 2.0,
                    };
                    self.attempts += 1;
                    let wait = Duration::from_millis(wait).mul_f64(share);
                    if close
                        .run_until_cancelled(tokio::time::sleep(wait))
                        .await
                        .is_none()
                    {
                        return;
                    }
                }
            }
        }
    }

    fn own_conversations(&self) -> Vec<i64> {
        let rooms = self.shared.rooms();
        let own = rooms
            .values()
            .filter(|room| room.members.contains(&self.id.person));
        own.map(|room| room.id).collect()
    }

    fn note(&self, state: State) {
        self.shared.recorder.push(Entry::Connection(Connection {
            tab: self.id.tab,
            at: self.shared.recorder.now(),
            state,
        }));
    }
}
