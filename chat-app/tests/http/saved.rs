//! Saved messages: private, newest first, gone with the message, hidden with the conversation.

use sqlx::PgPool;

use crate::site::{Person, with};

const SAVE: [(&str, &str); 1] = [("present", "true")];

/// The texts in the list, in order.
async fn saved(person: &mut Person, path: &str) -> Vec<String> {
    let page = person.get(path).await;
    page.says(200, "Saved messages");
    let items = page.body.split("data-testid=\"listed\"").skip(1);
    let words = |item: &str| {
        let rest = item.split("<span dir=\"auto\">").nth(1).unwrap();
        rest.split('<').next().unwrap().to_owned()
    };
    items.map(words).collect()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_person_saves_messages_which_nobody_else_learns(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        for body in ["one", "two", "three"] {
            ada.send(&path, body).await.redirects_to(&path);
        }
        bob.get("/saved").await.says(200, "Nothing saved yet");
        bob.get("/c").await.says(200, "href=\"/saved\"");
        let rev: i64 = site.one("SELECT rev FROM conversations").await;
        let message = |seq: i32| format!("{path}/messages/{seq}");
        let form = format!(
            "action=\"{}/save\"><button class=\"quiet\" name=\"present\" value=",
            message(1)
        );
        bob.get(&message(1))
            .await
            .says(200, &format!("{form}\"true\">Save for later</button>"));
        bob.post(&format!("{}/save", message(3)), &SAVE)
            .await
            .redirects_to(&format!("{path}?at=3#m3"));
        bob.script()
            .post(&format!("{}/save", message(1)), &SAVE)
            .await
            .says(204, "");
        bob.script()
            .post(&format!("{}/save", message(3)), &SAVE)
            .await
            .says(204, "");
        bob.get(&message(1))
            .await
            .says(200, &format!("{form}\"false\">Remove from saved</button>"));
        assert_eq!(saved(&mut bob, "/saved").await, ["one", "three"]);
        let list = bob.get("/saved").await;
        list.says(200, "in ada</span>");
        list.says(200, &format!("href=\"{path}?at=1#m1\""));
        bob.get(&path).await.says(200, "data-saved=\"1 3\"");
        assert!(saved(&mut ada, "/saved").await.is_empty());
        ada.get(&path).await.says(200, "data-saved=\"\"");
        let now: i64 = site.one("SELECT rev FROM conversations").await;
        assert_eq!(now, rev, "it is no change of the conversation");
        let remove = [("present", "false"), ("listed", "true")];
        bob.post(&format!("{}/save", message(1)), &remove)
            .await
            .redirects_to("/saved");
        assert_eq!(saved(&mut bob, "/saved").await, ["three"]);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_list_has_pages_and_a_bad_one_is_refused(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        for n in 1..=31 {
            ada.send(&path, &format!("message {n}"))
                .await
                .redirects_to(&path);
            ada.post(&format!("{path}/messages/{n}/save"), &SAVE).await;
        }
        let first = saved(&mut ada, "/saved").await;
        assert_eq!((first.len(), first[0].as_str()), (30, "message 31"));
        let page = ada.get("/saved").await.body;
        let next = page.split("href=\"/saved?").nth(1).unwrap();
        let next = format!("/saved?{}", next.split('"').next().unwrap());
        assert_eq!(saved(&mut ada, &next).await, ["message 1"]);
        assert!(!ada.get(&next).await.body.contains("older-saved"));
        ada.get("/saved?older=1")
            .await
            .says(200, "Nothing was saved earlier");
        ada.get("/saved?older=x").await.says(400, "");
        ada.post("/saved", &[]).await.says(405, "");
        site.stranger()
            .get("/saved")
            .await
            .redirects_to("/login?next=%2Fsaved");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_saved_message_goes_with_the_message_and_hides_with_the_conversation(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob) = (site.person("ada").await, site.person("bob").await);
        let room = [("kind", "public"), ("title", "Design"), ("people", "bob")];
        let path = ada.post("/rooms", &room).await.location();
        for n in 1..=2 {
            ada.send(&path, &format!("message {n}"))
                .await
                .redirects_to(&path);
            bob.post(&format!("{path}/messages/{n}/save"), &SAVE).await;
        }
        bob.get("/saved").await.says(200, "in Design");
        ada.post(&format!("{path}/messages/1/delete"), &[]).await;
        assert_eq!(saved(&mut bob, "/saved").await, ["message 2"]);
        bob.post(&format!("{path}/messages/1/save"), &SAVE)
            .await
            .says(404, "");
        bob.post(&format!("{path}/leave"), &[]).await;
        assert!(saved(&mut bob, "/saved").await.is_empty());
        bob.post(&format!("{path}/join"), &[]).await;
        assert_eq!(saved(&mut bob, "/saved").await, ["message 2"]);
        let left: i64 = site.one("SELECT count(*) FROM saved").await;
        assert_eq!(left, 1);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_person_with_a_thousand_saved_messages_is_told_to_remove_one(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        ada.send(&path, "one").await.redirects_to(&path);
        site.run(
            "INSERT INTO messages (conversation_id, seq, rev, sender_id, client_id, body, created_at)
             SELECT conversation_id, n, n + 1000, sender_id, gen_random_uuid(), 'more', created_at
             FROM messages, generate_series(2, 1001) n WHERE seq = 1",
        )
        .await;
        site.run(
            "INSERT INTO saved (user_id, conversation_id, seq)
             SELECT sender_id, conversation_id, seq FROM messages WHERE seq > 1",
        )
        .await;
        let save = format!("{path}/messages/1/save");
        let refused = "You have 1000 saved messages";
        ada.post(&save, &SAVE).await.says(422, refused);
        ada.script().post(&save, &SAVE).await.says(422, refused);
        ada.post(&format!("{path}/messages/2/save"), &[("present", "false")]).await;
        ada.script().post(&save, &SAVE).await.says(204, "");
    })
    .await;
}
