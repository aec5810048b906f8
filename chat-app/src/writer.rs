//! http → PostgreSQL: commits messages in batches. Does I/O (PostgreSQL).
//!
//! The writer is a task with a bounded queue and a connection of its own. While a batch commits, the next one collects. A
//! batch is one call of a SQL function in a transaction of its own. Running it again changes nothing, because a message is
//! found by the client's UUID: so a batch whose reply was lost is sent again, and one that fails is split. A sender gets its
//! answer only after the commit: another task, the [`announcer`], renders, publishes and answers, so that the next batch
//! commits meanwhile.
//!
//! Under load, a batch waits a little for the sends that follow the answers to the last one: without that, the senders
//! settle into two halves that commit in turns, at nearly twice the cost.
//!
//! One connection per replica is enough, and best: a commit costs more than the messages in it. With two, 64 sends under way
//! share commits of 8 instead of 16, for a quarter more CPU.
//!
//! The task ends when the last [`Writer`] is dropped and everything in its queue is answered.

use std::time::{Duration, Instant};

use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{mpsc, oneshot};

use crate::domain::{ConversationId, Message, MessageBody, UserId};
use crate::lifecycle::Lifecycle;
use crate::postgres::{Connections, Postgres, limited};
use crate::publisher::Publisher;
use crate::store::messages::{self, Appended, Draft, Extra};
use crate::telemetry::{LogThrottle, Metrics};
use crate::views::message::Shown;

mod announcer;

use announcer::Committed;

/// Sends that may wait; beyond that they are refused.
const QUEUE: usize = 1024;
/// The most sends in one transaction, so that locks are held for a few milliseconds only.
const BATCH: usize = 128;
/// From this size of the last batch on, the next one waits for more sends.
const GATHERED: usize = 4;
/// The longest such wait; it is also at most half the time that the last batch took.
const GATHER_LIMIT: Duration = Duration::from_millis(5);
/// Batches that may wait to be announced; then the next one does not commit yet.
const COMMITTED_BATCHES: usize = 4;
/// PostgreSQL cancels a statement that takes longer; a batch takes milliseconds.
const STATEMENT_LIMIT: Duration = Duration::from_secs(4);
/// A connection without a reply for longer is closed.
const CALL_LIMIT: Duration = Duration::from_secs(5);

/// While PostgreSQL is away, every batch fails.
static UNCOMMITTED: LogThrottle = LogThrottle::new();

/// A message to send.
#[derive(Clone, Debug)]
pub struct NewMessage {
    pub conversation: ConversationId,
    pub sender: UserId,
    /// Chosen by the client: a retry with the same id is the same message.
    pub client_id: uuid::Uuid,
    pub body: MessageBody,
    pub extra: Extra,
}

/// A message that is committed.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its current state.
    pub message: Message,
    pub(crate) shown: Shown,
    /// Whether an earlier attempt had created it.
    pub duplicate: bool,
}

/// Why a send was not confirmed. After each of these, a retry with the same UUID is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The sender is no member, or there is no such conversation.
    #[error("not a member of the conversation")]
    NotMember,
    /// The recipient has blocked the sender.
    #[error("blocked by the recipient")]
    Blocked,
    /// An attachment was deleted, or is not the sender's.
    #[error("an attachment no longer exists")]
    NoAttachment,
    /// The queue is full.
    #[error("too many concurrent sends")]
    Busy,
    /// PostgreSQL does not answer. The message may have been committed anyway.
    #[error("PostgreSQL does not respond")]
    Unavailable,
}

/// Where to send the outcome of a send.
type Answer = oneshot::Sender<Result<Sent, SendError>>;

struct Job {
    draft: Draft,
    answer: Answer,
}

#[derive(Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    postgres: Postgres,
}

impl Writer {
    /// Starts the writer's tasks.
    pub fn start(
        connections: &Connections,
        publisher: Publisher,
        metrics: Metrics,
        lifecycle: &Lifecycle,
    ) -> Self {
        let options = connections.options.clone();
        let options = options.application_name("confab-writer").options([
            ("lock_timeout", "2s".to_owned()),
            (
                "statement_timeout",
                format!("{}ms", STATEMENT_LIMIT.as_millis()),
            ),
        ]);
        let (jobs, receiver) = mpsc::channel(QUEUE);
        let (committed, announced) = mpsc::channel(COMMITTED_BATCHES);
        let committer = Committer {
            options,
            connection: None,
            postgres: connections.postgres.clone(),
            committed,
            metrics,
        };
        lifecycle.spawn_writer(committer.run(receiver));
        lifecycle.spawn_writer(announcer::run(announced, publisher));
        Self {
            jobs,
            postgres: connections.postgres.clone(),
        }
    }

