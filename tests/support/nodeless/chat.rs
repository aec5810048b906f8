//! A ChatDeployment of a test, with external Kafka and PostgreSQL. I/O through [`Cluster`].

use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};

use super::Cluster;
use crate::wait::eventually;

/// The path of an object of a namespace: `apis/apps/v1` and `deployments/team-app`, for example.
pub fn namespaced(api: &str, namespace: &str, resource: &str) -> String {
    format!("/{api}/namespaces/{namespace}/{resource}")
}

/// The path of a ChatDeployment.
pub fn chat_path(namespace: &str, name: &str) -> String {
    namespaced(
        "apis/confab.dev/v1beta1",
        namespace,
        &format!("chatdeployments/{name}"),
    )
}

#[derive(Clone)]
pub struct Chat {
    pub cluster: Cluster,
    pub namespace: String,
    pub name: String,
}

impl Chat {
    /// Creates the Secret with the URL of the database; the ChatDeployment itself is not created yet.
    pub async fn outside(cluster: &Cluster, namespace: &str, name: &str) -> Result<Self> {
        let chat = Self {
            cluster: cluster.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        let url = std::env::var("DATABASE_URL")
            .context("DATABASE_URL is not set: run `tests/services/up`")?;
        chat.database(&url).await?;
        Ok(chat)
    }

    /// Writes the Secret with the URL of the database.
    pub async fn database(&self, url: &str) -> Result<()> {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "database"}, "stringData": {"url": url}});
        self.cluster
            .apply(&self.path("api/v1", "secrets/database"), &secret)
            .await?;
        Ok(())
    }

    /// A spec with Kafka at this address.
    pub fn spec(kafka: &str) -> Value {
        json!({
            "image": "confab/chat-app:1",
            "replicas": 2,
            "kafka": {"external": {"bootstrapServers": [kafka]}},
            "postgres": {"external": {"urlSecret": {"name": "database"}}},
            "topics": {"partitions": 2, "replicationFactor": 1},
            "deletionPolicy": "Delete",
        })
    }

    pub async fn create(&self, spec: &Value) -> Result<()> {
        let object = json!({
            "apiVersion": "confab.dev/v1beta1", "kind": "ChatDeployment",
            "metadata": {"name": self.name}, "spec": spec,
        });
        self.cluster
            .create(
                &self.path("apis/confab.dev/v1beta1", "chatdeployments"),
                &object,
            )
            .await?;
        Ok(())
    }

    pub async fn change(&self, spec: Value) -> Result<()> {
        self.cluster
            .merge(&self.own_path(), &json!({"spec": spec}))
            .await?;
        Ok(())
    }

    pub async fn delete(&self) -> Result<()> {
        self.cluster.delete(&self.own_path()).await
    }

    pub async fn get(&self) -> Result<Value> {
        self.cluster.get(&self.own_path()).await
    }

    pub fn own_path(&self) -> String {
        chat_path(&self.namespace, &self.name)
    }

    /// A path in its namespace.
    pub fn path(&self, api: &str, resource: &str) -> String {
        namespaced(api, &self.namespace, resource)
    }

    /// The Deployment of its replicas.
    pub fn deployment(&self) -> String {
        self.path("apis/apps/v1", &format!("deployments/{}-app", self.name))
    }

    /// Triggers a reconcile that has nothing to do, by an annotation of the Service: Kubernetes would roll a changed Deployment
    /// out.
    pub async fn trigger_reconcile(&self, time: usize) -> Result<()> {
        let service = self.path("api/v1", &format!("services/{}-app", self.name));
        let seen = json!({"metadata": {"annotations": {"seen": time.to_string()}}});
        self.cluster.merge(&service, &seen).await?;
        Ok(())
    }

    /// `status reason` of a condition; fails if it is of an older generation.
    pub async fn condition(&self, type_: &str) -> Result<String> {
        let chat = self.get().await?;
        let conditions = chat["status"]["conditions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let found = conditions
            .iter()
            .find(|condition| condition["type"] == type_);
        let found = found.with_context(|| format!("there is no condition {type_}"))?;
        let text = |field: &str| found[field].as_str().unwrap_or_default();
        ensure!(
            found["observedGeneration"] == chat["metadata"]["generation"],
            "{type_} is of an older generation: {} {}",
            text("status"),
            text("reason")
        );
        Ok(format!("{} {}", text("status"), text("reason")))
    }

    /// Waits until a condition of the current generation is `wanted`, `status reason`.
    pub async fn wait(&self, limit: Duration, type_: &str, wanted: &str) -> Result<()> {
        let what = format!("{}/{} {type_}={wanted}", self.namespace, self.name);
        eventually(limit, &what, async || match self.condition(type_).await? {
            is if is == wanted => Ok(()),
            other => Err(anyhow!(other)),
        })
        .await
    }

    /// Waits until it is ready.
    pub async fn ready(&self, limit: Duration) -> Result<()> {
        self.wait(limit, "Ready", "True UpToDate").await
    }

    /// Waits until it is gone.
    pub async fn gone(&self, limit: Duration) -> Result<()> {
        eventually(limit, "the ChatDeployment is gone", async || {
            ensure!(
                self.cluster.find(&self.own_path()).await?.is_none(),
                "it is there"
            );
            Ok(())
        })
        .await
    }
}
