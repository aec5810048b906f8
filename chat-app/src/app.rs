//! The parts of a replica that handlers use.
//!
//! [`App`] is a handle; the parts live until its last clone is dropped, which is what ends the writer and the batch
//! loaders. [`App::start`] also spawns the writer and the publisher's tasks; all others are spawned by [`crate::serve`].

use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;

use rdkafka::error::KafkaError;
use secrecy::ExposeSecret;

use crate::batch_loader::{BatchLoader, BatchQuery};
use crate::bucket::BucketError;
use crate::config::{self, Config, SecondFactorPolicy};
use crate::domain::{Change, ConversationId, Session, SessionId, UserId};
use crate::encryption::{EncryptionKey, InvalidKey};
use crate::event::Event;
use crate::files::Files;
use crate::hub::Hub;
use crate::kafka::Link;
use crate::lifecycle::Lifecycle;
use crate::oidc::{self, Provider};
use crate::passwords::Passwords;
use crate::postgres::{Connections, Postgres};
use crate::publisher::{Publisher, SignalPublisher};
use crate::push::{KeyError, PushClient, VapidKey};
use crate::recent_pages::RecentPages;
use crate::recent_sessions::RecentSessions;
use crate::store::missed::{self, Missed, ResumePoint};
use crate::store::people::{self, Sharing};
use crate::store::timeline::{self, RoomMembership};
use crate::store::{Outcome, Pool, Refusal, sessions};
use crate::telemetry::Metrics;
use crate::writer::Writer;

/// The most keys in one query, where each finds a few rows.
const MAX_KEYS: usize = 256;
/// The most resume points in one query: each may find many conversations.
const MAX_RESUME_POINTS: usize = 64;
/// Passwords hashed at a time: each takes 19 MiB, and a core for some 20 ms.
const PASSWORDS: usize = 2;

#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub config: Config,
    /// The handlers' connections.
    pub pool: Pool,
    pub postgres: Postgres,
    pub passwords: Passwords,
    pub files: Files,
    pub writer: Writer,
    pub hub: Hub,
    pub publisher: Publisher,
    pub signals: SignalPublisher,
    pub metrics: Metrics,
    /// In the order of the settings.
    pub(crate) providers: Vec<Arc<Provider>>,
    /// By the hash of their token.
    pub sessions: BatchLoader<[u8; 32], Session>,
    pub(crate) recent_sessions: RecentSessions,
    pub(crate) recent_pages: RecentPages,
    pub sharing: BatchLoader<SessionId, Sharing>,
    pub large_rooms: BatchLoader<UserId, Vec<RoomMembership>>,
    pub missed: BatchLoader<ResumePoint, Missed>,
    /// By conversation and rev.
    pub(crate) changes: BatchLoader<(ConversationId, i64), Change>,
    /// `None` without a VAPID key.
    pub push: Option<Arc<PushClient>>,
    /// `None` without an encryption key.
    pub encryption: Option<EncryptionKey>,
}

