//! Programs that nobody here wrote post to the chat's hooks, unmodified: Prometheus Alertmanager, and Python's slack_sdk,
//! apprise and mattermostdriver. `tests/services/up` fetches them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use chat_app::domain::{ConversationId, ConversationKind, HookKind, UserId};
use chat_app::store::hooks::{self, Manager};
use chat_app::store::rooms;
use chat_app::tokens;
use confab_tests::client::ChatClient;
use confab_tests::{free_port, unique};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::process::{Child, Command};

use crate::browser::eventually;
use crate::process::Process;
use crate::replica::Chat;

const CLIENTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/webhook-clients/post.py"
);

pub fn fetched(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable);
    path.expect("run tests/services/up and load its env file, as make test-rust does")
        .into()
}

/// A replica, and a person with a room.
struct World {
    replica: Process,
    ada: ChatClient,
    pool: PgPool,
    owner: UserId,
}

impl World {
    async fn start(pool: PgPool) -> Self {
        let chat = Chat::new(pool.clone()).await;
        let replica = Process::start(&chat, "one", &[]).await;
        replica.is_ready().await;
        let url = format!("http://{}", replica.address);
        let ada = ChatClient::registered(&url, "ada").await.unwrap();
        let owner = sqlx::query_scalar("SELECT id FROM users WHERE name = 'ada'");
        let owner = UserId(owner.fetch_one(&pool).await.unwrap());
        Self {
            replica,
            ada,
            pool,
            owner,
        }
    }

    /// A room, and the URL of its hook.
    async fn hook(&self, kind: HookKind) -> (ConversationId, String) {
        let (public, about) = (ConversationKind::Public, (Some("Ops"), ""));
        let room = rooms::create(&self.pool, self.owner, public, about, &[]).await;
        let manager = Manager {
            room: room.unwrap(),
            user: self.owner,
            admin: false,
        };
        let token = tokens::random().unwrap();
        let hash = tokens::hash(&token);
        let made = hooks::create(&self.pool, manager, kind, "Programs", &hash).await;
        made.unwrap().unwrap().revs().unwrap();
        let url = format!("http://{}/hooks/{token}", self.replica.address);
        (manager.room, url)
    }

    async fn messages(&self, room: ConversationId) -> Vec<String> {
        self.ada.history(room.0).await.unwrap()
    }

    async fn end(self) {
        assert!(self.replica.end(Duration::from_secs(20)).await.0);
    }
}

