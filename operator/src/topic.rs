//! The chat's topics in Kafka: made, grown, their settings put right. I/O: speaks to Kafka, always with a limit.
//!
//! A look at Kafka runs beside the passes and is remembered: a pass waits a moment for its answer, so that a Kafka
//! which is away slows nothing else down. It is repeated when something changed, every few minutes while all is
//! well, and with growing pauses while it is not.

mod broker;
mod memory;
mod plan;

pub use broker::{Broker, Error};
pub use memory::Topics;
use plan::{SeenTopic, TopicPlan, WantedTopic, plan, wanted};

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tracing::{Instrument, info, warn};

use crate::access::{Access, KafkaAccess, KafkaSecrets};
use crate::crd::TopicStatus;
use crate::digest::digest;
use crate::reason::Reason;
use crate::validate::Chat;

/// One look, with everything that it changes.
const LIMIT: Duration = Duration::from_secs(20);
/// How long a pass waits for a look that it began.
const PATIENCE: Duration = Duration::from_secs(1);

/// How the topics are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicState {
    /// As they should be.
    Ready(Vec<TopicStatus>),
    /// Not as they should be.
    Problem {
        /// A condition's reason.
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

/// The state of the chat's topics, as the last look left it. Begins a look if one is due.
pub async fn ensure(
    topics: &Arc<Topics>,
    chat: &Chat,
    access: &Access,
    secrets: &KafkaSecrets,
) -> TopicState {
    let asked = question(chat, access);
    if topics.begin(&chat.uid, &asked) {
        let look = look(access.kafka.clone(), secrets.clone(), wanted(chat));
        let (topics, uid, asked) = (topics.clone(), chat.uid.clone(), asked.clone());
        let running =
            tokio::spawn(async move { topics.end(&uid, &asked, look.await) }.in_current_span());
        // It goes on if this is not enough, and the next pass sees its end.
        let _ = timeout(PATIENCE, running).await;
    }
    topics
        .state(&chat.uid, &asked)
        .unwrap_or_else(|| TopicState::Problem {
            reason: Reason::WaitingForKafka,
            message: "Kafka was asked about the topics and has not answered yet".to_owned(),
            person: false,
            topics: Vec::new(),
        })
}

/// Changes when another look is needed.
fn question(chat: &Chat, access: &Access) -> String {
    let wanted = format!("{:?}{:?}", wanted(chat), access.kafka);
    digest([
        wanted.as_str(),
        access.secrets.as_deref().unwrap_or_default(),
    ])
}

/// One look: puts right what can be put right, and tells how the topics are then.
async fn look(access: KafkaAccess, secrets: KafkaSecrets, wanted: Vec<WantedTopic>) -> TopicState {
    let broker = match Broker::connect(&access, &secrets).await {
        Ok(broker) => broker,
        Err(error) => return failed(&error),
    };
    let state = timeout(LIMIT, put_all_right(&broker, &wanted)).await;
    broker.close().await;
    match state {
        Ok(Ok(state)) => state,
        Ok(Err(error)) => failed(&error),
        Err(_) => failed(&Error::TooSlow(LIMIT)),
    }
}

async fn put_all_right(broker: &Broker, wanted: &[WantedTopic]) -> Result<TopicState, Error> {
    let mut topics = Vec::new();
    let mut problem = None;
    for topic in wanted {
        let seen = broker.see(&topic.name).await?;
        let plan = plan(topic, seen.as_ref());
        carry_out(broker, topic, &plan).await?;
        let after = if plan.changes() {
            broker.see_soon(&topic.name).await?
        } else {
            seen
        };
        topics.extend(after.map(|seen| seen.status(&topic.name)));
        problem = problem.or(plan.problem);
    }
    Ok(match problem {
        None => TopicState::Ready(topics),
        Some((reason, message)) => TopicState::Problem {
            reason,
            message,
            person: true,
            topics,
        },
    })
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
        info!(topic = topic.name, "put the topic's settings right");
    }
    Ok(())
}

fn failed(error: &Error) -> TopicState {
    warn!(error = %error, "the topics cannot be looked after");
    TopicState::Problem {
        reason: error.reason(),
        message: error.to_string(),
        person: error.needs_a_person(),
        topics: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
