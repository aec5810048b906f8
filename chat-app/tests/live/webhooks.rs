//! Outgoing webhooks: each event at least once, in order, by one replica at a time.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::PgPool;

use crate::browser::{Person, eventually};
use crate::process::Process;
use crate::receiver::{Instead, Receiver, Taken};
use crate::replica::{Chat, Replica};

const KEY: [&str; 2] = [
    "--webhook-key",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
];
/// With receivers on this machine.
const TO_RECEIVER: [&str; 4] = [KEY[0], KEY[1], "--webhook-private-networks", "127.0.0.0/8"];
const EVENTS: [&str; 4] = ["created", "edited", "deleted", "reacted"];

/// A room with one person in it.
struct Scene {
    chat: Chat,
    one: Replica,
    receiver: Receiver,
    ada: Person,
    room: i64,
}

impl Scene {
    /// With these flags of the replica.
    async fn new(pool: PgPool, flags: &[&str]) -> Self {
        let chat = Chat::new(pool).await;
        let one = chat.replica_with("one", flags).await.reads_kafka().await;
        let ada = Person::sign_up(&one, "ada").await;
        let fields = [("kind", "public"), ("title", "Ops"), ("people", "")];
        let fields = fields.map(|(name, value)| (name, value.to_owned()));
        let answer = ada.post(&one, "/rooms", &fields).await;
        let path = answer.headers()["location"].to_str().unwrap().to_owned();
        Self {
            room: path.rsplit('/').next().unwrap().parse().unwrap(),
            receiver: Receiver::start().await,
            chat,
            one,
            ada,
        }
    }

    /// Creates a webhook to the receiver of this name. Returns its path.
    async fn webhook(&self, name: &str) -> String {
        self.webhook_to(name, self.receiver.url(name)).await
    }

    async fn webhook_to(&self, name: &str, url: String) -> String {
        let mut fields = vec![("name", name.to_owned()), ("url", url)];
        fields.extend(EVENTS.map(|event| (event, "yes".to_owned())));
        let all = format!("/c/{}/webhooks", self.room);
        let answer = self.ada.post(&self.one, &all, &fields).await;
        assert_eq!(answer.status(), 200);
        let page = answer.text().await.unwrap();
        self.learn(name, &page);
        let (_, id) = page.rsplit_once("data-webhook=\"").unwrap();
        format!("{all}/{}", id.split_once('"').unwrap().0)
    }

    /// The receiver of this name verifies with the secret that the page shows.
    fn learn(&self, name: &str, page: &str) {
        let (_, secret) = page.split_once("data-testid=\"secret-link\">").unwrap();
        self.receiver.learn(name, secret.split_once('<').unwrap().0);
    }

    async fn act(&self, webhook: &str, fields: &[(&str, &str)]) -> reqwest::Response {
        let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
        let answer = self.ada.post(&self.one, webhook, &fields).await;
        assert!(
            answer.status().as_u16() < 400,
            "{fields:?}: {}",
            answer.status()
        );
        answer
    }

    async fn send(&self, body: &str) {
        self.ada.send(&self.one, self.room, body).await;
    }

    /// Waits until the receiver has taken so many requests.
    async fn taken(&self, name: &str, count: usize) -> Vec<Taken> {
        eventually("the receiver has taken the requests", async || {
            let taken = self.receiver.taken(name);
            (taken.len() >= count).then_some(taken)
        })
        .await
    }

    async fn asked(&self, name: &str, count: usize) {
        eventually("the receiver was asked", async || {
            (self.receiver.asked(name) >= count).then_some(())
        })
        .await;
    }

    /// Waits until no webhook has anything to do.
    async fn idle(&self) {
        eventually("the webhooks are idle", async || {
            let busy = "SELECT EXISTS (SELECT FROM webhooks w JOIN conversations c ON c.id = w.conversation_id
                        WHERE w.disabled_at IS NULL AND (w.due_at IS NOT NULL OR w.rev < c.rev))";
            let busy: bool = sqlx::query_scalar(busy).fetch_one(&self.chat.pool).await.unwrap();
            (!busy).then_some(())
        })
        .await;
    }

    /// The webhook waits for another attempt; it is made now.
    async fn retry_now(&self) {
        eventually("the webhook waits for another attempt", async || {
            let waiting = "UPDATE webhooks SET due_at = now() WHERE claim IS NULL AND due_at > now() + interval '3 s'";
            let done = sqlx::query(waiting).execute(&self.chat.pool).await.unwrap();
            (done.rows_affected() > 0).then_some(())
        })
        .await;
    }
}

