//! What belongs to a chat: the table of its children. Pure.
//!
//! A new child is a row of [`table`] and its builder in [`crate::desired`]; a new kind is one line more, in `kinds!`. The
//! steps loop over the table: observe reads each child, validate checks whose it is, apply writes it in its stage and
//! prunes it, watch follows its kind, and the end of a chat reports what it leaves.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, LazyLock};

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::ApiResource;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::crd::{ChatDeploymentSpec, Exposure, Kafka, Postgres};
use crate::kinds::{HTTPRoute, KafkaTopic};
use crate::names::{Role, child_name};

/// Every child that a chat can have: the embedded services, what the replicas need, the replicas, what routes to them.
pub(crate) fn table() -> &'static [Child] {
    static TABLE: LazyLock<Vec<Child>> = LazyLock::new(rows);
    &TABLE
}

#[rustfmt::skip]
fn rows() -> Vec<Child> {
    use Policy::{Decided, Keep, Prune, Retain};
    use Stage::{Extensions, Inputs, Policies, Replicas, Services};
    vec![
        child::<Secret>                 (Role::Kafka,    embedded_kafka,    Retain,  Inputs),
        child::<Secret>                 (Role::Postgres, embedded_postgres, Retain,  Inputs),
        child::<Secret>                 (Role::Keys,     always,            Retain,  Inputs),
        child::<ServiceAccount>         (Role::App,      always,            Keep,    Inputs),
        child::<ConfigMap>              (Role::Kafka,    embedded_kafka,    Keep,    Inputs),
        child::<Service>                (Role::Kafka,    embedded_kafka,    Keep,    Services),
        child::<StatefulSet>            (Role::Kafka,    embedded_kafka,    Keep,    Services),
        child::<Service>                (Role::Postgres, embedded_postgres, Keep,    Services),
        child::<StatefulSet>            (Role::Postgres, embedded_postgres, Keep,    Services),
        child::<Service>                (Role::App,      always,            Keep,    Replicas),
        child::<Deployment>             (Role::App,      always,            Keep,    Replicas),
        child::<PodDisruptionBudget>    (Role::App,      always,            Keep,    Replicas),
        child::<HorizontalPodAutoscaler>(Role::App,      autoscaling,       Prune,   Replicas),
        child::<Ingress>                (Role::App,      ingress,           Prune,   Replicas),
        child::<HTTPRoute>              (Role::App,      gateway,           Prune,   Extensions),
        child::<KafkaTopic>             (Role::Events,   strimzi,           Retain,  Extensions),
        child::<KafkaTopic>             (Role::Signals,  strimzi,           Retain,  Extensions),
        child::<NetworkPolicy>          (Role::App,      network_policy,    Prune,   Policies),
        child::<NetworkPolicy>          (Role::Kafka,    kafka_policy,      Prune,   Policies),
        child::<NetworkPolicy>          (Role::Postgres, postgres_policy,   Prune,   Policies),
        child::<Job>                    (Role::Migrate,  always,            Decided, Services),
    ]
}

macro_rules! kinds {
    ($($kind:ty: $watch:ident, $installed:ident;)*) => {
        $(impl ChildKind for $kind {
            const WATCH: Watch = Watch::$watch;
            const INSTALLED: Installed = Installed::$installed;
        })*
    };
}

kinds! {
    Secret: Nothing, Always;
    ServiceAccount: Spec, Always;
    ConfigMap: Spec, Always;
    Service: Spec, Always;
    StatefulSet: Status, Always;
    Deployment: Status, Always;
    PodDisruptionBudget: Spec, Always;
    HorizontalPodAutoscaler: Spec, Always;
    Ingress: Status, Always;
    HTTPRoute: Status, Perhaps;
    KafkaTopic: Status, Perhaps;
    NetworkPolicy: Spec, Always;
    Job: Status, Always;
}

fn always(_: &ChatDeploymentSpec) -> bool {
    true
}

fn embedded_kafka(spec: &ChatDeploymentSpec) -> bool {
    matches!(spec.kafka, Kafka::Embedded(_))
}

fn strimzi(spec: &ChatDeploymentSpec) -> bool {
    matches!(spec.kafka, Kafka::Strimzi(_))
}

fn embedded_postgres(spec: &ChatDeploymentSpec) -> bool {
    matches!(spec.postgres, Postgres::Embedded(_))
}

fn autoscaling(spec: &ChatDeploymentSpec) -> bool {
    spec.autoscaling.is_some()
}

fn ingress(spec: &ChatDeploymentSpec) -> bool {
    matches!(spec.exposure, Some(Exposure::Ingress(_)))
}

fn gateway(spec: &ChatDeploymentSpec) -> bool {
    matches!(spec.exposure, Some(Exposure::Gateway(_)))
}

fn network_policy(spec: &ChatDeploymentSpec) -> bool {
    spec.network_policy.on()
}

fn kafka_policy(spec: &ChatDeploymentSpec) -> bool {
    network_policy(spec) && embedded_kafka(spec)
}

fn postgres_policy(spec: &ChatDeploymentSpec) -> bool {
    network_policy(spec) && embedded_postgres(spec)
}

