//! Compares the events topic with PostgreSQL: records that are missing, that differ, or that PostgreSQL does not know. Does
//! I/O.
//!
//! Memory grows with the number of conversations and of gaps, not with the number of records.

use std::collections::HashMap;

use serde::Deserialize;
use sqlx::PgConnection;

use super::Error;
use super::revs::SeenRevs;
use super::topic::{self, Offsets, Record, TopicPart};
use crate::config::Kafka;
use crate::domain::ConversationId;
use crate::event::{Event, Kind};
use crate::store::replay::ConversationPosition;
use crate::store::{self, Pool, timeline};

/// The most differences of each kind to print.
const MAX_PRINTED: u64 = 100;
/// Changes read from PostgreSQL at once.
const PAGE: i64 = 1000;

/// The findings of a comparison.
pub struct Report<'a> {
    print: Box<dyn FnMut(&str) + Send + 'a>,
    pub records: u64,
    /// Changes without a record.
    pub missing: u64,
    /// Records that differ from PostgreSQL, or are malformed.
    pub differing: u64,
    /// Records of changes that PostgreSQL does not know.
    pub foreign: u64,
    /// Records of messages that have changed since.
    pub overtaken: u64,
    /// Records of messages that retention has deleted.
    pub expired: u64,
    truncated: bool,
}

impl<'a> Report<'a> {
    /// `print` gets each difference when it is found.
    pub fn new(print: impl FnMut(&str) + Send + 'a) -> Self {
        Self {
            print: Box::new(print),
            records: 0,
            missing: 0,
            differing: 0,
            foreign: 0,
            overtaken: 0,
            expired: 0,
            truncated: false,
        }
    }

    /// Whether topic and database agree.
    pub fn is_clean(&self) -> bool {
        self.missing + self.differing + self.foreign == 0
    }

    pub fn summary(&self) -> String {
        let truncated = match self.truncated {
            true => {
                " Retention has deleted the beginning of the topic: changes before the first record of a conversation were not checked."
            }
            false => "",
        };
        format!(
            "Compared {} records with PostgreSQL: {} missing, {} differing, {} foreign. Not compared: {} of messages that changed later, {} past retention.{truncated}",
            self.records, self.missing, self.differing, self.foreign, self.overtaken, self.expired
        )
    }

    fn missing(&mut self, id: ConversationId, rev: i64) {
        self.missing += 1;
        self.print(
            self.missing,
            &format!("missing: conversation {id} rev {rev}"),
        );
    }

    fn differing(&mut self, record: &Record, what: &str) {
        self.differing += 1;
        self.print(
            self.differing,
            &format!("differing: {}: {what}", location(record)),
        );
    }

    fn foreign(&mut self, record: &Record, what: &str) {
        self.foreign += 1;
        self.print(
            self.foreign,
            &format!("foreign: {}: {what}", location(record)),
        );
    }

    fn print(&mut self, count: u64, line: &str) {
        match count {
            0..=MAX_PRINTED => (self.print)(line),
            n if n == MAX_PRINTED + 1 => (self.print)("further ones of this kind are only counted"),
            _ => {}
        }
    }
}

fn location(record: &Record) -> String {
    format!(
        "conversation {} rev {} (partition {}, offset {})",
        record.key.as_deref().unwrap_or("?"),
        record.header("rev"),
        record.partition,
        record.offset
    )
}

/// Compares the whole topic with the whole database.
pub async fn run(kafka: &Kafka, pool: &Pool, report: &mut Report<'_>) -> Result<(), Error> {
    let mut seen = SeenRevs::default();
    let end = read(kafka, pool, Offsets::new(), &mut seen, report).await?;
    let mut connection = pool.acquire().await?;
    let missing = missing(&mut connection, &seen, report.truncated).await?;
    if missing.is_empty() {
        return Ok(());
    }
    // Records of changes made while the topic was read may have arrived since.
    read(kafka, pool, end, &mut seen, report).await?;
    for (id, rev) in missing {
        if !seen.contains(id, rev) && store::replay::is_due(pool, id, rev).await? {
            report.missing(id, rev);
        }
    }
    Ok(())
}

