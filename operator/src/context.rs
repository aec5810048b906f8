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
use crate::crd::ChatDeployment;
use crate::existing::ExistingChildren;
use crate::installed::InstalledKinds;
use crate::leader::Rivals;
use crate::own_writes::OwnWrites;
use crate::status::Events;
use crate::telemetry::Metrics;
use crate::topic::Topics;
use crate::validate::{Chat, Images, Rejection, check_topics, creation_time, validate};

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
        let others = known.iter().filter_map(|cached| cached.0.as_ref().ok());
        check_topics(&chat, creation_time(object).as_deref(), others)?;
        Ok(chat)
    }
}
