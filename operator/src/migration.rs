//! Step migration: whether the schema must be migrated, and what to do about it now. Pure: the decision table of the
//! migration Job.
//!
//! A migration is needed only when image, database or search language differ from what the live Deployment records, so that a
//! Job that vanished is not repeated. The Job's condition `Complete` is the gate through which a new image
//! reaches the Deployment; until then the replicas stay on the last migrated one.

mod job;

pub(crate) use job::{JobMark, JobState, JobView, SEARCH_LANGUAGE, target};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;

use crate::access::Access;
use crate::crd::ChatDeploymentStatus;
use crate::digest::digest;
use crate::names::{
    ANNOTATION_MIGRATED_DATABASE, ANNOTATION_MIGRATED_IMAGE, ANNOTATION_MIGRATED_SEARCH,
    ANNOTATION_SECRETS,
};
use crate::validate::Chat;
use crate::volume::Replaced;

/// PostgreSQL's text search configuration for all languages.
pub(crate) const SIMPLE: &str = "simple";

/// A failed migration is retried after 1, 2, 4 … minutes, at most this many.
const LONGEST_WAIT_MINUTES: i64 = 15;

/// A Job that replaces one which is older than this starts the count again.
const CALM: SignedDuration = SignedDuration::from_mins(20);

/// So many Jobs in a row may be replaced without a pause, as by a person who tries one image after the other.
const QUICK_CHANGES: u32 = 5;

/// What the replicas run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    pub image: String,
    /// The database's identity.
    pub database: String,
    /// PostgreSQL's text search configuration.
    pub search_language: String,
    /// Digests of what is used of the Secrets.
    pub secrets: String,
}

/// What the last migration was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Migrated {
    pub image: String,
    /// The database's identity.
    pub database: String,
    /// PostgreSQL's text search configuration.
    pub search_language: String,
}

impl Migrated {
    fn is(&self, wanted: &Release) -> bool {
        self.image == wanted.image
            && self.database == wanted.database
            && self.search_language == wanted.search_language
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The schema is the one that image, database and search language need.
    Settled,
    /// The same, and a Job that was created for something else is no longer wanted.
    Cancel,
    /// Embedded PostgreSQL has another volume than the one that was migrated: a person decides what is on it.
    DatabaseReplaced(Replaced),
    /// A migration is needed: does PostgreSQL answer?
    Probe,
    /// It does not answer yet.
    WaitForPostgres,
    Start(JobMark),
    /// Delete the Job, which is for something else or failed long enough ago, and create this one.
    Replace(JobMark),
    Running,
    /// What is to be migrated to changed this often within minutes.
    Postponed {
        changes: u32,
        retry: Timestamp,
    },
    /// Someone is deleting the Job.
    Terminating,
    Failed {
        attempt: u32,
        retry: Timestamp,
    },
    /// The replicas may have the new image.
    Complete,
}

#[derive(Clone, Debug)]
pub(crate) struct MigrationInput<'a> {
    pub wanted: &'a Release,
    /// What the live Deployment records as migrated.
    pub recorded: Option<Migrated>,
    pub job: Option<JobView>,
    /// Whether embedded PostgreSQL has another volume.
    pub replaced: Option<Replaced>,
    /// Generation of the spec.
    pub generation: i64,
    /// None: it was not asked.
    pub postgres_answers: Option<bool>,
    pub now: Timestamp,
}

pub(crate) fn decide(input: &MigrationInput<'_>) -> Decision {
    let fresh = JobMark {
        fingerprint: fingerprint(input.wanted),
        generation: input.generation,
        attempt: 1,
        changes: 0,
    };
    if let Some(replaced) = &input.replaced {
        return Decision::DatabaseReplaced(replaced.clone());
    }
    if migrated(input) {
        return settled(input.job.as_ref(), &fresh);
    }
    let Some(job) = &input.job else {
        return when_answering(input, Decision::Start(fresh));
    };
    match &job.state {
        JobState::Terminating => Decision::Terminating,
        _ if job.fingerprint != fresh.fingerprint => supersede(input, job, fresh),
        JobState::Complete => Decision::Complete,
        JobState::Running => Decision::Running,
        // Where its pod may run, and with which resources, may have been what kept it from running.
        JobState::Pending | JobState::Failed(_) if job.generation != input.generation => {
            supersede(input, job, fresh)
        }
        JobState::Pending => Decision::Running,
        JobState::Failed(since) => retry(input, job.attempt, *since, fresh),
    }
}

fn migrated(input: &MigrationInput<'_>) -> bool {
    input
        .recorded
        .as_ref()
        .is_some_and(|recorded| recorded.is(input.wanted))
}

