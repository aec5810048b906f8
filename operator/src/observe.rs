//! Step observe: what exists. I/O: reads the API server, writes nothing.
//!
//! Children are read by name, which also shows another owner's object under a child's name, and from the API server, so
//! that no decision rests on a cache. Secrets are read by name and never listed.

use std::collections::BTreeMap;
use std::fmt::Debug;

use futures_util::future::try_join_all;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Secret};
use k8s_openapi::api::events::v1::Event;
use kube::api::ListParams;
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::try_join;

use crate::access::{Named, secret_names};
use crate::backup;
use crate::child_api::{ChildApi, Error};
use crate::children::{Child, Children, Policy, table};
use crate::crd::{BackupStatus, ChatDeployment, Kafka, Postgres};
use crate::existing::ExistingChildren;
use crate::migration;
use crate::names::{MANAGED_BY, Role, volume_claim};
use crate::volume::Volume;
use crate::workload::{FAILED_CREATE, lacks_pods, rolled_out, serving};

#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    /// Objects under the names of children, with any owner.
    pub children: Children,
    pub named: Named,
    /// Of embedded PostgreSQL.
    pub volume: Volume,
    pub claims: Claims,
    /// Read only while the chat is not settled: they show why.
    pub pods: Vec<Pod>,
    /// Why Kubernetes could not create pods. Read only while there should be one and is none.
    pub events: Vec<Event>,
}

/// The PersistentVolumeClaims of embedded services that exist.
pub(crate) type Claims = BTreeMap<Role, PersistentVolumeClaim>;

pub(crate) async fn observe(
    client: &Client,
    existing: &ExistingChildren,
    object: &ChatDeployment,
) -> Result<Observed, Error> {
    let (children, named, claims) = try_join!(
        children(client, existing, object),
        named(client, object),
        claims(client, object)
    )?;
    let news = children
        .get::<CronJob>(Role::Backup)
        .is_some_and(|job| backup::has_news(job, last_backup(object)));
    let (mut pods, mut events) = (Vec::new(), Vec::new());
    if runs(&children) && (news || !settled(object, &children)) {
        pods = pods_of(client, object).await?;
        if lacks_pods(&children, &pods) {
            events = failed_creations(client, object).await?;
        }
    }
    Ok(Observed {
        volume: Volume::of(children.get(Role::Postgres), claims.get(&Role::Postgres)),
        claims,
        children,
        named,
        pods,
        events,
    })
}

/// Reads all children at once, so that a reconcile waits for the API server about as long as for one answer.
async fn children(
    client: &Client,
    existing: &ExistingChildren,
    object: &ChatDeployment,
) -> Result<Children, Error> {
    let namespace = object.namespace().unwrap_or_default();
    let chat = object.name_any();
    let expected = |child: &&Child| {
        // What the spec no longer asks for has to be found for pruning.
        child.wanted(&object.spec)
            || child.policy == Policy::Prune
                && existing.contains(&child.kind, &namespace, &child.name(&chat))
    };
    let read = async |child: &'static Child| {
        let api = ChildApi {
            client,
            namespace: &namespace,
            kind: &child.kind,
        };
        let object = api.get(&child.name(&chat)).await?;
        Ok::<_, Error>((child, object))
    };
    let found = try_join_all(table().iter().filter(expected).map(read)).await?;
    Ok(found.into_iter().collect())
}

fn last_backup(object: &ChatDeployment) -> Option<&BackupStatus> {
    object.status.as_ref()?.last_backup.as_ref()
}

/// Whether a child exists that has pods.
fn runs(children: &Children) -> bool {
    children.get::<Job>(Role::Migrate).is_some()
        || children.get::<Deployment>(Role::App).is_some()
        || embedded(children).next().is_some()
}

fn embedded(children: &Children) -> impl Iterator<Item = &StatefulSet> {
    let roles = [Role::Kafka, Role::Postgres].into_iter();
    roles.filter_map(|role| children.get(role))
}

/// Whether the chat runs as the spec of the last reconcile says, so that pods have nothing to add.
fn settled(object: &ChatDeployment, children: &Children) -> bool {
    let status = object.status.clone().unwrap_or_default();
    status.schema.is_some()
        && status.observed_generation == object.metadata.generation
        && children.get(Role::App).is_some_and(rolled_out)
        && embedded(children).all(serving)
        && migrated(children)
}

