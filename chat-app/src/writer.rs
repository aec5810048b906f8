//! Sends, in batches: collects what arrives while the last batch commits. Does I/O (PostgreSQL).
//!
//! A few lanes, each with a connection of its own; a conversation belongs to one lane. Only after the commit is each
//! sender answered. A batch is one call that is its own transaction, and running it again changes nothing: what was
//! committed is found by the client's UUID. So a batch whose answer was lost is sent again, and one that fails is split.

use std::time::{Duration, Instant};

use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::domain::{
    AddressedChange, Audience, Change, ConversationId, Message, MessageBody, UserId,
};
use crate::event::Event;
use crate::postgres::{Postgres, limited};
use crate::publisher::Publisher;
use crate::store::messages::{self, Appended, Draft, Extra};
use crate::telemetry::{Metrics, Seldom};

const LANES: usize = 4;
/// Sends that may wait in one lane; past that a sender is told to come back.
const QUEUE: usize = 1024;
/// At most this many sends in one transaction: its locks are held for a few milliseconds.
const BATCH: usize = 128;
/// PostgreSQL ends a statement that takes longer; ours is over in milliseconds.
const STATEMENT_LIMIT: Duration = Duration::from_secs(4);
/// A connection that is silent for longer is given up.
const CALL_LIMIT: Duration = Duration::from_secs(5);

/// While PostgreSQL is away, every batch is one.
static UNCOMMITTED: Seldom = Seldom::new();

/// A message that somebody wants to send.
#[derive(Clone, Debug)]
pub struct NewMessage {
    pub conversation: ConversationId,
    pub sender: UserId,
    /// The client's own id of the send: a retry is the same message.
    pub client_id: uuid::Uuid,
    pub body: MessageBody,
    pub extra: Extra,
}

/// A message that is durable.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The message as it stands.
    pub message: Message,
    /// Whether an earlier send had made it.
    pub duplicate: bool,
}

/// Why a send was not confirmed. Sending again with the same UUID is safe after each of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The sender is no member, or there is no such conversation.
    #[error("not a member of the conversation")]
    NotMember,
    /// The other one takes no messages from the sender.
    #[error("blocked by the recipient")]
    Blocked,
    /// An attachment is gone, or not the sender's.
    #[error("an attachment no longer exists")]
    NoAttachment,
    /// More sends wait than can be taken.
    #[error("too many concurrent sends")]
    Busy,
    /// PostgreSQL is away. The send may have been taken all the same.
    #[error("PostgreSQL does not respond")]
    Unavailable,
}

struct Job {
    draft: Draft,
    answer: oneshot::Sender<Result<Sent, SendError>>,
}

#[derive(Clone)]
pub struct Writer {
    lanes: Vec<mpsc::Sender<Job>>,
    postgres: Postgres,
}

impl Writer {
    /// Starts the lanes; they end when the last `Writer` is dropped and what it took is answered.
    pub fn start(
        database: &PgConnectOptions,
        postgres: Postgres,
        publisher: Publisher,
        metrics: Metrics,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let options = database.clone().application_name("confab-writer").options([
            ("lock_timeout", "2s".to_owned()),
            (
                "statement_timeout",
                format!("{}ms", STATEMENT_LIMIT.as_millis()),
            ),
        ]);
        let lanes = (0..LANES).map(|_| {
            let (sender, receiver) = mpsc::channel(QUEUE);
            let lane = Lane {
                options: options.clone(),
                connection: None,
                postgres: postgres.clone(),
                publisher: publisher.clone(),
                metrics: metrics.clone(),
            };
            tasks.spawn(lane.run(receiver));
            sender
        });
        Self {
            lanes: lanes.collect(),
            postgres,
        }
    }

    /// Answers once the message is durable. While PostgreSQL is known not to answer it refuses at once; and as soon as that
    /// is known, which takes some seconds at most, whatever waits is refused too.
    pub async fn send(&self, message: NewMessage) -> Result<Sent, SendError> {
        if !self.postgres.answers() {
            return Err(SendError::Unavailable);
        }
        let lane = message.conversation.0.rem_euclid(LANES as i64) as usize;
        let (answer, answered) = oneshot::channel();
        let draft = Draft {
            conversation: message.conversation,
            sender: message.sender,
            client_id: message.client_id,
            body: message.body.into_string(),
            extra: message.extra,
        };
        self.lanes[lane]
            .try_send(Job { draft, answer })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => SendError::Busy,
                mpsc::error::TrySendError::Closed(_) => SendError::Unavailable,
            })?;
        tokio::select! {
            biased;
            answer = answered => answer.unwrap_or(Err(SendError::Unavailable)),
            () = self.postgres.away() => Err(SendError::Unavailable),
        }
    }
}

struct Lane {
    options: PgConnectOptions,
    connection: Option<Connection>,
    postgres: Postgres,
    publisher: Publisher,
    metrics: Metrics,
}