/// Runs a client of Python, which checks the answers that it gets.
async fn post_with(client: &str, url: &str) {
    let output = Command::new("python3")
        .args([CLIENTS, client, url])
        .env("PYTHONPATH", fetched("TEST_WEBHOOK_CLIENTS"))
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{client}: {errors}");
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn clients_of_slack_and_mattermost_post(pool: PgPool) {
    let world = World::start(pool).await;
    let (room, url) = world.hook(HookKind::Slack).await;
    for client in ["slack_sdk", "apprise", "mattermostdriver"] {
        post_with(client, &url).await;
    }
    let messages = world.messages(room).await.join("\n\n");
    for text in [
        "hello from slack_sdk",
        "fallback of slack_sdk",
        "A header",
        "1 < 2",
        "of mmost by apprise",
        "of json by apprise",
        "hello from mattermostdriver",
        "An attachment",
    ] {
        assert!(messages.contains(text), "{text:?} is not in {messages}");
    }
    world.end().await;
}

/// A running Alertmanager; killed when dropped.
struct Alertmanager {
    url: String,
    directory: PathBuf,
    _child: Child,
}

impl Alertmanager {
    /// Without peers: it notifies of everything itself.
    async fn start(receiver: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique("alertmanager"));
        std::fs::create_dir_all(&directory).unwrap();
        let config = format!(
            "route: {{receiver: chat, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}}\n\
             receivers:\n- name: chat\n{receiver}"
        );
        std::fs::write(directory.join("alertmanager.yml"), config).unwrap();
        let address = format!("127.0.0.1:{}", free_port().unwrap());
        let program = fetched("TEST_ALERTMANAGER_HOME").join("alertmanager");
        let child = Command::new(program)
            .args(["--config.file=alertmanager.yml", "--storage.path=data"])
            .args(["--cluster.listen-address=", "--log.level=warn"])
            .arg(format!("--web.listen-address={address}"))
            .current_dir(&directory)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let url = format!("http://{address}");
        eventually("Alertmanager is ready", async || {
            let answer = reqwest::get(format!("{url}/-/ready")).await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        Self {
            url,
            directory,
            _child: child,
        }
    }

    /// Reports alerts, as Prometheus does.
    async fn report(&self, alerts: &[Value]) {
        let request = reqwest::Client::new().post(format!("{}/api/v2/alerts", self.url));
        let answer = request.json(alerts).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Two alerts of one group, from `start` to `end`.
fn alerts(start: time::OffsetDateTime, end: time::OffsetDateTime) -> Vec<Value> {
    let rfc3339 = |at: time::OffsetDateTime| {
        at.format(&time::format_description::well_known::Rfc3339)
            .unwrap()
    };
    let alert = |instance: &str| {
        json!({"labels": {"alertname": "Down", "instance": instance}, "annotations": {"summary": "no *answer*"},
               "startsAt": rfc3339(start), "endsAt": rfc3339(end), "generatorURL": "http://prometheus.example/graph"})
    };
    vec![alert("a:80"), alert("b:80")]
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn alertmanager_posts_firing_and_resolved_alerts(pool: PgPool) {
    let world = World::start(pool).await;
    let (webhook_room, webhook) = world.hook(HookKind::Alertmanager).await;
    let (slack_room, slack) = world.hook(HookKind::Slack).await;
    let webhooks = format!("  webhook_configs: [{{url: '{webhook}'}}]\n");
    let slacks = format!(
        "  slack_configs: [{{api_url: '{slack}', channel: '#elsewhere', send_resolved: true}}]\n"
    );
    // Two that know nothing of each other: each reports the group.
    let one = Alertmanager::start(&(webhooks.clone() + &slacks)).await;
    let two = Alertmanager::start(&webhooks).await;
    let managers = [&one, &two];

    let now = time::OffsetDateTime::now_utc();
    let hour = time::Duration::HOUR;
    // They begin now: Alertmanager notifies of an older alert at once, without waiting for the others of its group.
    for manager in managers {
        manager.report(&alerts(now, now + hour)).await;
    }
    eventually("the firing alerts are shown", async || {
        let shown = world.messages(webhook_room).await;
        let slack = world.messages(slack_room).await;
        let all = shown.iter().chain(&slack);
        let firing = all.filter(|text| text.contains("[FIRING:2] Down"));
        (firing.count() == 2).then_some(())
    })
    .await;
    let text = world.messages(webhook_room).await.join("");
    assert!(text.contains("no *answer*"), "{text}");

    let resolved = time::OffsetDateTime::now_utc();
    for manager in managers {
        manager.report(&alerts(now, resolved)).await;
    }
    eventually("the same message says that they are resolved", async || {
        let shown = world.messages(webhook_room).await;
        (shown.len() == 1 && shown[0].contains("[RESOLVED] Down")).then_some(())
    })
    .await;
    eventually("Slack's form gets another message", async || {
        let shown = world.messages(slack_room).await;
        // One more stands between them if the group is notified of while only one of the alerts has been taken.
        let (first, last) = (shown.first()?, shown.last()?);
        (first.contains("[FIRING:2] Down") && last.contains("[RESOLVED] Down")).then_some(())
    })
    .await;

    let again = time::OffsetDateTime::now_utc();
    one.report(&alerts(again, again + hour)).await;
    eventually("alerts that fire again get a new message", async || {
        let shown = world.messages(webhook_room).await;
        let states = ["[RESOLVED] Down", "[FIRING:2] Down"];
        let as_expected = std::iter::zip(&shown, states).all(|(text, state)| text.contains(state));
        (shown.len() == 2 && as_expected).then_some(())
    })
    .await;
    drop((one, two));
    world.end().await;
}