/// Whether the Job, if there is one, migrated to what the replicas run.
fn migrated(children: &Children) -> bool {
    let Some(job) = children.get::<Job>(Role::Migrate) else {
        return true;
    };
    let recorded = migration::recorded(children.get(Role::App));
    recorded.is_some_and(|recorded| {
        migration::target(job) == (Some(recorded.image), recorded.search_language)
    })
}

/// What the spec names and exists: first the Cluster, which names a Secret too.
pub(crate) async fn named(client: &Client, object: &ChatDeployment) -> Result<Named, Error> {
    let namespace = object.namespace().unwrap_or_default();
    let spec = &object.spec;
    let cluster = match &spec.postgres {
        Postgres::CloudNativePg(ours) => find(client, &namespace, &ours.cluster).await?,
        _ => None,
    };
    let mut names = secret_names(
        &spec.kafka,
        &spec.postgres,
        &spec.attachments,
        &spec.auth,
        cluster.as_ref(),
    );
    let backup = spec.backup.iter();
    names.extend(backup.map(|backup| backup.destination.credentials_secret.name.clone()));
    names.sort();
    names.dedup();
    let mut secrets = BTreeMap::new();
    for name in names {
        if let Some(secret) = find::<Secret>(client, &namespace, &name).await? {
            secrets.insert(name, secret);
        }
    }
    Ok(Named { secrets, cluster })
}

/// The object, if it exists, and if the cluster has its kind.
async fn find<K>(client: &Client, namespace: &str, name: &str) -> Result<Option<K>, Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    K: Clone + Debug + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    match api.get(name).await {
        Ok(mut object) => {
            object.managed_fields_mut().clear();
            Ok(Some(object))
        }
        // Of a kind that the cluster lacks, the answer is a page and not a Status, which `get_opt` takes for an error.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
        Err(source) => Err(error(&K::kind(&()), namespace, name, source)),
    }
}

async fn claims(client: &Client, object: &ChatDeployment) -> Result<Claims, Error> {
    let (namespace, chat) = (object.namespace().unwrap_or_default(), object.name_any());
    let api: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), &namespace);
    let embedded = [
        (Role::Kafka, matches!(object.spec.kafka, Kafka::Embedded(_))),
        (
            Role::Postgres,
            matches!(object.spec.postgres, Postgres::Embedded(_)),
        ),
    ];
    let roles = embedded.into_iter().filter(|(_, embedded)| *embedded);
    let read = roles.map(async |(role, _)| {
        let name = volume_claim(&chat, role);
        let claim = api.get_opt(&name).await;
        let claim =
            claim.map_err(|source| error("PersistentVolumeClaim", &namespace, &name, source))?;
        Ok::<_, Error>(claim.map(|claim| (role, claim)))
    });
    Ok(try_join_all(read).await?.into_iter().flatten().collect())
}

async fn pods_of(client: &Client, object: &ChatDeployment) -> Result<Vec<Pod>, Error> {
    let (namespace, chat) = (object.namespace().unwrap_or_default(), object.name_any());
    let labels =
        format!("app.kubernetes.io/instance={chat},app.kubernetes.io/managed-by={MANAGED_BY}");
    let api: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    let pods = api
        .list(&ListParams::default().labels(&labels).limit(200))
        .await;
    Ok(pods
        .map_err(|source| error("Pods of", &namespace, &chat, source))?
        .items)
}

/// Those of StatefulSets and Jobs of the namespace whose pods could not be created.
async fn failed_creations(client: &Client, object: &ChatDeployment) -> Result<Vec<Event>, Error> {
    let (namespace, chat) = (object.namespace().unwrap_or_default(), object.name_any());
    let api: Api<Event> = Api::namespaced(client.clone(), &namespace);
    let failed = ListParams::default()
        .fields(&format!("reason={FAILED_CREATE}"))
        .limit(500);
    let events = api.list(&failed).await;
    Ok(events
        .map_err(|source| error("Events of", &namespace, &chat, source))?
        .items)
}

fn error(kind: &str, namespace: &str, name: &str, source: kube::Error) -> Error {
    Error {
        verb: "reading",
        kind: kind.into(),
        name: format!("{namespace}/{name}").into(),
        source,
    }
}
