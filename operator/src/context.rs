//! What the parts of the process share. No I/O.
//!
//! There is one Context. `run` creates it, and the watches and every reconcile hold it until the process ends. What it
//! remembers (children that exist, own writes, topics, pauses) is a shortcut: after a restart the watches and the next
//! reconciles fill it again.

use std::sync::Arc;

use kube::Client;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::Store;

use crate::backoff::Backoffs;
use crate::children::Children;
use crate::crd::{ChatDeployment, Kafka};
use crate::existing::ExistingChildren;
use crate::installed::InstalledKinds;
use crate::leader::Rivals;
use crate::own_writes::OwnWrites;
use crate::status::Events;
use crate::telemetry::Metrics;
use crate::topic::{TopicClaims, Topics};
use crate::validate::{Chat, Images, Rejection, check_host_is_free, validate};

pub(crate) struct Context {
    pub client: Client,
    /// Images that are used where a spec names none.
    pub images: Images,
    /// All ChatDeployments, as last seen.
    pub chats: Store<Cached>,
    /// Of the kinds that a cluster may lack, those that this one has.
    pub installed: InstalledKinds,
    /// Namespaces whose ChatDeployments this operator reconciles. Empty: all.
    pub watched: Vec<String>,
    /// Operators under other Leases.
    pub rivals: Rivals,
    pub events: Events,
    pub existing: ExistingChildren,
    pub own_writes: OwnWrites,
    /// The last reconcile of each chat's topics.
    pub topics: Arc<Topics>,
    pub backoffs: Backoffs,
    pub metrics: Arc<Metrics>,
}

/// What the controller's cache holds: an object that this version may not understand.
pub(crate) type Cached = DeserializeGuard<ChatDeployment>;

impl Context {
    /// The chat that `object` describes, if it can be built beside its children and the other ChatDeployments.
    pub(crate) fn validate(
        &self,
        object: &ChatDeployment,
        children: &Children,
    ) -> Result<Chat, Rejection> {
        let chat = validate(object, children, &self.images)?;
        let known = self.chats.state();
        check_host_is_free(object, others(&known))?;
        // Others are compared once Kafka has told its identity, before a topic is touched.
        let strimzi = matches!(chat.kafka, Kafka::Strimzi(_));
        let dispute = strimzi.then(|| TopicClaims::new(object, others(&known)).dispute(None));
        match dispute.flatten() {
            Some(dispute) => Err(Rejection::TopicPrefixInUse(dispute.message)),
            None => Ok(chat),
        }
    }

    /// Whether this operator reconciles the ChatDeployments of the namespace.
    pub(crate) fn watches(&self, namespace: &str) -> bool {
        self.watched.is_empty() || self.watched.iter().any(|it| it == namespace)
    }

    /// Who claims topics of the names of `object`'s.
    pub(crate) fn topic_claims(&self, object: &ChatDeployment) -> TopicClaims {
        TopicClaims::new(object, others(&self.chats.state()))
    }
}

/// The ChatDeployments that this version can read.
fn others(known: &[Arc<Cached>]) -> impl Iterator<Item = &ChatDeployment> {
    known.iter().filter_map(|cached| cached.0.as_ref().ok())
}
