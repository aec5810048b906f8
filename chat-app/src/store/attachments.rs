//! What is known of files: put, sent with a message, looked at, swept. Does I/O.

use std::collections::HashMap;

use sqlx::{FromRow, Row};

use super::Pool;
use crate::domain::{Attachment, ConversationId};

/// The files of these messages by the messages' `seq`, in the order in which they were put.
pub async fn of_messages(
    pool: &Pool,
    conversation: ConversationId,
    seqs: &[i64],
) -> sqlx::Result<HashMap<i64, Vec<Attachment>>> {
    let rows = sqlx::query(
        "SELECT * FROM attachments WHERE conversation_id = $1 AND seq = ANY ($2) ORDER BY seq, created_at, id",
    )
    .bind(conversation)
    .bind(seqs)
    .fetch_all(pool)
    .await?;
    let mut found: HashMap<i64, Vec<Attachment>> = HashMap::new();
    for row in &rows {
        let files = found.entry(row.try_get("seq")?).or_default();
        files.push(Attachment::from_row(row)?);
    }
    Ok(found)
}
