//! What a chat's status and pods say, as a tree and as one piece of advice. Pure.

use serde_json::Value;

use crate::cluster::Chat;
use crate::tree::{Mark, Tree};

/// The one thing to fix first.
pub(crate) struct Advice {
    pub(crate) healthy: bool,
    pub(crate) text: String,
}

/// Conditions that say no by choice of the spec.
const BY_CHOICE: [&str; 5] = [
    "UrlNotSet",
    "ExposureNotConfigured",
    "BackupNotConfigured",
    "ScaledToZero",
    "Paused",
];

/// `Ready` quotes the first thing that is missing; a failing backup does not count for it.
pub(crate) fn why(chat: &Chat) -> Advice {
    let Some(ready) = condition(chat, "Ready") else {
        let text = format!(
            "The operator has not looked at {} yet. Check that it runs: kubectl get pods -A -l app.kubernetes.io/name=confab-operator",
            chat.name
        );
        return Advice {
            healthy: false,
            text,
        };
    };
    let backup = condition(chat, "BackedUp").filter(|found| mark(found) == Mark::Bad);
    let found = match (field(ready, "status"), backup) {
        ("True", None) => {
            let text = format!("Nothing to fix: {}.", field(ready, "message"));
            return Advice {
                healthy: true,
                text,
            };
        }
        ("True", Some(backup)) => backup,
        _ => ready,
    };
    Advice {
        healthy: false,
        text: format!("{}: {}", field(found, "reason"), field(found, "message")),
    }
}

pub(crate) fn tree(chat: &Chat, pods: &[Value]) -> Tree {
    let ready = condition(chat, "Ready");
    let title = format!(
        "{} in namespace {}: {}",
        chat.name,
        chat.text("/metadata/namespace"),
        ready.map_or("no status yet", |ready| field(ready, "reason"))
    );
    let mark = ready.map_or(Mark::Neutral, mark);
    let mut parts = vec![
        Tree::new(
            Mark::None,
            format!("url       {}", chat.text("/status/url")),
        ),
        Tree::new(
            Mark::None,
            format!(
                "replicas  {} of {}",
                chat.text("/status/ready"),
                chat.text("/status/image")
            ),
        ),
        Tree::new(Mark::None, "conditions").with(
            chat.list("/status/conditions")
                .iter()
                .filter(|condition| !implied(condition))
                .map(condition_line),
        ),
        Tree::new(Mark::None, "topics").with(chat.list("/status/topics").iter().map(topic_line)),
        Tree::new(Mark::None, database(chat)),
        Tree::new(Mark::None, "pods").with(pods.iter().map(pod_line)),
    ];
    if let Some(name) = chat.object.pointer("/status/lastBackup/name") {
        let time = chat.text("/status/lastBackup/time");
        let name = name.as_str().unwrap_or_default();
        parts.insert(
            5,
            Tree::new(Mark::None, format!("backup    {name}, complete at {time}")),
        );
    }
    Tree::new(mark, title).with(parts)
}

fn condition<'a>(chat: &'a Chat, type_: &str) -> Option<&'a Value> {
    let conditions = chat.list("/status/conditions").iter();
    { conditions }.find(|condition| field(condition, "type") == type_)
}

fn field<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

/// `Stalled` is good when it says no.
fn mark(condition: &Value) -> Mark {
    let wanted = if field(condition, "type") == "Stalled" {
        "False"
    } else {
        "True"
    };
    let reason = field(condition, "reason");
    match field(condition, "status") {
        status if status == wanted => Mark::Good,
        _ if BY_CHOICE.contains(&reason) || reason.starts_with("WaitingFor") => Mark::Neutral,
        "Unknown" => Mark::Neutral,
        _ => Mark::Bad,
    }
}

/// The title says it already, or there is nothing to say.
fn implied(condition: &Value) -> bool {
    let type_ = field(condition, "type");
    type_ == "Ready" || type_ == "Stalled" && mark(condition) == Mark::Good
}

fn condition_line(condition: &Value) -> Tree {
    let mark = mark(condition);
    let head = format!(
        "{:<12} {}",
        field(condition, "type"),
        field(condition, "reason")
    );
    let message = Tree::new(Mark::None, field(condition, "message"));
    Tree::new(mark, head).with((mark != Mark::Good).then_some(message))
}

fn topic_line(topic: &Value) -> Tree {
    let partitions = topic["partitions"].as_i64().unwrap_or_default();
    Tree::new(
        Mark::None,
        format!("{} ({partitions} partitions)", field(topic, "name")),
    )
}

