//! The chat's topics in Kafka: made, grown, their settings put right. I/O: speaks to Kafka, always with a limit.
//!
//! A look at Kafka runs beside the passes, is remembered and wakes the chat when it ends, so that a Kafka which is
//! slow or away holds nothing else up. It is repeated when something changed, every few minutes while all is
//! well, and with growing pauses while it is not.

mod broker;
mod connections;
mod memory;
mod plan;
pub mod strimzi;

pub use broker::{Broker, Error};
pub use connections::Connections;
pub use memory::{ChatName, Topics};
use plan::{SeenTopic, TopicPlan, plan};
pub use plan::{WantedTopic, wanted};

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

/// One look, with everything that it changes.
const LIMIT: Duration = Duration::from_secs(20);
/// How long a patient pass waits for a look that it began. Most end by then, so that a chat that is ready need not say
/// that it is not and, a moment later, that it is.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicState {
    Ready(Vec<TopicStatus>),
    Problem {
        reason: Reason,
        /// What it means and what to do.
        message: String,
        /// Whether it stays until a person does something.
        person: bool,
        /// The topics that are there nevertheless, if Kafka told.
        topics: Vec<TopicStatus>,
    },
}

impl TopicState {
    /// The topics that are there, if Kafka told.
    pub fn topics(&self) -> &[TopicStatus] {
        let (Self::Ready(topics) | Self::Problem { topics, .. }) = self;
        topics
    }
}

/// What a look at Kafka is about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub chat: &'a Chat,
    pub kafka: &'a KafkaAccess,
    pub secrets: &'a KafkaSecrets,
}

impl Question<'_> {
    /// Changes when another look is needed. It stays in this process: a digest gives a weak password away.
    fn digest(&self) -> String {
        let wanted = format!("{:?}{:?}", wanted(self.chat), self.kafka);
        let login = self.secrets.login.as_ref();
        let client = self.secrets.client.as_ref();
        digest([
            wanted.as_str(),
            login.map_or("", |(username, _)| username),
            login.map_or("", |(_, password)| password.reveal()),
            self.secrets.ca.as_deref().unwrap_or_default(),
            client.map_or("", |(certificate, _)| certificate),
            client.map_or("", |(_, key)| key.reveal()),
        ])
    }
}

/// The state of the chat's topics, as the last look left it. Begins a look if one is due; `patient` waits a moment for
/// its end.
pub async fn ensure(topics: &Arc<Topics>, question: Question<'_>, patient: bool) -> TopicState {
    let (chat, asked) = (question.chat, question.digest());
    if topics.begin(&chat.uid, &asked) {
        let running = tokio::spawn(look_beside(topics, question, &asked).in_current_span());
        if patient {
            let _ = timeout(PATIENCE, running).await;
        }
    }
    topics
        .state(&chat.uid, &asked)
        .unwrap_or_else(|| TopicState::Problem {
            reason: Reason::WaitingForKafka,
            message: "Waiting for Kafka to report the state of the topics".to_owned(),
            person: false,
            topics: Vec::new(),
        })
}

fn look_beside(
    topics: &Arc<Topics>,
    question: Question<'_>,
    asked: &str,
) -> impl Future<Output = ()> + Send + 'static {
    let (topics, asked) = (topics.clone(), asked.to_owned());
    let (uid, name) = (question.chat.uid.clone(), ChatName::of(question.chat));
    let (access, secrets) = (question.kafka.clone(), question.secrets.clone());
    let wanted = wanted(question.chat);
    async move {
        let state = look(&topics.connections, &access, &secrets, &wanted).await;
        topics.end(&uid, &asked, state, name);
    }
}

/// One look: puts right what can be put right, and tells how the topics are then.
async fn look(
    connections: &Connections,
    access: &KafkaAccess,
    secrets: &KafkaSecrets,
    wanted: &[WantedTopic],
) -> TopicState {
    let broker = match connections.open(access, secrets).await {
        Ok(broker) => broker,
        Err(error) => return failed(&error),
    };
    let state = timeout(LIMIT, put_all_right(&broker, wanted)).await;
    match state {
        Ok(Ok(state)) => state,
        Ok(Err(error)) => failed(&error),
        Err(_) => failed(&Error::TooSlow(LIMIT)),
    }
}

async fn put_all_right(broker: &Broker, wanted: &[WantedTopic]) -> Result<TopicState, Error> {
    let right = wanted.iter().map(|topic| put_right(broker, topic));
    let (topics, problems): (Vec<_>, Vec<_>) = try_join_all(right).await?.into_iter().unzip();
    Ok(match problems.into_iter().flatten().next() {
        None => TopicState::Ready(topics),
        Some((reason, message)) => TopicState::Problem {
            reason,
            message,
            person: true,
            topics,
        },
    })
}

/// The topic as it is afterwards, and what could not be put right.
async fn put_right(
    broker: &Broker,
    topic: &WantedTopic,
) -> Result<(TopicStatus, Option<plan::Problem>), Error> {
    let seen = broker.see(&topic.name).await?;
    let plan = plan(topic, seen.as_ref());
    carry_out(broker, topic, &plan).await?;
    let after = match seen {
        Some(seen) if !plan.changes() => seen,
        seen => {
            let there = seen.map_or(topic.partitions, |seen| seen.partitions);
            let partitions = plan.grow_to.unwrap_or(there);
            broker.see_soon(&topic.name, partitions).await?
        }
    };
    Ok((after.status(&topic.name), plan.problem))
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
        person: error.needs_a_person(),
        topics: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
