//! What belongs to a chat: the table of its children. Pure.
//!
//! A new child is a row of [`table`] and its builder in [`crate::desired`]; a new kind is one more line, in `kinds!`. The
//! steps loop over the table: observe reads each child, validate checks its owner, apply writes it in its stage or
//! prunes it, watch follows its kind, and the end of a chat reports what it retains.

mod collection;
mod kind;

pub(crate) use collection::Children;
pub(crate) use kind::{ChildKind, ChildObject, Installed, Kind, Object, Watch};

use std::any::TypeId;
use std::sync::LazyLock;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

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
        child::<CronJob>                (Role::Backup,   backup,            Prune,   Replicas),
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
    CronJob: Status, Always;
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

fn backup(spec: &ChatDeploymentSpec) -> bool {
    spec.backup.is_some()
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
        (self.kind.id(), self.role)
    }
}

/// Identifies a child of a chat.
type Key = (TypeId, Role);

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

/// Whether nobody owns it, as after `kubectl delete --cascade=orphan`.
pub(crate) fn is_orphan(metadata: &ObjectMeta) -> bool {
    metadata.owner_references.iter().flatten().next().is_none()
}

/// Each kind of the table, once.
pub(crate) fn kinds() -> Vec<&'static Kind> {
    let mut kinds: Vec<&Kind> = Vec::new();
    for child in table() {
        if !kinds.iter().any(|kind| kind.id() == child.kind.id()) {
            kinds.push(&child.kind);
        }
    }
    kinds
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
