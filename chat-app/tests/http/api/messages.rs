//! Messages: sent once, changed, reacted to, and read back or by what has changed.

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Program, is_problem, of_page};
use crate::site::with;

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_message_is_sent_once_however_often_it_is_retried(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        let program = Program::of(site, &mut ada, "write").await;
        let messages = format!("{}/messages", of_page(&path));
        let message = json!({"client_id": Uuid::new_v4(), "body": "deployed **42**"});
        let first = program.call("POST", &messages, Some(&message)).await;
        assert_eq!(first.status, 201, "{}", first.body);
        let again = program.call("POST", &messages, Some(&message)).await;
        assert_eq!((again.status.as_u16(), again.json()), (200, first.json()));
        assert_eq!(first.json()["seq"], 1);
        let page = ada.get(&path).await;
        assert_eq!(page.count("<strong>42</strong>"), 1);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_message_is_edited_reacted_to_and_deleted(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        let program = Program::of(site, &mut ada, "read write").await;
        let conversation = of_page(&path);
        bob.send(&path, "ping").await.redirects_to(&path);
        let reply = json!({"client_id": Uuid::new_v4(), "body": "pong @bob", "reply_to": 1});
        let messages = format!("{conversation}/messages");
        let sent = program.call("POST", &messages, Some(&reply)).await.json();
        assert_eq!(sent["reply_to"], 1);
        assert_eq!(sent["mentions"][0]["name"], "bob");

        let mine = format!("{messages}/2");
        let edit = json!({"body": "pong pong"});
        assert_eq!(program.call("PATCH", &mine, Some(&edit)).await.status, 204);
        let thumb = format!("{mine}/reactions/%F0%9F%91%8D");
        assert_eq!(program.call("PUT", &thumb, None).await.status, 204);
        assert_eq!(program.call("PUT", &thumb, None).await.status, 204);
        let now = program.read(&mine).await;
        assert_eq!(
            (&now["body"], &now["edited"]),
            (&json!("pong pong"), &json!(true))
        );
        assert_eq!(now["reactions"][0]["users"].as_array().unwrap().len(), 1);
        assert_eq!(program.call("DELETE", &thumb, None).await.status, 204);
        assert_eq!(program.read(&mine).await["reactions"], json!([]));
        let unknown = program
            .call("PUT", &format!("{mine}/reactions/no"), None)
            .await;
        is_problem(&unknown, 404, "not_found");

        let theirs = format!("{messages}/1");
        let refused = program.call("PATCH", &theirs, Some(&edit)).await;
        is_problem(&refused, 403, "forbidden");
        is_problem(
            &program.call("DELETE", &theirs, None).await,
            403,
            "forbidden",
        );
        assert_eq!(program.call("DELETE", &mine, None).await.status, 204);
        let tombstone = program.read(&mine).await;
        assert_eq!(
            (&tombstone["body"], &tombstone["deleted"]),
            (&json!(""), &json!(true))
        );
        ada.get(&path).await.says(200, "data-t=\"deleted\"");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_program_pins_and_unpins_and_lists_what_is_pinned(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        let program = Program::of(site, &mut ada, "read write").await;
        let conversation = of_page(&path);
        bob.send(&path, "the plan").await.redirects_to(&path);
        let message = format!("{conversation}/messages/1");
        assert_eq!(program.read(&message).await["pinned_by"], json!(null));
        let pin = format!("{message}/pin");
        assert_eq!(program.call("PUT", &pin, None).await.status, 204);
        assert_eq!(program.call("PUT", &pin, None).await.status, 204);
        let ada_id: i64 = site.user_id("ada").await.parse().unwrap();
        assert_eq!(program.read(&message).await["pinned_by"], json!(ada_id));
        let pins = program.read(&format!("{conversation}/pins")).await;
        assert_eq!(seqs(&pins), [1]);
        let changed = program
            .read(&format!("{conversation}/messages?after_rev=1"))
            .await;
        assert_eq!((seqs(&changed), &changed["rev"]), (vec![1], &json!(2)));
        assert_eq!(program.call("DELETE", &pin, None).await.status, 204);
        let pins = program.read(&format!("{conversation}/pins")).await;
        assert_eq!(pins, json!({"messages": []}));

        let reader = Program::of(site, &mut ada, "read").await;
        is_problem(
            &reader.call("PUT", &pin, None).await,
            403,
            "insufficient_scope",
        );
        let mut eve = site.person("eve").await;
        let outsider = Program::of(site, &mut eve, "read write").await;
        for (method, path) in [
            ("PUT", &pin),
            ("DELETE", &pin),
            ("GET", &format!("{conversation}/pins")),
        ] {
            is_problem(&outsider.call(method, path, None).await, 404, "not_found");
        }
    })
    .await;
}

fn seqs(page: &Value) -> Vec<i64> {
    let messages = page["messages"].as_array().unwrap().iter();
    messages.map(|it| it["seq"].as_i64().unwrap()).collect()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn messages_are_read_back_and_by_what_has_changed(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        let program = Program::of(site, &mut ada, "read write").await;
        let conversation = of_page(&path);
        for n in 1..=5 {
            program.send(&conversation, &format!("message {n}")).await;
        }
        let messages = format!("{conversation}/messages");
        let newest = program.read(&format!("{messages}?limit=2")).await;
        assert_eq!((seqs(&newest), &newest["more"]), (vec![4, 5], &json!(true)));
        let before = program.read(&format!("{messages}?limit=3&before=4")).await;
        assert_eq!(
            (seqs(&before), &before["more"]),
            (vec![1, 2, 3], &json!(false))
        );

        let rev = newest["rev"].as_i64().unwrap();
        let nothing = program.read(&format!("{messages}?after_rev={rev}")).await;
        assert_eq!(
            nothing,
            json!({"messages": [], "notices": [], "rev": rev, "more": false})
        );
        program
            .call(
                "PATCH",
                &format!("{messages}/2"),
                Some(&json!({"body": "other"})),
            )
            .await;
        program.send(&conversation, "message 6").await;
        let one = program
            .read(&format!("{messages}?after_rev={rev}&limit=1"))
            .await;
        assert_eq!((seqs(&one), &one["more"]), (vec![2], &json!(true)));
        let next = one["rev"].as_i64().unwrap();
        assert_eq!(next, rev + 1);
        let rest = program
            .read(&format!("{messages}?after_rev={next}&limit=5"))
            .await;
        assert_eq!((seqs(&rest), &rest["more"]), (vec![6], &json!(false)));
        let both = program
            .get(&format!("{messages}?after_rev=1&before=3"))
            .await;
        is_problem(&both, 400, "invalid_query");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_new_member_of_a_private_room_reads_nothing_of_before(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let mut bob = site.person("bob").await;
        let fields = [("kind", "private"), ("title", "Secret"), ("people", "")];
        let room = ada.post("/rooms", &fields).await.location();
        ada.send(&room, "before").await.redirects_to(&room);
        ada.post(&format!("{room}/members"), &[("people", "bob")])
            .await
            .location();
        ada.send(&room, "after").await.redirects_to(&room);
        let program = Program::of(site, &mut bob, "read").await;
        let messages = format!("{}/messages", of_page(&room));
        for query in ["", "?after_rev=0", "?before=3"] {
            let page = program.read(&format!("{messages}{query}")).await;
            assert_eq!(seqs(&page), [2], "{query}");
            let notices = page["notices"].as_array().unwrap();
            assert!(notices.iter().all(|it| it["after_seq"] != 0), "{page}");
        }
        is_problem(
            &program.get(&format!("{messages}/1")).await,
            404,
            "not_found",
        );
    })
    .await;
}
