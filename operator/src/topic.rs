//! The chat's topics in Kafka: made, grown, their settings put right. I/O: speaks to Kafka, always with a limit.
//!
//! A look at Kafka is remembered: it is repeated when something changed, every few minutes while all is well, and
//! with growing pauses while it is not, so that a Kafka which is away does not slow down everything else.

mod broker;
mod plan;

pub use broker::{Broker, Error};
use plan::{SeenTopic, TopicPlan, WantedTopic, plan, wanted};

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::time::timeout;
use tracing::{info, warn};

use crate::access::{Access, KafkaSecrets};
use crate::crd::TopicStatus;
use crate::digest::digest;
use crate::validate::Chat;

/// A look at Kafka that found all well is good for this long.
const GOOD_FOR: Duration = Duration::from_secs(240);
/// After failures: 1, 2, 4 … seconds, at most this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// One look, with everything that it changes.
const LIMIT: Duration = Duration::from_secs(20);

/// How the topics are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicState {
    /// As they should be.
    Ready(Vec<TopicStatus>),
    /// Not as they should be.
    Problem {
        /// A condition's reason.
        reason: &'static str,
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

/// Remembers the last look for each chat.
#[derive(Debug, Default)]
pub struct Topics(Mutex<HashMap<String, Look>>);

#[derive(Clone, Debug)]
struct Look {
    asked: String,
    state: TopicState,
    failures: u32,
    again: Instant,
}

impl Topics {
    /// The state of the chat's topics, after they were put right where that can be done.
    pub async fn ensure(&self, chat: &Chat, access: &Access, secrets: &KafkaSecrets) -> TopicState {
        let asked = question(chat, access);
        let last = self.last(&chat.uid).filter(|look| look.asked == asked);
        if let Some(look) = last.as_ref().filter(|look| Instant::now() < look.again) {
            return look.state.clone();
        }
        let state = match timeout(LIMIT, put_right(chat, access, secrets)).await {
            Ok(Ok(state)) => state,
            Ok(Err(error)) => failed(&error),
            Err(_) => failed(&Error::TooSlow(LIMIT)),
        };
        let failures = if matches!(state, TopicState::Ready(_)) {
            0
        } else {
            last.map_or(0, |look| look.failures) + 1
        };
        self.remember(
            &chat.uid,
            Look {
                asked,
                state: state.clone(),
                failures,
                again: Instant::now() + pause(failures),
            },
        );
        state
    }

    /// When the next look is due. None: there was none yet.
    pub fn due(&self, uid: &str) -> Option<Duration> {
        self.last(uid)
            .map(|look| look.again.saturating_duration_since(Instant::now()))
    }

    /// Forgets a chat that is gone.
    pub fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn last(&self, uid: &str) -> Option<Look> {
        self.lock().get(uid).cloned()
    }

    fn remember(&self, uid: &str, look: Look) {
        self.lock().insert(uid.to_owned(), look);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Look>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    /// As if Kafka had been found in this state a moment ago.
    #[cfg(test)]
    pub fn pretend(&self, chat: &Chat, access: &Access, state: TopicState) {
        let again = Instant::now() + GOOD_FOR;
        self.remember(
            &chat.uid,
            Look {
                asked: question(chat, access),
                state,
                failures: 0,
                again,
            },
        );
    }
}

/// Changes when another look is needed.
fn question(chat: &Chat, access: &Access) -> String {
    let wanted = format!("{:?}{:?}", wanted(chat), access.kafka);
    digest([
        wanted.as_str(),
        access.secrets.as_deref().unwrap_or_default(),
    ])
}

fn pause(failures: u32) -> Duration {
    match failures {
        0 => GOOD_FOR,
        n => Duration::from_secs(1 << (n - 1).min(6)).min(LONGEST_PAUSE),
    }
}

async fn put_right(
    chat: &Chat,
    access: &Access,
    secrets: &KafkaSecrets,
) -> Result<TopicState, Error> {
    let broker = Broker::connect(&access.kafka, secrets).await?;
    let state = put_all_right(&broker, &wanted(chat)).await;
    broker.close().await;
    state
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
mod tests {
    use super::*;

    #[test]
    fn pauses_between_failing_looks_grow_to_a_minute() {
        let seconds: Vec<u64> = (1..9).map(|failures| pause(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pause(0), GOOD_FOR);
    }
}
