//! Search: what is found, and what must not be found by whom.

use sqlx::PgPool;

use crate::site::{Answer, Person, Site, with};

const HIT: &str = "data-testid=\"hit\"";

async fn search(person: &mut Person, typed: &str) -> Answer {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("q", typed)
        .finish();
    person.get(&format!("/search?{query}")).await
}

/// The `seq` of the hits, in the order shown.
async fn found(person: &mut Person, typed: &str) -> Vec<i64> {
    let answer = search(person, typed).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let hits = answer.body.split(HIT).skip(1);
    hits.map(|hit| {
        let place = hit.split("data-seq=\"").nth(1).unwrap();
        place.split('"').next().unwrap().parse().unwrap()
    })
    .collect()
}

async fn number(site: &Site, sql: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_one(&site.pool)
        .await
        .unwrap()
}

async fn run(site: &Site, sql: &str) {
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .execute(&site.pool)
        .await
        .unwrap();
}

/// Creates a room and returns its id.
async fn room(site: &Site, kind: &str, title: &str, owner: &str, others: &str) -> i64 {
    let sql = format!(
        "SELECT create_conversation('{kind}', '{title}', '', (SELECT id FROM users WHERE name = '{owner}'),
             ARRAY(SELECT id FROM users WHERE name = ANY ('{{{others}}}')))"
    );
    number(site, &sql).await
}

