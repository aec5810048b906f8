//! The cluster: reads and writes objects as JSON. Does I/O.

use std::io;

use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{DynamicObject, ListParams, LogParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::ApiResource;
use kube::discovery::oneshot;
use kube::{Api, Client, Config, ResourceExt};
use serde_json::Value;

/// Why a command failed. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot read the kubeconfig: {0}")]
    Kubeconfig(#[from] kube::config::KubeconfigError),
    #[error("no cluster is configured: {0}. Set KUBECONFIG, as for kubectl")]
    NoCluster(#[from] kube::config::InferConfigError),
    #[error("the API server returned an error: {0}")]
    Api(#[from] kube::Error),
    #[error(
        "the cluster has no ChatDeployments: install the operator with Helm, or choose another --context"
    )]
    NotInstalled,
    #[error(
        "there is no ChatDeployment {name} in namespace {namespace}; kubectl get chat -A lists all"
    )]
    NoChat { name: String, namespace: String },
    #[error("namespace {namespace} has no ChatDeployment; kubectl get chat -A lists all")]
    NoChats { namespace: String },
    #[error("namespace {namespace} has several ChatDeployments, name one of them: {names}")]
    Several { namespace: String, names: String },
    #[error("Secret {name} has no key {key}")]
    NoKey { name: String, key: String },
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Local(#[from] io::Error),
}

/// A connection and a namespace.
pub(crate) struct Cluster {
    client: Client,
    pub(crate) namespace: String,
}

/// A ChatDeployment as the API server holds it.
pub(crate) struct Chat {
    pub(crate) name: String,
    pub(crate) object: Value,
}

impl Chat {
    /// A string in the object; empty if there is none.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        let value = self.object.pointer(pointer);
        value.and_then(Value::as_str).unwrap_or_default()
    }

    /// An array in the object.
    pub(crate) fn list(&self, pointer: &str) -> &[Value] {
        let value = self.object.pointer(pointer).and_then(Value::as_array);
        value.map_or(&[], Vec::as_slice)
    }
}

impl Cluster {
    pub(crate) async fn connect(
        context: Option<String>,
        namespace: Option<String>,
    ) -> Result<Self, Error> {
        let config = match context {
            Some(context) => {
                let options = KubeConfigOptions {
                    context: Some(context),
                    ..KubeConfigOptions::default()
                };
                Config::from_custom_kubeconfig(Kubeconfig::read()?, &options).await?
            }
            None => Config::infer().await?,
        };
        let namespace = namespace.unwrap_or_else(|| config.default_namespace.clone());
        Ok(Self {
            client: Client::try_from(config)?,
            namespace,
        })
    }

    /// The chat of this name, or the only one of the namespace.
    pub(crate) async fn chat(&self, name: Option<&str>) -> Result<Chat, Error> {
        let api = self.chats().await?;
        let namespace = self.namespace.clone();
        let object = match name {
            Some(name) => api.get_opt(name).await?.ok_or_else(|| Error::NoChat {
                name: name.to_owned(),
                namespace,
            })?,
            None => {
                let mut all = api.list(&ListParams::default()).await?.items;
                if all.len() > 1 {
                    let names: Vec<_> = all.iter().map(ResourceExt::name_any).collect();
                    let names = names.join(", ");
                    return Err(Error::Several { namespace, names });
                }
                all.pop().ok_or(Error::NoChats { namespace })?
            }
        };
        Ok(Chat {
            name: object.name_any(),
            object: json(object)?,
        })
    }

    async fn chats(&self) -> Result<Api<DynamicObject>, Error> {
        let group = oneshot::group(&self.client, "confab.dev").await;
        let group = group.map_err(|_| Error::NotInstalled)?;
        let found = group.recommended_kind("ChatDeployment");
        let (resource, _) = found.ok_or(Error::NotInstalled)?;
        Ok(Api::namespaced_with(
            self.client.clone(),
            &self.namespace,
            &resource,
        ))
    }

    pub(crate) async fn create_chat(&self, object: &Value) -> Result<(), Error> {
        let object = serde_json::from_value(object.clone()).map_err(io::Error::from)?;
        let api = self.chats().await?;
        api.create(&PostParams::default(), &object).await?;
        Ok(())
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub(crate) async fn pods(&self, chat: &Chat) -> Result<Vec<Value>, Error> {
        let pods = self.api::<Pod>().list(&of(chat)).await?;
        pods.items.into_iter().map(json).collect()
    }

    /// The objects of a kind that belong to a chat.
    pub(crate) async fn list<K>(&self, chat: &Chat) -> Result<Vec<Value>, Error>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + serde::Serialize
            + serde::de::DeserializeOwned,
    {
        let kind = ApiResource::erase::<K>(&());
        let found = self.api::<K>().list(&of(chat)).await?.items;
        let with_kind = found.into_iter().map(|object| {
            let mut object = json(object)?;
            object["apiVersion"] = kind.api_version.clone().into();
            object["kind"] = kind.kind.clone().into();
            Ok(object)
        });
        with_kind.collect()
    }

    /// The last lines of a pod's log, or why there are none.
    pub(crate) async fn log(&self, pod: &str, previous: bool) -> String {
        let params = LogParams {
            previous,
            tail_lines: Some(300),
            ..LogParams::default()
        };
        match self.api::<Pod>().logs(pod, &params).await {
            Ok(log) => log,
            Err(error) => format!("({error})"),
        }
    }

    pub(crate) async fn secret_text(&self, name: &str, key: &str) -> Result<String, Error> {
        let secret = self.api::<Secret>().get(name).await?;
        let bytes = secret.data.and_then(|mut data| data.remove(key));
        let text = bytes.and_then(|bytes| String::from_utf8(bytes.0).ok());
        text.ok_or_else(|| Error::NoKey {
            name: name.to_owned(),
            key: key.to_owned(),
        })
    }
}

fn of(chat: &Chat) -> ListParams {
    ListParams::default().labels(&format!(
        "app.kubernetes.io/name=confab,app.kubernetes.io/instance={}",
        chat.name
    ))
}

pub(crate) fn json(object: impl serde::Serialize) -> Result<Value, Error> {
    let mut object = serde_json::to_value(object).map_err(io::Error::from)?;
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    Ok(object)
}
