//! The changes of a conversation by `rev`, messages and notices alike, and the recipients of each. Does I/O.

use std::collections::HashMap;

use sqlx::{PgConnection, Row};

use super::{Pool, messages, notices};
use crate::domain::{
    AddressedChange, Audience, Change, ConversationId, ConversationKind, Span, UserId,
};

/// The changes of these revs, those of a conversation in order. Returns at least the first `limit` of each conversation.
pub async fn changes(
    connection: &mut PgConnection,
    spans: &[Span],
    limit: i64,
) -> sqlx::Result<Vec<Change>> {
    let messages = messages::changed(connection, spans, limit).await?;
    let revs = spans
        .iter()
        .map(|span| span.up_to.saturating_sub(span.after))
        .fold(0, i64::saturating_add);
    // A rev is one change: if each is a message, there are no notices.
    let notices = match messages.len() as i64 == revs {
        true => Vec::new(),
        false => notices::changed(connection, spans, limit).await?,
    };
    let mut changes: Vec<Change> = messages.into_iter().map(Change::Message).collect();
    changes.extend(notices.into_iter().map(Change::Notice));
    changes.sort_by_key(Change::rev);
    Ok(changes)
}

/// The changes of exactly these revs. What a later change has replaced is left out.
pub async fn changes_at(
    pool: &Pool,
    keys: &[(ConversationId, i64)],
) -> sqlx::Result<Vec<((ConversationId, i64), Change)>> {
    let spans: Vec<Span> = keys
        .iter()
        .map(|&(conversation, rev)| Span {
            conversation,
            after: rev - 1,
            up_to: rev,
        })
        .collect();
    let mut connection = pool.acquire().await?;
    let found = changes(&mut connection, &spans, 1).await?;
    let keyed = found.into_iter();
    Ok(keyed
        .map(|change| ((change.conversation(), change.rev()), change))
        .collect())
}

/// The changes of the revs (after, up_to] in order, each with its recipients, at most `limit`; and the rev up to which
/// they are complete.
pub async fn addressed_changes(
    pool: &Pool,
    id: ConversationId,
    after: i64,
    up_to: i64,
    limit: i64,
) -> sqlx::Result<(Vec<AddressedChange>, i64)> {
    // All on one connection: its epoch is that of the changes.
    let mut connection = pool.acquire().await?;
    let span = Span {
        conversation: id,
        after,
        up_to,
    };
    let mut changes = changes(&mut connection, &[span], limit).await?;
    let full = changes.len() as i64 >= limit;
    changes.truncate(limit as usize);
    let reach = match changes.last() {
        Some(last) if full => last.rev(),
        _ => up_to,
    };
    if changes.is_empty() {
        return Ok((Vec::new(), reach));
    }
    let memberships = Memberships::read(&mut connection, id).await?;
    let addressed = changes.into_iter().map(|change| AddressedChange {
        conversation_kind: memberships.kind,
        audience: memberships.audience(&change),
        epoch: memberships.epoch.clone(),
        change,
    });
    Ok((addressed.collect(), reach))
}

/// A membership: of whom, after which rev and which message, and until which rev.
type Membership = (UserId, i64, i64, Option<i64>);

/// The memberships of a conversation.
struct Memberships {
    epoch: String,
    kind: ConversationKind,
    /// `None` in a large room.
    all: Option<Vec<Membership>>,
}

impl Memberships {
    async fn read(connection: &mut PgConnection, id: ConversationId) -> sqlx::Result<Self> {
        let rows = sqlx::query(
            "SELECT epoch() AS epoch, c.kind, c.large, m.user_id, m.joined_rev, m.joined_seq, m.left_rev
             FROM conversations c LEFT JOIN members m ON m.conversation_id = c.id AND NOT c.large
             WHERE c.id = $1 ORDER BY m.user_id",
        )
        .bind(id)
        .fetch_all(connection)
        .await?;
        let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let (mut all, large) = (Vec::new(), first.try_get("large")?);
        for row in &rows {
            if let Some(user) = row.try_get("user_id")? {
                let (rev, seq) = (row.try_get("joined_rev")?, row.try_get("joined_seq")?);
                all.push((user, rev, seq, row.try_get("left_rev")?));
            }
        }
        Ok(Self {
            epoch: first.try_get("epoch")?,
            kind: first.try_get("kind")?,
            all: if large { None } else { Some(all) },
        })
    }

    /// The members at the time of the change. A change to an old message goes only to those who may see that message.
    fn audience(&self, change: &Change) -> Audience {
        let Some(all) = &self.all else {
            return Audience::Room;
        };
        let rev = change.rev();
        let place = match change {
            Change::Message(message) if self.kind != ConversationKind::Public => message.seq,
            _ => i64::MAX,
        };
        let present = all.iter().filter(|(_, joined, floor, left)| {
            *joined < rev && left.is_none_or(|left| rev <= left) && *floor < place
        });
        Audience::People(present.map(|(user, ..)| *user).collect())
    }
}

/// A member of a room, with the rev and the message after which they joined.
pub type UserMembership = (UserId, i64, i64);

/// Which of these users are members of the conversation now.
pub async fn memberships(
    pool: &Pool,
    id: ConversationId,
    users: &[UserId],
) -> sqlx::Result<Vec<UserMembership>> {
    sqlx::query_as(
        "SELECT user_id, joined_rev, joined_seq FROM members
         WHERE conversation_id = $1 AND user_id = ANY ($2) AND left_rev IS NULL",
    )
    .bind(id)
    .bind(users)
    .fetch_all(pool)
    .await
}

/// A room of a user, with the rev and the message after which they joined.
pub type RoomMembership = (ConversationId, i64, i64);

/// The large rooms of these users. Users without any are left out.
pub async fn large_rooms(
    pool: &Pool,
    users: &[UserId],
) -> sqlx::Result<Vec<(UserId, Vec<RoomMembership>)>> {
    let rows = sqlx::query(
        "SELECT m.user_id, m.conversation_id, m.joined_rev, m.joined_seq
         FROM members m JOIN conversations c ON c.id = m.conversation_id AND c.large
         WHERE m.user_id = ANY ($1) AND m.left_rev IS NULL",
    )
    .bind(users)
    .fetch_all(pool)
    .await?;
    let mut rooms: HashMap<UserId, Vec<RoomMembership>> = HashMap::new();
    for row in &rows {
        let (rev, seq) = (row.try_get("joined_rev")?, row.try_get("joined_seq")?);
        let room = (row.try_get("conversation_id")?, rev, seq);
        rooms.entry(row.try_get("user_id")?).or_default().push(room);
    }
    Ok(rooms.into_iter().collect())
}
