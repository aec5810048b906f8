//! Push notifications: each exactly once, and only to those who want it. Two replicas share the work.

use sqlx::PgPool;

use crate::browser::{Person, eventually};
use crate::push_service::PushService;
use crate::replica::{Chat, Replica};

/// From RFC 8291, and the public key that follows from it.
const PRIVATE_KEY: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
const PUBLIC_KEY: &str =
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";

const WITH_KEY: [&str; 2] = ["--vapid-private-key", PRIVATE_KEY];
const TO_STUBS: [&str; 4] = [
    "--vapid-private-key",
    PRIVATE_KEY,
    "--push-private-addresses",
    "true",
];

struct Scene {
    pool: PgPool,
    replicas: [Replica; 2],
    service: PushService,
}

impl Scene {
    async fn new(pool: PgPool) -> Self {
        let chat = Chat::new(pool).await;
        let replica = async |name| chat.replica_with(name, &TO_STUBS).await.reads_kafka().await;
        Self {
            replicas: [replica("one").await, replica("two").await],
            service: PushService::start(PUBLIC_KEY.into()).await,
            pool: chat.pool,
        }
    }

    /// A user with a device of the same name.
    async fn person(&self, name: &str) -> Person {
        let person = Person::sign_up(&self.replicas[0], name).await;
        let subscription = self.service.subscription(name);
        let answer = person
            .post(
                &self.replicas[0],
                "/notifications/subscription",
                &subscription,
            )
            .await;
        assert_eq!(answer.status(), 204);
        person
    }

    async fn run(&self, sql: &'static str, id: i64) {
        sqlx::query(sql).bind(id).execute(&self.pool).await.unwrap();
    }

    /// A room with these members, created by the first.
    async fn room(&self, people: &[&Person]) -> i64 {
        let room = sqlx::query_scalar(
            "INSERT INTO conversations (kind, title) VALUES ('private', 'kitchen') RETURNING id",
        )
        .fetch_one(&self.pool)
        .await
        .unwrap();
        for person in people {
            sqlx::query(
                "INSERT INTO members (conversation_id, user_id, joined_rev, bucket) VALUES ($1, $2, 0, now())",
            )
            .bind(room)
            .bind(person.id)
            .execute(&self.pool)
            .await
            .unwrap();
        }
        room
    }

    /// Waits until this many pushes were recorded and none is pending.
    async fn settled(&self, pushes: i64) {
        eventually("all pushes are done", async || {
            let (all, open): (i64, i64) =
                sqlx::query_as("SELECT count(*), count(due_at) FROM pushes")
                    .fetch_one(&self.pool)
                    .await
                    .unwrap();
            (all == pushes && open == 0).then_some(())
        })
        .await;
    }

    fn counted(&self, outcome: &str) -> u64 {
        let line = format!("confab_push_notifications_total{{outcome=\"{outcome}\"}} ");
        let count = |replica: &Replica| {
            let page = replica.app.metrics.text();
            page.lines()
                .find_map(|l| l.strip_prefix(&line)?.parse::<u64>().ok())
                .unwrap_or(0)
        };
        self.replicas.iter().map(count).sum()
    }

