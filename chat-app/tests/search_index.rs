//! The search index on a real PostgreSQL: made for what was there before it, in the deployment's language.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use chat_app::domain::{UserId, UserName};
use chat_app::search::{self, Language};
use chat_app::store::search::index::{self, Queue};
use chat_app::store::search::{find, prepare};
use chat_app::store::{conversations, users};
use sqlx::PgPool;

async fn person(pool: &PgPool, name: &str) -> UserId {
    users::create(pool, &UserName::parse(name).unwrap(), "no hash")
        .await
        .unwrap()
}

/// Ada's conversation with Bob, holding these messages, a minute apart.
async fn conversation(pool: &PgPool, bodies: &[&str]) -> UserId {
    let (ada, bob) = (person(pool, "ada").await, person(pool, "bob").await);
    let id = conversations::open_direct(pool, ada, bob).await.unwrap();
    sqlx::query(
        "INSERT INTO messages (conversation_id, seq, rev, sender_id, client_id, body, created_at)
         SELECT $1, n, n, $2, gen_random_uuid(), body, now() - interval '1 day' + interval '1 minute' * n
         FROM unnest($3::text[]) WITH ORDINALITY AS b (body, n)",
    )
    .bind(id)
    .bind(ada)
    .bind(bodies)
    .execute(pool)
    .await
    .unwrap();
    ada
}

async fn found(pool: &PgPool, me: UserId, typed: &str) -> Vec<i64> {
    let query = search::parse(typed).unwrap();
    let prepared = prepare(pool, me, &query).await.unwrap().unwrap();
    let hits = find(pool, me, &prepared, None, 50).await.unwrap();
    hits.iter().map(|hit| hit.seq).collect()
}

async fn bring_up_to_date(pool: &PgPool, language: Language) -> u64 {
    let mut connection = pool.acquire().await.unwrap();
    index::bring_up_to_date(&mut connection, language)
        .await
        .unwrap()
}

async fn add_queued(pool: &PgPool) -> Queue {
    let mut connection = pool.acquire().await.unwrap();
    index::add_queued(&mut connection).await.unwrap()
}

