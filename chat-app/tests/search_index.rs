//! The search index on a real PostgreSQL: made for what was there before it, in the deployment's language.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use chat_app::domain::{UserId, UserName};
use chat_app::search;
use chat_app::store::search::{find, index, language, prepare};
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

async fn bring_up_to_date(pool: &PgPool, language: &str) -> u64 {
    let mut connection = pool.acquire().await.unwrap();
    index::bring_up_to_date(&mut connection, language)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn messages_from_before_the_index_are_found_in_their_order(pool: PgPool) {
    let ada = conversation(&pool, &["one plan", "two plans", "a plan", "gone"]).await;
    sqlx::raw_sql(
        "TRUNCATE searchable; UPDATE messages SET body = '', deleted_at = now() WHERE seq = 4;
         INSERT INTO messages (conversation_id, seq, rev, sender_id, client_id, body, created_at)
         SELECT conversation_id, 5, 5, sender_id, gen_random_uuid(), 'new plan', now() FROM messages WHERE seq = 1",
    )
    .execute(&pool)
    .await
    .unwrap();
    assert_eq!(found(&pool, ada, "plan").await, [5]);
    assert_eq!(bring_up_to_date(&pool, "simple").await, 3);
    assert_eq!(found(&pool, ada, "plan").await, [5, 3, 1]);
    assert_eq!(
        bring_up_to_date(&pool, "simple").await,
        0,
        "nothing is left to do"
    );
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn another_language_makes_the_index_again(pool: PgPool) {
    let ada = conversation(&pool, &["we deployed the plans", "deploying", "the end"]).await;
    assert_eq!(found(&pool, ada, "deploy").await, [0; 0]);
    assert_eq!(bring_up_to_date(&pool, "english").await, 3);
    assert_eq!(language(&pool).await.unwrap(), "english");
    assert_eq!(found(&pool, ada, "deploy").await, [2, 1]);
    assert_eq!(found(&pool, ada, "plan -deploying").await, [0; 0]);
    sqlx::query("UPDATE messages SET body = 'a plan for later' WHERE seq = 3")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(
        found(&pool, ada, "planning").await,
        [3, 1],
        "triggers go by it too"
    );
    let query = search::parse("the deploy").unwrap();
    let prepared = prepare(&pool, ada, &query).await.unwrap().unwrap();
    assert!(prepared.left_out.is_some(), "a stop word is told");
    assert_eq!(bring_up_to_date(&pool, "english").await, 0);
    let mut connection = pool.acquire().await.unwrap();
    assert!(index::knows(&mut connection, "german").await.unwrap());
    for unknown in ["klingon", "", "a b", "'x"] {
        assert!(
            !index::knows(&mut connection, unknown).await.unwrap(),
            "{unknown}"
        );
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_moment_is_found_among_the_numbers(pool: PgPool) {
    let bodies: Vec<String> = (1..=40).map(|n| format!("message {n}")).collect();
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    conversation(&pool, &bodies).await;
    sqlx::query("TRUNCATE searchable")
        .execute(&pool)
        .await
        .unwrap();
    bring_up_to_date(&pool, "simple").await;
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
