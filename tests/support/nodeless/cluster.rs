//! The API server, with the rights of an administrator. I/O.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use axum::http::{Method, Request};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::{Value, json};

use super::namespaced;
use crate::names::unique;

const SERVER: &str = "run `tests/services/up`, then source the env file that it names";
/// The namespace and the ServiceAccount of the operator in the chart.
const OPERATOR: (&str, &str) = ("confab-system", "confab-operator");

#[derive(Clone)]
pub struct Cluster {
    admin: Client,
    config: Arc<Config>,
}

impl Cluster {
    /// The one of `TEST_KUBECONFIG`.
    pub async fn connect() -> Result<Self> {
        let path = std::env::var("TEST_KUBECONFIG")
            .map_err(|_| anyhow!("TEST_KUBECONFIG is not set: {SERVER}"))?;
        let file = Kubeconfig::read_from(&path).context(SERVER)?;
        let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
        let cluster = Self {
            admin: client(config.clone())?,
            config: Arc::new(config),
        };
        cluster.get("/api").await.context(SERVER)?;
        Ok(cluster)
    }

    /// A client with the rights of an administrator.
    pub fn admin(&self) -> Client {
        self.admin.clone()
    }

    /// A client with the rights of the operator's ServiceAccount in the chart, or of `account` in the same namespace.
    pub async fn operator_client(&self, account: Option<&str>) -> Result<Client> {
        let mut config = (*self.config).clone();
        config.auth_info = Default::default();
        config.auth_info.token = Some(self.token(account.unwrap_or(OPERATOR.1)).await?.into());
        client(config)
    }

    /// A kubeconfig for a ServiceAccount in the operator's namespace.
    pub async fn kubeconfig(&self, account: &str) -> Result<String> {
        let path = std::env::var("TEST_KUBECONFIG").context(SERVER)?;
        let file = Kubeconfig::read_from(&path)?;
        let cluster = file.clusters.first().and_then(|it| it.cluster.as_ref());
        let server = cluster.and_then(|it| it.server.clone());
        let ca = cluster.and_then(|it| it.certificate_authority.clone());
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority": ca}}],
            "users": [{"name": "u", "user": {"token": self.token(account).await?}}],
        });
        Ok(config.to_string())
    }

    async fn token(&self, account: &str) -> Result<String> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.admin(), OPERATOR.0);
        let request = TokenRequest {
            spec: TokenRequestSpec {
                expiration_seconds: Some(24 * 3600),
                ..TokenRequestSpec::default()
            },
            ..TokenRequest::default()
        };
        let answer = accounts
            .create_token_request(account, &PostParams::default(), &request)
            .await?;
        Ok(answer.status.context("a token has a status")?.token)
    }

    /// Creates a ServiceAccount in the operator's namespace and binds a ClusterRole to it.
    pub async fn account(&self, name: &str, role: &str) -> Result<()> {
        let metadata = json!({"name": name});
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata});
        self.create(
            &namespaced("api/v1", OPERATOR.0, "serviceaccounts"),
            &account,
        )
        .await?;
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": OPERATOR.0}],
        });
        self.create(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            &binding,
        )
        .await?;
        Ok(())
    }

    /// Creates a namespace with this prefix.
    pub async fn namespace(&self, name: &str) -> Result<String> {
        let name = unique(name);
        self.create(
            "/api/v1/namespaces",
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
        )
        .await?;
        Ok(name)
    }

    /// Allows the operator's ServiceAccount a Lease in this namespace, as the chart does in the operator's own.
    pub async fn allow_election(&self, namespace: &str) -> Result<()> {
        let (own, operator) = OPERATOR;
        for resource in ["roles", "rolebindings"] {
            let api = "apis/rbac.authorization.k8s.io/v1";
            let mut object = self
                .get(&namespaced(api, own, &format!("{resource}/{operator}")))
                .await?;
            object["metadata"] = json!({"name": operator});
            self.create(&namespaced(api, namespace, resource), &object)
                .await?;
        }
        Ok(())
    }

    /// The object, or None if it does not exist.
    pub async fn find(&self, path: &str) -> Result<Option<Value>> {
        match self.request(Method::GET, path, None).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            other => Ok(Some(other?)),
        }
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        self.find(path)
            .await?
            .with_context(|| format!("{path} does not exist"))
    }

    pub async fn list(&self, path: &str) -> Result<Vec<Value>> {
        match self.get(path).await?["items"].take() {
            Value::Array(items) => Ok(items),
            _ => Err(anyhow!("{path} is not a list")),
        }
    }

    /// Creates an object; `path` is that of its collection.
    pub async fn create(&self, path: &str, object: &Value) -> Result<Value> {
        Ok(self
            .request(Method::POST, path, Some(("application/json", object)))
            .await?)
    }

    /// Applies an object with another field manager than the operator.
    pub async fn apply(&self, path: &str, object: &Value) -> Result<Value> {
        let path = format!("{path}?fieldManager=person&force=true");
        let yaml = "application/apply-patch+yaml"; // which JSON is, too
        Ok(self
            .request(Method::PATCH, &path, Some((yaml, object)))
            .await?)
    }

    /// Patches the object by a JSON merge patch.
    pub async fn merge(&self, path: &str, patch: &Value) -> Result<Value> {
        let merge = "application/merge-patch+json";
        Ok(self
            .request(Method::PATCH, path, Some((merge, patch)))
            .await?)
    }

    /// Deletes the object, if it exists.
    pub async fn delete(&self, path: &str) -> Result<()> {
        match self.request(Method::DELETE, path, None).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            other => Ok(other.map(drop)?),
        }
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, &Value)>,
    ) -> Result<Value, kube::Error> {
        let mut request = Request::builder().method(method).uri(path);
        let bytes = match body {
            Some((media_type, value)) => {
                request = request.header("content-type", media_type);
                value.to_string().into_bytes()
            }
            None => Vec::new(),
        };
        let request = request.body(bytes).expect("a path is a URI");
        self.admin.request(request).await
    }
}

fn client(mut config: Config) -> Result<Client> {
    // A request that the client retries by itself would be counted twice.
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}
