//! Administration: what administrators can do, the audit log, and that it does not exist for anybody else.

use chat_app::housekeeping;
use sqlx::PgPool;

use crate::site::{Answer, PASSWORD, Person, SETUP, Site, with};

/// An administrator, a person, and that person's id.
async fn cast(site: &Site) -> (Person, Person, String) {
    let (ada, bob) = (site.admin("ada").await, site.person("bob").await);
    let id = site.user_id("bob").await;
    (ada, bob, id)
}

async fn room(site: &Site) -> String {
    let make = "SELECT create_conversation('private', 'Engine', '', (SELECT id FROM users WHERE name = 'ada'),
                    (SELECT array_agg(id) FROM users))";
    let id: i64 = site.one(make).await;
    format!("/admin/rooms/{id}")
}

fn link_of(answer: &Answer) -> String {
    let (_, rest) = answer
        .body
        .split_once("data-testid=\"secret-link\">")
        .unwrap();
    let link = rest.split('<').next().unwrap();
    assert!(link.starts_with('/'), "made up from Host: {link}");
    link.to_owned()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn administration_does_not_exist_for_anybody_else(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let (_, mut bob, id) = cast(site).await;
        let room = room(site).await;
        let person = format!("/admin/people/{id}");
        for path in ["/admin", "/admin/rooms", "/admin/invites", "/admin/messages", "/admin/log", &person, &room] {
            bob.get(path).await.says(404, "Page not found");
            site.stranger().get(path).await.location();
        }
        let fields = [("act", "make_admin"), ("title", "x"), ("user", &*id), ("days", "1"), ("uses", "1"), ("invite", "1"), ("link", "/c/1/1")];
        let (reset, remove) = (format!("{person}/reset"), format!("{room}/remove"));
        for path in [&*person, &reset, &room, &remove, "/admin/invites", "/admin/invites/revoke", "/admin/messages"] {
            bob.post(path, &fields).await.says(404, "Page not found");
            site.stranger().post(path, &fields).await.redirects_to("/login");
        }
        let untouched = "SELECT (SELECT count(*) FROM users WHERE is_admin) = 1 AND NOT EXISTS (SELECT FROM invites)
                         AND (SELECT count(*) FROM audit_log) = 1";
        assert!(site.one::<bool>(untouched).await);
        assert_eq!(bob.get("/account").await.count("href=\"/admin\""), 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_disabled_person_is_logged_out_everywhere_until_enabled(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let (mut ada, mut bob, id) = cast(site).await;
        let person = format!("/admin/people/{id}");
        ada.get("/admin?q=bo").await.says(200, "data-name=\"bob\"");
        ada.post(&person, &[("act", "disable")])
            .await
            .redirects_to(&person);
        bob.get("/c").await.redirects_to("/login?ended=true");
        let recorded: i64 = site
            .one("SELECT count(*) FROM changes WHERE session_id IS NOT NULL")
            .await;
        assert_eq!(recorded, 1, "the other replicas close their sockets");
        ada.get(&person).await.says(200, "Disabled");
        let login = [("name", "bob"), ("password", PASSWORD)];
        bob.post("/login", &login)
            .await
            .says(422, "This account is disabled.");
        ada.post(&format!("{person}/reset"), &[])
            .await
            .says(404, "");
        ada.post(&person, &[("act", "enable")]).await.location();
        bob.post("/login", &login).await.redirects_to("/c");
        ada.post(&person, &[("act", "sign_out")]).await.location();
        bob.get("/c").await.redirects_to("/login?ended=true");
        ada.post(&person, &[("act", "explode")]).await.says(400, "");
        ada.post("/admin/people/999999", &[("act", "disable")])
            .await
            .says(404, "");
        ada.get("/admin/people/999999").await.says(404, "");
        let log = ada.get("/admin/log").await;
        for sentence in [
            "ada disabled bob",
            "ada enabled bob",
            "ada logged bob out everywhere",
            "ada set up the chat",
        ] {
            log.says(200, sentence);
        }
        assert_eq!(log.count("data-testid=\"audit\""), 4);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_last_administrator_can_not_be_removed(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let (mut ada, mut bob, bob_id) = cast(site).await;
        let ada_path = format!("/admin/people/{}", site.user_id("ada").await);
        let bob_path = format!("/admin/people/{bob_id}");
        for act in ["disable", "unmake_admin"] {
            ada.post(&ada_path, &[("act", act)])
                .await
                .says(422, "There must be at least one administrator.");
        }
        ada.post(&bob_path, &[("act", "make_admin")])
            .await
            .location();
        bob.get("/account").await.says(200, "href=\"/admin\"");
        bob.post(&ada_path, &[("act", "unmake_admin")])
            .await
            .location();
        ada.get("/admin").await.says(404, "");
        ada.post(&bob_path, &[("act", "disable")])
            .await
            .says(404, "");
        bob.post(&bob_path, &[("act", "disable")])
            .await
            .says(422, "There must be at least one administrator.");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn invitations_and_reset_links_are_shown_once_and_work(pool: PgPool) {
    let flags = [SETUP[0], SETUP[1], "--registration", "invite"];
    with(pool, &flags, async |site| {
        let mut ada = site.admin("ada").await;
        let wrong = [("days", "0"), ("uses", "x")];
        ada.post("/admin/invites", &wrong)
            .await
            .says(422, "Enter 1 to 365 days");
        let made = ada
            .post("/admin/invites", &[("days", "3"), ("uses", "2")])
            .await;
        made.says(200, "It is shown only now.");
        let join = link_of(&made);
        assert_eq!(ada.get("/admin/invites").await.count(&join), 0);
        let mut bob = site.stranger();
        bob.post(&join, &[("name", "bob"), ("password", PASSWORD)])
            .await
            .redirects_to("/c");
        ada.get("/admin/invites").await.says(200, "1 of 2 used");
        ada.post("/admin/invites/revoke", &[("invite", "1")])
            .await
            .redirects_to("/admin/invites");
        ada.post("/admin/invites/revoke", &[("invite", "1")])
            .await
            .says(404, "");
        site.stranger()
            .get(&join)
            .await
            .says(404, "no longer valid");

        let person = format!("/admin/people/{}/reset", site.user_id("bob").await);
        let first = link_of(&ada.post(&person, &[]).await);
        let second = link_of(&ada.post(&person, &[]).await);
        let new = [("password", "battery staple")];
        site.stranger().post(&first, &new).await.says(404, "");
        site.stranger().post(&second, &new).await.redirects_to("/c");
        bob.get("/c").await.redirects_to("/login?ended=true");
        let log: String = site
            .one("SELECT string_agg(l::text, ' ') FROM audit_log l")
            .await;
        for link in [join, first, second] {
            assert!(!log.contains(link.rsplit('/').next().unwrap()), "{log}");
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn links_of_an_administrator_end_when_they_are_none_any_more(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let (mut ada, mut bob, bob_id) = cast(site).await;
        let bob_path = format!("/admin/people/{bob_id}");
        let ada_reset = format!("/admin/people/{}/reset", site.user_id("ada").await);
        for act in ["unmake_admin", "disable"] {
            ada.post(&bob_path, &[("act", "make_admin")])
                .await
                .location();
            let limits = [("days", "3"), ("uses", "2")];
            let join = link_of(&bob.post("/admin/invites", &limits).await);
            let reset = link_of(&bob.post(&ada_reset, &[]).await);
            ada.post(&bob_path, &[("act", act)]).await.location();
            for link in [&join, &reset] {
                site.stranger().get(link).await.says(404, "no longer valid");
            }
            site.stranger()
                .post(&reset, &[("password", "battery staple")])
                .await
                .says(404, "");
        }
        ada.get("/admin").await.says(200, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn rooms_are_renamed_and_members_removed_without_showing_messages(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let (mut ada, _, id) = cast(site).await;
        let path = room(site).await;
        ada.get("/admin/rooms?q=engi").await.says(200, "2 members");
        ada.post(&path, &[("title", "  ")])
            .await
            .says(422, "Enter a name for the room.");
        ada.post(&path, &[("title", "Engine  room")])
            .await
            .redirects_to(&path);
        ada.get(&path)
            .await
            .says(200, "data-testid=\"member\" data-name=\"bob\"");
        let remove = format!("{path}/remove");
        ada.post(&remove, &[("user", &id)])
            .await
            .redirects_to(&path);
        ada.post(&remove, &[("user", &id)]).await.says(404, "");
        assert_eq!(ada.get(&path).await.count("data-name=\"bob\""), 0);
        let log = ada.get("/admin/log").await;
        log.says(200, "to Engine room");
        log.says(200, "ada removed bob from room");
        // A direct conversation is not a room.
        let (mut carl, _) = (site.person("carl").await, ());
        let direct = carl.post("/c", &[("user", &id)]).await.location();
        let direct = direct.replace("/c/", "/admin/rooms/");
        ada.get(&direct).await.says(404, "");
        ada.post(&direct, &[("title", "x")]).await.says(404, "");
        ada.post(&format!("{direct}/remove"), &[("user", &id)])
            .await
            .says(404, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_administrator_removes_any_message_by_its_link(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let (mut ada, mut bob, id) = cast(site).await;
        let mut carl = site.person("carl").await;
        let path = carl.post("/c", &[("user", &id)]).await.location();
        bob.send(&path, "shameful").await.location();
        let link = format!("https://chat.example{path}?at=1#m1");
        ada.post("/admin/messages", &[("link", &link)])
            .await
            .redirects_to("/admin/messages?saved=yes");
        assert_eq!(carl.get(&path).await.count("shameful"), 0);
        for gone in [&*link, "nonsense", "/c/999999/1"] {
            ada.post("/admin/messages", &[("link", gone)])
                .await
                .says(422, "doesn’t lead to a message");
        }
        let log = ada.get("/admin/log").await;
        log.says(200, "ada removed message 1 of bob in conversation");
        assert_eq!(log.count("shameful"), 0);
        ada.get("/admin/messages")
            .await
            .says(200, "Messages are kept indefinitely.");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn messages_past_their_retention_are_gone_for_good(pool: PgPool) {
    let flags = [SETUP[0], SETUP[1], "--message-retention-days", "30"];
    with(pool, &flags, async |site| {
        let mut admin = site.admin("eve").await;
        admin.get("/admin/messages").await.says(200, "Messages are deleted after 30 days.");
        let (mut ada, mut bob, path) = site.pair().await;
        for body in ["ancient 1", "ancient 2", "new 3"] {
            ada.send(&path, body).await.location();
        }
        site.run("UPDATE messages SET created_at = now() - interval '31 days' WHERE body LIKE 'ancient%'").await;
        let mut connection = site.pool.acquire().await.unwrap();
        housekeeping::expire(&mut connection, 30).await.unwrap();
        let page = bob.get(&path).await;
        page.says(200, "new 3");
        assert_eq!(page.count("ancient"), 0);
        assert_eq!(site.one::<i64>("SELECT count(*) FROM messages").await, 1);
        let unread = "SELECT c.last_seq - m.last_read_seq FROM members m JOIN conversations c ON c.id = m.conversation_id
                      JOIN users u ON u.id = m.user_id WHERE u.name = 'bob'";
        assert_eq!(site.one::<i64>(unread).await, 1, "what is gone is not unread");
        ada.send(&path, "next 4").await.location();
        bob.get(&path).await.says(200, "next 4");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn lists_continue_on_the_next_page(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut ada = site.admin("ada").await;
        site.run(
            "INSERT INTO users (name, password_hash) SELECT 'p' || lpad(n::text, 3, '0'), '' FROM generate_series(1, 60) n;
             INSERT INTO audit_log (actor_id, act, detail) SELECT 1, 'invite', n::text FROM generate_series(1, 60) n",
        )
        .await;
        for (path, row, counts) in [("/admin", "data-testid=\"person\"", [50, 11]), ("/admin/log", "data-testid=\"audit\"", [50, 11])] {
            let first = ada.get(path).await;
            assert_eq!(first.count(row), counts[0]);
            let start = first.body.find(&format!("{path}?")).unwrap();
            let next = first.body[start..].split('"').next().unwrap().replace("&amp;", "&");
            let second = ada.get(&next).await;
            assert_eq!(second.count(row), counts[1]);
            assert_eq!(second.count("More</a>"), 0);
        }
    })
    .await;
}