fn seqs(taken: &[Taken]) -> Vec<i64> {
    taken.iter().map(Taken::seq).collect()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn events_arrive_once_in_order_and_signed_however_many_replicas_there_are(pool: PgPool) {
    let scene = Scene::new(pool, &TO_RECEIVER).await;
    let two = scene.chat.replica_with("two", &TO_RECEIVER).await;
    let two = two.reads_kafka().await;
    scene.send("before the webhook").await;
    scene.webhook("archive").await;
    for n in 2..=41 {
        let replica = if n % 2 == 0 { &scene.one } else { &two };
        scene
            .ada
            .send(replica, scene.room, &format!("message {n}"))
            .await;
    }
    let taken = scene.taken("archive", 40).await;
    assert_eq!(seqs(&taken), (2..=41).collect::<Vec<_>>());
    assert!(taken.iter().all(|it| it.kind() == "message.created"));
    assert_eq!(taken[0].message()["body"], "message 2");
    assert_eq!(taken[0].message()["conversation"], scene.room);
    assert_eq!(taken[0].message()["sender_name"], "ada");

    let message = format!("/c/{}/messages/41", scene.room);
    let steps = [
        ("edit", ("body", "other words"), "message.edited"),
        ("reactions", ("emoji", "👍"), "message.reacted"),
        ("delete", ("", ""), "message.deleted"),
    ];
    for (n, (act, (name, value), kind)) in steps.into_iter().enumerate() {
        let fields = [(name, value.to_owned())];
        scene
            .ada
            .post(&two, &format!("{message}/{act}"), &fields)
            .await;
        let taken = scene.taken("archive", 41 + n).await;
        assert_eq!((taken[40 + n].kind(), taken[40 + n].seq()), (kind, 41));
    }
    scene.idle().await;
    let taken = scene.receiver.taken("archive");
    assert_eq!(taken[40].message()["body"], "other words");
    assert_eq!(taken[41].message()["reactions"][0]["emoji"], "👍");
    assert_eq!(taken[42].message()["deleted"], true);
    let ids: HashSet<_> = taken.iter().map(|it| &it.id).collect();
    assert_eq!(
        (taken.len(), ids.len()),
        (43, 43),
        "each was delivered once"
    );
    let count = |replica: &Replica| {
        let line = "confab_webhook_deliveries_total{outcome=\"delivered\"} ";
        let page = replica.app.metrics.text();
        let value = page.lines().find_map(|it| it.strip_prefix(line)).unwrap();
        value.parse::<usize>().unwrap()
    };
    assert_eq!(count(&scene.one) + count(&two), 43);
    two.stop().await;
    scene.one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_receiver_that_fails_gets_everything_in_order_once_it_works_again(pool: PgPool) {
    let scene = Scene::new(pool, &TO_RECEIVER).await;
    let path = scene.webhook("archive").await;
    let failures = [
        Instead::Answer(500),
        Instead::Answer(429),
        Instead::Redirect,
    ];
    scene.receiver.next("archive", &failures);
    for n in 1..=3 {
        scene.send(&format!("message {n}")).await;
    }
    scene.asked("archive", 1).await;
    for asked in 2..=4 {
        scene.retry_now().await;
        scene.asked("archive", asked).await;
        if asked == 3 {
            let page = scene.ada.page(&scene.one, &path).await;
            assert!(page.contains("The last delivery failed"), "{page}");
        }
    }
    let taken = scene.taken("archive", 3).await;
    assert_eq!(seqs(&taken), [1, 2, 3]);
    assert_eq!(
        scene.receiver.asked("elsewhere"),
        0,
        "no redirect is followed"
    );
    scene.idle().await;
    let page = scene.ada.page(&scene.one, &path).await;
    assert!(page.contains("4 attempts"), "{page}");
    assert!(!page.contains("The last delivery failed"), "{page}");

    // Again, by hand: the same id, with the message as it is now.
    let edit = format!("/c/{}/messages/2/edit", scene.room);
    scene
        .ada
        .post(&scene.one, &edit, &[("body", "edited".to_owned())])
        .await;
    scene.taken("archive", 4).await;
    let id = taken[1].id.strip_prefix("msg_").unwrap();
    scene
        .act(&path, &[("act", "redeliver"), ("delivery", id)])
        .await;
    let again = scene.taken("archive", 5).await;
    assert_eq!(again[4].id, taken[1].id);
    assert_eq!(again[4].message()["body"], "edited");

    // Another secret: the receiver refuses until it knows it.
    let page = scene
        .act(&path, &[("act", "rotate")])
        .await
        .text()
        .await
        .unwrap();
    scene.send("signed with the new one").await;
    scene.asked("archive", 9).await;
    scene.learn("archive", &page);
    scene.retry_now().await;
    assert_eq!(scene.taken("archive", 6).await[5].seq(), 4);
    scene.one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_receiver_that_is_gone_or_fails_for_days_is_not_asked_again(pool: PgPool) {
    let scene = Scene::new(pool, &TO_RECEIVER).await;
    let gone = scene.webhook("gone").await;
    let failing = scene.webhook("failing").await;
    scene.receiver.next("gone", &[Instead::Answer(410)]);
    scene
        .receiver
        .next("failing", &[Instead::Answer(500), Instead::Answer(500)]);
    scene.send("hello").await;
    scene.asked("failing", 1).await;
    eventually("it is failing", async || {
        let long_ago =
            "UPDATE webhooks SET failing_since = now() - interval '73 hours', due_at = now()
                        WHERE failing_since IS NOT NULL AND claim IS NULL AND name = 'failing'";
        let done = sqlx::query(long_ago)
            .execute(&scene.chat.pool)
            .await
            .unwrap();
        (done.rows_affected() > 0).then_some(())
    })
    .await;
    for (path, why) in [(&gone, "gone for good (410)"), (&failing, "for three days")] {
        eventually("it is disabled", async || {
            let page = scene.ada.page(&scene.one, path).await;
            page.contains(why).then_some(())
        })
        .await;
    }
    let page = scene
        .ada
        .page(&scene.one, &format!("/c/{}", scene.room))
        .await;
    for name in ["gone", "failing"] {
        let notice = format!("data-t=\"notice-disabled\" data-actor=\"ada\" data-text=\"{name}\"");
        assert!(page.contains(&notice), "{page}");
    }
    scene.send("to nobody").await;
    scene.act(&gone, &[("act", "enable")]).await;
    scene.send("to the one that is back").await;
    let taken = scene.taken("gone", 1).await;
    assert_eq!(taken[0].message()["body"], "to the one that is back");
    // What had failed goes by hand.
    let id: uuid::Uuid = sqlx::query_scalar(
        "SELECT d.id FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE w.name = 'gone' AND d.state = 'failed'",
    )
    .fetch_one(&scene.chat.pool)
    .await
    .unwrap();
    scene
        .act(
            &gone,
            &[("act", "redeliver"), ("delivery", &id.to_string())],
        )
        .await;
    assert_eq!(scene.taken("gone", 2).await[1].message()["body"], "hello");
    assert_eq!(
        (
            scene.receiver.asked("gone"),
            scene.receiver.asked("failing")
        ),
        (3, 2)
    );
    scene.one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_receiver_that_hangs_delays_no_other_and_one_that_rejects_a_message_gets_the_next(
    pool: PgPool,
) {
    let scene = Scene::new(pool, &TO_RECEIVER).await;
    scene.webhook("dead").await;
    scene.webhook("alive").await;
    scene.webhook("picky").await;
    scene.receiver.next("dead", &[Instead::Hang]);
    scene.receiver.next("picky", &[Instead::Answer(400); 6]);
    scene.send("one").await;
    scene.asked("dead", 1).await;
    scene.send("two").await;
    assert_eq!(seqs(&scene.taken("alive", 2).await), [1, 2]);
    assert_eq!(scene.receiver.asked("dead"), 1, "it has not answered yet");
    for attempt in 2..=6 {
        eventually("another attempt is made", async || {
            let due = "UPDATE webhooks SET due_at = now() WHERE claim IS NULL AND due_at > now() + interval '3 s' AND name = 'picky'";
            let done = sqlx::query(due).execute(&scene.chat.pool).await.unwrap();
            (done.rows_affected() > 0).then_some(())
        })
        .await;
        scene.asked("picky", attempt).await;
    }
    assert_eq!(
        seqs(&scene.taken("picky", 1).await),
        [2],
        "the first is given up"
    );
    // The request that hangs ends within its limit, and the webhook waits.
    scene.retry_now().await;
    assert_eq!(seqs(&scene.taken("dead", 2).await), [1, 2]);
    scene.one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn another_replica_goes_on_for_one_that_was_killed(pool: PgPool) {
    // It has no key, so that the processes alone deliver.
    let flags = ["--webhook-private-networks", "127.0.0.0/8"];
    let scene = Scene::new(pool, &TO_RECEIVER).await;
    scene.webhook("archive").await;
    let Scene {
        chat,
        one,
        receiver,
        ada,
        room,
    } = scene;
    one.stop().await;
    let one = chat.replica_with("quiet", &flags).await.reads_kafka().await;
    let scene = Scene {
        chat,
        one,
        receiver,
        ada,
        room,
    };
    let first = Process::start(&scene.chat, "first", &TO_RECEIVER).await;
    first.is_ready().await;
    for n in 1..=20 {
        scene.send(&format!("message {n}")).await;
    }
    scene.taken("archive", 20).await;
    let second = Process::start(&scene.chat, "second", &TO_RECEIVER).await;
    second.is_ready().await;
    // So that the first has the claim.
    second.signal("STOP").await;
    scene.receiver.next("archive", &[Instead::Hang]);
    for n in 21..=60 {
        scene.send(&format!("message {n}")).await;
    }
    scene.asked("archive", 21).await;
    first.signal("KILL").await;
    let lost = "UPDATE webhooks SET due_at = now() WHERE claim IS NOT NULL";
    let lost = sqlx::query(lost).execute(&scene.chat.pool).await.unwrap();
    assert_eq!(lost.rows_affected(), 1, "the claim outlives its replica");
    second.signal("CONT").await;
    let taken = scene.taken("archive", 60).await;
    assert_eq!(seqs(&taken), (1..=60).collect::<Vec<_>>());
    scene.idle().await;
    assert_eq!(
        scene.receiver.taken("archive").len(),
        60,
        "what was not answered came again, nothing else"
    );
    let (ended, _) = second.end(Duration::from_secs(30)).await;
    assert!(ended);
    scene.one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_private_address_is_never_connected_to(pool: PgPool) {
    let scene = Scene::new(pool, &KEY).await;
    // A name shows nothing until it is resolved.
    let url = format!("https://localhost:{}/inside", scene.receiver.address.port());
    scene.webhook_to("inside", url).await;
    scene.send("hello").await;
    eventually("it is refused", async || {
        let page = scene.one.app.metrics.text();
        page.contains("confab_webhook_deliveries_total{outcome=\"forbidden\"} 1")
            .then_some(())
    })
    .await;
    assert_eq!(scene.receiver.asked("inside"), 0);
    scene.one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_webhook_of_another_key_is_disabled_and_signs_nothing(pool: PgPool) {
    let scene = Scene::new(pool, &TO_RECEIVER).await;
    let path = scene.webhook("archive").await;
    sqlx::query("UPDATE webhooks SET secret_hash = sha256('another key')")
        .execute(&scene.chat.pool)
        .await
        .unwrap();
    scene.send("hello").await;
    eventually("it is disabled", async || {
        let page = scene.ada.page(&scene.one, &path).await;
        page.contains("the chat’s key was replaced").then_some(())
    })
    .await;
    assert_eq!(scene.receiver.asked("archive"), 0);
    let page = scene
        .act(&path, &[("act", "rotate")])
        .await
        .text()
        .await
        .unwrap();
    scene.learn("archive", &page);
    scene.act(&path, &[("act", "enable")]).await;
    scene.send("again").await;
    assert_eq!(
        scene.taken("archive", 1).await[0].message()["body"],
        "again"
    );
    scene.one.stop().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn events_arrive_without_kafka(pool: PgPool) {
    let chat = Chat::without_kafka(pool);
    let one = chat.replica_with("one", &TO_RECEIVER).await;
    let ada = Person::sign_up(&one, "ada").await;
    let fields = [("kind", "public"), ("title", "Ops"), ("people", "")];
    let fields = fields.map(|(name, value)| (name, value.to_owned()));
    let answer = ada.post(&one, "/rooms", &fields).await;
    let path = answer.headers()["location"].to_str().unwrap().to_owned();
    let room = path.rsplit('/').next().unwrap().parse().unwrap();
    let receiver = Receiver::start().await;
    let scene = Scene {
        chat,
        one,
        receiver,
        ada,
        room,
    };
    scene.webhook("archive").await;
    scene.send("hello").await;
    assert_eq!(
        scene.taken("archive", 1).await[0].message()["body"],
        "hello"
    );
    scene.one.stop().await;
}
