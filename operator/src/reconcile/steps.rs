//! The middle of a pass: from a valid chat to facts. Asks Kafka and PostgreSQL, applies the children.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::{Context, Error};
use crate::access::{Access, access};
use crate::apply::{JobStep, apply};
use crate::crd::{ChatDeployment, Exposure, Kafka, Postgres};
use crate::credentials::credentials;
use crate::desired::{Ingredients, desired, job};
use crate::migration::{Decision, JobView, Release, Situation, decide, recorded, release, wanted};
use crate::observe::Observed;
use crate::probe::postgres_answers;
use crate::reason::Reason;
use crate::status::{Facts, schema};
use crate::topic::{Question, TopicState, ensure, strimzi};
use crate::validate::{Chat, Role};
use crate::workload::{rolled_out, serving};

/// Builds the chat as far as it can be built now.
pub(super) async fn build(
    ctx: &Context,
    object: &ChatDeployment,
    chat: Chat,
    observed: Observed,
) -> Result<Facts, Error> {
    let credentials = credentials(&observed.children);
    let access = access(&chat, &credentials, &observed.secrets);
    let topics = match kafka_starts(&chat, &observed) {
        Some(waiting) => waiting,
        None if matches!(chat.kafka, Kafka::Strimzi(_)) => {
            let live = &observed.children;
            let topics = [live.events.as_ref(), live.signals.as_ref()];
            strimzi::state(topics, ctx.kinds.kafka_topic.is_up())
        }
        None => topics(ctx, &chat, &access, topics_seen(object)).await,
    };
    let wanted = wanted(&chat, &access);
    let migration = migration(&chat, &access, wanted.as_ref(), &observed).await;
    let release = gated(
        object,
        &topics,
        &observed,
        release(
            migration.as_ref(),
            wanted.as_ref(),
            observed.children.deployment.as_ref(),
            object.status.as_ref(),
        ),
    );
    let schema = schema(
        &observed.children,
        migration.as_ref(),
        &observed.pods,
        object.status.as_ref().and_then(|status| status.schema),
    );
    let step = job_step(&chat, &access, migration.as_ref());
    let children = desired(
        &chat,
        &Ingredients {
            credentials: &credentials,
            access: &access,
            release: release.as_ref(),
            schema,
            operator: &ctx.namespace,
        },
    );
    let live = observed.children;
    let applied = super::on_the_heap(|| apply(ctx, &chat.namespace, live, children, step));
    let children = applied.await?;
    Ok(Facts {
        chat,
        access,
        topics,
        migration,
        children,
        pods: observed.pods,
        schema,
    })
}

/// Looks without touching anything: neither Kafka nor PostgreSQL is asked, no child is written.
pub(super) fn paused(object: &ChatDeployment, chat: Chat, observed: Observed) -> Facts {
    let status = object.status.clone().unwrap_or_default();
    let access = access(&chat, &credentials(&observed.children), &observed.secrets);
    Facts {
        chat,
        access,
        topics: TopicState::Ready(status.topics),
        migration: None,
        children: observed.children,
        pods: observed.pods,
        schema: status.schema,
    }
}

/// The embedded Kafka cannot be asked yet.
fn kafka_starts(chat: &Chat, observed: &Observed) -> Option<TopicState> {
    // Without its Secret, the broker does not know the password yet that this pass makes up.
    let serves = observed.children.kafka.as_ref().is_some_and(serving)
        && observed.children.kafka_secret.is_some();
    let starts = matches!(chat.kafka, Kafka::Embedded(_)) && !serves;
    starts.then(|| {
        let message = format!(
            "Embedded Kafka (StatefulSet {}) is starting",
            chat.child(Role::Kafka)
        );
        waiting(Reason::WaitingForKafka, message, false)
    })
}

async fn topics(ctx: &Context, chat: &Chat, access: &Access, seen_before: bool) -> TopicState {
    match &access.kafka_login {
        Err(problem) => waiting(problem.reason(), problem.message().to_owned(), true),
        Ok(secrets) => {
            let kafka = &access.kafka;
            let question = Question {
                chat,
                kafka,
                secrets,
            };
            ensure(&ctx.topics, question, seen_before).await
        }
    }
}

