//! Step topics: creates the chat's topics in Kafka, adds partitions, corrects settings. I/O: requests to Kafka, each with a limit.
//!
//! A topic reconcile is a task in the background. [`Topics`] keeps its result and triggers a reconcile of the chat when
//! it ends, so that a Kafka which is slow or away holds nothing else up. The next one starts when the request changed, every
//! few minutes while all is well, and with growing delays while it is not.

mod broker;
mod claims;
mod connections;
mod memory;
mod plan;
pub(crate) mod strimzi;

pub(crate) use broker::{Broker, Error};
pub(crate) use claims::TopicClaims;
pub(crate) use connections::Connections;
pub(crate) use memory::{ChatName, Topics};
use plan::{LiveTopic, TopicPlan, plan};
pub(crate) use plan::{WantedTopic, wanted};

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::timeout;
use tracing::{Instrument, info, warn};

use crate::access::{KafkaAccess, KafkaSecrets};
use crate::crd::TopicStatus;
use crate::digest::digest;
use crate::reason::Reason;
use crate::validate::Chat;

/// One topic reconcile, with everything that it changes.
const LIMIT: Duration = Duration::from_secs(20);
/// How long a reconcile waits for a topic reconcile that it started. Most end by then, so that a chat that is ready does
/// not report in between that it is not.
const FIRST_WAIT: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TopicState {
    Ready(Vec<TopicStatus>),
    Problem {
        reason: Reason,
        /// What it means and what to do.
        message: String,
        /// Whether it stays until a person does something.
        needs_action: bool,
        /// The topics that exist nevertheless, as far as Kafka answered.
        topics: Vec<TopicStatus>,
    },
}

impl TopicState {
    /// The topics that exist, as far as Kafka answered.
    pub(crate) fn topics(&self) -> &[TopicStatus] {
        let (Self::Ready(topics) | Self::Problem { topics, .. }) = self;
        topics
    }
}

/// Which topics, and how to reach their Kafka.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TopicRequest<'a> {
    pub chat: &'a Chat,
    pub kafka: &'a KafkaAccess,
    pub secrets: &'a KafkaSecrets,
    /// Who else claims topics of the same names.
    pub claims: &'a TopicClaims,
}

impl TopicRequest<'_> {
    /// Identifies the request: another one starts a topic reconcile at once.
    fn digest(&self) -> String {
        let wanted = format!("{:?}{:?}", wanted(self.chat), self.kafka);
        digest([wanted.as_str(), &self.secrets.digest()])
    }
}

/// The state of the chat's topics, as the last topic reconcile left it. Starts one if it is due, and with `wait` waits a
/// moment for its end.
pub(crate) async fn ensure(
    topics: &Arc<Topics>,
    request: TopicRequest<'_>,
    wait: bool,
) -> TopicState {
    let (chat, id) = (request.chat, request.digest());
    if topics.begin(&chat.uid, &id) {
        let running = tokio::spawn(in_background(topics, request, &id).in_current_span());
        if wait {
            let _ = timeout(FIRST_WAIT, running).await;
        }
    }
    topics
        .state(&chat.uid, &id)
        .unwrap_or_else(|| TopicState::Problem {
            reason: Reason::WaitingForKafka,
            message: "Waiting for Kafka to report the state of the topics".to_owned(),
            needs_action: false,
            topics: Vec::new(),
        })
}

fn in_background(
    topics: &Arc<Topics>,
    request: TopicRequest<'_>,
    id: &str,
) -> impl Future<Output = ()> + Send + 'static {
    let (topics, id) = (topics.clone(), id.to_owned());
    let (uid, name) = (request.chat.uid.clone(), ChatName::of(request.chat));
    let (access, secrets) = (request.kafka.clone(), request.secrets.clone());
    let (wanted, claims) = (wanted(request.chat), request.claims.clone());
    async move {
        let state = match topics.connections.open(&access, &secrets).await {
            Ok(broker) => reconcile(&broker, &wanted, &claims).await,
            Err(error) => failed(&error),
        };
        topics.end(&uid, &id, state, name);
    }
}

/// Corrects what can be corrected, and returns the state of the topics then.
async fn reconcile(broker: &Broker, wanted: &[WantedTopic], claims: &TopicClaims) -> TopicState {
    match timeout(LIMIT, reconcile_all(broker, wanted, claims)).await {
        Ok(Ok(state)) => state,
        Ok(Err(error)) => failed(&error),
        Err(_) => failed(&Error::TooSlow(LIMIT)),
    }
}

/// Changes nothing before it is clear that the topics are this chat's.
async fn reconcile_all(
    broker: &Broker,
    wanted: &[WantedTopic],
    claims: &TopicClaims,
) -> Result<TopicState, Error> {
    let found = try_join_all(wanted.iter().map(|topic| broker.describe(&topic.name))).await?;
    let cluster = broker.cluster_id().await;
    let cluster = cluster.as_deref();
    if let Some(dispute) = claims.dispute(cluster) {
        return Ok(TopicState::Problem {
            reason: Reason::TopicPrefixInUse,
            message: dispute.message,
            needs_action: dispute.settled,
            topics: Vec::new(),
        });
    }
    let all = wanted.iter().zip(found);
    let all = all.map(|(topic, live)| reconcile_one(broker, topic, live));
    let (topics, problems): (Vec<_>, Vec<_>) = try_join_all(all).await?.into_iter().unzip();
    let status = |(topic, live): (&WantedTopic, LiveTopic)| live.status(&topic.name, cluster);
    let topics = wanted.iter().zip(topics).map(status).collect();
    Ok(match problems.into_iter().flatten().next() {
        None => TopicState::Ready(topics),
        Some((reason, message)) => TopicState::Problem {
            reason,
            message,
            needs_action: true,
            topics,
        },
    })
}

/// The topic as it is afterwards, and what could not be corrected.
async fn reconcile_one(
    broker: &Broker,
    topic: &WantedTopic,
    live: Option<LiveTopic>,
) -> Result<(LiveTopic, Option<plan::Problem>), Error> {
    let plan = plan(topic, live.as_ref());
    match carry_out(broker, topic, &plan).await {
        Err(error) if error.is_about_settings() => {
            return Err(error.with_settings(broker.refused_settings(topic).await));
        }
        done => done?,
    }
    let after = match live {
        Some(live) if !plan.changes() => live,
        live => {
            let before = live.map_or(topic.partitions, |live| live.partitions);
            let partitions = plan.grow_to.unwrap_or(before);
            broker.describe_changed(&topic.name, partitions).await?
        }
    };
    Ok((after, plan.problem))
}

async fn carry_out(broker: &Broker, topic: &WantedTopic, plan: &TopicPlan) -> Result<(), Error> {
    if plan.create {
        broker.create(topic).await?;
        info!(
            topic = topic.name,
            partitions = topic.partitions,
            "created the topic"
        );
    }
    if let Some(partitions) = plan.grow_to {
        broker.grow(&topic.name, partitions).await?;
        info!(
            topic = topic.name,
            partitions, "added partitions to the topic"
        );
    }
    if plan.configure {
        broker.configure(topic).await?;
        info!(topic = topic.name, "updated the settings of the topic");
    }
    Ok(())
}

fn failed(error: &Error) -> TopicState {
    warn!(error = %error, "could not reconcile the topics");
    TopicState::Problem {
        reason: error.reason(),
        message: error.to_string(),
        needs_action: error.needs_action(),
        topics: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
