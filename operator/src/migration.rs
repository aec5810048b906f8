//! Whether the schema must be migrated, and what to do about it now. Pure: the decision table of the migration Job.
//!
//! A migration is needed only when image, database or search language differ from what the live Deployment records, so that a
//! Job which vanished is not repeated. The Job's condition `Complete` is the gate through which a new image
//! reaches the Deployment; until then the replicas stay on the last migrated one.

mod job;

pub use job::{JobMark, JobState, JobView, SEARCH_LANGUAGE, target};

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

/// PostgreSQL's text search configuration for all languages.
pub const SIMPLE: &str = "simple";

/// A failed migration is tried again after 1, 2, 4 … minutes, at most this many.
const LONGEST_WAIT_MINUTES: i64 = 15;

/// What the replicas are built with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    pub image: String,
    /// The database's identity.
    pub database: String,
    /// PostgreSQL's text search configuration.
    pub search_language: String,
    /// Versions of the Secrets.
    pub secrets: String,
}

/// What was migrated last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
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

/// What is to be done about the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The schema is the one that image, database and search language need.
    Settled,
    /// The same, and a Job that was begun for something else is no longer wanted.
    Cancel,
    /// A migration is needed: does PostgreSQL answer?
    Ask,
    /// It does not answer yet.
    Wait,
    Start(JobMark),
    /// Remove the Job, which is for something else or failed long enough ago, and make this one.
    Replace(JobMark),
    Running,
    /// It is being removed by someone.
    Leaving,
    Failed {
        attempt: u32,
        /// When it is tried again.
        retry: Timestamp,
    },
    /// It is done: the replicas may have the new image.
    Complete,
}

/// What the decision rests on.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// What the replicas should run.
    pub wanted: &'a Release,
    /// What the live Deployment records as migrated.
    pub recorded: Option<Migrated>,
    pub job: Option<JobView>,
    /// Generation of the spec.
    pub generation: i64,
    /// Whether PostgreSQL answers, if it was asked.
    pub answers: Option<bool>,
    pub now: Timestamp,
}

pub fn decide(at: &Situation<'_>) -> Decision {
    let fresh = JobMark {
        fingerprint: fingerprint(at.wanted),
        generation: at.generation,
        attempt: 1,
    };
    if migrated(at) {
        return settled(at.job.as_ref(), &fresh);
    }
    let Some(job) = &at.job else {
        return when_answering(at, Decision::Start(fresh));
    };
    match &job.state {
        JobState::Leaving => Decision::Leaving,
        _ if job.fingerprint != fresh.fingerprint => when_answering(at, Decision::Replace(fresh)),
        JobState::Complete => Decision::Complete,
        JobState::Active => Decision::Running,
        JobState::Failed(_) if job.generation != at.generation => {
            when_answering(at, Decision::Replace(fresh))
        }
        JobState::Failed(since) => again(at, job.attempt, *since, fresh),
    }
}

fn migrated(at: &Situation<'_>) -> bool {
    at.recorded
        .as_ref()
        .is_some_and(|recorded| recorded.is(at.wanted))
}

/// The spec may have gone to another image and back while a Job was under way.
fn settled(job: Option<&JobView>, wanted: &JobMark) -> Decision {
    let stray = job.filter(|job| job.fingerprint != wanted.fingerprint);
    match stray.map(|job| &job.state) {
        Some(JobState::Active | JobState::Failed(_)) => Decision::Cancel,
        _ => Decision::Settled,
    }
}

fn again(at: &Situation<'_>, attempt: u32, since: Timestamp, fresh: JobMark) -> Decision {
    let retry = since + wait(attempt);
    if at.now < retry {
        return Decision::Failed { attempt, retry };
    }
    when_answering(
        at,
        Decision::Replace(JobMark {
            attempt: attempt.saturating_add(1),
            ..fresh
        }),
    )
}

/// A Job that starts before PostgreSQL does would fail for nothing.
fn when_answering(at: &Situation<'_>, then: Decision) -> Decision {
    match at.answers {
        None => Decision::Ask,
        Some(false) => Decision::Wait,
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

/// What the replicas should run, if nothing stood in the way. None while a Secret is missing.
pub fn wanted(chat: &Chat, access: &Access) -> Option<Release> {
    Some(Release {
        image: chat.images.chat_app.clone(),
        database: access.database.as_ref().ok()?.identity.clone(),
        search_language: chat.settings.search_language.configuration(),
        secrets: access.secrets.clone()?,
    })
}

/// What the live Deployment records as migrated.
pub fn recorded(live: Option<&Deployment>) -> Option<Migrated> {
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

/// What the replicas are built with now: what is wanted once it is migrated, else the image that was migrated last
/// and everything else new, so that scaling, rotation and re-creation go on.
pub fn release(
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
                // Another database is not migrated yet: its login must not reach the replicas.
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

/// The Deployment is gone while a migration to a newer image is under way: what ran last runs again. The record
/// of the database went with it, so that the migration is looked at again afterwards.
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
