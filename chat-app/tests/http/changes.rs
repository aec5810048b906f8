//! Changes of messages: replies, edits, deletions, reactions, mentions, read marks.

use sqlx::PgPool;
use uuid::Uuid;

use crate::site::with;

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn only_the_sender_can_edit_a_message_and_the_edit_is_marked(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        ada.send(&path, "frist").await.redirects_to(&path);
        let message = format!("{path}/messages/1");
        bob.post(&format!("{message}/edit"), &[("body", "mine")])
            .await
            .says(403, "");
        let id = Uuid::new_v4().to_string();
        let reply = [
            ("client_id", id.as_str()),
            ("body", "what?"),
            ("reply_to", "1"),
        ];
        bob.post(&format!("{path}/messages"), &reply)
            .await
            .redirects_to(&path);
        ada.post(&format!("{message}/edit"), &[("body", "*first*")])
            .await
            .redirects_to(&format!("{path}?at=1#m1"));
        let page = bob.get(&path).await;
        page.says(200, "<em>first</em>");
        page.says(200, "<span dir=\"auto\">first</span></a>");
        page.says(200, "data-t=\"edited\"");
        assert_eq!(page.count("frist"), 0);
        let wrong = ada.post(&format!("{message}/edit"), &[("body", " ")]).await;
        wrong.says(422, "Write a message first");
        ada.script()
            .get(&message)
            .await
            .says(200, "{\"body\":\"*first*\"}");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_deletion_leaves_a_tombstone_without_any_text(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        ada.send(&path, "a secret for @bob")
            .await
            .redirects_to(&path);
        let id = Uuid::new_v4().to_string();
        let answer = [
            ("client_id", id.as_str()),
            ("body", "oh"),
            ("reply_to", "1"),
        ];
        bob.post(&format!("{path}/messages"), &answer)
            .await
            .redirects_to(&path);
        ada.get(&path).await.says(200, "data-quote=\"1\"");
        bob.post(&format!("{path}/messages/1/delete"), &[])
            .await
            .says(403, "");
        ada.post(&format!("{path}/messages/1/delete"), &[])
            .await
            .redirects_to(&format!("{path}?at=1#m1"));
        for person in [&mut ada, &mut bob] {
            let page = person.get(&path).await;
            assert_eq!(page.count("secret"), 0, "{}", page.body);
            page.says(200, "data-t=\"deleted\"");
        }
        let left: i64 = site
            .one("SELECT count(*) FROM messages WHERE body LIKE '%secret%'")
            .await;
        assert_eq!(left, 0);
        ada.post(&format!("{path}/messages/1/edit"), &[("body", "back")])
            .await
            .says(404, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_reaction_counts_once_and_can_be_removed(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        ada.send(&path, "well?").await.redirects_to(&path);
        let reactions = format!("{path}/messages/1/reactions");
        let thumb = [("emoji", "👍"), ("present", "true")];
        for _ in 0..2 {
            bob.script().post(&reactions, &thumb).await.says(204, "");
        }
        ada.script().post(&reactions, &thumb).await.says(204, "");
        let page = ada.get(&path).await;
        page.says(200, "title=\"bob, ada\"");
        page.says(200, "<span class=\"count\">2</span>");
        bob.post(&reactions, &[("emoji", "👍")])
            .await
            .redirects_to(&format!("{path}?at=1#m1"));
        ada.get(&path).await.says(200, "title=\"ada\"");
        for bad in ["x", "<b>", ""] {
            bob.post(&reactions, &[("emoji", bad)]).await.says(400, "");
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_mention_is_counted_separately_until_it_is_read(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        site.person("eve").await;
        ada.send(&path, "@bob and @eve and @nobody")
            .await
            .redirects_to(&path);
        let page = bob.get(&path).await;
        assert_eq!(page.count("class=\"mention\""), 1, "eve is no member");
        let item = format!("{path}/item");
        bob.get(&item)
            .await
            .says(200, "data-testid=\"mentions\">@1</span>");
        bob.post(&format!("{path}/read"), &[("seq", "1")])
            .await
            .redirects_to(&path);
        assert_eq!(bob.get(&item).await.count("data-testid=\"mentions\""), 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn marking_unread_survives_read_marks_of_pages_with_an_old_version(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        for body in ["one", "two", "three"] {
            ada.send(&path, body).await.redirects_to(&path);
        }
        let mut script = bob.script();
        let read = format!("{path}/read");
        script
            .post(&read, &[("seq", "3"), ("version", "0")])
            .await
            .says(200, "\"version\":0");
        script
            .post(&format!("{path}/messages/2/unread"), &[])
            .await
            .says(200, "{\"last_read\":1,\"version\":1}");
        script
            .post(&read, &[("seq", "3"), ("version", "0")])
            .await
            .says(200, "{\"last_read\":1,\"version\":1}");
        bob.get(&path).await.says(200, "data-testid=\"new-since\"");
        script
            .post(&format!("{path}/messages/{}/unread", i64::MIN), &[])
            .await
            .says(200, "{\"last_read\":0,\"version\":2}");
        script
            .post(&read, &[("seq", "3"), ("version", "2")])
            .await
            .says(200, "{\"last_read\":3,\"version\":2}");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_permalink_shows_the_messages_around_it_and_pages_both_ways(pool: PgPool) {
    with(pool, &[], async |site| {
        let (ada, mut bob, path) = site.pair().await;
        for n in 1..=120 {
            ada.script()
                .send(&path, &format!("number {n}"))
                .await
                .says(201, "");
        }
        let page = bob.get(&format!("{path}?at=60")).await;
        page.says(200, "id=\"m60\"");
        page.says(200, &format!("href=\"{path}?before=35\""));
        page.says(200, &format!("href=\"{path}?after=84\""));
        let newer = bob.get(&format!("{path}?after=84")).await;
        newer.says(200, "id=\"m85\"");
        newer.says(200, "id=\"m120\"");
        assert_eq!(newer.count("data-testid=\"newer\""), 0);
        bob.get(&path)
            .await
            .says(200, "data-testid=\"first-unread\"");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_deleted_message_is_not_counted_as_unread(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        for body in ["one", "two", "three", "four"] {
            ada.send(&path, body).await.redirects_to(&path);
        }
        let item = format!("{path}/item");
        let badge = |count: i64| format!("data-testid=\"unread\">{count}</span>");
        bob.post(&format!("{path}/read"), &[("seq", "1")])
            .await
            .redirects_to(&path);
        for (seq, left) in [(1, 3), (2, 2), (4, 1)] {
            let delete = format!("{path}/messages/{seq}/delete");
            ada.script().post(&delete, &[]).await.says(204, "");
            bob.get(&item).await.says(200, &badge(left));
            bob.get("/c").await.says(200, &format!("<title>({left}) "));
        }
        ada.script()
            .post(&format!("{path}/messages/3/delete"), &[])
            .await
            .says(204, "");
        assert_eq!(bob.get(&item).await.count("data-testid=\"unread\""), 0);
        bob.post(&format!("{path}/messages/1/unread"), &[])
            .await
            .redirects_to("/c");
        assert_eq!(bob.get(&item).await.count("data-testid=\"unread\""), 0);
        ada.send(&path, "five").await.redirects_to(&path);
        bob.get(&item).await.says(200, &badge(1));
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_person_whose_name_ends_with_a_mark_is_called_and_marked(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        sqlx::query("UPDATE users SET name = 'bob.' WHERE name = 'bob'")
            .execute(&site.pool)
            .await
            .unwrap();
        let called = "SELECT count(*) FROM mentions";
        ada.send(&path, "hi @bob. and https://x.example/@bob.")
            .await
            .redirects_to(&path);
        let page = ada.get(&path).await;
        page.says(200, ">@bob.</span> and");
        assert_eq!(page.count("class=\"mention\""), 1);
        assert_eq!(site.one::<i64>(called).await, 1);
        // A member whose name is shorter is who the sentence calls.
        sqlx::query("UPDATE users SET name = 'ada.' WHERE name = 'bob.'")
            .execute(&site.pool)
            .await
            .unwrap();
        let edit = format!("{path}/messages/1/edit");
        for (body, marked) in [
            ("it is @ada.", ">@ada</span>."),
            ("is it @ada.?", ">@ada</span>.?"),
        ] {
            ada.script()
                .post(&edit, &[("body", body)])
                .await
                .says(204, "");
            ada.get(&path).await.says(200, marked);
            assert_eq!(site.one::<i64>(called).await, 1);
        }
        ada.send(&path, "and @ada.").await.redirects_to(&path);
        assert_eq!(site.one::<i64>(called).await, 2);
    })
    .await;
}