/// An invalid setting.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    #[error("invalid CONFAB_KAFKA_ settings: {0}")]
    Kafka(#[from] KafkaError),
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error(transparent)]
    VapidKey(#[from] KeyError),
    #[error(transparent)]
    Providers(#[from] oidc::NoUrl),
    #[error(transparent)]
    EncryptionKey(#[from] InvalidKey),
    #[error(
        "CONFAB_SECOND_FACTOR requires CONFAB_ENCRYPTION_KEY: without it nobody can set up a second factor"
    )]
    NoEncryptionKey,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The most events published for one change; pollers find the others.
const MAX_ANNOUNCED: i64 = 500;

impl App {
    /// Publishes the events of a committed change to Kafka. Returns the reason where nothing was changed.
    pub async fn announce(&self, id: ConversationId, outcome: Outcome) -> Result<(), Refusal> {
        if let Some((first, last)) = outcome.revs()? {
            self.publish(id, first - 1, last).await;
        }
        Ok(())
    }

    /// Publishes all events of a new conversation.
    pub async fn announce_all(&self, id: ConversationId) {
        self.publish(id, 0, i64::MAX).await;
    }

    /// Only makes the change arrive sooner: if it fails, the pollers find the change within half a second.
    async fn publish(&self, id: ConversationId, after: i64, up_to: i64) {
        match timeline::addressed_changes(&self.pool, id, after, up_to, MAX_ANNOUNCED).await {
            Ok((changes, _)) => changes
                .iter()
                .for_each(|change| self.publisher.publish(&Event::of(change))),
            Err(error) => {
                tracing::debug!(%error, conversation = %id, "could not announce a change immediately")
            }
        }
    }

    /// Creates the parts, and starts writer and publisher. Neither PostgreSQL nor Kafka need answer.
    pub fn start(
        config: Config,
        connections: &Connections,
        lifecycle: &Lifecycle,
    ) -> Result<Self, SettingError> {
        let pool = connections.readers.clone();
        let push = push(&config)?.map(Arc::new);
        let encryption = encryption(&config)?;
        let limits = config.security.session_limits();
        let metrics = Metrics::default();
        let providers = oidc::providers(&config)?;
        for provider in &providers {
            metrics.begin_provider(&provider.settings.name);
        }
        let link = Link::default();
        let publisher = Publisher::start(
            &config.kafka,
            connections.background.clone(),
            link,
            lifecycle,
        )?;
        let writer = Writer::start(connections, publisher.clone(), metrics.clone(), lifecycle);
        Ok(Self(Arc::new(Parts {
            passwords: Passwords::new(PASSWORDS),
            providers,
            files: Files::new(&config.files, pool.clone())?,
            writer,
            hub: Hub::default(),
            signals: SignalPublisher::start(&config.kafka, metrics.clone())?,
            publisher,
            metrics,
            sessions: loader(&pool, MAX_KEYS, move |pool, hashes| {
                Box::pin(async move { sessions::find(&pool, &hashes, limits).await })
            }),
            recent_sessions: RecentSessions::default(),
            recent_pages: RecentPages::default(),
            sharing: loader(&pool, MAX_KEYS, |pool, sessions| {
                Box::pin(async move { people::sharing(&pool, &sessions).await })
            }),
            large_rooms: loader(&pool, MAX_KEYS, |pool, people| {
                Box::pin(async move { timeline::large_rooms(&pool, &people).await })
            }),
            missed: loader(&pool, MAX_RESUME_POINTS, |pool, points| {
                Box::pin(async move { missed::read(&pool, points).await })
            }),
            changes: loader(&pool, MAX_KEYS, |pool, keys| {
                Box::pin(async move { timeline::changes_at(&pool, &keys).await })
            }),
            push,
            encryption,
            postgres: connections.postgres.clone(),
            pool,
            config,
        })))
    }
}

fn loader<K, V>(
    pool: &Pool,
    max_keys: usize,
    query: impl Fn(Pool, Vec<K>) -> BatchQuery<K, V> + Send + 'static,
) -> BatchLoader<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    let pool = pool.clone();
    BatchLoader::start(max_keys, move |keys| query(pool.clone(), keys))
}

/// `None` without a key, which must not be where people need a second factor.
fn encryption(config: &Config) -> Result<Option<EncryptionKey>, SettingError> {
    match config::exposed(config.security.encryption_key.as_ref()) {
        Some(key) => Ok(Some(EncryptionKey::parse(key)?)),
        None if config.login.second_factor == SecondFactorPolicy::Optional => Ok(None),
        None => Err(SettingError::NoEncryptionKey),
    }
}

/// `None` without a key. Push services take only an https URL as contact.
fn push(config: &Config) -> Result<Option<PushClient>, KeyError> {
    let Some(key) = &config.push.vapid_private_key else {
        return Ok(None);
    };
    let url = config.url.as_ref().filter(|url| url.scheme() == "https");
    let contact = url.map(|url| url.origin().ascii_serialization());
    let allow_private = config.push.push_private_addresses;
    let key = VapidKey::parse(key.expose_secret())?;
    Ok(Some(PushClient::new(key, contact, allow_private)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::serve;

    #[test]
    fn a_chat_that_requires_second_factors_has_a_key_for_their_secrets() {
        let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let state = |flags: &[&str]| encryption(&serve(flags).unwrap()).map(|key| key.is_some());
        assert!(matches!(state(&[]), Ok(false)));
        assert!(matches!(state(&["--encryption-key", key]), Ok(true)));
        let wrong = state(&["--encryption-key", "short"]);
        assert!(matches!(wrong, Err(SettingError::EncryptionKey(_))));
        for policy in ["required", "required-for-admins"] {
            let alone = state(&["--second-factor", policy]);
            assert!(
                matches!(alone, Err(SettingError::NoEncryptionKey)),
                "{policy}"
            );
            let both = state(&["--second-factor", policy, "--encryption-key", key]);
            assert!(matches!(both, Ok(true)), "{policy}");
        }
    }
}
