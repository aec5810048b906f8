//! Names that people see: nothing in them is invisible, and nobody looks like somebody else.

use sqlx::PgPool;

use crate::site::{PASSWORD, SETUP, with};

/// Names in which something is invisible, or everything.
const HIDDEN: [&str; 10] = [
    "Ada\u{200b} Lovelace",
    "Ada \u{202e}Lovelace",
    "Ada\u{61c} Lovelace",
    "Ada\u{200d} Lovelace",
    "Ada\u{3164}",
    "Ada\u{e0041}",
    "\u{3164}",
    "\u{2800}",
    "Ada\u{ad}",
    "Ada\0",
];

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn no_name_on_any_page_holds_what_nobody_can_see(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut ada = site.admin("ada").await;
        let (public, group) = (("kind", "public"), ("kind", "group"));
        let made = ada.post("/rooms", &[public, ("title", "Hall")]).await;
        let hall = made.location().replace("/c/", "");
        let (about, rename) = (format!("/c/{hall}/about"), format!("/admin/rooms/{hall}"));
        site.person("bob").await;
        for name in HIDDEN {
            for (path, fields) in [
                ("/account/profile", vec![("display_name", name)]),
                ("/rooms", vec![public, ("title", name)]),
                ("/rooms", vec![public, ("title", "x"), ("topic", name)]),
                ("/rooms", vec![group, ("title", name), ("people", "bob")]),
                (&about, vec![("title", name)]),
                (&about, vec![("title", "x"), ("topic", name)]),
                (&rename, vec![("title", name)]),
            ] {
                ada.post(path, &fields)
                    .await
                    .says(422, "characters that nobody can see");
            }
        }
        let rooms: i64 = site.one("SELECT count(*) FROM conversations").await;
        assert_eq!(rooms, 1);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn nobody_shows_a_name_that_looks_like_someone_elses(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut adam, mut eve) = (site.person("adam").await, site.person("eve").await);
        let shown = [("display_name", "Adam Ant")];
        adam.post("/account/profile", &shown).await.location();
        for name in ["adam", "Adam", "adarn", "Αdam", "Аdam Ant", "Adarn Ant"] {
            eve.post("/account/profile", &[("display_name", name)])
                .await
                .says(422, "looks like the name of someone else: @adam");
        }
        // Namesakes exist; pages tell them apart by their login names.
        for name in ["adam ant", "Adam Anton", "Eve"] {
            eve.post("/account/profile", &[("display_name", name)])
                .await
                .location();
        }
        for name in ["adarn", "4dam", "adam0"] {
            let fields = [("name", name), ("password", PASSWORD)];
            let answer = site.stranger().post("/register", &fields).await;
            match name {
                "adarn" => answer.says(422, "looks like the name of someone else: @adam"),
                _ => answer.redirects_to("/c"),
            }
        }
        // Adam may look like himself.
        for name in ["Adam", "adarn", "Adam Аnt"] {
            adam.post("/account/profile", &[("display_name", name)])
                .await
                .location();
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn pages_show_the_login_name_beside_another_one(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut root = site.admin("root").await;
        let (mut ada, mut bob, talk) = site.pair().await;
        let shown = [("display_name", "Director")];
        bob.post("/account/profile", &shown).await.location();
        let bob_id = site.user_id("bob").await;
        let handle = "<span class=\"handle\" dir=\"ltr\">@bob</span>";
        ada.post("/account/block", &[("user", &bob_id)])
            .await
            .location();
        for path in [&talk, "/people?q=bob", "/switch?q=direct", "/account"] {
            ada.get(path).await.says(200, handle);
        }
        let made = bob.post("/rooms", &[("kind", "public"), ("title", "Hall")]);
        let room = made.await.location();
        bob.get(&format!("{room}/about")).await.says(200, handle);
        let admin_room = room.replace("/c/", "/admin/rooms/");
        let person = format!("/admin/people/{bob_id}");
        for path in ["/admin", &admin_room, &person] {
            root.get(path).await.says(200, handle);
        }
        // Not where it would say the same twice.
        assert_eq!(bob.get(&talk).await.count("@ada"), 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn postgresql_and_the_chat_agree_on_what_a_login_name_looks_like(pool: PgPool) {
    let name = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    let key: String = sqlx::query_scalar("SELECT translate(replace($1, 'm', 'rn'), '01', 'ol')")
        .bind(name)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(chat_app::domain::lookalike_keys(name), [&*key, &*key]);
    let index: String = sqlx::query_scalar(
        "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid = 'users_name_lookalike'::regclass",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(
        index.contains("translate(replace(name, 'm'::text, 'rn'::text), '01'::text, 'ol'::text)"),
        "{index}"
    );
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn display_names_of_a_release_without_keys_are_found_after_the_next_migration(pool: PgPool) {
    with(pool, &[], async |site| {
        site.person("adam").await;
        let mut eve = site.person("eve").await;
        site.run("UPDATE users SET display_name = 'Adam Ant' WHERE name = 'adam'")
            .await;
        let mut connection = site.pool.acquire().await.unwrap();
        for expected in [1, 0] {
            let done = chat_app::store::lookalikes::bring_up_to_date(&mut connection).await;
            assert_eq!(done.unwrap(), expected);
        }
        eve.post("/account/profile", &[("display_name", "Adarn Ant")])
            .await
            .says(422, "looks like");
    })
    .await;
}
