//! What people who come back missed: the changes of the conversation on screen, and every other that changed. Does I/O.
//!
//! Many are read together: after a crash a thousand come back at once, and each question is a round trip and a statement.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::PgConnection;

use super::conversations::Seen;
use super::{Pool, changes, conversations, timeline};
use crate::domain::{Change, ConversationId, ConversationSummary, Cursor, Span, UserId};

/// Past this many missed changes, or changed conversations, reading the page anew is cheaper.
const LIMIT: i64 = 200;

/// Where somebody stands who comes back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    pub person: UserId,
    /// Which history of the database they know.
    pub epoch: String,
    /// How far, as a cursor's `xid`; `None` where they sent no such thing.
    pub xid: Option<u64>,
    /// The conversation on screen, and the last of its revs without a gap.
    pub on_screen: Option<(ConversationId, i64)>,
}

#[derive(Clone, Debug)]
pub struct Missed {
    pub cursor: Cursor,
    /// `None` where it is too much, or the history is another.
    pub news: Option<News>,
}

/// What changed after a place.
#[derive(Clone, Debug)]
pub struct News {
    /// The conversation on screen, changed or not; `None` where they are no member.
    pub on_screen: Option<OnScreen>,
    /// Conversations that changed, latest first.
    pub changed: Vec<ConversationSummary>,
    /// Conversations that they are no longer in.
    pub gone: Vec<ConversationId>,
}

/// The conversation on screen.
#[derive(Clone, Debug)]
pub struct OnScreen {
    pub summary: ConversationSummary,
    /// Its changes by rev. They are there for others too: some are older than the place, or below the floor.
    pub changes: Arc<Vec<Change>>,
}

/// A conversation that changed, and whether the person is in it.
type Touched = (ConversationId, bool);

/// What each of them missed, of the same moment.
pub async fn read(pool: &Pool, places: Vec<Place>) -> sqlx::Result<Vec<(Place, Missed)>> {
    let mut connection = pool.acquire().await?;
    // The cursor is of the moment in which the changes are read; what changes after it is told once more.
    let since: Vec<_> = places
        .iter()
        .map(|place| (place.person, place.xid))
        .collect();
    let (cursor, touched) = changes::of_people(&mut connection, &since, LIMIT + 1).await?;
    let reaches = |place: &Place| {
        place.epoch == cursor.epoch && place.xid.is_some_and(|xid| xid >= cursor.horizon)
    };
    let touched: Vec<Option<Vec<Touched>>> = places
        .iter()
        .zip(touched)
        .map(|(place, touched)| {
            (reaches(place) && touched.len() as i64 <= LIMIT).then_some(touched)
        })
        .collect();
    let summaries = summaries(&mut connection, &places, &touched).await?;
    let changes = changes_on_screen(&mut connection, &places, &summaries).await?;
    let missed = places.into_iter().zip(touched).map(|(place, touched)| {
        let news = touched.and_then(|touched| news(&place, touched, &summaries, &changes));
        let cursor = cursor.clone();
        (place, Missed { cursor, news })
    });
    Ok(missed.collect())
}

type Summaries = HashMap<Seen, ConversationSummary>;

/// Of what changed, and of what is on screen: it may have a hole although it has not changed since.
async fn summaries(
    connection: &mut PgConnection,
    places: &[Place],
    touched: &[Option<Vec<Touched>>],
) -> sqlx::Result<Summaries> {
    let mut seen = HashSet::new();
    for (place, touched) in places.iter().zip(touched) {
        let Some(touched) = touched else { continue };
        let changed = touched.iter().filter(|(_, is_in)| *is_in);
        let on_screen = place.on_screen.map(|(id, _)| id);
        let ids = changed.map(|(id, _)| *id).chain(on_screen);
        seen.extend(ids.map(|id| (place.person, id)));
    }
    if seen.is_empty() {
        return Ok(Summaries::new());
    }
    let seen: Vec<_> = seen.into_iter().collect();
    let found = conversations::seen(connection, &seen).await?;
    Ok(found.into_iter().collect())
}

/// The changes of each conversation that is on somebody's screen, from the first that one of them lacks.
async fn changes_on_screen(
    connection: &mut PgConnection,
    places: &[Place],
    summaries: &Summaries,
) -> sqlx::Result<HashMap<ConversationId, Arc<Vec<Change>>>> {
    let mut spans: HashMap<ConversationId, Span> = HashMap::new();
    for place in places {
        let Some((conversation, rev)) = place.on_screen else {
            continue;
        };
        let Some(summary) = summaries.get(&(place.person, conversation)) else {
            continue;
        };
        if !is_near(summary, rev) || summary.rev == rev {
            continue;
        }
        let span = spans.entry(conversation).or_insert(Span {
            conversation,
            after: rev,
            up_to: summary.rev,
        });
        span.after = span.after.min(rev);
    }
    if spans.is_empty() {
        return Ok(HashMap::new());
    }
    let spans: Vec<_> = spans.into_values().collect();
    let mut by_conversation: HashMap<_, Vec<Change>> = HashMap::new();
    for change in timeline::changes(connection, &spans, LIMIT).await? {
        let changes = by_conversation.entry(change.conversation()).or_default();
        changes.push(change);
    }
    let shared = by_conversation.into_iter();
    Ok(shared
        .map(|(id, changes)| (id, Arc::new(changes)))
        .collect())
}

fn is_near(summary: &ConversationSummary, rev: i64) -> bool {
    (0..=LIMIT).contains(&summary.rev.saturating_sub(rev))
}

/// `None` where what is on screen is too far behind, or of another history.
fn news(
    place: &Place,
    touched: Vec<Touched>,
    summaries: &Summaries,
    changes: &HashMap<ConversationId, Arc<Vec<Change>>>,
) -> Option<News> {
    let summary = |id| summaries.get(&(place.person, id)).cloned();
    let mut on_screen = None;
    if let Some((id, rev)) = place.on_screen
        && let Some(summary) = summary(id)
    {
        if !is_near(&summary, rev) {
            return None;
        }
        let changes = changes.get(&id).cloned().unwrap_or_default();
        on_screen = Some(OnScreen { summary, changes });
    }
    let (is_in, gone): (Vec<Touched>, _) = touched.into_iter().partition(|(_, is_in)| *is_in);
    let mut changed: Vec<_> = is_in
        .into_iter()
        .filter_map(|(id, _)| summary(id))
        .collect();
    changed.sort_by_key(|summary| std::cmp::Reverse(summary.last_at));
    Some(News {
        on_screen,
        changed,
        gone: gone.into_iter().map(|(id, _)| id).collect(),
    })
}
