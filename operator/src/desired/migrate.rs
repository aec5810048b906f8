//! The Job that migrates the schema. Pure. [`crate::migration`] decides when it is created.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};

use super::command::{self, Command};
use super::{environment, meta};
use crate::access::Access;
use crate::migration::JobMark;
use crate::names::{
    ANNOTATION_ATTEMPT, ANNOTATION_CHANGES, ANNOTATION_FINGERPRINT, ANNOTATION_GENERATION, Role,
};
use crate::validate::Chat;

/// The Job does not retry: the operator decides that, so that each failure is reported.
pub(crate) fn job(chat: &Chat, access: &Access, mark: &JobMark) -> Job {
    let mut metadata = meta::child(chat, Role::Migrate);
    metadata.annotations = Some(BTreeMap::from([
        (ANNOTATION_FINGERPRINT.to_owned(), mark.fingerprint.clone()),
        (ANNOTATION_ATTEMPT.to_owned(), mark.attempt.to_string()),
        (ANNOTATION_CHANGES.to_owned(), mark.changes.to_string()),
        (
            ANNOTATION_GENERATION.to_owned(),
            mark.generation.to_string(),
        ),
    ]));
    let template = PodTemplateSpec {
        metadata: Some(meta::pods(chat, Role::Migrate, BTreeMap::new())),
        spec: Some(pod_spec(chat, access)),
    };
    let spec = JobSpec {
        backoff_limit: Some(0),
        template,
        ..JobSpec::default()
    };
    Job {
        metadata,
        spec: Some(spec),
        status: None,
    }
}

/// A backup is restored before the migration, so that this works on its rows. A restore that is done does nothing.
fn pod_spec(chat: &Chat, access: &Access) -> PodSpec {
    let run = |name, env| Command {
        name,
        image: &chat.images.chat_app,
        env,
    };
    let restore = chat.restore.as_ref();
    let restore = restore.map(|it| run("restore", environment::restore(chat, access, it)));
    let migrate = run("migrate", environment::migrate(chat, access));
    command::pod_spec(chat, access, restore, migrate)
}
