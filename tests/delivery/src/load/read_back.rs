//! Reads conversations page by page: for a tab that has missed much, and at the end to see what is stored. Does I/O.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::shared::Shared;
use crate::journal::{Entry, Item, ReadBack};
use crate::page::{self, Cursor, Page};

/// The most pages that a tab reads to get back to what it knew: a person scrolls no further.
const PAGES_BACK: usize = 400;
/// The most pages that everybody except the owner reads back at the end.
const MEMBER_PAGES: usize = 400;
const READERS: usize = 8;
/// A conversation that cannot be read back for so long cannot be checked.
const PATIENCE: Duration = Duration::from_secs(120);
const RETRY: Duration = Duration::from_millis(500);

/// The part of a conversation that was read.
pub(super) struct Loaded {
    pub cursor: Cursor,
    pub rev: i64,
    pub seq: i64,
    pub items: Vec<Item>,
    whole: bool,
}

/// Loads a conversation, back to the message `known` if given; `None` if the person may not see it.
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
            200 => Ok(Some(page::parse(&reply.body).with_context(|| {
                format!("{path} is not the page of a conversation")
            })?)),
            status => Err(anyhow!("{path} was answered {status}")),
        }
    }

    /// From the latest page back to the message `known`, over at most so many pages.
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
            page = older.context("a conversation disappeared while it was read back")?;
        }
        Ok(Some(loaded))
    }

    async fn read_back(&self, pages: usize) -> Result<ReadBack> {
        let at = self.shared.recorder.now();
        let loaded = self.back(0, pages).await?;
        Ok(ReadBack {
            person: self.person,
            conversation: self.conversation,
            at,
            rev: loaded.as_ref().map(|loaded| loaded.rev),
            whole: loaded.as_ref().is_none_or(|loaded| loaded.whole),
            items: loaded.map(|loaded| loaded.items).unwrap_or_default(),
        })
    }
}

/// Everybody reads every conversation back, also as a non-member. Returns the rev of each.
pub(super) async fn run(shared: &Arc<Shared>) -> Result<HashMap<i64, i64>> {
    let mut ends = HashMap::new();
    let permits = Arc::new(Semaphore::new(READERS));
    let rooms: Vec<(i64, u32)> = shared
        .rooms()
        .values()
        .map(|room| (room.id, room.owner))
        .collect();
    let mut readers = JoinSet::new();
    for (conversation, owner) in rooms {
        // The ground truth first: the others are compared with it.
        let read_back = with_retries(shared, owner, conversation, usize::MAX).await?;
        let rev = read_back
            .rev
            .context("an owner may not see their conversation")?;
        ends.insert(conversation, rev);
        shared.recorder.push(Entry::ReadBack(read_back));
        for person in (0..shared.people.len() as u32).filter(|&person| person != owner) {
            let (shared, permits) = (shared.clone(), permits.clone());
            readers.spawn(async move {
                let _permit = permits.acquire().await?;
                let read_back = with_retries(&shared, person, conversation, MEMBER_PAGES).await?;
                shared.recorder.push(Entry::ReadBack(read_back));
                Ok::<_, Error>(())
            });
        }
    }
    while let Some(read) = readers.join_next().await {
        read??;
    }
    Ok(ends)
}

/// Retries until it can be read.
async fn with_retries(
    shared: &Shared,
    person: u32,
    conversation: i64,
    pages: usize,
) -> Result<ReadBack> {
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
        match reader.read_back(pages).await {
            Ok(read_back) => return Ok(read_back),
            Err(error) if Instant::now() > end => {
                return Err(error).context("a conversation cannot be read back");
            }
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}

/// Reads a conversation once, as a removed member.
pub(super) async fn probe(shared: &Shared, person: u32, conversation: i64) -> Result<()> {
    let reader = Reader {
        shared,
        at: person as usize,
        person,
        conversation,
    };
    shared
        .recorder
        .push(Entry::ReadBack(reader.read_back(1).await?));
    Ok(())
}