/// The spec may have changed to another image and back while a Job was running.
fn settled(job: Option<&JobView>, wanted: &JobMark) -> Decision {
    let stray = job.filter(|job| job.fingerprint != wanted.fingerprint);
    match stray.map(|job| &job.state) {
        Some(JobState::Pending | JobState::Running | JobState::Failed(_)) => Decision::Cancel,
        _ => Decision::Settled,
    }
}

/// Replaces a Job that is for something else: at once, but not again and again, as where two programs disagree about an image.
fn supersede(input: &MigrationInput<'_>, job: &JobView, fresh: JobMark) -> Decision {
    let recent = input.now.duration_since(job.created) < CALM;
    let changes = if recent { job.changes + 1 } else { 0 };
    let retry = job.created + wait(changes.saturating_sub(QUICK_CHANGES));
    if changes > QUICK_CHANGES && input.now < retry {
        return Decision::Postponed { changes, retry };
    }
    when_answering(input, Decision::Replace(JobMark { changes, ..fresh }))
}

fn retry(input: &MigrationInput<'_>, attempt: u32, since: Timestamp, fresh: JobMark) -> Decision {
    let retry = since + wait(attempt);
    if input.now < retry {
        return Decision::Failed { attempt, retry };
    }
    when_answering(
        input,
        Decision::Replace(JobMark {
            attempt: attempt.saturating_add(1),
            ..fresh
        }),
    )
}

/// A Job that starts before PostgreSQL does would fail for nothing.
fn when_answering(input: &MigrationInput<'_>, then: Decision) -> Decision {
    match input.postgres_answers {
        None => Decision::Probe,
        Some(false) => Decision::WaitForPostgres,
        Some(true) => then,
    }
}

fn wait(attempt: u32) -> SignedDuration {
    let doublings = attempt.saturating_sub(1).min(10);
    SignedDuration::from_mins((1i64 << doublings).min(LONGEST_WAIT_MINUTES))
}

fn fingerprint(release: &Release) -> String {
    digest([
        release.image.as_str(),
        &release.database,
        &release.search_language,
        &release.secrets,
    ])
}

/// What the replicas should run. None while a Secret is missing. `volume` is that of embedded PostgreSQL.
pub(crate) fn wanted(chat: &Chat, access: &Access, volume: Option<&str>) -> Option<Release> {
    let address = &access.database.as_ref().ok()?.identity;
    Some(Release {
        image: chat.images.chat_app.clone(),
        database: volume.map_or_else(|| address.clone(), |volume| digest([address, volume])),
        search_language: chat.settings.search_language.name(),
        secrets: access.secrets.clone()?,
    })
}

/// What the live Deployment records as migrated.
pub(crate) fn recorded(live: Option<&Deployment>) -> Option<Migrated> {
    let annotations = live?.annotations();
    Some(Migrated {
        image: annotations.get(ANNOTATION_MIGRATED_IMAGE)?.clone(),
        database: annotations.get(ANNOTATION_MIGRATED_DATABASE)?.clone(),
        search_language: annotations
            .get(ANNOTATION_MIGRATED_SEARCH)
            .map_or(SIMPLE, String::as_str)
            .to_owned(),
    })
}

/// What the replicas run now: what is wanted once it is migrated, else the image of the last migration with everything else
/// new, so that scaling, rotation and recreation go on.
pub(crate) fn release(
    decision: Option<&Decision>,
    wanted: Option<&Release>,
    live: Option<&Deployment>,
    status: Option<&ChatDeploymentStatus>,
) -> Option<Release> {
    if let (Some(Decision::Settled | Decision::Cancel | Decision::Complete), Some(wanted)) =
        (decision, wanted)
    {
        return Some(wanted.clone());
    }
    match (recorded(live), live) {
        (Some(migrated), Some(live)) => {
            let secrets = wanted
                // Another database is not migrated yet: its credentials must not reach the replicas.
                .filter(|wanted| wanted.database == migrated.database)
                .map_or_else(|| live_secrets(live), |wanted| wanted.secrets.clone());
            Some(Release {
                image: migrated.image,
                database: migrated.database,
                search_language: migrated.search_language,
                secrets,
            })
        }
        _ => recreated(wanted?, status?),
    }
}

/// The Deployment was deleted while a migration to a newer image is running: what ran last runs again. The record of the
/// database went with it, so that the migration is decided again afterwards.
fn recreated(wanted: &Release, status: &ChatDeploymentStatus) -> Option<Release> {
    let image = status.image.clone().filter(|_| status.schema.is_some())?;
    (image != wanted.image).then(|| Release {
        image,
        ..wanted.clone()
    })
}

fn live_secrets(live: &Deployment) -> String {
    let template = live
        .spec
        .as_ref()
        .and_then(|spec| spec.template.metadata.as_ref());
    let annotations = template.and_then(|metadata| metadata.annotations.as_ref());
    annotations
        .and_then(|all| all.get(ANNOTATION_SECRETS))
        .cloned()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