    async fn end(self) {
        for replica in self.replicas {
            replica.stop().await;
        }
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_message_is_pushed_once_however_many_replicas_and_records_there_are(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let (ada, bob) = (scene.person("ada").await, scene.person("bob").await);
    let id = ada.talk_to(&scene.replicas[0], &bob).await;
    ada.send(&scene.replicas[0], id, "tea\nat four?").await;
    scene.settled(1).await;
    let got = scene.service.got("bob");
    assert_eq!(got.len(), 1, "{got:?}");
    assert_eq!(got[0].payload["title"], "ada");
    assert_eq!(got[0].payload["body"], "tea at four?");
    assert_eq!(got[0].payload["url"], format!("/c/{id}"));
    assert_eq!(
        (&*got[0].urgency, &*got[0].topic),
        ("high", &*format!("c-{id}"))
    );
    assert!((86_000..=86_400).contains(&got[0].ttl), "{}", got[0].ttl);
    assert!(
        scene.service.got("ada").is_empty(),
        "nobody is told what they said"
    );

    // The record arrives again, as after a crash before its offset was committed; a later message shows that it was handled.
    scene
        .run("INSERT INTO outbox (conversation_id, rev, created_at) VALUES ($1, 1, now() - interval '1 hour')", id)
        .await;
    eventually("the record is written again", async || {
        let (rows, _) = chat_app::store::outbox::depth(&scene.pool).await.unwrap();
        (rows == 0).then_some(())
    })
    .await;
    ada.send(&scene.replicas[1], id, "or five").await;
    eventually("the later message is pushed", async || {
        (scene.service.got("bob").len() > 1).then_some(())
    })
    .await;
    scene.settled(1).await;
    let bodies: Vec<_> = scene
        .service
        .got("bob")
        .iter()
        .map(|got| got.payload["body"].clone())
        .collect();
    assert_eq!(bodies, ["tea at four?", "or five"]);
    assert_eq!(scene.counted("sent"), 2);
    scene.end().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn only_users_who_want_it_are_notified(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let ada = scene.person("ada").await;
    let [all, called, uncalled, muted, asleep, blocking, disabled] = [
        scene.person("all").await,
        scene.person("called").await,
        scene.person("uncalled").await,
        scene.person("muted").await,
        scene.person("asleep").await,
        scene.person("blocking").await,
        scene.person("disabled").await,
    ];
    let everybody = [
        &ada, &all, &called, &uncalled, &muted, &asleep, &blocking, &disabled,
    ];
    let room = scene.room(&everybody).await;
    let gone = scene.person("gone").await;
    scene
        .run(
            "UPDATE members SET level = 'mentions' WHERE user_id = $1",
            called.id,
        )
        .await;
    scene
        .run(
            "UPDATE members SET level = 'mentions' WHERE user_id = $1",
            uncalled.id,
        )
        .await;
    scene
        .run(
            "UPDATE members SET level = 'none' WHERE user_id = $1",
            muted.id,
        )
        .await;
    scene.run("WITH utc AS (SELECT extract(epoch FROM now())::int / 60 AS minute)
         UPDATE users SET dnd_from = (minute + 1380) % 1440, dnd_to = (minute + 60) % 1440, time_zone = 'UTC' FROM utc WHERE id = $1", asleep.id).await;
    scene
        .run(
            "INSERT INTO blocks (user_id, blocked_id) SELECT $1, id FROM users WHERE name = 'ada'",
            blocking.id,
        )
        .await;
    scene
        .run(
            "UPDATE users SET disabled_at = now() WHERE id = $1",
            disabled.id,
        )
        .await;
    // As the writer does it, in the transaction of the message.
    sqlx::query(
        "SELECT append_messages(ARRAY[$1::bigint], ARRAY[$2::bigint], ARRAY[gen_random_uuid()], ARRAY['tea, @called?'],
                ARRAY['{\"mentions\": [\"called\"]}'::jsonb])",
    )
    .bind(room)
    .bind(ada.id)
    .execute(&scene.pool)
    .await
    .unwrap();
    scene.settled(3).await;
    let got = |name: &str| scene.service.got(name);
    for told in ["all", "called"] {
        assert_eq!(got(told).len(), 1, "{told}");
        assert_eq!(got(told)[0].payload["title"], "kitchen");
        assert_eq!(got(told)[0].payload["body"], "ada: tea, @called?");
    }
    assert_eq!(
        (&*got("all")[0].urgency, &*got("called")[0].urgency),
        ("normal", "high")
    );
    for spared in [
        "ada", "uncalled", "muted", "asleep", "blocking", "disabled", "gone",
    ] {
        assert_eq!(scene.service.asked(spared), 0, "{spared}");
    }
    drop(gone);
    assert_eq!((scene.counted("sent"), scene.counted("suppressed")), (2, 1));
    scene.end().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_user_who_reads_at_once_is_not_notified(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let (ada, bob) = (scene.person("ada").await, scene.person("bob").await);
    let id = ada.talk_to(&scene.replicas[0], &bob).await;
    ada.send(&scene.replicas[0], id, "hello").await;
    let read = [("seq", "1".to_owned())];
    bob.post(&scene.replicas[1], &format!("/c/{id}/read"), &read)
        .await;
    eventually("the push is seen as suppressed, or was never noted", async || {
        let handled: bool = sqlx::query_scalar("SELECT NOT EXISTS (SELECT FROM outbox) AND NOT EXISTS (SELECT FROM pushes WHERE due_at IS NOT NULL)")
            .fetch_one(&scene.pool)
            .await
            .unwrap();
        handled.then_some(())
    })
    .await;
    // A later message in the same partition: everything before it was handled.
    ada.send(&scene.replicas[0], id, "still there?").await;
    eventually("the later message is pushed", async || {
        (!scene.service.got("bob").is_empty()).then_some(())
    })
    .await;
    assert_eq!(scene.service.got("bob").len(), 1);
    assert_eq!(scene.service.got("bob")[0].payload["body"], "still there?");
    scene.end().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_expired_subscription_is_deleted_and_a_busy_push_service_is_retried(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let [ada, dead, busy] = [
        scene.person("ada").await,
        scene.person("dead").await,
        scene.person("busy").await,
    ];
    scene.service.refuse("dead", &[410]);
    scene.service.refuse("busy", &[429]);
    let room = scene.room(&[&ada, &dead, &busy]).await;
    ada.send(&scene.replicas[0], room, "hello").await;
    eventually("the dead device is dropped", async || {
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM push_subscriptions WHERE user_id = $1")
                .bind(dead.id)
                .fetch_one(&scene.pool)
                .await
                .unwrap();
        (left == 0).then_some(())
    })
    .await;
    eventually("the busy service is left alone for a while", async || {
        let waits: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM push_subscriptions s JOIN pushes p ON p.subscription_id = s.id
             WHERE s.user_id = $1 AND s.failures = 1 AND p.due_at = s.retry_at AND s.retry_at > now() + interval '5 s'",
        )
        .bind(busy.id)
        .fetch_one(&scene.pool)
        .await
        .unwrap();
        (waits == 1).then_some(())
    })
    .await;
    scene
        .run(
            "UPDATE pushes SET due_at = now() WHERE conversation_id = $1",
            room,
        )
        .await;
    scene.settled(1).await;
    assert_eq!(scene.service.got("busy").len(), 1);
    assert_eq!(
        (scene.service.asked("dead"), scene.service.asked("busy")),
        (1, 2)
    );
    let failures: i16 =
        sqlx::query_scalar("SELECT failures FROM push_subscriptions WHERE user_id = $1")
            .bind(busy.id)
            .fetch_one(&scene.pool)
            .await
            .unwrap();
    assert_eq!(failures, 0);
    scene.end().await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_private_address_is_never_connected_to(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let one = chat
        .replica_with("one", &WITH_KEY)
        .await
        .reads_kafka()
        .await;
    let service = PushService::start(PUBLIC_KEY.into()).await;
    let (ada, bob) = (
        Person::sign_up(&one, "ada").await,
        Person::sign_up(&one, "bob").await,
    );
    let mut fields = service.subscription("bob");
    let refused = bob.post(&one, "/notifications/subscription", &fields).await;
    assert_eq!(refused.status(), 422);
    // A name shows nothing until it is resolved.
    fields[0].1 = fields[0].1.replace("http://127.0.0.1", "https://localhost");
    let taken = bob.post(&one, "/notifications/subscription", &fields).await;
    assert_eq!(taken.status(), 204);
    let id = ada.talk_to(&one, &bob).await;
    ada.send(&one, id, "hello").await;
    eventually("the device is dropped", async || {
        let page = one.app.metrics.text();
        page.contains("confab_push_notifications_total{outcome=\"forbidden\"} 1")
            .then_some(())
    })
    .await;
    assert_eq!(service.asked("bob"), 0);
    one.stop().await;
}