    /// Returns once the message is committed. Fails at once while PostgreSQL is known to be away, and as soon as that
    /// becomes known while the message waits, within seconds.
    pub async fn send(&self, message: NewMessage) -> Result<Sent, SendError> {
        if !self.postgres.answers() {
            return Err(SendError::Unavailable);
        }
        let (answer, answered) = oneshot::channel();
        let draft = Draft {
            conversation: message.conversation,
            sender: message.sender,
            client_id: message.client_id,
            body: message.body.into_string(),
            extra: message.extra,
        };
        self.jobs
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

struct Committer {
    options: PgConnectOptions,
    connection: Option<CommitConnection>,
    postgres: Postgres,
    committed: mpsc::Sender<Committed>,
    metrics: Metrics,
}

/// A connection and its epoch: a connection leads to one server, whose epoch changes only while it is down.
struct CommitConnection {
    postgres: PgConnection,
    epoch: String,
    made: Instant,
}

impl Committer {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut wait = Duration::ZERO;
        while jobs.recv_many(&mut batch, BATCH).await > 0 {
            gather(&mut jobs, &mut batch, wait).await;
            let (size, began) = (batch.len(), Instant::now());
            let mut parts = vec![std::mem::take(&mut batch)];
            while let Some(part) = parts.pop() {
                parts.extend(self.commit(part).await);
            }
            wait = match size {
                GATHERED.. => (began.elapsed() / 2).min(GATHER_LIMIT),
                _ => Duration::ZERO,
            };
        }
    }

    /// Commits the jobs, or returns them in parts to be committed apart.
    async fn commit(&mut self, jobs: Vec<Job>) -> Vec<Vec<Job>> {
        let (drafts, answers): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|job| (job.draft, job.answer)).unzip();
        match self.append(&drafts).await {
            Ok((outcomes, epoch)) => {
                self.metrics.batch_committed(drafts.len());
                let committed = Committed {
                    outcomes,
                    answers,
                    epoch,
                };
                // The announcer ends after this task, unless both are dropped.
                let _ = self.committed.send(committed).await;
                Vec::new()
            }
            Err(error) if error.as_database_error().is_some() && drafts.len() > 1 => {
                let jobs = std::iter::zip(drafts, answers);
                halves(jobs.map(|(draft, answer)| Job { draft, answer }).collect())
            }
            Err(error) => {
                let sends = drafts.len();
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
                for answer in answers {
                    // A sender that has gone needs no answer.
                    let _ = answer.send(Err(refusal));
                }
                Vec::new()
            }
        }
    }

    /// Retries once on a new connection if the old one broke, whether the first attempt was committed or not.
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
        // After an error of the statement the connection is usable; after any other it may not be.
        match outcome.as_ref().err() {
            Some(error) if error.as_database_error().is_none_or(is_shutdown) => {}
            _ => self.connection = Some(connection),
        }
        Ok((outcome?, epoch))
    }

    /// The present connection, or a new one.
    async fn take_connection(&mut self) -> sqlx::Result<CommitConnection> {
        let known = self.connection.take();
        if let Some(connection) = known.filter(|known| self.postgres.trusts(known.made)) {
            return Ok(connection);
        }
        let made = Instant::now();
        let (postgres, epoch) = self.postgres.connect(&self.options).await?;
        Ok(CommitConnection {
            postgres,
            epoch,
            made,
        })
    }
}

/// Adds what arrives within `wait`, until the batch is full.
async fn gather(jobs: &mut mpsc::Receiver<Job>, batch: &mut Vec<Job>, wait: Duration) {
    if wait.is_zero() {
        return;
    }
    let until = tokio::time::Instant::now() + wait;
    while batch.len() < BATCH {
        let room = BATCH - batch.len();
        match tokio::time::timeout_at(until, jobs.recv_many(batch, room)).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
    }
}

fn halves(mut jobs: Vec<Job>) -> Vec<Vec<Job>> {
    let second = jobs.split_off(jobs.len() / 2);
    // Parts are popped from the end: the first half goes first, which keeps the order of sends.
    vec![second, jobs]
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|e| matches!(e.code().as_deref(), Some("55P03" | "57014" | "40P01")))
}

/// Class 57P: the server closes the connection (shutdown, crash, startup). 25006, read-only: it has become a standby.
fn is_shutdown(error: &dyn sqlx::error::DatabaseError) -> bool {
    error
        .code()
        .is_some_and(|code| code.starts_with("57P") || code == "25006")
}
