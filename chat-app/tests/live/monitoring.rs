//! What the chart offers for monitoring, on a real Prometheus that scrapes two replicas under load and an operator: the scrape
//! configuration of docs/monitoring.md, the dashboard and the alerts.

mod queries;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use confab_delivery::load::{Load, Plan};
use confab_tests::client::ChatClient;
use confab_tests::nodeless::{
    self, ApiProxy, Cluster, Controllers, Operator, OperatorProcess, Settings,
};
use serde_json::{Value, json};
use sqlx::PgPool;

use self::queries::names_what_exists;
use crate::browser::eventually;
use crate::process::Process;
use crate::prometheus::{Prometheus, check_metrics};
use crate::replica::Chat;

const DOCS: &str = include_str!("../../../docs/monitoring.md");
const DASHBOARD: &str = include_str!("../../../charts/confab/files/dashboard.json");
const ALERTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../charts/confab/files/alerts.yaml"
);
const LIMIT: Duration = Duration::from_secs(60);
/// Alerts that a busy machine may raise.
const OF_SLOWNESS: [&str; 3] = [
    "ConfabDeliverySlow",
    "ConfabNotificationsLate",
    "ConfabRelayLagging",
];

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn queries_return_data_and_name_metrics_and_labels_that_exist(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let replicas = [
        Process::start(&chat, "team-app-0", &[]).await,
        Process::start(&chat, "team-app-1", &[]).await,
    ];
    for replica in &replicas {
        replica.is_ready().await;
    }
    let world = Operated::start(&chat.kafka).await;
    let prometheus = Prometheus::start(&config(), &pods(&world, &replicas)).await;
    three_targets_are_up(&prometheus).await;
    // From here on: Prometheus has seen the counters at 0.
    world.team.create(&world.spec).await.unwrap();
    let urls = [0, 1].map(|n: usize| format!("http://{}", replicas[n].address));
    upload(&urls[0]).await;
    let load = Load::start(Plan::new(urls.to_vec())).await.unwrap();
    world.team.ready(LIMIT).await.unwrap();

    let mut queries = Vec::new();
    for (panel, query) in dashboard() {
        eventually(&format!("{panel}: {query} has data"), async || {
            world.reconcile_again().await;
            (!prometheus.query(&query).await.is_empty()).then_some(())
        })
        .await;
        queries.push(query);
    }
    assert!(queries.len() > 20, "{queries:?}");

    let rules = alerts(&prometheus).await;
    queries.extend(rules.iter().map(|alert| text(&alert["query"])));
    for query in queries {
        names_what_exists(&prometheus, &query).await;
    }
    eventually("no alert is active in a healthy chat", async || {
        world.reconcile_again().await;
        let active = |alert: &Value| {
            let slow = OF_SLOWNESS.iter().any(|name| alert["name"] == *name);
            alert["state"] != "inactive" && !slow
        };
        let all = alerts(&prometheus).await;
        let active: Vec<_> = all.iter().filter(|alert| active(alert)).collect();
        if !active.is_empty() {
            // Shown if the test fails.
            eprintln!("active: {active:?}");
        }
        active.is_empty().then_some(())
    })
    .await;

    load.finish(Duration::from_secs(10)).await.unwrap();
    world.operator.stop().await.unwrap();
    for replica in replicas {
        assert!(replica.end(Duration::from_secs(20)).await.0);
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn both_programs_answer_in_the_format_that_is_asked_for_and_promtool_likes_it(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let replica = Process::start(&chat, "one", &[]).await;
    replica.is_ready().await;
    let world = Operated::start(&chat.kafka).await;
    world.team.create(&world.spec).await.unwrap();
    world.team.ready(LIMIT).await.unwrap();
    for address in [replica.admin.to_string(), world.admin()] {
        let page = async |accept: &str| {
            let request = reqwest::Client::new().get(format!("http://{address}/metrics"));
            let answer = request.header("accept", accept).send().await.unwrap();
            let type_ = answer.headers()["content-type"]
                .to_str()
                .unwrap()
                .to_owned();
            (type_, answer.text().await.unwrap())
        };
        let (type_, plain) = page("*/*").await;
        assert_eq!(type_, "text/plain; version=0.0.4; charset=utf-8");
        check_metrics(&plain).await;
        let (type_, open_metrics) = page("application/openmetrics-text;version=1.0.0").await;
        assert_eq!(
            type_,
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        );
        assert!(open_metrics.ends_with("# EOF\n"), "{open_metrics}");
    }
    world.operator.stop().await.unwrap();
    assert!(replica.end(Duration::from_secs(20)).await.0);
}

/// An operator and its ChatDeployment `team`, which is not created yet.
struct Operated {
    operator: Operator,
    team: nodeless::Chat,
    spec: Value,
    _api: ApiProxy,
    _controllers: Controllers,
}

impl Operated {
    async fn start(kafka: &str) -> Self {
        let cluster = Cluster::connect().await.unwrap();
        let namespace = cluster.namespace("monitoring").await.unwrap();
        let process = OperatorProcess::default();
        let client = cluster.operator_client(None).await.unwrap();
        let api = ApiProxy::start(client, &process).await.unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_chat-app")).with_file_name("operator");
        assert!(program.is_file(), "run `tests/cargo build --bin operator`");
        let settings = Settings {
            program,
            server: api.address().to_owned(),
            namespaces: vec![namespace.clone()],
            lease: namespace.clone(),
            identity: None,
        };
        let operator = Operator::start(&settings, &process).await.unwrap();
        let ready = operator.wait_for_readyz(LIMIT, 200, "working");
        ready.await.unwrap();
        let team = nodeless::Chat::outside(&cluster, &namespace, "team").await;
        Self {
            operator,
            team: team.unwrap(),
            spec: nodeless::Chat::spec(kafka),
            _controllers: Controllers::start(&cluster, &namespace),
            _api: api,
        }
    }

    fn admin(&self) -> String {
        self.operator.admin_address().unwrap()
    }

    async fn reconcile_again(&self) {
        let time = self.operator.reconciles().await.unwrap();
        self.team.trigger_reconcile(time as usize).await.unwrap();
    }
}

/// The documented configuration, with the pods from a file: there is no Kubernetes to discover them in.
fn config() -> String {
    let lines = DOCS.lines();
    let block = lines.skip_while(|line| *line != "    scrape_configs:");
    let jobs: String = block
        .map_while(|line| line.strip_prefix("    "))
        .flat_map(|line| [line, "\n"])
        .collect();
    assert_eq!(jobs.matches("job_name").count(), 2, "{jobs}");
    let jobs = jobs
        .replace("kubernetes_sd_configs:", "file_sd_configs:")
        .replace("- role: pod", "- files: [pods.json]");
    format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{ALERTS}]\n{jobs}"
    )
}

