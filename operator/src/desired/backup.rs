//! The CronJob that backs up the chat. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobSpec, JobTemplateSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};

use super::{app, certificates, environment, meta, pod};
use crate::access::Access;
use crate::crd::Backup;
use crate::migration::Release;
use crate::names::Role;
use crate::validate::Chat;

/// On the image of the replicas, whose schema it knows. None without a schedule, and while there is no schema.
pub(super) fn cron_job(chat: &Chat, access: &Access, release: Option<&Release>) -> Option<CronJob> {
    let (backup, release) = (chat.backup.as_ref()?, release?);
    let template = PodTemplateSpec {
        metadata: Some(meta::pods(chat, Role::Backup, BTreeMap::new())),
        spec: Some(pod_spec(chat, access, backup, release)),
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

fn pod_spec(chat: &Chat, access: &Access, backup: &Backup, release: &Release) -> PodSpec {
    let files = certificates::of_migration(&access.database_login);
    PodSpec {
        service_account_name: Some(chat.child(Role::App)),
        restart_policy: Some("Never".to_owned()),
        security_context: Some(pod::pod_security(chat, app::USER)),
        containers: vec![Container {
            name: "backup".to_owned(),
            image: Some(release.image.clone()),
            args: Some(vec!["backup".to_owned()]),
            env: Some(environment::backup(chat, access, backup)),
            resources: Some(pod::requirements(&chat.resources)),
            security_context: Some(pod::container_security(chat)),
            volume_mounts: certificates::mounts(&files),
            ..Container::default()
        }],
        volumes: certificates::volumes(&files),
        ..pod::base(chat)
    }
}
