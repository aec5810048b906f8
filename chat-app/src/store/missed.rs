//! What browsers that resume have missed: the changes of the conversation on screen, and other conversations that changed.
//! Does I/O.
//!
//! Many are read together: after the crash of a replica a thousand browsers reconnect at once, and every query is a round
//! trip.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::PgConnection;

use super::conversations::MemberKey;
use super::{Pool, changes, conversations, timeline};
use crate::domain::{Change, ConversationId, ConversationSummary, Cursor, Span, UserId};

/// Beyond this many missed changes, or changed conversations, reloading the page is cheaper.
const LIMIT: i64 = 200;

/// What a browser that resumes has already.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResumePoint {
    pub user: UserId,
    /// The epoch of its cursor.
    pub epoch: String,
    /// The `xid` of its cursor; `None` if it sent an invalid one.
    pub xid: Option<u64>,
    /// The conversation on screen, and the last rev up to which it has no gap.
    pub on_screen: Option<(ConversationId, i64)>,
}

#[derive(Clone, Debug)]
pub struct Missed {
    pub cursor: Cursor,
    /// `None` if it is too much, or the epoch is another one.
    pub news: Option<News>,
}

/// What changed after a resume point.
#[derive(Clone, Debug)]
pub struct News {
    /// The conversation on screen, changed or not; `None` if the user is no member.
    pub on_screen: Option<OnScreen>,
    /// Conversations that changed, latest activity first.
    pub changed: Vec<ConversationSummary>,
    /// Conversations of which the user is no longer a member.
    pub gone: Vec<ConversationId>,
}

/// The conversation on screen.
#[derive(Clone, Debug)]
pub struct OnScreen {
    pub summary: ConversationSummary,
    /// Its changes by rev. Shared with other browsers: some are older than the resume point, or below the floor.
    pub changes: Arc<Vec<Change>>,
}

/// A conversation that changed, and whether the user is a member.
type Touched = (ConversationId, bool);

/// What each of these has missed, in one snapshot.
pub async fn read(
    pool: &Pool,
    points: Vec<ResumePoint>,
) -> sqlx::Result<Vec<(ResumePoint, Missed)>> {
    let mut connection = pool.acquire().await?;
    // The cursor is from the snapshot of the changes; what changes later is sent a second time.
    let since: Vec<_> = points.iter().map(|point| (point.user, point.xid)).collect();
    let (cursor, touched) = changes::of_users(&mut connection, &since, LIMIT + 1).await?;
    let reaches = |point: &ResumePoint| {
        point.epoch == cursor.epoch && point.xid.is_some_and(|xid| xid >= cursor.horizon)
    };
    let touched: Vec<Option<Vec<Touched>>> = points
        .iter()
        .zip(touched)
        .map(|(point, touched)| {
            (reaches(point) && touched.len() as i64 <= LIMIT).then_some(touched)
        })
        .collect();
    let summaries = summaries(&mut connection, &points, &touched).await?;
    let changes = changes_on_screen(&mut connection, &points, &summaries).await?;
    let missed = points.into_iter().zip(touched).map(|(point, touched)| {
        let news = touched.and_then(|touched| news(&point, touched, &summaries, &changes));
        let cursor = cursor.clone();
        (point, Missed { cursor, news })
    });
    Ok(missed.collect())
}

type Summaries = HashMap<MemberKey, ConversationSummary>;

/// Of the conversations that changed, and of those on screen: such a one may have a gap although it has not changed since.
async fn summaries(
    connection: &mut PgConnection,
    points: &[ResumePoint],
    touched: &[Option<Vec<Touched>>],
) -> sqlx::Result<Summaries> {
    let mut keys = HashSet::new();
    for (point, touched) in points.iter().zip(touched) {
        let Some(touched) = touched else { continue };
        let changed = touched.iter().filter(|(_, is_member)| *is_member);
        let on_screen = point.on_screen.map(|(id, _)| id);
        let ids = changed.map(|(id, _)| *id).chain(on_screen);
        keys.extend(ids.map(|id| (point.user, id)));
    }
    if keys.is_empty() {
        return Ok(Summaries::new());
    }
    let keys: Vec<_> = keys.into_iter().collect();
    let found = conversations::summaries(connection, &keys).await?;
    Ok(found.into_iter().collect())
}

/// The changes of each conversation on a screen, from the first one that any of the browsers lacks.
async fn changes_on_screen(
    connection: &mut PgConnection,
    points: &[ResumePoint],
    summaries: &Summaries,
) -> sqlx::Result<HashMap<ConversationId, Arc<Vec<Change>>>> {
    let mut spans: HashMap<ConversationId, Span> = HashMap::new();
    for point in points {
        let Some((conversation, rev)) = point.on_screen else {
            continue;
        };
        let Some(summary) = summaries.get(&(point.user, conversation)) else {
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

/// `None` if the conversation on screen is too far behind, or of another epoch.
fn news(
    point: &ResumePoint,
    touched: Vec<Touched>,
    summaries: &Summaries,
    changes: &HashMap<ConversationId, Arc<Vec<Change>>>,
) -> Option<News> {
    let summary = |id| summaries.get(&(point.user, id)).cloned();
    let mut on_screen = None;
    if let Some((id, rev)) = point.on_screen
        && let Some(summary) = summary(id)
    {
        if !is_near(&summary, rev) {
            return None;
        }
        let changes = changes.get(&id).cloned().unwrap_or_default();
        on_screen = Some(OnScreen { summary, changes });
    }
    let (is_member, gone): (Vec<Touched>, _) =
        touched.into_iter().partition(|(_, is_member)| *is_member);
    let mut changed: Vec<_> = is_member
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
