//! The list, the search for people, and who may see a conversation.

use sqlx::PgPool;

use crate::site::with;

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn people_are_found_by_name_except_oneself(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        ada.get("/people")
            .await
            .says(200, "You’re the first one here");
        for name in ["bernadette", "ada.l", "xada", "a_b"] {
            site.person(name).await;
        }
        let answer = ada.get("/people?q=ADA").await;
        assert_eq!(answer.count("data-testid=\"person\""), 2);
        let place = |name: &str| answer.body.find(&format!("data-name=\"{name}\"")).unwrap();
        assert!(
            place("ada.l") < place("xada"),
            "those whose name begins so come first"
        );
        ada.get("/people?q=a_").await.says(200, "data-name=\"a_b\"");
        assert_eq!(
            ada.get("/people?q=a_")
                .await
                .count("data-testid=\"person\""),
            1,
            "_ is no wildcard"
        );
        ada.get("/people?q=%3Cb%3E")
            .await
            .says(200, "No name contains “&lt;b&gt;”");
        assert_eq!(ada.get("/people").await.count("data-testid=\"person\""), 4);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn two_people_have_one_conversation(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        let ada_id = site.user_id("ada").await;
        bob.post("/c", &[("user", &ada_id)])
            .await
            .redirects_to(&path);
        ada.get(&path)
            .await
            .says(200, "No messages yet. Say hello!");
        assert_eq!(
            bob.get("/c").await.count("data-testid=\"conversation\""),
            0,
            "an empty one is not listed"
        );
        ada.post("/c", &[("user", &ada_id)])
            .await
            .says(404, "Page not found");
        ada.post("/c", &[("user", "999")])
            .await
            .says(404, "Page not found");
        ada.post("/c", &[("user", "x")])
            .await
            .says(400, "couldn’t process the request");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_outsider_gets_404(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        ada.send(&path, "between us").await.redirects_to(&path);
        let mut eve = site.person("eve").await;
        for path in [
            path.clone(),
            format!("{path}?before=2"),
            format!("{path}/item"),
            format!("{path}/seen?seq=1"),
        ] {
            eve.get(&path).await.says(
                404,
                "This page doesn’t exist, or you don’t have access to it.",
            );
        }
        for mut eve in [eve.script(), eve] {
            eve.send(&path, "let me in")
                .await
                .says(404, "This page doesn’t exist");
            eve.post(&format!("{path}/read"), &[("seq", "1")])
                .await
                .says(404, "This page doesn’t exist");
            eve.send(&path, "")
                .await
                .status
                .is_client_error()
                .then_some(())
                .unwrap();
        }
        ada.get(&path).await.says(200, "between us");
        assert_eq!(
            ada.get(&path)
                .await
                .count("data-testid=\"message\" data-seq"),
            1
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_stranger_is_redirected_to_the_login_and_a_script_gets_401(pool: PgPool) {
    with(pool, &[], async |site| {
        let (ada, _, path) = site.pair().await;
        let mut stranger = site.stranger();
        stranger.get("/").await.redirects_to("/login");
        stranger.get("/c").await.redirects_to("/login");
        stranger
            .get("/people?q=a+b")
            .await
            .redirects_to("/login?next=%2Fpeople%3Fq%3Da%2Bb");
        stranger.send(&path, "hello").await.redirects_to("/login");
        stranger.post("/logout", &[]).await.redirects_to("/login");
        let mut script = stranger.script();
        let answer = script.send(&path, "hello").await;
        answer.says(401, "");
        assert_eq!(answer.json()["error"], "Log in to continue.");
        drop(ada);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn what_does_not_exist_is_not_found(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        for path in [
            "/c/1",
            "/c/x",
            "/c/99999999999999999999",
            "/nowhere",
            "/static/x/nothing.js",
            "/static/x/own-x.css",
        ] {
            ada.get(path).await.says(404, "Page not found");
        }
        ada.get("/logout").await.says(405, "That didn’t work");
        let answer = ada.script().get("/c/1").await;
        assert_eq!(
            answer.json()["error"],
            "This page doesn’t exist, or you don’t have access to it."
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_list_continues_in_parts_and_shows_each_conversation_once(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        // Three buckets of forty, so that parts end within a bucket; some conversations were last active at the same time.
        site.run(
            "WITH made AS (
                 INSERT INTO conversations (kind, title, last_at)
                 SELECT 'private', 'room-' || n, timestamptz '2026-03-04 05:00:00Z' - n / 40 * interval '6 hours' + n % 7 * interval '1 s'
                 FROM generate_series(0, 119) n RETURNING id, last_at)
             INSERT INTO members (conversation_id, user_id, joined_rev, bucket)
             SELECT id, (SELECT id FROM users), 0, date_bin('6 hours', last_at, '2020-01-01 00:00:00+00') FROM made",
        )
        .await;
        let wanted: Vec<i64> = site
            .one("SELECT array_agg(id ORDER BY last_at DESC, id) FROM conversations")
            .await;
        let (mut found, mut parts) = (Vec::new(), Vec::new());
        let mut next = Some("/c".to_owned());
        while let Some(path) = next {
            let page = ada.get(&path).await.body;
            let before = found.len();
            let items = page.split("data-conversation=\"").skip(1);
            found.extend(items.map(|item| item.split('"').next().unwrap().parse::<i64>().unwrap()));
            parts.push(found.len() - before);
            next = page
                .split_once("/c?older=")
                .map(|(_, rest)| format!("/c?older={}", rest.split('"').next().unwrap()));
        }
        assert_eq!(parts, [50, 50, 20]);
        assert_eq!(found, wanted);
        ada.get("/c?older=yesterday").await.says(400, "couldn’t process the request");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_list_counts_unread_messages(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        for body in ["one", "two", "three"] {
            ada.send(&path, body).await.redirects_to(&path);
        }
        let unread = "data-testid=\"unread\">3</span>";
        let answer = bob.get("/c").await;
        answer.says(200, unread);
        answer.says(200, "<title>(3) Confab</title>");
        answer.says(200, "three</span>");
        assert_eq!(
            ada.get("/c").await.count("data-testid=\"unread\""),
            0,
            "who sends has read"
        );
        bob.get(&format!("{path}/item")).await.says(200, unread);

        bob.script()
            .post(&format!("{path}/read"), &[("seq", "2")])
            .await
            .says(200, "\"last_read\":2");
        bob.get("/c")
            .await
            .says(200, "data-testid=\"unread\">1</span>");
        bob.script()
            .post(&format!("{path}/read"), &[("seq", "1")])
            .await
            .says(200, "\"last_read\":2");
        bob.get("/c")
            .await
            .says(200, "data-testid=\"unread\">1</span>");
        bob.script()
            .post(&format!("{path}/read"), &[("seq", "99")])
            .await
            .says(200, "\"last_read\":3");
        assert_eq!(bob.get("/c").await.count("data-testid=\"unread\""), 0);
        ada.send(&path, "four").await.redirects_to(&path);
        bob.get("/c")
            .await
            .says(200, "data-testid=\"unread\">1</span>");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn without_javascript_opening_a_conversation_marks_it_as_read(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        ada.send(&path, "one").await;
        let image = format!("{path}/seen?seq=1");
        bob.get(&path)
            .await
            .says(200, "<noscript><p class=\"hint\">Without JavaScript");
        bob.get(&path).await.says(200, &format!("src=\"{image}\""));
        bob.headers = vec![("sec-fetch-site", "cross-site")];
        bob.get(&image).await.says(403, "another site");
        bob.headers = vec![("sec-fetch-site", "same-origin")];
        bob.get(&image).await.says(200, "<svg");
        assert_eq!(bob.get("/c").await.count("data-testid=\"unread\""), 0);
    })
    .await;
}
