//! The kinds of children, as types and as values. Pure.

use std::any::{Any, TypeId};
use std::fmt::Debug;
use std::sync::Arc;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::ApiResource;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Which changes of a kind's objects trigger a reconcile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watch {
    /// None. Secrets are neither listed nor watched.
    Nothing,
    /// Changes of the spec. A HorizontalPodAutoscaler's status changes every 15 seconds.
    Spec,
    /// Changes of spec and status.
    Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Installed {
    /// Kubernetes itself brings the kind.
    Always,
    /// Its CustomResourceDefinition may be missing: then the child is left out.
    Perhaps,
}

/// A kind that children have.
pub(crate) trait ChildKind:
    Resource<Scope = NamespaceResourceScope, DynamicType = ()>
    + Clone
    + Debug
    + Serialize
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
    const WATCH: Watch;
    const INSTALLED: Installed;
}

/// [`ChildKind`] as a value.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    id: TypeId,
    pub resource: ApiResource,
    pub watch: Watch,
    pub installed: Installed,
    parse: fn(&str) -> serde_json::Result<Object>,
}

impl Kind {
    pub(crate) fn of<K: ChildKind>() -> Self {
        Self {
            id: TypeId::of::<K>(),
            resource: ApiResource::erase::<K>(&()),
            watch: K::WATCH,
            installed: K::INSTALLED,
            parse: parse::<K>,
        }
    }

    pub(crate) fn id(&self) -> TypeId {
        self.id
    }

    pub(crate) fn is<K: ChildKind>(&self) -> bool {
        self.id == TypeId::of::<K>()
    }

    /// Whether Kubernetes creates pods for its objects.
    pub(crate) fn has_pods(&self) -> bool {
        has_pods(self.id)
    }

    /// As people write it.
    pub(crate) fn name(&self) -> &str {
        &self.resource.kind
    }

    /// An object of this kind, from the API server's JSON.
    pub(crate) fn parse(&self, json: &str) -> serde_json::Result<Object> {
        (self.parse)(json)
    }
}

fn has_pods(kind: TypeId) -> bool {
    let kinds = [
        TypeId::of::<Deployment>(),
        TypeId::of::<StatefulSet>(),
        TypeId::of::<Job>(),
    ];
    kinds.contains(&kind)
}

/// Who set which field matters only where others may add something to pods.
fn parse<K: ChildKind>(json: &str) -> serde_json::Result<Object> {
    let mut object: K = serde_json::from_str(json)?;
    if !has_pods(TypeId::of::<K>()) {
        object.managed_fields_mut().clear();
    }
    Ok(Arc::new(object))
}

/// An object of any kind of the table.
pub(crate) type Object = Arc<dyn ChildObject>;

pub(crate) trait ChildObject: Any + Debug + Send + Sync {
    fn metadata(&self) -> &ObjectMeta;
    fn json(&self) -> Value;
}

impl<K: ChildKind> ChildObject for K {
    fn metadata(&self) -> &ObjectMeta {
        self.meta()
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).expect("a Kubernetes object is JSON")
    }
}
