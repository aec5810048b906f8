//! Pinned messages: who may pin, what everybody sees, the list, the limit.

use sqlx::PgPool;

use crate::site::{Person, with};

const PIN: [(&str, &str); 1] = [("present", "true")];
const UNPIN: [(&str, &str); 1] = [("present", "false")];

/// The pins in the list of a conversation, by the numbers of their messages.
async fn listed(person: &mut Person, path: &str) -> Vec<String> {
    let page = person.get(&format!("{path}/pins")).await;
    page.says(200, "Pinned messages");
    let items = page.body.split("data-testid=\"listed\"").skip(1);
    let seq = |item: &str| {
        let rest = item.split("data-seq=\"").nth(1).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    items.map(seq).collect()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn every_member_pins_and_unpins_and_each_pin_is_one_change(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        ada.send(&path, "the plan").await.redirects_to(&path);
        ada.send(&path, "the address").await.redirects_to(&path);
        ada.get(&path).await.says(200, "data-pinned=\"\" hidden");
        ada.get(&format!("{path}/pins"))
            .await
            .says(200, "Nothing is pinned yet");
        for message in [1, 2] {
            let pin = format!("{path}/messages/{message}/pin");
            bob.post(&pin, &PIN)
                .await
                .redirects_to(&format!("{path}?at={message}#m{message}"));
            // A second time it changes nothing, whoever asks.
            ada.script().post(&pin, &PIN).await.says(204, "");
        }
        let rev: i64 = site.one("SELECT rev FROM conversations").await;
        assert_eq!(rev, 4, "two messages and two pins");
        for person in [&mut ada, &mut bob] {
            let page = person.get(&path).await;
            page.says(200, "data-t=\"pinned\" data-actor=\"bob\"");
            page.says(200, "data-pinned=\"1 2\">");
            assert_eq!(page.count("data-testid=\"pinned\""), 2);
            assert_eq!(listed(person, &path).await, ["2", "1"]);
        }
        let list = ada.get(&format!("{path}/pins")).await;
        list.says(200, "2 pinned messages");
        list.says(200, "pinned by bob");
        list.says(200, &format!("href=\"{path}?at=2#m2\""));
        let listed_form = [("present", "false"), ("listed", "true")];
        ada.post(&format!("{path}/messages/2/pin"), &listed_form)
            .await
            .redirects_to(&format!("{path}/pins"));
        assert_eq!(listed(&mut bob, &path).await, ["1"]);
        ada.get(&path).await.says(200, "data-pinned=\"1\">");
        let rev: i64 = site.one("SELECT rev FROM conversations").await;
        assert_eq!(rev, 5);
        let announced: i64 = site
            .one("SELECT count(*) FROM changes WHERE conversation_id IS NOT NULL")
            .await;
        assert_eq!(announced, 5);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_page_of_a_message_pins_and_unpins_without_javascript(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        ada.send(&path, "the plan").await.redirects_to(&path);
        let message = format!("{path}/messages/1");
        let form =
            format!("action=\"{message}/pin\"><button class=\"quiet\" name=\"present\" value=");
        bob.get(&message)
            .await
            .says(200, &format!("{form}\"true\">Pin</button>"));
        bob.post(&format!("{message}/pin"), &PIN).await;
        ada.get(&message)
            .await
            .says(200, &format!("{form}\"false\">Unpin</button>"));
        for bad in [&[][..], &[("present", "perhaps")][..]] {
            ada.post(&format!("{message}/pin"), bad).await.says(400, "");
        }
        ada.post(&format!("{path}/messages/9/pin"), &PIN)
            .await
            .says(404, "");
        ada.get(&format!("{message}/pin")).await.says(405, "");
        let mut eve = site.person("eve").await;
        eve.get(&format!("{path}/pins")).await.says(404, "");
        eve.post(&format!("{message}/pin"), &UNPIN)
            .await
            .says(404, "");
        site.stranger()
            .get(&format!("{path}/pins"))
            .await
            .redirects_to(&format!("/login?next=%2Fc%2F{}%2Fpins", &path[3..]));
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_edited_message_stays_pinned_and_a_deleted_one_does_not(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        ada.send(&path, "the plan").await.redirects_to(&path);
        let message = format!("{path}/messages/1");
        bob.post(&format!("{message}/pin"), &PIN).await;
        ada.post(&format!("{message}/edit"), &[("body", "the new plan")])
            .await;
        let list = bob.get(&format!("{path}/pins")).await;
        list.says(200, "the new plan");
        ada.post(&format!("{message}/delete"), &[]).await;
        assert!(listed(&mut bob, &path).await.is_empty());
        bob.get(&path).await.says(200, "data-pinned=\"\" hidden");
        bob.post(&format!("{message}/pin"), &PIN)
            .await
            .says(404, "");
        let left: i64 = site.one("SELECT count(*) FROM pins").await;
        assert_eq!(left, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn who_came_later_sees_no_pin_of_what_was_sent_before(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut eve) = (site.person("ada").await, site.person("eve").await);
        let room = [("kind", "private"), ("title", "Board")];
        let path = ada.post("/rooms", &room).await.location();
        ada.send(&path, "for ada alone").await.redirects_to(&path);
        ada.post(&format!("{path}/messages/1/pin"), &PIN).await;
        ada.post(&format!("{path}/members"), &[("people", "eve")])
            .await;
        ada.send(&path, "for both").await.redirects_to(&path);
        eve.post(&format!("{path}/messages/2/pin"), &PIN).await;
        assert_eq!(listed(&mut eve, &path).await, ["2"]);
        eve.get(&path).await.says(200, "data-pinned=\"2\">");
        assert_eq!(listed(&mut ada, &path).await, ["2", "1"]);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_conversation_with_a_hundred_pins_refuses_another_and_says_so(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        for body in ["one", "two"] {
            ada.send(&path, body).await.redirects_to(&path);
        }
        site.run(
            "INSERT INTO messages (conversation_id, seq, rev, sender_id, client_id, body, created_at)
             SELECT conversation_id, n, n + 1000, sender_id, gen_random_uuid(), 'more', created_at
             FROM messages, generate_series(3, 101) n WHERE seq = 1",
        )
        .await;
        site.run(
            "INSERT INTO pins (conversation_id, seq, user_id)
             SELECT conversation_id, seq, sender_id FROM messages WHERE seq > 1",
        )
        .await;
        let refused = "A conversation has at most 100 pinned messages. Unpin one";
        let first = format!("{path}/messages/1/pin");
        ada.post(&first, &PIN).await.says(422, refused);
        ada.script().post(&first, &PIN).await.says(422, refused);
        let second = format!("{path}/messages/2/pin");
        ada.script().post(&second, &PIN).await.says(204, "");
        ada.script().post(&second, &UNPIN).await.says(204, "");
        ada.script().post(&first, &PIN).await.says(204, "");
    })
    .await;
}