async fn run(pool: &PgPool, sql: &'static str) {
    sqlx::raw_sql(sql).execute(pool).await.unwrap();
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn what_is_sent_edited_and_deleted_is_queued_and_indexed_once(pool: PgPool) {
    let ada = conversation(&pool, &["a plan", "another plan", "a note"]).await;
    assert_eq!(found(&pool, ada, "plan").await, [0; 0]);
    assert_eq!(add_queued(&pool).await, Queue::Empty);
    assert_eq!(found(&pool, ada, "plan").await, [2, 1]);
    run(
        &pool,
        "UPDATE messages SET body = 'a plan too' WHERE seq = 3;
         UPDATE messages SET body = 'a note' WHERE seq = 2;
         UPDATE messages SET body = '', deleted_at = now() WHERE seq = 1",
    )
    .await;
    assert_eq!(
        found(&pool, ada, "plan").await,
        [2],
        "a deleted message is not found at once"
    );
    let mut other = pool.begin().await.unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('confab.search'))")
        .execute(&mut *other)
        .await
        .unwrap();
    assert_eq!(add_queued(&pool).await, Queue::Taken);
    other.rollback().await.unwrap();
    assert_eq!(add_queued(&pool).await, Queue::Empty);
    assert_eq!(found(&pool, ada, "plan").await, [3]);
    run(&pool, "DELETE FROM messages WHERE seq = 3").await;
    add_queued(&pool).await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM searchable")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(left, 1, "what was deleted leaves nothing");
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn postgresql_finds_words_as_they_are_cut_here(pool: PgPool) {
    let bodies = [
        "deploy of error-404 page, see docs.example.com/path?x=1",
        "don't panic: 会議は明日です tomorrow",
        "C++ release v1.2.3 at 10.0.0.1",
        "it's 'quoted' \\ & | ! <-> :* text",
        "CamelCaseWord and Straßencafé",
    ];
    let ada = conversation(&pool, &bodies).await;
    add_queued(&pool).await;
    for (typed, seq) in [
        ("error-404", 1),
        ("example.com", 1),
        ("\"404 page see\"", 1),
        ("dont", 2),
        ("明日", 2),
        ("会", 2),
        ("\"会議は明日です tomorrow\"", 2),
        ("c++", 3),
        ("1.2", 3),
        ("10.0.0", 3),
        ("quot*", 4),
        ("\"it's quoted text\"", 4),
        ("camel strassencafe", 5),
    ] {
        assert_eq!(found(&pool, ada, typed).await, [seq], "{typed}");
    }
    for typed in ["error-405", "\"明日です 会\"", "c#", "2.1"] {
        assert_eq!(found(&pool, ada, typed).await, [0; 0], "{typed}");
    }
    let long = "x".repeat(16_384) + &"終".repeat(16_384) + &"é ".repeat(16_384);
    sqlx::query("UPDATE messages SET body = $1 WHERE seq = 5")
        .bind(&long)
        .execute(&pool)
        .await
        .unwrap();
    add_queued(&pool).await;
    assert_eq!(
        found(&pool, ada, "終終 e").await,
        [5],
        "the longest message"
    );
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn messages_from_before_the_index_are_found_in_their_order(pool: PgPool) {
    let ada = conversation(&pool, &["one plan", "two plans", "a plan", "gone"]).await;
    run(
        &pool,
        "TRUNCATE unindexed; UPDATE messages SET body = '', deleted_at = now() WHERE seq = 4;
         INSERT INTO messages (conversation_id, seq, rev, sender_id, client_id, body, created_at)
         SELECT conversation_id, 5, 5, sender_id, gen_random_uuid(), 'new plan', now() FROM messages WHERE seq = 1",
    )
    .await;
    assert_eq!(
        bring_up_to_date(&pool, Language::Simple).await,
        3,
        "not what is queued"
    );
    assert_eq!(found(&pool, ada, "plan").await, [3, 1]);
    add_queued(&pool).await;
    assert_eq!(found(&pool, ada, "plan").await, [5, 3, 1]);
    assert_eq!(
        bring_up_to_date(&pool, Language::Simple).await,
        0,
        "nothing is left to do"
    );
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn another_language_or_another_way_of_cutting_makes_the_index_again(pool: PgPool) {
    let ada = conversation(&pool, &["we deployed the plans", "deploying", "the end"]).await;
    add_queued(&pool).await;
    assert_eq!(found(&pool, ada, "deploy").await, [0; 0]);
    assert_eq!(bring_up_to_date(&pool, Language::English).await, 3);
    assert_eq!(index::language(&pool).await.unwrap(), Language::English);
    assert_eq!(found(&pool, ada, "deploy").await, [2, 1]);
    assert_eq!(found(&pool, ada, "plan -deploying").await, [0; 0]);
    run(
        &pool,
        "UPDATE messages SET body = 'a plan for later' WHERE seq = 3",
    )
    .await;
    add_queued(&pool).await;
    assert_eq!(
        found(&pool, ada, "planning").await,
        [3, 1],
        "the queue follows the language too"
    );
    assert_eq!(bring_up_to_date(&pool, Language::English).await, 0);
    run(
        &pool,
        "UPDATE search_settings SET cutting = 0; UPDATE searchable SET words = ''",
    )
    .await;
    assert_eq!(bring_up_to_date(&pool, Language::English).await, 3);
    assert_eq!(found(&pool, ada, "plan").await, [3, 1]);
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_moment_is_found_among_the_numbers(pool: PgPool) {
    let bodies: Vec<String> = (1..=40).map(|n| format!("message {n}")).collect();
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    conversation(&pool, &bodies).await;
    run(&pool, "TRUNCATE unindexed").await;
    bring_up_to_date(&pool, Language::Simple).await;
    let wrong: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM searchable x JOIN messages m USING (conversation_id, seq)
         WHERE search_number(m.created_at) <> x.number OR search_number(m.created_at + interval '1 second') <> x.number + 1
            OR search_number(m.created_at - interval '1 second') <> x.number",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(wrong, 0);
}
