//! A Prometheus as a process of its own, and its HTTP API. `tests/services/up` builds it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use confab_tests::{free_port, unique};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::browser::eventually;

/// A running Prometheus; killed when dropped.
pub struct Prometheus {
    url: String,
    directory: PathBuf,
    _child: Child,
}

fn program(name: &str) -> PathBuf {
    let home = std::env::var_os("TEST_PROMETHEUS_HOME");
    let home = home.expect("run tests/services/up and load its env file, as make test-rust does");
    Path::new(&home).join(name)
}

impl Prometheus {
    /// Starts it with this configuration, and these pods as file `pods.json` beside it.
    pub async fn start(config: &str, pods: &Value) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique("prometheus"));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("prometheus.yml"), config).unwrap();
        std::fs::write(directory.join("pods.json"), pods.to_string()).unwrap();
        let address = format!("127.0.0.1:{}", free_port().unwrap());
        let child = Command::new(program("prometheus"))
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=warn")
            .current_dir(&directory)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let url = format!("http://{address}");
        eventually("Prometheus is ready", async || {
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

    /// The data of an answer to `/api/v1/…`.
    pub async fn get(&self, path: &str) -> Value {
        let answer = reqwest::get(format!("{}/api/v1/{path}", self.url)).await;
        answer.unwrap().json::<Value>().await.unwrap()["data"].take()
    }

    async fn post(&self, path: &str, key: &str, value: &str) -> Value {
        let request = reqwest::Client::new().post(format!("{}/api/v1/{path}", self.url));
        let answer = request.form(&[(key, value)]).send().await.unwrap();
        let mut answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["status"], "success", "{value}: {answer}");
        answer["data"].take()
    }

    /// The values of a query that are numbers.
    pub async fn query(&self, expression: &str) -> Vec<f64> {
        let data = self.post("query", "query", expression).await;
        let samples = data["result"].as_array().expect("a vector").iter();
        let values = samples.filter_map(|sample| sample["value"][1].as_str()?.parse().ok());
        values.filter(|value: &f64| value.is_finite()).collect()
    }

    /// The syntax tree of a query.
    pub async fn parse(&self, expression: &str) -> Value {
        self.post("parse_query", "query", expression).await
    }

    /// The names of the labels of all series that match.
    pub async fn labels(&self, selector: &str) -> BTreeSet<String> {
        let series = self.post("series", "match[]", selector).await;
        let series = series.as_array().expect("a list").iter();
        let labels = series.filter_map(Value::as_object);
        labels.flat_map(|labels| labels.keys().cloned()).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// `promtool check metrics`: fails with what it does not like about the page.
pub async fn check_metrics(page: &str) {
    let mut child = Command::new(program("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(page.as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}\n{page}");
}