fn database(chat: &Chat) -> String {
    let number = |pointer: &str| chat.object.pointer(pointer).and_then(Value::as_i64);
    match (
        number("/status/schema/applied"),
        number("/status/schema/target"),
    ) {
        (Some(applied), Some(target)) => format!("database  schema {applied} of {target}"),
        _ => "database  no schema yet".to_owned(),
    }
}

fn pod_line(pod: &Value) -> Tree {
    let name = pod
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let phase = pod
        .pointer("/status/phase")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let node = pod.pointer("/spec/nodeName").and_then(Value::as_str);
    let containers = pod
        .pointer("/status/containerStatuses")
        .and_then(Value::as_array);
    let containers = containers.map_or(&[][..], Vec::as_slice);
    let restarts: i64 = containers
        .iter()
        .filter_map(|c| c["restartCount"].as_i64())
        .sum();
    let ready = !containers.is_empty() && containers.iter().all(|c| c["ready"] == true);
    let waiting = containers
        .iter()
        .find_map(|c| c.pointer("/state/waiting/reason")?.as_str());
    let (mark, state) = match (phase, waiting) {
        ("Succeeded", _) => (Mark::Good, "Succeeded"),
        ("Running", None) if ready => (Mark::Good, "Running"),
        ("Failed", _) => (Mark::Bad, "Failed"),
        (_, Some(reason)) if reason.contains("BackOff") || reason.contains("Error") => {
            (Mark::Bad, reason)
        }
        (phase, _) => (Mark::Neutral, phase),
    };
    let again = match restarts {
        0 => String::new(),
        1 => ", 1 restart".to_owned(),
        many => format!(", {many} restarts"),
    };
    let node = node.map_or_else(|| ", no node".to_owned(), |node| format!(", {node}"));
    Tree::new(mark, format!("{name}  {state}{again}{node}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chat(conditions: Value) -> Chat {
        Chat {
            name: "team".to_owned(),
            object: json!({
                "metadata": {"name": "team", "namespace": "chat"},
                "status": {"url": "https://chat.example.com", "ready": "1/2", "image": "confab/chat-app:1", "conditions": conditions,
                    "topics": [{"name": "chat.team.events", "partitions": 3}], "schema": {"applied": 1, "target": 1},
                    "lastBackup": {"name": "20261130T030001Z", "time": "2026-11-30T03:00:42Z"}},
            }),
        }
    }

    fn found(type_: &str, status: &str, reason: &str, message: &str) -> Value {
        json!({"type": type_, "status": status, "reason": reason, "message": message})
    }

    #[test]
    fn a_tree_shows_every_part_and_the_words_of_what_is_wrong() {
        let chat = chat(json!([
            found("Ready", "False", "ImagePullFailed", "no such image"),
            found("Available", "True", "Serving", "1 of 2 replicas serve"),
            found("SchemaReady", "False", "ImagePullFailed", "no such image"),
            found("Exposed", "False", "UrlNotSet", "no route"),
            found("Stalled", "True", "ImagePullFailed", "no such image"),
        ]));
        let pod = |name: &str, status: Value| json!({"metadata": {"name": name}, "spec": {"nodeName": "n1"}, "status": status});
        let pods = [
            pod(
                "team-app-1",
                json!({"phase": "Running", "containerStatuses": [{"ready": true, "restartCount": 2}]}),
            ),
            pod(
                "team-migrate-1",
                json!({"phase": "Pending", "containerStatuses": [{"ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}),
            ),
        ];
        insta::assert_snapshot!(tree(&chat, &pods).render(false));
    }

    #[test]
    fn the_first_thing_to_fix_is_what_ready_says() {
        let ready = |status| {
            found(
                "Ready",
                status,
                "RollingOut",
                "1 of 2 replicas are up to date",
            )
        };
        let advice = why(&chat(json!([ready("False")])));
        assert!(!advice.healthy);
        assert_eq!(advice.text, "RollingOut: 1 of 2 replicas are up to date");
        assert!(why(&chat(json!([ready("True")]))).healthy);
        assert!(
            why(&chat(json!([])))
                .text
                .contains("has not looked at team yet")
        );
    }

    #[test]
    fn a_failing_backup_of_a_chat_that_runs_is_to_be_fixed() {
        let ready = found("Ready", "True", "UpToDate", "All replicas run");
        let backup = |reason| found("BackedUp", "False", reason, "no such bucket");
        let advice = why(&chat(json!([ready, backup("BackupFailed")])));
        assert_eq!(
            (advice.healthy, advice.text.as_str()),
            (false, "BackupFailed: no such bucket")
        );
        assert!(why(&chat(json!([ready, backup("BackupNotConfigured")]))).healthy);
    }
}
