//! Rooms and groups: who may see, join, add, rename and remove, and what an outsider gets.

use confab_tests::wait::seconds;
use confab_tests::{ensure, eventually};
use sqlx::PgPool;

use crate::site::{Person, Site, with};

/// Creates a room with these members, and returns its path.
async fn room(owner: &mut Person, kind: &str, title: &str, people: &str) -> String {
    let fields = [
        ("kind", kind),
        ("title", title),
        ("topic", "a topic"),
        ("people", people),
    ];
    owner.post("/rooms", &fields).await.location()
}

async fn three(site: &Site) -> (Person, Person, Person) {
    (
        site.person("ada").await,
        site.person("bob").await,
        site.person("eve").await,
    )
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_public_room_is_listed_joined_and_read_back(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, _) = three(site).await;
        let path = room(&mut ada, "public", "Design", "").await;
        ada.send(&path, "before bob").await.redirects_to(&path);
        bob.get(&path).await.says(404, "Page not found");
        let directory = bob.get("/rooms?q=desi").await;
        directory.says(200, "Design");
        directory.says(200, "1 member");
        bob.get("/rooms?q=nothing")
            .await
            .says(200, "No room found for");
        bob.post(&format!("{path}/join"), &[])
            .await
            .redirects_to(&path);
        let page = bob.get(&path).await;
        page.says(200, "before bob");
        page.says(200, "data-t=\"notice-joined\" data-actor=\"bob\"");
        bob.get("/c").await.says(200, "Design");
        assert_eq!(
            bob.get("/c").await.count("data-testid=\"unread\""),
            0,
            "what was sent before is not unread"
        );
        bob.post(&format!("{path}/join"), &[])
            .await
            .redirects_to(&path);
        assert_eq!(bob.get(&path).await.count("notice-joined"), 1);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_private_room_shows_only_messages_sent_during_membership(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, mut eve) = three(site).await;
        let path = room(&mut ada, "private", "Board", "bob").await;
        ada.send(&path, "for two").await.redirects_to(&path);
        eve.get("/rooms").await.says(200, "no public room");
        eve.post(&format!("{path}/join"), &[]).await.says(404, "");
        bob.post(&format!("{path}/members"), &[("people", "eve")])
            .await
            .says(403, "Only the owners");
        ada.post(&format!("{path}/members"), &[("people", "@eve")])
            .await
            .redirects_to(&format!("{path}/about"));
        ada.send(&path, "for three").await.redirects_to(&path);
        let page = eve.get(&path).await;
        page.says(200, "for three");
        assert_eq!(page.count("for two"), 0);
        for hidden in ["messages/1", "messages/999"] {
            eve.get(&format!("{path}/{hidden}")).await.says(404, "");
        }
        for act in ["edit", "delete", "reactions", "pin", "save"] {
            eve.post(
                &format!("{path}/messages/1/{act}"),
                &[("body", "x"), ("emoji", "👍"), ("present", "true")],
            )
            .await
            .says(404, "");
        }
        // Nor does she see a change of a message from before she joined.
        bob.script()
            .post(
                &format!("{path}/messages/1/reactions"),
                &[("emoji", "👍"), ("present", "true")],
            )
            .await
            .says(204, "");
        assert_eq!(eve.get(&path).await.count("for two"), 0);
        let eve_id = site.user_id("eve").await;
        ada.post(&format!("{path}/members/{eve_id}/remove"), &[])
            .await
            .redirects_to(&format!("{path}/about"));
        for gone in [
            "",
            "/about",
            "/item",
            "/pins",
            "/members",
            "?at=2",
            "/messages/2",
        ] {
            eve.get(&format!("{path}{gone}")).await.says(404, "");
        }
        eve.send(&path, "still here?").await.says(404, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_outsider_changes_nothing(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, mut eve) = three(site).await;
        let path = room(&mut ada, "private", "Board", "bob").await;
        ada.send(&path, "inside").await.redirects_to(&path);
        let (ada_id, eve_id) = (site.user_id("ada").await, site.user_id("eve").await);
        let posts = [
            ("/about", vec![("title", "Mine"), ("topic", "")]),
            ("/members", vec![("people", "eve")]),
            ("/leave", vec![]),
            ("/read", vec![("seq", "1")]),
            ("/messages/1/edit", vec![("body", "x")]),
            ("/messages/1/delete", vec![]),
            ("/messages/1/unread", vec![]),
            ("/messages/1/reactions", vec![("emoji", "👍")]),
            ("/messages/1/pin", vec![("present", "true")]),
            ("/messages/1/save", vec![("present", "true")]),
        ];
        for (act, fields) in posts {
            eve.post(&format!("{path}{act}"), &fields)
                .await
                .says(404, "");
        }
        for person in [&ada_id, &eve_id] {
            let member = format!("{path}/members/{person}");
            eve.post(&format!("{member}/remove"), &[])
                .await
                .says(404, "");
            eve.post(&format!("{member}/role"), &[("role", "owner")])
                .await
                .says(404, "");
        }
        let page = ada.get(&path).await;
        page.says(200, "inside");
        page.says(200, "Board");
        assert_eq!(page.count("notice-"), 2, "made, and bob added");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn owners_rename_and_promote_and_the_last_one_leaves_a_successor(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, _) = three(site).await;
        let path = room(&mut ada, "public", "Design", "bob,eve").await;
        let about = format!("{path}/about");
        bob.post(&about, &[("title", "Bob’s"), ("topic", "")])
            .await
            .says(403, "Only the owners");
        ada.post(&about, &[("title", "Redesign"), ("topic", "all of it")])
            .await
            .redirects_to(&about);
        let page = bob.get(&path).await;
        page.says(
            200,
            "data-t=\"notice-renamed\" data-actor=\"ada\" data-text=\"Redesign\"",
        );
        page.says(200, "data-t=\"notice-topic\"");
        ada.post(&about, &[("title", ""), ("topic", "")])
            .await
            .says(422, "Enter a name for the room");
        let topic = "x".repeat(251);
        let page = ada
            .post(&about, &[("title", "Typed"), ("topic", &topic)])
            .await;
        page.says(422, "id=\"topic-error\"");
        assert_eq!(page.count("id=\"title-error\""), 0, "{}", page.body);
        page.says(422, "value=\"Typed\"");
        let ada_id = site.user_id("ada").await;
        ada.post(
            &format!("{path}/members/{ada_id}/role"),
            &[("role", "member")],
        )
        .await
        .says(403, "");
        ada.post(&format!("{path}/leave"), &[])
            .await
            .redirects_to("/c");
        ada.get(&path).await.says(404, "");
        bob.get(&path).await.says(200, "data-t=\"notice-promoted\"");
        bob.post(&about, &[("title", "Bob’s"), ("topic", "")])
            .await
            .redirects_to(&about);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_invalid_room_form_shows_its_errors_and_keeps_the_text(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let wrong = [
            (
                [("kind", "public"), ("title", " "), ("people", "")],
                "Enter a name for the room",
            ),
            (
                [
                    ("kind", "private"),
                    ("title", "X"),
                    ("people", "ada nobody"),
                ],
                "Nobody here is called nobody",
            ),
            (
                [("kind", "group"), ("title", "X"), ("people", "ada")],
                "at least one other person",
            ),
        ];
        for (fields, sentence) in wrong {
            let answer = ada.post("/rooms", &fields).await;
            answer.says(422, sentence);
            answer.says(422, &format!("name=\"title\" value=\"{}\"", fields[1].1));
        }
        ada.post("/rooms", &[("kind", "direct"), ("title", "X")])
            .await
            .says(400, "");
        ada.post("/rooms", &[("kind", "public"), ("title", &"x".repeat(81))])
            .await
            .says(422, "at most 80");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_group_is_named_after_its_members(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, _) = three(site).await;
        let path = room(&mut ada, "group", "", "bob eve").await;
        ada.get(&path)
            .await
            .says(200, "<h1 dir=\"auto\">bob, eve</h1>");
        bob.get(&path)
            .await
            .says(200, "<h1 dir=\"auto\">ada, eve</h1>");
        bob.post(
            &format!("{path}/about"),
            &[("title", "Trip"), ("topic", "")],
        )
        .await
        .redirects_to(&format!("{path}/about"));
        ada.get("/c")
            .await
            .says(200, "<span class=\"name\" dir=\"auto\">Trip</span>");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_notice_between_two_pages_is_on_exactly_one_of_them(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let path = room(&mut ada, "public", "Design", "").await;
        let edges = [20, 34, 70, 84, 120];
        for n in 1..=120 {
            ada.script().send(&path, "hello").await.says(201, "");
            if edges.contains(&n) {
                let about = [("title", format!("After {n}")), ("topic", String::new())];
                let about = about.each_ref().map(|(name, text)| (*name, text.as_str()));
                ada.post(&format!("{path}/about"), &about)
                    .await
                    .redirects_to(&format!("{path}/about"));
            }
        }
        for pages in [
            ["", "?before=71", "?before=21"],
            ["?at=60", "?before=35", "?after=84"],
        ] {
            let mut answers = Vec::new();
            for page in pages {
                answers.push(ada.get(&format!("{path}{page}")).await);
            }
            for edge in edges {
                let notice = format!("data-text=\"After {edge}\"");
                let times: usize = answers.iter().map(|page| page.count(&notice)).sum();
                assert_eq!(times, 1, "after {edge}, on {pages:?}");
            }
        }
    })
    .await;
}

/// The page reads the membership, then the messages. A lock in between makes the second read late, like a slow database.
#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_member_removed_while_their_page_is_rendered_sees_nothing_newer(pool: PgPool) {
    const HOLD: &str = "LOCK TABLE reactions";
    const WAITS: &str = "SELECT EXISTS (SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock')";
    const LET_OUT: &str = "SELECT remove_member(conversation_id, sender_id, (SELECT id FROM users WHERE name = 'bob'), false),
        edit_message(conversation_id, seq, sender_id, 'for one', '{}') FROM messages";
    with(pool, &[], async |site| {
        let (mut ada, mut bob) = (site.person("ada").await, site.person("bob").await);
        let path = room(&mut ada, "private", "Board", "bob").await;
        ada.send(&path, "for two").await.redirects_to(&path);
        let mut held = site.pool.begin().await.unwrap();
        sqlx::raw_sql(HOLD).execute(&mut *held).await.unwrap();
        let meanwhile = async {
            eventually(seconds(20), "the page waits for its messages", async || {
                ensure!(site.one::<bool>(WAITS).await, "nothing waits");
                Ok(())
            })
            .await
            .unwrap();
            sqlx::raw_sql(LET_OUT).execute(&mut *held).await.unwrap();
            held.commit().await.unwrap();
        };
        let (page, ()) = tokio::join!(bob.get(&path), meanwhile);
        page.says(404, "Page not found");
        ada.get(&path).await.says(200, "for one");
    })
    .await;
}