/// As Kubernetes describes the ports of the pods, those that must not be scraped too.
fn pods(world: &Operated, replicas: &[Process]) -> Value {
    let chat = |pod: &str, component: &str, port: &str, address: SocketAddr| {
        let labels = json!({"name": "confab", "instance": "team", "component": component, "managed_by": "confab-operator"});
        target(
            &world.team.namespace,
            pod,
            port,
            &address.to_string(),
            &labels,
        )
    };
    let labels = json!({"name": "confab-operator", "instance": "confab", "managed_by": "Helm"});
    json!([
        target(
            "confab-system",
            "confab-operator-0",
            "admin",
            &world.admin(),
            &labels
        ),
        chat("team-app-0", "app", "admin", replicas[0].admin),
        chat("team-app-1", "app", "admin", replicas[1].admin),
        chat("team-app-0", "app", "http", replicas[0].address),
        chat("team-kafka-0", "kafka", "admin", replicas[0].address),
    ])
}

fn target(namespace: &str, pod: &str, port: &str, address: &str, labels: &Value) -> Value {
    const META: &str = "__meta_kubernetes";
    let mut all = json!({
        format!("{META}_namespace"): namespace,
        format!("{META}_pod_name"): pod,
        format!("{META}_pod_container_port_name"): port,
    });
    for (label, value) in labels.as_object().unwrap() {
        all[format!("{META}_pod_label_app_kubernetes_io_{label}")] = value.clone();
    }
    json!({"targets": [address], "labels": all})
}

async fn three_targets_are_up(prometheus: &Prometheus) {
    let targets = eventually("every target is up", async || {
        let targets = prometheus.get("targets?state=active").await;
        let targets = targets["activeTargets"].as_array().cloned()?;
        let up = targets.iter().all(|target| target["health"] == "up");
        (up && !targets.is_empty()).then_some(targets)
    })
    .await;
    let pods: BTreeSet<_> = targets
        .iter()
        .map(|target| text(&target["labels"]["pod"]))
        .collect();
    let expected = ["confab-operator-0", "team-app-0", "team-app-1"].map(str::to_owned);
    assert_eq!((pods, targets.len()), (expected.into(), 3), "{targets:?}");
}

/// Two people, and a file of one in their conversation.
async fn upload(url: &str) {
    let ada = ChatClient::registered(url, "ada").await.unwrap();
    ChatClient::registered(url, "bob").await.unwrap();
    let id = ada.conversation_with("bob").await.unwrap();
    let bytes = b"hello".to_vec();
    ada.upload(id, "hello.txt", bytes).await.unwrap();
}

/// The panels' titles and queries, with the variables as Grafana sets them.
fn dashboard() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let queries = panels.iter().flat_map(|panel| {
        let targets = panel["targets"].as_array().into_iter().flatten();
        targets.map(|target| (text(&panel["title"]), text(&target["expr"])))
    });
    let queries = queries.map(|(panel, query)| {
        let query = query.replace("$__rate_interval", "1m");
        (
            panel,
            query.replace("$namespace", ".*").replace("$chat", ".*"),
        )
    });
    queries
        .inspect(|(panel, query)| assert!(!query.contains('$'), "{panel}: {query}"))
        .collect()
}

async fn alerts(prometheus: &Prometheus) -> Vec<Value> {
    let rules = prometheus.get("rules").await;
    let groups = rules["groups"].as_array().unwrap().iter();
    let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    let rules: Vec<Value> = rules.cloned().collect();
    assert!(!rules.is_empty());
    for rule in &rules {
        assert_ne!(rule["health"], "err", "{rule}");
    }
    rules
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
