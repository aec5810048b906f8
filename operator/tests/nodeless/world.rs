//! What most tests need: an operator and a namespace of their own.

use std::time::Duration;

use confab_tests::nodeless::{
    ApiProxy, AuditLog, Chat, Cluster, Controllers, KafkaProxy, Operator, OperatorProcess,
    Settings, namespaced,
};
use confab_tests::{Result, unique};
use serde_json::{Value, json};

/// Longer than anything takes that succeeds, however busy the machine is.
pub const LIMIT: Duration = Duration::from_secs(60);

/// One operator, its namespace, and the proxies in front of its process.
pub struct World {
    pub cluster: Cluster,
    pub namespace: String,
    pub controllers: Controllers,
    pub process: OperatorProcess,
    pub api: ApiProxy,
    pub kafka: KafkaProxy,
    pub settings: Settings,
    pub audit: AuditLog,
    /// The name of this operator in the audit log.
    pub tag: String,
}

impl World {
    pub async fn new(name: &str) -> Result<Self> {
        let cluster = Cluster::connect().await?;
        let namespace = cluster.namespace(name).await?;
        let process = OperatorProcess::default();
        let api = ApiProxy::start(cluster.operator_client(None).await?, &process).await?;
        let kafka = KafkaProxy::to_local_kafka(&process).await?;
        let tag = unique(name);
        api.begin(&tag);
        Ok(Self {
            controllers: Controllers::start(&cluster, &namespace),
            settings: settings(&api, &namespace),
            audit: AuditLog::from_now()?,
            cluster,
            namespace,
            process,
            api,
            kafka,
            tag,
        })
    }

    /// The operator's rights on Secrets and children are bound in its namespace; cluster-wide it has those on ChatDeployments
    /// and reads namespaces.
    pub async fn bound_in_its_namespace(name: &str) -> Result<Self> {
        let world = Self::new(name).await?;
        let upstream = bind_in(&world.cluster, &world.namespace).await?;
        let api = ApiProxy::start(upstream, &world.process).await?;
        api.begin(&world.tag);
        Ok(Self {
            settings: settings(&api, &world.namespace),
            api,
            ..world
        })
    }

    pub async fn operator(&self) -> Result<Operator> {
        Operator::start(&self.settings, &self.process).await
    }

    /// A chat with a spec whose Kafka is behind the proxy. It is not created yet.
    pub async fn chat(&self, name: &str) -> Result<(Chat, Value)> {
        let chat = Chat::outside(&self.cluster, &self.namespace, name).await?;
        Ok((chat, Chat::spec(&self.kafka.address())))
    }

    /// An operator and a chat that is ready.
    pub async fn settled(&self) -> Result<(Operator, Chat)> {
        let (chat, spec) = self.chat("team").await?;
        chat.create(&spec).await?;
        let operator = self.operator().await?;
        chat.ready(LIMIT).await?;
        Ok((operator, chat))
    }
}

pub fn settings(api: &ApiProxy, namespace: &str) -> Settings {
    Settings {
        program: env!("CARGO_BIN_EXE_operator").into(),
        server: api.address().to_owned(),
        namespaces: vec![namespace.to_owned()],
        lease: namespace.to_owned(),
        identity: None,
    }
}

/// Splits the chart's ClusterRole, and returns a client of a ServiceAccount that has both parts.
async fn bind_in(cluster: &Cluster, namespace: &str) -> Result<kube::Client> {
    const RBAC: &str = "apis/rbac.authorization.k8s.io/v1";
    let role = cluster
        .get(&format!("/{RBAC}/clusterroles/confab-operator"))
        .await?;
    let rules = role["rules"].as_array().cloned().unwrap_or_default();
    let wide = |rule: &Value| {
        rule["apiGroups"] == json!(["confab.dev"])
            || rule["apiGroups"] == json!(["apiextensions.k8s.io"])
            || rule["resources"] == json!(["namespaces"])
            || rule["resources"] == json!(["ingressclasses"])
    };
    let (wide, here): (Vec<_>, Vec<_>) = rules.into_iter().partition(wide);
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": namespace}});
    cluster
        .create(
            &namespaced("api/v1", "confab-system", "serviceaccounts"),
            &account,
        )
        .await?;
    let subjects =
        json!([{"kind": "ServiceAccount", "name": namespace, "namespace": "confab-system"}]);
    for (prefix, kind, path, name, rules) in [
        (
            "Cluster",
            "ClusterRole",
            format!("/{RBAC}"),
            namespace,
            wide,
        ),
        (
            "",
            "Role",
            format!("/{RBAC}/namespaces/{namespace}"),
            "operator",
            here,
        ),
    ] {
        let plural = prefix.to_lowercase();
        let object = |kind: &str| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}});
        let mut role = object(kind);
        role["rules"] = json!(rules);
        cluster
            .create(&format!("{path}/{plural}roles"), &role)
            .await?;
        let mut binding = object(&format!("{prefix}RoleBinding"));
        binding["subjects"] = subjects.clone();
        binding["roleRef"] =
            json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
        cluster
            .create(&format!("{path}/{plural}rolebindings"), &binding)
            .await?;
    }
    cluster.operator_client(Some(namespace)).await
}