fn waiting(reason: Reason, message: String, person: bool) -> TopicState {
    TopicState::Problem {
        reason,
        message,
        person,
        topics: Vec::new(),
    }
}

/// Whether Kafka told of the chat's topics at any time.
fn topics_seen(object: &ChatDeployment) -> bool {
    object
        .status
        .as_ref()
        .is_some_and(|status| !status.topics.is_empty())
}

async fn migration(
    chat: &Chat,
    access: &Access,
    wanted: Option<&Release>,
    observed: &Observed,
) -> Option<Decision> {
    let mut situation = Situation {
        wanted: wanted?,
        recorded: recorded(observed.children.deployment.as_ref()),
        job: observed.children.migration.as_ref().map(JobView::of),
        generation: chat.generation,
        answers: None,
        now: Timestamp::now(),
    };
    let decision = decide(&situation);
    if decision != Decision::Ask {
        return Some(decision);
    }
    situation.answers = Some(answers(chat, access, observed).await);
    Some(decide(&situation))
}

async fn answers(chat: &Chat, access: &Access, observed: &Observed) -> bool {
    match (&chat.postgres, &access.database) {
        (Postgres::Embedded(_), _) => observed.children.postgres.as_ref().is_some_and(serving),
        (_, Ok(database)) => postgres_answers(&database.address).await,
        (_, Err(_)) => false,
    }
}

/// The very first replicas wait for the topics too. Later ones do not: without Kafka the chat still works, and
/// replicas that are deleted must come back.
fn gated(
    object: &ChatDeployment,
    topics: &TopicState,
    observed: &Observed,
    release: Option<Release>,
) -> Option<Release> {
    let started = observed.children.deployment.is_some();
    release.filter(|_| started || topics_seen(object) || !topics.topics().is_empty())
}

fn job_step(chat: &Chat, access: &Access, decision: Option<&Decision>) -> JobStep {
    match decision {
        Some(Decision::Start(mark)) => JobStep::Create(Box::new(job(chat, access, mark))),
        Some(Decision::Replace(mark)) => JobStep::Replace(Box::new(job(chat, access, mark))),
        Some(Decision::Cancel) => JobStep::Remove,
        _ => JobStep::Keep,
    }
}

/// Whether the topics are as they should be.
pub(super) fn topics_ready(facts: &Facts) -> bool {
    matches!(facts.topics, TopicState::Ready(_))
}

/// When to look again at what no watch tells of. None: nothing is missing.
pub(super) fn recheck(facts: &Facts) -> Option<Duration> {
    if facts.chat.paused {
        return None;
    }
    let schema = match &facts.migration {
        None => Some(Duration::from_secs(10)),
        Some(Decision::Settled | Decision::Cancel) => None,
        Some(Decision::Complete | Decision::Leaving) => Some(Duration::from_secs(1)),
        Some(Decision::Ask | Decision::Wait) => Some(Duration::from_secs(2)),
        Some(Decision::Start(_) | Decision::Replace(_) | Decision::Running) => {
            Some(Duration::from_secs(5))
        }
        Some(Decision::Failed { retry, .. }) => Some(until(retry)),
    };
    let of_others = lacks_a_kind(facts).then_some(Duration::from_secs(10));
    let rolling = !facts.children.deployment.as_ref().is_some_and(rolled_out);
    schema
        .into_iter()
        .chain(rolling.then_some(Duration::from_secs(10)))
        .chain(of_others)
        .min()
}

/// Whether a child is missing since the cluster does not know its kind: no watch tells when it does.
fn lacks_a_kind(facts: &Facts) -> bool {
    let (chat, children) = (&facts.chat, &facts.children);
    let route = matches!(chat.exposure, Some(Exposure::Gateway(_))) && children.route.is_none();
    let topics = matches!(chat.kafka, Kafka::Strimzi(_)) && children.events.is_none();
    route || topics
}

fn until(time: &Timestamp) -> Duration {
    let wait = time.duration_since(Timestamp::now());
    Duration::try_from(wait).unwrap_or_default() + Duration::from_millis(100)
}