/// A connection, and the history that it writes: one leads to one server, whose history changes only while it is down.
struct Connection {
    postgres: PgConnection,
    epoch: String,
    made: Instant,
}

impl Lane {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH);
        while jobs.recv_many(&mut batch, BATCH).await > 0 {
            let mut parts = vec![std::mem::take(&mut batch)];
            while let Some(part) = parts.pop() {
                parts.extend(self.commit(part).await);
            }
        }
    }

    /// Commits and answers the jobs, or returns them in parts that should be tried apart.
    async fn commit(&mut self, jobs: Vec<Job>) -> Vec<Vec<Job>> {
        let drafts: Vec<Draft> = jobs.iter().map(|job| job.draft.clone()).collect();
        match self.append(&drafts).await {
            Ok((outcomes, epoch)) => {
                self.metrics.batch(drafts.len());
                for (job, outcome) in std::iter::zip(jobs, outcomes) {
                    self.answer(job, outcome, &epoch);
                }
                Vec::new()
            }
            Err(error) if error.as_database_error().is_some() && jobs.len() > 1 => halves(jobs),
            Err(error) => {
                let sends = jobs.len();
                match UNCOMMITTED.due(Instant::now()) {
                    Some(suppressed) => {
                        tracing::warn!(sends, %error, suppressed, "could not commit sends");
                    }
                    None => tracing::debug!(sends, %error, "could not commit sends"),
                }
                let refusal = if is_lock_timeout(&error) {
                    SendError::Busy
                } else {
                    SendError::Unavailable
                };
                for job in jobs {
                    // Who no longer waits needs no answer.
                    let _ = job.answer.send(Err(refusal));
                }
                Vec::new()
            }
        }
    }

    fn answer(&self, job: Job, outcome: Appended, epoch: &str) {
        let reply = match outcome {
            Appended::Sent {
                message,
                kind,
                recipients,
            } => {
                let addressed = AddressedChange {
                    change: Change::Message(message.clone()),
                    conversation_kind: kind,
                    audience: recipients.map_or(Audience::Room, Audience::People),
                    epoch: epoch.to_owned(),
                };
                self.publisher.publish(&Event::of(&addressed));
                Ok(Sent {
                    message,
                    duplicate: false,
                })
            }
            Appended::Duplicate(message) => Ok(Sent {
                message,
                duplicate: true,
            }),
            Appended::NotMember => Err(SendError::NotMember),
            Appended::Blocked => Err(SendError::Blocked),
            Appended::NoAttachment => Err(SendError::NoAttachment),
        };
        let _ = job.answer.send(reply);
    }

    /// One more try on a new connection when the old one broke: whether the first try was committed or not.
    async fn append(&mut self, drafts: &[Draft]) -> sqlx::Result<(Vec<Appended>, String)> {
        let had_connection = self.connection.is_some();
        match self.append_once(drafts).await {
            Err(error) if error.as_database_error().is_none_or(is_shutdown) && had_connection => {
                tracing::info!(error = %error, "the writer's connection failed; retrying on a new one");
                self.append_once(drafts).await
            }
            outcome => outcome,
        }
    }

    async fn append_once(&mut self, drafts: &[Draft]) -> sqlx::Result<(Vec<Appended>, String)> {
        let mut connection = self.take_connection().await?;
        let append = messages::append(&mut connection.postgres, drafts);
        let outcome = limited(CALL_LIMIT, append).await;
        let epoch = connection.epoch.clone();
        // A refused statement leaves the connection as good as it was; anything else leaves it in doubt.
        match outcome.as_ref().err() {
            Some(error) if error.as_database_error().is_none_or(is_shutdown) => {}
            _ => self.connection = Some(connection),
        }
        Ok((outcome?, epoch))
    }

    /// The connection that there is, or a new one.
    async fn take_connection(&mut self) -> sqlx::Result<Connection> {
        let known = self.connection.take();
        if let Some(connection) = known.filter(|known| self.postgres.trusts(known.made)) {
            return Ok(connection);
        }
        let made = Instant::now();
        let (postgres, epoch) = self.postgres.connect(&self.options).await?;
        Ok(Connection {
            postgres,
            epoch,
            made,
        })
    }
}

fn halves(mut jobs: Vec<Job>) -> Vec<Vec<Job>> {
    let second = jobs.split_off(jobs.len() / 2);
    // Taken from the end: the first half goes first, so that the order of sends stays.
    vec![second, jobs]
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|e| matches!(e.code().as_deref(), Some("55P03" | "57014" | "40P01")))
}

/// Class 57P: the server ends the connection (shutdown, crash, not yet up); read-only: it is a standby now.
fn is_shutdown(error: &dyn sqlx::error::DatabaseError) -> bool {
    error
        .code()
        .is_some_and(|code| code.starts_with("57P") || code == "25006")
}
