//! Deletes the topics of a chat in an external Kafka. I/O: reads Secrets, writes to Kafka.

use crate::access::{SecretProblem, access};
use crate::children::Children;
use crate::context::Context;
use crate::crd::ChatDeployment;
use crate::credentials::credentials;
use crate::validate::{Rejection, validate};
use crate::{child_api, observe, topic};

/// Why the topics stay in Kafka.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Rejected(#[from] Rejection),
    #[error("the operator no longer has permission to read the Secret with the Kafka credentials")]
    Forbidden,
    #[error(transparent)]
    Api(child_api::Error),
    #[error(transparent)]
    Secret(#[from] SecretProblem),
    #[error(transparent)]
    Kafka(#[from] topic::Error),
    #[error("{0}")]
    NotItsOwn(String),
}

impl Error {
    /// Whether a further attempt would fail the same way.
    pub(super) fn permanent(&self) -> bool {
        match self {
            Self::Rejected(_) | Self::Forbidden | Self::Secret(_) | Self::NotItsOwn(_) => true,
            Self::Api(_) | Self::Kafka(_) => false,
        }
    }
}

impl From<child_api::Error> for Error {
    fn from(error: child_api::Error) -> Self {
        match error.forbidden() {
            true => Self::Forbidden,
            false => Self::Api(error),
        }
    }
}

/// Returns the names of the topics.
pub(super) async fn delete(ctx: &Context, object: &ChatDeployment) -> Result<String, Error> {
    let chat = validate(object, &Children::default(), &ctx.images)?;
    let named = observe::named(&ctx.client, object).await?;
    let access = access(&chat, &credentials(&Children::default()), &named);
    let broker = {
        let secrets = access.kafka_login?;
        ctx.topics.connections.open(&access.kafka, &secrets).await?
    };
    let (events, signals) = (chat.events_topic(), chat.signals_topic());
    // The answer brings the id of the cluster.
    broker.describe(&events).await?;
    let cluster = broker.cluster_id().await;
    if let Some(dispute) = ctx.topic_claims(object).dispute(cluster.as_deref()) {
        return Err(Error::NotItsOwn(dispute.message));
    }
    broker.delete(&[&events, &signals]).await?;
    Ok(format!("{events} and {signals}"))
}
