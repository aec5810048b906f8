//! Stands in for the Deployment, StatefulSet and Job controllers and the nodes: writes the status of workloads as if all pods
//! ran at once. I/O: watches workloads and writes their status.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt};
use kube::api::{ApiResource, DynamicObject};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Cluster, namespaced};

/// The outcome of a migration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobOutcome {
    #[default]
    Complete,
    Active,
    Failed,
}

/// They run until this is dropped.
pub struct Controllers {
    jobs: Arc<Mutex<HashMap<String, JobOutcome>>>,
    _tasks: JoinSet<()>,
}

impl Controllers {
    /// Starts them for the namespaces with this prefix.
    pub fn start(cluster: &Cluster, namespaces: &str) -> Self {
        let jobs = Arc::default();
        let mut tasks = JoinSet::new();
        for (api, kind, plural) in [
            ("apps", "Deployment", "deployments"),
            ("apps", "StatefulSet", "statefulsets"),
            ("batch", "Job", "jobs"),
        ] {
            let worker = Worker {
                cluster: cluster.clone(),
                namespaces: namespaces.to_owned(),
                jobs: Arc::clone(&jobs),
                resource: ApiResource {
                    group: api.into(),
                    version: "v1".into(),
                    api_version: format!("{api}/v1"),
                    kind: kind.into(),
                    plural: plural.into(),
                },
            };
            tasks.spawn(worker.work());
        }
        Self {
            jobs,
            _tasks: tasks,
        }
    }

    /// Sets the outcome of migrations that start in this namespace from now on.
    pub fn set_job_outcome(&self, namespace: &str, outcome: JobOutcome) {
        self.jobs
            .lock()
            .expect("not poisoned")
            .insert(namespace.to_owned(), outcome);
    }
}

struct Worker {
    cluster: Cluster,
    namespaces: String,
    jobs: Arc<Mutex<HashMap<String, JobOutcome>>>,
    resource: ApiResource,
}

impl Worker {
    async fn work(self) {
        let api: Api<DynamicObject> = Api::all_with(self.cluster.admin(), &self.resource);
        let ours =
            watcher::Config::default().labels("app.kubernetes.io/managed-by=confab-operator");
        watcher(api, ours)
            .default_backoff()
            .applied_objects()
            .try_filter(|object| {
                std::future::ready(
                    object
                        .namespace()
                        .is_some_and(|it| it.starts_with(&self.namespaces)),
                )
            })
            .for_each_concurrent(8, async |object| {
                let Ok(object) = object else { return };
                // An object that is gone makes every attempt fail.
                for _ in 0..5 {
                    if self.act(&object).await.is_ok() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            })
            .await;
    }

    async fn act(&self, object: &DynamicObject) -> Result<()> {
        let namespace = object.namespace().unwrap_or_default();
        let status = match self.resource.kind.as_str() {
            "Job" => {
                let outcome = self
                    .jobs
                    .lock()
                    .expect("not poisoned")
                    .get(&namespace)
                    .copied();
                if object.data["status"]["conditions"].is_array()
                    || outcome == Some(JobOutcome::Active)
                {
                    return Ok(());
                }
                let outcome = outcome.unwrap_or_default();
                if outcome == JobOutcome::Complete {
                    self.create_migration_pod(&namespace, object).await?;
                }
                job_status(outcome == JobOutcome::Complete)
            }
            _ => running(object),
        };
        if contains(&object.data["status"], &status) || object.metadata.deletion_timestamp.is_some()
        {
            return Ok(());
        }
        let name = format!("{}/{}/status", self.resource.plural, object.name_any());
        let path = namespaced(
            &format!("apis/{}", self.resource.api_version),
            &namespace,
            &name,
        );
        self.cluster
            .merge(&path, &json!({"status": status}))
            .await?;
        Ok(())
    }

    /// Creates the pod of a migration with a termination message.
    async fn create_migration_pod(&self, namespace: &str, job: &DynamicObject) -> Result<()> {
        let name = format!("{}-{}", job.name_any(), &job.uid().unwrap_or_default()[..8]);
        let pods = namespaced("api/v1", namespace, "pods");
        let pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": job.data["spec"]["template"]["metadata"]["labels"],
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": job.name_any(), "uid": job.uid(), "controller": true}]},
            "spec": job.data["spec"]["template"]["spec"]});
        if self
            .cluster
            .find(&format!("{pods}/{name}"))
            .await?
            .is_none()
        {
            self.cluster.create(&pods, &pod).await?;
        }
        let message = json!({"applied": 1, "target": 1}).to_string();
        let status = json!({"status": {"phase": "Succeeded", "containerStatuses": [{"name": "migrate", "image": "i", "imageID": "",
            "ready": false, "restartCount": 0, "state": {"terminated": {"exitCode": 0, "message": message}}}]}});
        self.cluster
            .merge(&format!("{pods}/{name}/status"), &status)
            .await?;
        Ok(())
    }
}

fn running(object: &DynamicObject) -> Value {
    let replicas = object.data["spec"]["replicas"].as_i64().unwrap_or(1);
    let mut status = json!({"observedGeneration": object.metadata.generation, "replicas": replicas,
        "updatedReplicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas});
    if object
        .types
        .as_ref()
        .is_some_and(|types| types.kind == "Deployment")
    {
        status["conditions"] = json!([{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": ""}]);
    }
    status
}

fn job_status(succeeded: bool) -> Value {
    let now = k8s_openapi::jiff::Timestamp::now().to_string();
    let now = format!(
        "{}Z",
        now.split('.').next().unwrap_or(&now).trim_end_matches('Z')
    );
    let condition = |type_: &str, reason: &str| json!({"type": type_, "status": "True", "reason": reason, "lastTransitionTime": now});
    if succeeded {
        json!({"startTime": now, "completionTime": now, "succeeded": 1, "conditions": [
            condition("SuccessCriteriaMet", "CompletionsReached"), condition("Complete", "CompletionsReached")]})
    } else {
        json!({"startTime": now, "failed": 1, "conditions": [
            condition("FailureTarget", "BackoffLimitExceeded"), condition("Failed", "BackoffLimitExceeded")]})
    }
}

/// Whether the fields of `wanted` are in `is`; a list counts by its length.
fn contains(is: &Value, wanted: &Value) -> bool {
    match (is, wanted) {
        (Value::Object(is), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, value)| is.get(key).is_some_and(|is| contains(is, value))),
        (Value::Array(is), Value::Array(wanted)) => is.len() == wanted.len(),
        _ => is == wanted,
    }
}
