//! The store on a real PostgreSQL: batches, read marks, changes that commit late, partitions.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use chat_app::domain::{ConversationId, UserId, UserName};
use chat_app::store::avatars::AvatarImage;
use chat_app::store::messages::{Appended, Draft, Extra};
use chat_app::store::{accounts, avatars, changes, conversations, messages, outbox, users};
use sqlx::PgPool;
use uuid::Uuid;

async fn person(pool: &PgPool, name: &str) -> UserId {
    users::create(pool, &UserName::parse(name).unwrap(), "no hash")
        .await
        .unwrap()
}

fn draft(conversation: ConversationId, sender: UserId, client_id: u128) -> Draft {
    Draft {
        conversation,
        sender,
        client_id: Uuid::from_u128(client_id),
        body: format!("message {client_id}"),
        extra: Extra::default(),
    }
}

async fn append(pool: &PgPool, drafts: &[Draft]) -> Vec<Appended> {
    messages::append(&mut pool.acquire().await.unwrap(), drafts)
        .await
        .unwrap()
}

/// The `seq` of each message, negative for a duplicate, 0 if the sender is no member.
fn seqs(outcomes: &[Appended]) -> Vec<i64> {
    let seq = |outcome: &Appended| match outcome {
        Appended::Sent { message, .. } => message.seq,
        Appended::Duplicate(message) => -message.seq,
        Appended::NotMember | Appended::Blocked | Appended::NoAttachment => 0,
    };
    outcomes.iter().map(seq).collect()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_batch_returns_the_outcomes_in_the_order_of_its_drafts(pool: PgPool) {
    let (ada, bob, eve) = (
        person(&pool, "ada").await,
        person(&pool, "bob").await,
        person(&pool, "eve").await,
    );
    let one = conversations::open_direct(&pool, ada, bob)
        .await
        .unwrap()
        .unwrap();
    let two = conversations::open_direct(&pool, eve, bob)
        .await
        .unwrap()
        .unwrap();
    let nowhere = ConversationId(999_999);
    let first = append(&pool, &[draft(one, ada, 1), draft(two, eve, 1)]).await;
    assert_eq!(seqs(&first), [1, 1]);
    let outcomes = append(
        &pool,
        &[
            draft(one, ada, 2),
            draft(one, eve, 3),
            draft(two, bob, 4),
            draft(one, ada, 1),
            draft(one, ada, 2),
            draft(nowhere, ada, 5),
            draft(one, bob, 2),
        ],
    )
    .await;
    assert_eq!(seqs(&outcomes), [2, 0, 2, -1, -2, 0, 3]);
    let Appended::Sent {
        message,
        recipients: Some(recipients),
        ..
    } = &outcomes[0]
    else {
        panic!("{outcomes:?}")
    };
    assert_eq!(
        (
            message.rev,
            message.sender_name.as_str(),
            recipients.as_slice()
        ),
        (2, "ada", [ada, bob].as_slice())
    );
    let heads =
        sqlx::query_as::<_, (i64, i64)>("SELECT rev, last_seq FROM conversations ORDER BY id");
    assert_eq!(heads.fetch_all(&pool).await.unwrap(), [(3, 3), (2, 2)]);
    let (rows, _) = outbox::depth(&pool).await.unwrap();
    assert_eq!(rows, 5, "only new messages leave a reference");
    let summary = conversations::summary(&pool, ada, one)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (summary.unread, summary.last_read_seq),
        (1, 2),
        "a send marks its sender as having read"
    );
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn opening_a_conversation_twice_at_once_creates_one(pool: PgPool) {
    let (ada, bob) = (person(&pool, "ada").await, person(&pool, "bob").await);
    let both = futures_util::future::join_all(
        [(ada, bob), (bob, ada), (ada, bob)].map(|(a, b)| conversations::open_direct(&pool, a, b)),
    );
    let ids: Vec<_> = both
        .await
        .into_iter()
        .map(|id| id.unwrap().unwrap())
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(
        conversations::open_direct(&pool, ada, ada).await.unwrap(),
        None
    );
    assert_eq!(
        conversations::open_direct(&pool, ada, UserId(999_999))
            .await
            .unwrap(),
        None
    );
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_change_that_commits_late_is_found_by_a_later_poll(pool: PgPool) {
    let (ada, bob, eve) = (
        person(&pool, "ada").await,
        person(&pool, "bob").await,
        person(&pool, "eve").await,
    );
    let slow = conversations::open_direct(&pool, ada, bob)
        .await
        .unwrap()
        .unwrap();
    let quick = conversations::open_direct(&pool, eve, bob)
        .await
        .unwrap()
        .unwrap();
    let mut reader = pool.acquire().await.unwrap();
    let start = changes::start(&mut reader).await.unwrap().snapshot;
    let mut late = pool.begin().await.unwrap();
    messages::append(&mut late, &[draft(slow, ada, 1)])
        .await
        .unwrap();
    append(&pool, &[draft(quick, eve, 1)]).await;
    let first = changes::since(&mut reader, &start).await.unwrap();
    assert_eq!(first.conversations, [(quick, 1, 1)]);
    let again = changes::since(&mut reader, &first.snapshot).await.unwrap();
    assert!(
        again.conversations.is_empty(),
        "nothing is read twice while a transaction is open: {again:?}"
    );
    late.commit().await.unwrap();
    let second = changes::since(&mut reader, &again.snapshot).await.unwrap();
    assert_eq!(second.conversations, [(slow, 1, 1)]);
    for (id, before, after) in [(slow, 0, 1), (quick, 1, 1)] {
        let head_at = async |snapshot| changes::head_at(&pool, id, snapshot).await.unwrap();
        assert_eq!(head_at(&first.snapshot).await, Some(before));
        assert_eq!(head_at(&second.snapshot).await, Some(after));
    }
    let nowhere = chat_app::domain::ConversationId(0);
    assert_eq!(
        changes::head_at(&pool, nowhere, &start).await.unwrap(),
        None
    );
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_read_mark_only_grows_and_never_beyond_the_newest_message(pool: PgPool) {
    let (ada, bob, eve) = (
        person(&pool, "ada").await,
        person(&pool, "bob").await,
        person(&pool, "eve").await,
    );
    let id = conversations::open_direct(&pool, ada, bob)
        .await
        .unwrap()
        .unwrap();
    append(
        &pool,
        &[draft(id, ada, 1), draft(id, ada, 2), draft(id, ada, 3)],
    )
    .await;
    for (seq, mark) in [(2, 2), (1, 2), (99, 3), (-5, 3)] {
        assert_eq!(
            conversations::mark_read(&pool, bob, id, seq, None)
                .await
                .unwrap()
                .map(|marked| (marked.last_read_seq, marked.unread)),
            Some((mark, 3 - mark))
        );
    }
    assert_eq!(
        conversations::mark_read(&pool, eve, id, 1, None)
            .await
            .unwrap(),
        None
    );
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_person_with_another_name_or_picture_is_a_change(pool: PgPool) {
    let ada = person(&pool, "ada").await;
    let named = async || {
        sqlx::query_scalar::<_, UserId>(
            "DELETE FROM changes WHERE user_id IS NOT NULL RETURNING user_id",
        )
        .fetch_all(&pool)
        .await
        .unwrap()
    };
    assert_eq!(named().await, []);
    accounts::set_display_name(&pool, ada, Some("Ada"))
        .await
        .unwrap();
    assert_eq!(named().await, [ada]);
    accounts::set_display_name(&pool, ada, Some("Ada"))
        .await
        .unwrap();
    accounts::set_language(&pool, ada, Some("de"))
        .await
        .unwrap();
    assert_eq!(named().await, []);
    let image = AvatarImage {
        media_type: "image/webp".into(),
        content: Vec::new(),
    };
    avatars::put(&pool, ada, Uuid::nil(), &image).await.unwrap();
    assert_eq!(named().await, [ada]);
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn old_changes_are_dropped_and_cursors_before_them_are_below_the_horizon(pool: PgPool) {
    let (ada, bob) = (person(&pool, "ada").await, person(&pool, "bob").await);
    let id = conversations::open_direct(&pool, ada, bob)
        .await
        .unwrap()
        .unwrap();
    let cursor = changes::cursor(&pool).await.unwrap();
    changes::maintain(&pool, 24).await.unwrap();
    let parts = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'changes'::regclass";
    let count = async || {
        sqlx::query_scalar::<_, i64>(parts)
            .fetch_one(&pool)
            .await
            .unwrap()
    };
    assert_eq!(count().await, 4, "this hour, the next two, and the default");
    append(&pool, &[draft(id, ada, 1)]).await;
    let in_hour = "SELECT count(*) FROM changes WHERE tableoid <> 'changes_default'::regclass";
    assert_eq!(
        sqlx::query_scalar::<_, i64>(in_hour)
            .fetch_one(&pool)
            .await
            .unwrap(),
        1
    );
    // A partition of long ago, with a change in it.
    sqlx::raw_sql(
        "CREATE TABLE changes_2020010100 PARTITION OF changes
             FOR VALUES FROM ('2020-01-01 00:00+00') TO ('2020-01-01 01:00+00');
         INSERT INTO changes (at, session_id) VALUES ('2020-01-01 00:30+00', 1), ('2020-01-01 02:00+00', 2)",
    )
    .execute(&pool)
    .await
    .unwrap();
    assert!(changes::cursor(&pool).await.unwrap().horizon <= cursor.xid);
    changes::maintain(&pool, 24).await.unwrap();
    assert_eq!(count().await, 4);
    assert!(changes::cursor(&pool).await.unwrap().horizon > cursor.xid);
    assert_eq!(
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM changes")
            .fetch_one(&pool)
            .await
            .unwrap(),
        1
    );
    let now = changes::cursor(&pool).await.unwrap();
    assert!(now.horizon <= now.xid);
    rows_older_than_the_oldest_transaction(&pool).await;
}

/// A transaction that stays open holds the xmin of every snapshot back; a new cursor is not below the horizon anyway.
async fn rows_older_than_the_oldest_transaction(pool: &PgPool) {
    let mut open = pool.begin().await.unwrap();
    sqlx::raw_sql("SELECT pg_current_xact_id()")
        .execute(&mut *open)
        .await
        .unwrap();
    sqlx::raw_sql("UPDATE changes_horizon SET xid = pg_current_xact_id()")
        .execute(pool)
        .await
        .unwrap();
    let now = changes::cursor(pool).await.unwrap();
    assert!(now.horizon <= now.xid);
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_database_from_a_dump_has_another_epoch_and_its_former_transactions_are_deleted(
    pool: PgPool,
) {
    let (ada, bob) = (person(&pool, "ada").await, person(&pool, "bob").await);
    let id = conversations::open_direct(&pool, ada, bob)
        .await
        .unwrap()
        .unwrap();
    append(&pool, &[draft(id, ada, 1)]).await;
    let before = changes::cursor(&pool).await.unwrap();
    // As pg_restore leaves it: the same rows in new tables, here from a server with much higher transaction ids.
    sqlx::raw_sql(
        "UPDATE changes SET xid = '9000000000';
         ALTER TABLE changes_horizon RENAME TO former;
         CREATE TABLE changes_horizon (LIKE former INCLUDING ALL);
         INSERT INTO changes_horizon (xid) VALUES ('9000000000');
         DROP TABLE former",
    )
    .execute(&pool)
    .await
    .unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let start = changes::start(&mut connection).await.unwrap();
    let cursor = changes::cursor(&pool).await.unwrap();
    assert_ne!(cursor.epoch, before.epoch);
    append(&pool, &[draft(id, ada, 2)]).await;
    // A replica reads each change once,
    let first = changes::since(&mut connection, &start.snapshot)
        .await
        .unwrap();
    let [(changed, low, high)] = first.conversations[..] else {
        panic!("{first:?}")
    };
    assert_eq!((changed, low), (id, high), "only the latest");
    let second = changes::since(&mut connection, &first.snapshot)
        .await
        .unwrap();
    assert_eq!(second.conversations, []);
    // and a browser that resumes finds it.
    let (_, missed) = changes::of_users(&mut connection, &[(bob, Some(cursor.xid))], 10)
        .await
        .unwrap();
    assert_eq!(missed, [vec![(id, true)]]);
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_reference_in_the_outbox_takes_about_a_hundred_bytes(pool: PgPool) {
    // As docs/delivery.md says about Kafka being away: changes of many conversations, in turns.
    let rows: i64 = sqlx::query_scalar(
        "WITH filled AS (INSERT INTO outbox (conversation_id, rev)
                         SELECT n % 1000, n / 1000 FROM generate_series(0, 99999) n RETURNING 1)
         SELECT count(*) FROM filled",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(rows, 100_000);
    let bytes: i64 = sqlx::query_scalar("SELECT pg_total_relation_size('outbox') / 100000")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!((60..=120).contains(&bytes), "{bytes} bytes");
}