async fn say(site: &Site, conversation: i64, name: &str, body: &str) {
    let sql = format!(
        "SELECT outcome FROM append_messages(ARRAY[{conversation}], ARRAY[(SELECT id FROM users WHERE name = '{name}')],
             ARRAY[gen_random_uuid()], ARRAY['{body}'], ARRAY[NULL::jsonb])"
    );
    let outcome: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_one(&site.pool)
        .await
        .unwrap();
    assert_eq!(outcome, "sent");
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn words_phrases_prefixes_and_exclusions_find_messages_newest_first(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        for body in [
            "the release plan is ready",
            "plan the next release",
            "we deployed it, see https://example.com/x",
            "it’s **done**",
        ] {
            ada.send(&path, body).await.redirects_to(&path);
        }
        bob.send(&path, "a late plan").await.redirects_to(&path);
        site.index().await;
        for (typed, places) in [
            ("plan", &[5, 2, 1][..]),
            ("PLAN release", &[2, 1]),
            ("\"release plan\"", &[1]),
            ("deploy", &[]),
            ("deploy*", &[3]),
            ("plan -late", &[2, 1]),
            ("plan -\"release plan\"", &[5, 2]),
            ("done", &[4]),
            ("from:bob", &[5]),
            ("from:me plan", &[2, 1]),
            ("plan -from:@Bob", &[2, 1]),
            ("in:bob plan", &[5, 2, 1]),
            ("has:link", &[3]),
            ("-has:link from:ada", &[4, 2, 1]),
            ("has:file", &[]),
            ("before:2020-01-01", &[]),
            ("after:2020-01-01 plan", &[5, 2, 1]),
            ("after:2020-01-01 before:2999-01-01", &[5, 4, 3, 2, 1]),
        ] {
            assert_eq!(found(&mut ada, typed).await, places, "{typed}");
        }
        let answer = search(&mut ada, "plan").await;
        answer.says(200, "a late <mark>plan</mark>");
        answer.says(200, &format!("href=\"{path}?at=5#m5\""));
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_invalid_query_has_an_error_beside_the_field(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        ada.send(&path, "the plan").await;
        site.index().await;
        for (typed, sentence) in [
            ("form:ada plan", "“form:” is not a search operator."),
            (
                "before:soon",
                "“soon” is not a date. Use the form 2026-01-31.",
            ),
            ("from:nobody plan", "Nobody here is called “nobody”."),
            (
                "in:nowhere",
                "You are not in a conversation called “nowhere”.",
            ),
            ("-plan", "Enter something to search for"),
            (
                "!!!",
                "Ignored because they have no letters or digits: !!!.",
            ),
        ] {
            let answer = search(&mut ada, typed).await;
            answer.says(200, sentence);
            answer.says(200, "data-testid=\"field-error\"");
            answer.says(200, "aria-invalid=\"true\"");
            assert_eq!(answer.count(HIT), 0, "{typed}");
        }
        let answer = search(&mut ada, "plan ???").await;
        answer.says(200, "have no letters or digits: ???.");
        assert_eq!(answer.count(HIT), 1, "the rest is searched for");
        search(&mut ada, "xyz").await.says(200, "Nothing found");
        search(&mut ada, "")
            .await
            .says(200, "in:&quot;Design team&quot;");
        ada.get("/search?older=x")
            .await
            .says(400, "couldn’t process the request");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn no_input_breaks_the_query_or_the_page(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        ada.send(&path, "<img src=x onerror=alert(1)> alert & \"quoted\"")
            .await;
        site.index().await;
        for typed in [
            "' & | ! ( ) : * \\ <->",
            "it's*",
            "\\'*",
            "'''*",
            "a:*",
            "\"' | !x\"",
            "in:\"' OR 1=1\"",
            "%_",
            "\u{2}alert\u{3}",
            "<mark>",
            "x\0y",
        ] {
            assert_eq!(search(&mut ada, typed).await.status, 200, "{typed:?}");
        }
        let answer = search(&mut ada, "alert").await;
        answer.says(200, "&lt;img src=x onerror=<mark>alert</mark>(1)&gt;");
        assert!(!answer.body.contains("<img src=x"), "{}", answer.body);
        let answer = search(&mut ada, "\"><script>").await;
        answer.says(200, "value=\"&quot;&gt;&lt;script&gt;\"");
        let oldest = format!("/search?q=alert&older={}", i64::MIN);
        ada.get(&oldest).await.says(200, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_outsider_finds_nothing_by_any_query(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        let (mut eve, mut cy) = (site.person("eve").await, site.person("cy").await);
        ada.send(&path, "secret plan https://example.com").await;
        let private = room(site, "private", "Board", "ada", "bob").await;
        say(site, private, "ada", "secret numbers").await;
        let public = room(site, "public", "Lobby", "ada", "bob").await;
        say(site, public, "ada", "secret of the lobby").await;
        site.index().await;
        for typed in [
            "secret",
            "sec*",
            "\"secret plan\"",
            "from:ada",
            "from:ada secret",
            "has:link",
            "before:2999-01-01",
            "after:2000-01-01",
            "secret -nothing",
            "from:ada from:bob from:eve secret",
        ] {
            assert_eq!(found(&mut eve, typed).await, [0; 0], "{typed}");
            assert!(!search(&mut eve, typed).await.body.contains("?at="));
        }
        for typed in [
            "in:Board",
            "in:Lobby secret",
            "in:Board from:ada",
            "in:ada",
            "in:bob secret",
            "in:nothing-like-it",
        ] {
            // A room that one is not in looks like one that does not exist.
            search(&mut eve, typed)
                .await
                .says(200, "You are not in a conversation called");
        }
        for guess in [i64::MAX, 2, 0, -1] {
            let path = format!("/search?q=secret&older={guess}");
            assert_eq!(eve.get(&path).await.count(HIT), 0);
        }
        eve.cookie = None;
        let answer = eve.get("/search?q=secret").await;
        answer.redirects_to("/login?next=%2Fsearch%3Fq%3Dsecret");

        // A conversation with one of them does not reveal the others' messages.
        let bob_id = site.user_id("bob").await;
        cy.post("/c", &[("user", &bob_id)]).await.location();
        assert_eq!(found(&mut cy, "secret").await, [0; 0]);
        assert_eq!(found(&mut cy, "in:bob secret").await, [0; 0]);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn new_members_find_later_messages_and_in_public_rooms_all(pool: PgPool) {
    with(pool, &[], async |site| {
        site.person("ada").await;
        let mut bob = site.person("bob").await;
        let private = room(site, "private", "Board", "ada", "").await;
        let public = room(site, "public", "Lobby", "ada", "").await;
        for conversation in [private, public] {
            say(site, conversation, "ada", "the old plan").await;
            let join = format!(
                "SELECT add_member({conversation}, 'added', (SELECT id FROM users WHERE name = 'ada'),
                     (SELECT id FROM users WHERE name = 'bob'), 'member')"
            );
            number(site, &join).await;
            say(site, conversation, "ada", "the new plan").await;
        }
        site.index().await;
        assert_eq!(found(&mut bob, "plan in:board").await, [2]);
        assert_eq!(found(&mut bob, "plan in:#Lobby").await, [2, 1]);
        assert_eq!(found(&mut bob, "plan").await, [2, 1, 2]);
        assert_eq!(found(&mut bob, "old in:Board").await, [0; 0]);

        let leave = format!(
            "SELECT rev FROM remove_member({private}, (SELECT id FROM users WHERE name = 'ada'),
                 (SELECT id FROM users WHERE name = 'bob'), false)"
        );
        number(site, &leave).await;
        assert_eq!(
            found(&mut bob, "plan").await,
            [2, 1],
            "who is removed finds nothing more"
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_edited_message_is_found_by_its_new_text_and_a_deleted_one_by_none(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        for body in ["the old words", "words to delete", "words that stay"] {
            ada.send(&path, body).await;
        }
        site.index().await;
        run(
            site,
            "UPDATE messages SET body = 'another text', edited_at = now() WHERE seq = 1",
        )
        .await;
        run(
            site,
            "UPDATE messages SET body = '', deleted_at = now() WHERE seq = 2",
        )
        .await;
        site.index().await;
        assert_eq!(found(&mut ada, "words").await, [3]);
        assert_eq!(found(&mut ada, "another").await, [1]);
        assert_eq!(found(&mut ada, "from:ada").await, [3, 1]);
        run(site, "DELETE FROM messages WHERE seq = 3").await;
        assert_eq!(number(site, "SELECT count(*) FROM searchable").await, 1);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn files_are_found_by_kind_and_name(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        let conversation = number(site, "SELECT id FROM conversations").await;
        let ada_id = site.user_id("ada").await;
        for (id, name, media_type) in [(1, "budget.xlsx", "application/x"), (2, "<b>sunset", "image/png")] {
            let sql = format!(
                "WITH file AS (
                     INSERT INTO attachments (id, conversation_id, owner_id, name, media_type, bytes)
                     VALUES ('00000000-0000-0000-0000-00000000000{id}', {conversation}, {ada_id}, '{name}', '{media_type}', 1)
                     RETURNING id)
                 SELECT jsonb_build_object('attachments', jsonb_build_array(id)) FROM file"
            );
            let extra: serde_json::Value = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&site.pool).await.unwrap();
            let sent = format!(
                "SELECT seq FROM append_messages(ARRAY[{conversation}], ARRAY[{ada_id}], ARRAY[gen_random_uuid()],
                     ARRAY['see this'], ARRAY['{extra}'::jsonb])"
            );
            assert_eq!(number(site, &sent).await, id);
        }
        ada.send(&path, "see that").await;
        site.index().await;
        assert_eq!(found(&mut ada, "has:file").await, [2, 1]);
        assert_eq!(found(&mut ada, "has:image").await, [2]);
        assert_eq!(found(&mut ada, "budget.xlsx").await, [1]);
        assert_eq!(found(&mut ada, "see -has:file").await, [3]);
        search(&mut ada, "sunset").await.says(200, "&lt;b&gt;<mark>sunset</mark>");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn older_results_follow_without_gap_or_repetition(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        let fill = "INSERT INTO messages (conversation_id, seq, rev, sender_id, client_id, body, created_at)
             SELECT c.id, n, n, c.direct_low, gen_random_uuid(), CASE WHEN n % 100 = 0 THEN 'a rare word' ELSE 'common' END,
                    now() - interval '1 minute' * (5000 - n)
             FROM conversations c, generate_series(1, 5000) n";
        run(site, fill).await;
        site.index().await;
        for (typed, step) in [("word", 100), ("from:ada", 1), ("after:2000-01-01", 1)] {
            let (mut next, mut places) = (format!("/search?q={typed}"), Vec::new());
            while places.len() < 45 {
                let answer = ada.get(&next).await;
                for hit in answer.body.split(HIT).skip(1) {
                    let place = hit.split("data-seq=\"").nth(1).unwrap();
                    places.push(place.split('"').next().unwrap().parse::<i64>().unwrap());
                }
                let Some(link) = answer.body.split("data-testid=\"older-hits\" href=\"").nth(1) else {
                    break;
                };
                next = link.split('"').next().unwrap().replace("&amp;", "&");
            }
            let expected: Vec<i64> = (0..places.len() as i64).map(|n| 5000 - n * step).collect();
            assert_eq!(places, expected, "{typed}");
            assert!(places.len() >= 45, "{typed}");
        }
        let days = "SELECT count(*) FROM find_messages((SELECT id FROM users WHERE name = 'ada'), 'common',
             now() - interval '110 minutes', now() - interval '99.5 minutes', 9223372036854775807, 100)";
        assert_eq!(number(site, days).await, 9, "ten minutes, in one of which is the rare word");
        let _ = path;
    })
    .await;
}
