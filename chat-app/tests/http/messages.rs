//! Sending messages and reading history.

use sqlx::PgPool;
use uuid::Uuid;

use crate::site::with;

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn without_javascript_a_send_leads_back_to_the_conversation(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        ada.send(&path, "Hello\r\nbob <3").await.redirects_to(&path);
        let answer = bob.get(&path).await;
        answer.says(200, "<p>Hello<br>\nbob &lt;3</p>");
        answer.says(200, "data-testid=\"day\"");
        answer.says(200, "data-rev=\"1\"");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_script_gets_the_sent_message_and_a_retry_gets_the_same_one(pool: PgPool) {
    with(pool, &[], async |site| {
        let (ada, mut bob, path) = site.pair().await;
        let id = Uuid::new_v4().to_string();
        let fields = [("client_id", id.as_str()), ("body", "once")];
        let mut answers = Vec::new();
        for _ in 0..2 {
            let answer = ada
                .script()
                .post(&format!("{path}/messages"), &fields)
                .await;
            answer.says(201, "");
            answers.push(answer.json());
        }
        assert_eq!(answers[0], answers[1]);
        let sent = &answers[0];
        assert_eq!(
            (
                sent["seq"].as_i64(),
                sent["rev"].as_i64(),
                sent["client_id"].as_str()
            ),
            (Some(1), Some(1), Some(id.as_str()))
        );
        assert!(sent["at"].as_str().unwrap().ends_with('Z'), "{sent}");
        let page = bob.get(&path).await;
        assert_eq!(page.count("data-testid=\"message\" data-seq"), 1);
        page.says(200, sent["plain"]["text"].as_str().unwrap());
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_refused_message_shows_why_and_keeps_its_text(pool: PgPool) {
    with(pool, &["--max-message-characters", "20"], async |site| {
        let (mut ada, _, path) = site.pair().await;
        let long = "ä€🎉".repeat(7);
        for (body, sentence) in [
            (
                long.as_str(),
                "This message has 21 characters; 20 are allowed.",
            ),
            (" \r\n ", "Write a message first."),
            ("\u{200b}\u{3164}", "Write a message first."),
            ("bell\u{7}", "control characters"),
            ("nul\0", "control characters"),
        ] {
            let answer = ada.send(&path, body).await;
            answer.says(422, sentence);
            answer.says(
                422,
                &format!("aria-describedby=\"body-error\">{}</textarea>", body),
            );
            assert_eq!(answer.count("data-testid=\"field-error\""), 1);
            let json_answer = ada.script().send(&path, body).await;
            assert_eq!(json_answer.status, 422);
            assert!(
                json_answer.json()["error"]
                    .as_str()
                    .unwrap()
                    .contains(sentence),
                "{}",
                json_answer.body
            );
        }
        assert_eq!(
            ada.get(&path)
                .await
                .count("data-testid=\"message\" data-seq"),
            0
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_refused_message_shows_why_in_the_senders_language(pool: PgPool) {
    with(pool, &["--max-message-characters", "20"], async |site| {
        let (mut ada, _, path) = site.pair().await;
        ada.send(&path, "Hello").await.redirects_to(&path);
        let long = "x".repeat(21);
        for (language, empty, too_long) in [
            ("de", "Schreib zuerst eine Nachricht.", "hat 21 Zeichen"),
            ("ar", "اكتب رسالة أولًا.", "عدد أحرف هذه الرسالة"),
        ] {
            ada.headers = vec![("accept-language", language)];
            let mut script = ada.script();
            script.headers.push(("accept-language", language));
            for (body, sentence) in [(" ", empty), (long.as_str(), too_long)] {
                ada.send(&path, body).await.says(422, sentence);
                script.send(&path, body).await.says(422, sentence);
                let edit = format!("{path}/messages/1/edit");
                let fields = [("body", body)];
                ada.post(&edit, &fields).await.says(422, sentence);
                script.post(&edit, &fields).await.says(422, sentence);
            }
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_malformed_form_is_refused(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        let messages = format!("{path}/messages");
        ada.post(&messages, &[("client_id", "7"), ("body", "x")])
            .await
            .says(400, "couldn’t process the request");
        ada.post(&messages, &[("body", "x")])
            .await
            .says(400, "couldn’t process the request");
        ada.post(&format!("{path}/read"), &[("seq", "many")])
            .await
            .says(400, "couldn’t process the request");
        let huge = "x".repeat(1024 * 1024);
        let answer = ada.script().send(&path, &huge).await;
        answer.says(413, "Send it in parts.");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn history_pages_back_to_the_beginning_without_a_gap(pool: PgPool) {
    with(pool, &[], async |site| {
        let (ada, mut bob, path) = site.pair().await;
        for n in 1..=120 {
            ada.script()
                .send(&path, &format!("number {n}"))
                .await
                .says(201, "");
        }
        let mut next = path.clone();
        let mut seen = Vec::new();
        loop {
            let page = bob.get(&next).await;
            let numbers = numbers(&page.body);
            assert!(numbers.len() <= 50);
            seen.splice(0..0, numbers);
            let Some((_, rest)) = page.body.split_once("data-testid=\"older\" href=\"") else {
                break;
            };
            next = rest.split('"').next().unwrap().to_owned();
        }
        assert_eq!(seen, (1..=120).collect::<Vec<i64>>());
        let history = bob.get(&next).await;
        history.says(200, "Latest messages");
        assert_eq!(history.count("id=\"m120\""), 0);
        history.says(200, "data-testid=\"newer\"");
    })
    .await;
}

fn numbers(page: &str) -> Vec<i64> {
    page.split("<p>number ")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap().parse().unwrap())
        .collect()
}
