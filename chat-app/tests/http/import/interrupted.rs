//! An import that is killed, anywhere, and run again.

use std::pin::pin;
use std::task::Poll;

use chat_app::import::{self, Error};
use sqlx::{AssertSqlSafe, PgPool};

use super::export::nasty;
use super::settings;
use crate::backup::{migrated, with_empty_database};

/// What people see of an import, whatever ids the rows have.
const SEEN: [&str; 8] = [
    "SELECT i.source_id, u.name, u.display_name, u.disabled_at IS NULL FROM imported_users i JOIN users u ON u.id = i.user_id",
    // A conversation without messages is as old as the import.
    "SELECT i.source_id, i.reached, i.last_rev, c.kind, c.title, c.topic, c.rev, c.last_seq,
            CASE WHEN c.last_seq > 0 THEN c.last_at END
     FROM imported_conversations i JOIN conversations c ON c.id = i.conversation_id",
    "SELECT i.source_id, m.seq, m.rev, u.name, m.client_id, m.body, m.created_at, m.edited_at, m.deleted_at, m.reply_to, m.sent_rev
     FROM imported_conversations i JOIN messages m USING (conversation_id) JOIN users u ON u.id = m.sender_id",
    "SELECT i.source_id, r.seq, r.emoji, r.created_at, u.name
     FROM imported_conversations i JOIN reactions r USING (conversation_id) JOIN users u ON u.id = r.user_id",
    "SELECT i.source_id, x.seq, u.name FROM imported_conversations i JOIN mentions x USING (conversation_id) JOIN users u ON u.id = x.user_id",
    "SELECT i.source_id, n.rev, n.after_seq, n.kind, n.text, a.name, s.name FROM imported_conversations i
     JOIN notices n USING (conversation_id) JOIN users a ON a.id = n.actor_id LEFT JOIN users s ON s.id = n.subject_id",
    "SELECT i.source_id, u.name, m.role, m.joined_rev, m.last_read_seq, m.left_rev
     FROM imported_conversations i JOIN members m USING (conversation_id) JOIN users u ON u.id = m.user_id",
    "SELECT i.source_id, a.seq, a.id, a.name, a.bytes, a.width, (SELECT count(*) FROM attachment_chunks k WHERE k.attachment_id = a.id)
     FROM imported_conversations i JOIN attachments a USING (conversation_id)",
];

async fn seen(pool: &PgPool) -> Vec<String> {
    let mut all = Vec::new();
    for sql in SEEN {
        let sql = format!(
            "SELECT coalesce(string_agg(x::text, E'\\n' ORDER BY x::text), '') FROM ({sql}) x"
        );
        all.push(
            sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(pool)
                .await
                .unwrap(),
        );
    }
    let order = "SELECT string_agg(m.body, E'\\n' ORDER BY x.number) FROM searchable x JOIN messages m USING (conversation_id, seq)";
    all.push(sqlx::query_scalar(order).fetch_one(pool).await.unwrap());
    all
}

/// Drops the import after so many steps, as a process that is killed. `None` if it was dropped.
async fn for_steps(
    mut steps: usize,
    work: impl Future<Output = Result<String, Error>>,
) -> Option<Result<String, Error>> {
    let mut work = pin!(work);
    std::future::poll_fn(move |context| {
        if steps == 0 {
            return Poll::Ready(None);
        }
        steps -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_import_that_is_killed_anywhere_ends_as_one_that_was_not(pool: PgPool) {
    let export = nasty();
    let files = export.path.join("files");
    let flags = ["--batch-size", "3", "--files", files.to_str().unwrap()];
    import::slack(&settings(&pool, &export, &flags))
        .await
        .unwrap();
    let undisturbed = seen(&pool).await;
    with_empty_database(&pool, async |other| {
        migrated(other).await;
        let (mut killed, mut steps) = (0, 2);
        loop {
            match for_steps(steps, import::slack(&settings(other, &export, &flags))).await {
                None => killed += 1,
                // PostgreSQL has not noticed yet that the one before is gone.
                Some(Err(Error::Running)) => {
                    tokio::task::yield_now().await;
                    continue;
                }
                Some(done) => break drop(done.unwrap()),
            }
            // Later each time, so that each run gets further.
            steps += 5 + steps / 10;
        }
        assert!(killed > 10, "it was killed {killed} times");
        assert_eq!(seen(other).await, undisturbed);
        // Nobody has seen a conversation before all of it was there.
        let early: i64 =
            sqlx::query_scalar("SELECT count(*) FROM changes WHERE conversation_id IS NOT NULL")
                .fetch_one(other)
                .await
                .unwrap();
        assert_eq!(early, 5);
    })
    .await;
}