/// A row of the table.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    pub kind: Kind,
    pub role: Role,
    wanted: fn(&ChatDeploymentSpec) -> bool,
    pub policy: Policy,
    pub stage: Stage,
}

fn child<K: ChildKind>(
    role: Role,
    wanted: fn(&ChatDeploymentSpec) -> bool,
    policy: Policy,
    stage: Stage,
) -> Child {
    Child {
        kind: Kind::of::<K>(),
        role,
        wanted,
        policy,
        stage,
    }
}

impl Child {
    pub(crate) fn name(&self, chat: &str) -> String {
        child_name(chat, self.role)
    }

    /// Whether the spec asks for it. It may still have to wait: replicas do, for a migration.
    pub(crate) fn wanted(&self, spec: &ChatDeploymentSpec) -> bool {
        (self.wanted)(spec)
    }

    fn key(&self) -> Key {
        (self.kind.id, self.role)
    }
}

/// What happens to a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Applied while the spec asks for it, and otherwise left alone: the API refuses the changes that would end it.
    Keep,
    /// As [`Policy::Keep`]. Under `deletionPolicy: Retain` it outlives its chat, and the next chat of that name adopts it.
    Retain,
    /// Deleted once the spec does not ask for it. It is read where it is wanted or known to exist.
    Prune,
    /// Created and deleted as [`crate::migration`] decides, and never applied again.
    Decided,
}

/// Children of one stage are written at the same time, those of the next stage after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// What pods are made from: one that misses it waits ten seconds and more.
    Inputs,
    /// What the replicas depend on.
    Services,
    Replicas,
    Policies,
    /// Kinds that the cluster may lack.
    Extensions,
}

impl Stage {
    pub(crate) const ALL: [Self; 5] = [
        Self::Inputs,
        Self::Services,
        Self::Replicas,
        Self::Policies,
        Self::Extensions,
    ];
}

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

    /// As people write it.
    pub(crate) fn name(&self) -> &str {
        &self.resource.kind
    }

    /// An object of this kind, from the API server's JSON.
    pub(crate) fn parse(&self, json: &str) -> serde_json::Result<Object> {
        (self.parse)(json)
    }
}

/// Each kind of the table, once.
pub(crate) fn kinds() -> Vec<&'static Kind> {
    let mut kinds: Vec<&Kind> = Vec::new();
    for child in table() {
        if !kinds.iter().any(|kind| kind.id == child.kind.id) {
            kinds.push(&child.kind);
        }
    }
    kinds
}

fn parse<K: ChildKind>(json: &str) -> serde_json::Result<Object> {
    let mut object: K = serde_json::from_str(json)?;
    object.managed_fields_mut().clear();
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

type Key = (TypeId, Role);

/// Children of one chat: those that exist, or those that should. Kind and role identify a child.
#[derive(Clone, Debug, Default)]
pub(crate) struct Children(BTreeMap<Key, Object>);

impl Children {
    pub(crate) fn get<K: ChildKind>(&self, role: Role) -> Option<&K> {
        let object: &dyn Any = self.0.get(&(TypeId::of::<K>(), role))?.as_ref();
        object.downcast_ref()
    }

    pub(crate) fn insert<K: ChildKind>(&mut self, role: Role, object: Option<K>) {
        if let Some(object) = object {
            self.0.insert((TypeId::of::<K>(), role), Arc::new(object));
        }
    }

    /// The object of a row.
    pub(crate) fn object(&self, child: &Child) -> Option<&Object> {
        self.0.get(&child.key())
    }
}

impl Extend<(&'static Child, Option<Object>)> for Children {
    fn extend<I: IntoIterator<Item = (&'static Child, Option<Object>)>>(&mut self, rows: I) {
        let there = rows.into_iter();
        self.0
            .extend(there.filter_map(|(child, object)| Some((child.key(), object?))));
    }
}

impl FromIterator<(&'static Child, Option<Object>)> for Children {
    fn from_iter<I: IntoIterator<Item = (&'static Child, Option<Object>)>>(rows: I) -> Self {
        let mut children = Self::default();
        children.extend(rows);
        children
    }
}

#[cfg(test)]
impl Children {
    pub(crate) fn with<K: ChildKind>(mut self, role: Role, object: K) -> Self {
        self.insert(role, Some(object));
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The rows whose objects exist.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static Child, &Object)> {
        table()
            .iter()
            .filter_map(|child| Some((child, self.object(child)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn kind_and_role_identify_a_child() {
        let keys: BTreeSet<Key> = table().iter().map(Child::key).collect();
        assert_eq!(keys.len(), table().len());
        let children = Children::default().with(Role::Kafka, Service::default());
        assert!(children.get::<Service>(Role::Kafka).is_some());
        assert!(children.get::<Service>(Role::App).is_none());
        assert!(children.get::<Secret>(Role::Kafka).is_none());
    }

    #[test]
    fn a_kind_that_a_cluster_may_lack_is_written_last() {
        let lacking = table()
            .iter()
            .filter(|child| child.kind.installed == Installed::Perhaps);
        assert!(lacking.clone().count() > 0);
        assert!({ lacking }.all(|child| child.stage == Stage::Extensions));
    }
}
