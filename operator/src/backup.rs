//! What the CronJob of the backups and its pods say about the last backup. Pure.

use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use serde::Deserialize;

use crate::crd::BackupStatus;
use crate::names::Role;
use crate::workload::{Ended, ended};

/// What a backup writes as its termination message.
#[derive(Deserialize)]
struct Report {
    name: String,
    bytes: i64,
}

/// When the last backup succeeded.
pub(crate) fn last_success(status: &CronJobStatus) -> Option<Timestamp> {
    status.last_successful_time.as_ref().map(|time| time.0)
}

/// The last backup: as its pod reported it, or as the status has it already.
pub(crate) fn last_backup(
    cron_job: Option<&CronJob>,
    pods: &[Pod],
    before: Option<BackupStatus>,
) -> Option<BackupStatus> {
    let status = cron_job
        .and_then(|job| job.status.clone())
        .unwrap_or_default();
    let Some(time) = last_success(&status) else {
        return before;
    };
    let newest = newest(pods).filter(|ended| ended.exit_code == 0);
    let report = newest.and_then(|ended| serde_json::from_str::<Report>(ended.message?).ok());
    match report {
        Some(Report { name, bytes }) => Some(BackupStatus {
            name,
            bytes,
            time: Time(time),
        }),
        None => before,
    }
}

/// What the last backup said, if it failed and none is under way.
pub(crate) fn last_failure(status: &CronJobStatus, pods: &[Pod]) -> Option<String> {
    let under_way = status.active.as_ref().is_some_and(|jobs| !jobs.is_empty());
    let failed = newest(pods).filter(|ended| ended.exit_code != 0 && !under_way)?;
    let said = failed
        .message
        .map(str::trim)
        .filter(|said| !said.is_empty());
    Some(said.map_or_else(
        || format!("it exited with code {}", failed.exit_code),
        str::to_owned,
    ))
}

/// Whether the pods have something to say that the status does not: the result of a backup, or what keeps one from running.
pub(crate) fn has_news(cron_job: &CronJob, known: Option<&BackupStatus>) -> bool {
    let status = cron_job.status.clone().unwrap_or_default();
    let success = last_success(&status);
    let scheduled = status.last_schedule_time.as_ref().map(|time| time.0);
    success != known.map(|known| known.time.0) || scheduled > success
}

fn newest(pods: &[Pod]) -> Option<Ended<'_>> {
    ended(pods, Role::Backup).max_by_key(|ended| ended.at)
}
