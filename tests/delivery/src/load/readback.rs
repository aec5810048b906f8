//! Reading conversations by their pages: as a tab does that has missed much, and at the end to see what stayed. Does I/O.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::shared::Shared;
use crate::journal::{Entry, History, Item};
use crate::shown::{self, Cursor, Page};
use anyhow::{Context, Error, Result, anyhow};

/// Pages that a tab reads back to find what it knew: a person scrolls no further.
const PAGES_BACK: usize = 400;
/// Pages that each member but the keeper reads back at the end.
const MEMBER_PAGES: usize = 400;
const READERS: usize = 8;
/// A conversation that can't be read back for so long can't be checked.
const PATIENCE: Duration = Duration::from_secs(120);

/// A conversation as far as it was read back.
pub(super) struct Loaded {
    pub cursor: Cursor,
    pub rev: i64,
    pub seq: i64,
    pub items: Vec<Item>,
    whole: bool,
}

/// Loads a conversation, back to the message `known` where there is one; `None` where the person is told that there is none.
pub(super) async fn load(
    shared: &Shared,
    at: usize,
    person: u32,
    conversation: i64,
    known: Option<i64>,
) -> Result<Option<Loaded>> {
    let reader = Reader {
        shared,
        at,
        person,
        conversation,
    };
    match known {
        None => reader.back(i64::MAX, 1).await,
        Some(seq) => reader.back(seq, PAGES_BACK).await,
    }
}

struct Reader<'a> {
    shared: &'a Shared,
    at: usize,
    person: u32,
    conversation: i64,
}

impl Reader<'_> {
    async fn page(&self, query: &str) -> Result<Option<Page>> {
        let session = &self.shared.person(self.person).session;
        let path = format!("/c/{}{query}", self.conversation);
        let reply = self.shared.site.get(self.at, session, &path).await?;
        match reply.status {
            404 => Ok(None),
            200 => Ok(Some(shown::page(&reply.body).with_context(|| {
                format!("{path} is no page of a conversation")
            })?)),
            status => Err(anyhow!("{path} was answered {status}")),
        }
    }

    /// From the latest back to the message `known`, over at most so many pages.
    async fn back(&self, known: i64, pages: usize) -> Result<Option<Loaded>> {
        let Some(latest) = self.page("").await? else {
            return Ok(None);
        };
        let mut loaded = Loaded {
            cursor: latest.cursor.clone(),
            rev: latest.rev,
            seq: latest.seq,
            items: Vec::new(),
            whole: false,
        };
        let mut page = latest;
        for read in 1.. {
            let first = page.items.iter().find_map(|item| match item {
                Item::Message(message) => Some(message.seq),
                Item::Notice(_) => None,
            });
            loaded.items.splice(0..0, page.items);
            loaded.whole = !page.older;
            let Some(first) = first.filter(|first| !loaded.whole && *first > known && read < pages)
            else {
                break;
            };
            let older = self.page(&format!("?before={first}")).await?;
            page = older.context("a conversation is gone while it is read back")?;
        }
        Ok(Some(loaded))
    }

    async fn history(&self, pages: usize) -> Result<History> {
        let at = self.shared.recorder.now();
        let loaded = self.back(0, pages).await?;
        Ok(History {
            person: self.person,
            conversation: self.conversation,
            at,
            rev: loaded.as_ref().map(|loaded| loaded.rev),
            whole: loaded.as_ref().is_none_or(|loaded| loaded.whole),
            items: loaded.map(|loaded| loaded.items).unwrap_or_default(),
        })
    }
}

/// Everybody reads every conversation back, also those that they are not in. Answers where each stands.
pub(super) async fn run(shared: &Arc<Shared>) -> Result<HashMap<i64, i64>> {
    let mut ends = HashMap::new();
    let permits = Arc::new(Semaphore::new(READERS));
    let rooms: Vec<(i64, u32)> = shared
        .rooms()
        .values()
        .map(|room| (room.id, room.keeper))
        .collect();
    let mut readers = JoinSet::new();
    for (conversation, keeper) in rooms {
        // First the one whose reading all others are held against.
        let history = patiently(shared, keeper, conversation, usize::MAX).await?;
        let rev = history
            .rev
            .context("a keeper is told that their conversation does not exist")?;
        ends.insert(conversation, rev);
        shared.recorder.push(Entry::History(history));
        for person in (0..shared.people.len() as u32).filter(|&person| person != keeper) {
            let (shared, permits) = (shared.clone(), permits.clone());
            readers.spawn(async move {
                let _permit = permits.acquire().await?;
                let history = patiently(&shared, person, conversation, MEMBER_PAGES).await?;
                shared.recorder.push(Entry::History(history));
                Ok::<_, Error>(())
            });
        }
    }
    while let Some(read) = readers.join_next().await {
        read??;
    }
    Ok(ends)
}

/// Tries until it can be read.
async fn patiently(
    shared: &Shared,
    person: u32,
    conversation: i64,
    pages: usize,
) -> Result<History> {
    let end = Instant::now() + PATIENCE;
    let mut at = person as usize;
    loop {
        at += 1;
        let reader = Reader {
            shared,
            at,
            person,
            conversation,
        };
        match reader.history(pages).await {
            Ok(history) => return Ok(history),
            Err(error) if Instant::now() > end => {
                return Err(error).context("a conversation can't be read back");
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
}

/// Reads a conversation once, as somebody who should not see it.
pub(super) async fn probe(shared: &Shared, person: u32, conversation: i64) -> Result<()> {
    let reader = Reader {
        shared,
        at: person as usize,
        person,
        conversation,
    };
    shared
        .recorder
        .push(Entry::History(reader.history(1).await?));
    Ok(())
}