/// Compares the records from these offsets on. Returns the end of the topic.
async fn read(
    kafka: &Kafka,
    pool: &Pool,
    from: Offsets,
    seen: &mut SeenRevs,
    report: &mut Report<'_>,
) -> Result<Offsets, Error> {
    let mut parts = topic::read(kafka, from);
    loop {
        let part = parts
            .recv()
            .await
            .expect("the last part is an end or an error");
        match part.map_err(|error| Error::Kafka(kafka.events(), error))? {
            TopicPart::Records(records) => compare(pool, records, seen, report).await?,
            TopicPart::End { offsets, truncated } => {
                report.truncated |= truncated;
                return Ok(offsets);
            }
        }
    }
}

/// The changes of which no record has been seen yet.
async fn missing(
    connection: &mut PgConnection,
    seen: &SeenRevs,
    truncated: bool,
) -> sqlx::Result<Vec<(ConversationId, i64)>> {
    let mut after = (ConversationId(0), 0);
    let mut missing = Vec::new();
    loop {
        let page = store::replay::changes(connection, after, PAGE).await?;
        let Some(&(id, rev, _)) = page.last() else {
            return Ok(missing);
        };
        after = (id, rev);
        for (id, rev, in_outbox) in page {
            let expected = !truncated || seen.first(id).is_some_and(|first| rev >= first);
            if expected && !in_outbox && !seen.contains(id, rev) {
                missing.push((id, rev));
            }
        }
    }
}

/// Compares records with PostgreSQL, conversation by conversation.
async fn compare(
    pool: &Pool,
    records: Vec<Record>,
    seen: &mut SeenRevs,
    report: &mut Report<'_>,
) -> sqlx::Result<()> {
    let mut conversations: HashMap<ConversationId, Vec<(Event, Record)>> = HashMap::new();
    for record in records {
        report.records += 1;
        match event(&record) {
            Some(event) => {
                let same = conversations.entry(event.conversation).or_default();
                same.push((event, record));
            }
            None => report.differing(&record, "malformed"),
        }
    }
    for (id, records) in conversations {
        let Some(position) = store::replay::position(pool, id).await? else {
            for (_, record) in &records {
                report.foreign(record, "there is no such conversation");
            }
            continue;
        };
        for (event, record) in &records {
            one(pool, position, event, record, seen, report).await?;
        }
    }
    Ok(())
}

fn event(record: &Record) -> Option<Event> {
    let event = Event::deserialize(record.value.as_ref()?).ok()?;
    let same = record.key.as_deref() == Some(&event.conversation.to_string())
        && record.header("rev") == event.rev.to_string()
        && record.header("epoch") == event.epoch;
    same.then_some(event)
}

async fn one(
    pool: &Pool,
    position: ConversationPosition,
    event: &Event,
    record: &Record,
    seen: &mut SeenRevs,
    report: &mut Report<'_>,
) -> sqlx::Result<()> {
    let (id, rev) = (event.conversation, event.rev);
    if rev > position.rev {
        report.foreign(record, "the conversation has no such rev yet");
        return Ok(());
    }
    let (stored, _) = timeline::addressed_changes(pool, id, rev - 1, rev, 1).await?;
    if let Some(stored) = stored.first().map(Event::of) {
        seen.insert(id, rev);
        if let Some(what) = difference(event, &stored) {
            report.differing(record, what);
        }
        return Ok(());
    }
    if event.seq < position.first_seq {
        report.expired += 1;
    } else if event.kind == Kind::Notice {
        report.foreign(record, "there is no such notice");
    } else if store::replay::message_rev(pool, id, event.seq, event.client_id)
        .await?
        .is_some_and(|now| now > rev)
    {
        report.overtaken += 1;
        seen.insert(id, rev);
    } else {
        report.foreign(record, "there is no such message");
    }
    Ok(())
}

/// The first field in which a record differs from PostgreSQL. Names, mentions and members are those of its time.
fn difference(event: &Event, stored: &Event) -> Option<&'static str> {
    // Left out of records that would have been too large.
    let without_text = event.body.is_none() && event.html.is_none() && event.plain.is_none();
    let differs = [
        ("type", event.kind != stored.kind),
        ("seq", event.seq != stored.seq),
        ("sender", event.sender != stored.sender),
        ("client_id", event.client_id != stored.client_id),
        ("at", event.at != stored.at),
        ("notice", event.notice != stored.notice),
        ("subject", event.subject != stored.subject),
        ("body", !without_text && event.body != stored.body),
    ];
    differs
        .into_iter()
        .find_map(|(what, differs)| differs.then_some(what))
}
