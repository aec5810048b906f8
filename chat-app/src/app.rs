//! What every handler works with.

use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;

use rdkafka::error::KafkaError;
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::domain::{ConversationId, Session, SessionId, UserId};
use crate::error::AppError;
use crate::event::Event;
use crate::files::{BucketError, Files};
use crate::hub::Hub;
use crate::kafka::Link;
use crate::lookups::{Lookups, Query};
use crate::passwords::Passwords;
use crate::postgres::Postgres;
use crate::publisher::{Publisher, Signals};
use crate::push::{KeyError, Push, VapidKey};
use crate::store::missed::{self, Missed, Place};
use crate::store::people::{self, Sharing};
use crate::store::timeline::{self, LargeRooms};
use crate::store::{Outcome, Pool, sessions};
use crate::telemetry::Metrics;
use crate::writer::Writer;

/// Keys in one query at most, where each is a row or a few.
const ROWS: usize = 256;
/// Those who come back, in one query: each may have missed a list of conversations.
const LISTS: usize = 64;
/// Passwords hashed at a time: each takes 19 MiB and a core for some 20 ms.
const PASSWORDS: usize = 2;

/// The app's parts, shared.
#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub config: Config,
    /// The readers' connections.
    pub pool: Pool,
    /// Whether PostgreSQL answers.
    pub postgres: Postgres,
    pub passwords: Passwords,
    pub files: Files,
    pub writer: Writer,
    /// This replica's sockets.
    pub hub: Hub,
    /// What the workers need besides.
    pub publisher: Publisher,
    /// Tells a person's other devices.
    pub signals: Signals,
    pub metrics: Metrics,
    /// Sign-ins by the hash of their token.
    pub sessions: Lookups<[u8; 32], Session>,
    /// What the people of live connections share.
    pub sharing: Lookups<SessionId, Sharing>,
    pub large_rooms: Lookups<UserId, LargeRooms>,
    /// What those who come back missed.
    pub missed: Lookups<Place, Missed>,
    /// Notifies devices, where there is a key.
    pub push: Option<Arc<Push>>,
}

/// A setting that can't be worked with.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// The settings for Kafka contradict each other.
    #[error("invalid CONFAB_KAFKA_ settings: {0}")]
    Kafka(#[from] KafkaError),
    /// Those for the bucket do.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The key for Web Push is none.
    #[error(transparent)]
    VapidKey(#[from] KeyError),
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Events announced in one go; more are found by the look at the changes.
const ANNOUNCED: i64 = 500;

impl App {
    /// Hands the events of a change that is committed to Kafka, or says why there is none.
    pub async fn announce(&self, id: ConversationId, outcome: Outcome) -> Result<(), AppError> {
        match outcome {
            Outcome::Done(Some((first, last))) => self.publish(id, first - 1, last).await,
            Outcome::Done(None) => {}
            Outcome::NotFound => return Err(AppError::NotFound),
            Outcome::Forbidden => return Err(AppError::Forbidden),
        }
        Ok(())
    }

    /// Hands all events of a new conversation to Kafka.
    pub async fn announce_all(&self, id: ConversationId) {
        self.publish(id, 0, i64::MAX).await;
    }

    /// The fast way out. Where it fails the sure one is half a second slower, so that nobody need hear of it.
    async fn publish(&self, id: ConversationId, after: i64, up_to: i64) {
        match timeline::addressed_changes(&self.pool, id, after, up_to, ANNOUNCED).await {
            Ok((changes, _)) => changes
                .iter()
                .for_each(|change| self.publisher.publish(&Event::of(change))),
            Err(error) => {
                tracing::debug!(%error, conversation = %id, "could not announce a change immediately")
            }
        }
    }

    /// Builds the parts on PostgreSQL and starts what writes and publishes. Kafka need not answer.
    pub fn start(
        config: Config,
        database: &PgConnectOptions,
        pool: Pool,
        workers: &mut Workers,
    ) -> Result<Self, SettingError> {
        let push = push(&config)?.map(Arc::new);
        let metrics = Metrics::default();
        let link = Link::default();
        let publisher = Publisher::start(
            &config.kafka,
            workers.pool.clone(),
            link,
            workers.stop.clone(),
            &mut workers.tasks,
        )?;
        let writer = Writer::start(
            database,
            workers.postgres.clone(),
            publisher.clone(),
            metrics.clone(),
            &mut workers.lanes,
        );
        Ok(Self(Arc::new(Parts {
            passwords: Passwords::new(PASSWORDS),
            files: Files::new(&config.files, pool.clone())?,
            writer,
            hub: Hub::default(),
            signals: Signals::start(&config.kafka, metrics.clone())?,
            publisher,
            metrics,
            sessions: lookups(&pool, ROWS, |pool, hashes| {
                Box::pin(async move { sessions::find(&pool, &hashes).await })
            }),
            sharing: lookups(&pool, ROWS, |pool, sessions| {
                Box::pin(async move { people::sharing(&pool, &sessions).await })
            }),
            large_rooms: lookups(&pool, ROWS, |pool, people| {
                Box::pin(async move { timeline::large_rooms(&pool, &people).await })
            }),
            missed: lookups(&pool, LISTS, |pool, places| {
                Box::pin(async move { missed::read(&pool, places).await })
            }),
            push,
            postgres: workers.postgres.clone(),
            pool,
            config,
        })))
    }
}

/// Look-ups on the readers' connections.
fn lookups<K, V>(pool: &Pool, most: usize, query: fn(Pool, Vec<K>) -> Query<K, V>) -> Lookups<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    let pool = pool.clone();
    Lookups::start(most, move |keys| query(pool.clone(), keys))
}

/// Without a key there is no Web Push. Push services want an https URL to find the operators by.
fn push(config: &Config) -> Result<Option<Push>, KeyError> {
    let Some(key) = &config.push.vapid_private_key else {
        return Ok(None);
    };
    let url = config.url.as_ref().filter(|url| url.scheme() == "https");
    let contact = url.map(|url| url.origin().ascii_serialization());
    let private_too = config.push.push_private_addresses;
    Ok(Some(Push::new(VapidKey::parse(key)?, contact, private_too)))
}

/// What runs beside the handlers.
pub struct Workers {
    /// Whether PostgreSQL answers.
    pub postgres: Postgres,
    /// Connections that no handler can use up.
    pub pool: Pool,
    pub stop: CancellationToken,
    /// Following, publishing and reading.
    pub tasks: JoinSet<()>,
    /// The writer's lanes; they end when their sends are answered.
    pub lanes: JoinSet<()>,
}

impl Workers {
    /// With connections to this database.
    pub fn new(database: &PgConnectOptions) -> Self {
        let postgres = Postgres::default();
        let patience = std::time::Duration::from_secs(2);
        Self {
            pool: postgres
                .pool(2, patience)
                .connect_lazy_with(database.clone().application_name("confab-workers")),
            postgres,
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
            lanes: JoinSet::new(),
        }
    }
}
