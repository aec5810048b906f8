//! The CronJob that backs up the chat. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobSpec, JobTemplateSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;

use super::command::{self, Command};
use super::{environment, meta};
use crate::access::Access;
use crate::migration::Release;
use crate::names::Role;
use crate::validate::Chat;

/// On the image of the replicas, whose schema it knows. None without a schedule, and while there is no schema.
pub(super) fn cron_job(chat: &Chat, access: &Access, release: Option<&Release>) -> Option<CronJob> {
    let (backup, release) = (chat.backup.as_ref()?, release?);
    let command = Command {
        name: "backup",
        image: &release.image,
        env: environment::backup(chat, access, backup),
    };
    let template = PodTemplateSpec {
        metadata: Some(meta::pods(chat, Role::Backup, BTreeMap::new())),
        spec: Some(command::pod_spec(chat, access, None, command)),
    };
    let job = JobSpec {
        backoff_limit: Some(2),
        template,
        ..JobSpec::default()
    };
    let spec = CronJobSpec {
        schedule: backup.schedule.clone(),
        time_zone: Some(backup.time_zone.clone()),
        concurrency_policy: Some("Forbid".to_owned()),
        // A backup that was missed, as while the control plane was down, is made up for within an hour.
        starting_deadline_seconds: Some(3600),
        successful_jobs_history_limit: Some(1),
        failed_jobs_history_limit: Some(1),
        job_template: JobTemplateSpec {
            metadata: None,
            spec: Some(job),
        },
        ..CronJobSpec::default()
    };
    Some(CronJob {
        metadata: meta::child(chat, Role::Backup),
        spec: Some(spec),
        status: None,
    })
}
