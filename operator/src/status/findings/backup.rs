//! The finding about backups. Pure.

use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus};
use k8s_openapi::jiff::{SignedDuration, Timestamp};

use crate::backup::{last_failure, last_success};
use crate::names::Role;
use crate::reason::Reason;
use crate::status::{ChatState, Finding, Severity};
use crate::workload::pod_problem;

const BACKED_UP: &str = "BackedUp";
/// A backup that has been under way for longer is late.
const LATE: SignedDuration = SignedDuration::from_hours(3);

pub(in crate::status) fn backed_up(state: &ChatState, now: Timestamp) -> Finding {
    let no = |severity, reason, message| Finding::no(BACKED_UP, severity, reason, message);
    if state.chat.backup.is_none() {
        let message = "No backups are scheduled: set spec.backup to make them";
        return no(
            Severity::Normal,
            Reason::BackupNotConfigured,
            message.to_owned(),
        );
    }
    if let Err(problem) = &state.access.backup_login {
        return no(
            Severity::ActionNeeded,
            problem.reason(),
            problem.to_string(),
        );
    }
    let status = state
        .children
        .get::<CronJob>(Role::Backup)
        .and_then(|job| job.status.clone())
        .unwrap_or_default();
    let now_command = format!(
        "kubectl -n {} create job --from=cronjob/{job} {job}-now",
        state.chat.namespace,
        job = state.chat.child(Role::Backup)
    );
    if let Some(said) = last_failure(&status, &state.pods) {
        let message = format!(
            "The last backup failed: {said}. To try again before the next one is due: {now_command}"
        );
        return no(Severity::ActionNeeded, Reason::BackupFailed, message);
    }
    if let Some(problem) = pod_problem(&state.pods, Role::Backup, None).filter(|_| active(&status))
    {
        return no(
            Severity::problem(problem.needs_action),
            problem.reason,
            problem.message,
        );
    }
    if let Some(since) = late(&status, now) {
        let message = format!(
            "A backup has been under way since {since}: see kubectl -n {} logs -l app.kubernetes.io/instance={},app.kubernetes.io/component=backup",
            state.chat.namespace, state.chat.name
        );
        return no(Severity::Transient, Reason::BackupLate, message);
    }
    match &state.last_backup {
        Some(last) if last_success(&status).is_some() => Finding::yes(
            BACKED_UP,
            Reason::BackupComplete,
            format!(
                "Backup {} was completed and verified at {}",
                last.name, last.time.0
            ),
        ),
        _ => no(
            Severity::Waiting,
            Reason::WaitingForBackup,
            format!("No backup has been made yet. To make one now: {now_command}"),
        ),
    }
}

fn active(status: &CronJobStatus) -> bool {
    status.active.as_ref().is_some_and(|jobs| !jobs.is_empty())
}

fn late(status: &CronJobStatus, now: Timestamp) -> Option<Timestamp> {
    let started = status.last_schedule_time.as_ref()?.0;
    (active(status) && started + LATE < now).then_some(started)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::SecretProblem;
    use crate::backup::{has_news, last_backup};
    use crate::crd::BackupStatus;
    use crate::status::tests::healthy;
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::{Value, json};

    const DONE: &str = "2026-11-30T03:00:42Z";

    fn cron_job(status: Value) -> CronJob {
        serde_json::from_value(json!({"metadata": {"name": "team-backup"}, "status": status}))
            .unwrap()
    }

    fn pod(finished: &str, exit_code: i32, message: &str) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "team-backup-1", "labels": {"app.kubernetes.io/component": "backup"}},
            "status": {"containerStatuses": [{"name": "backup", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
                "state": {"terminated": {"exitCode": exit_code, "message": message, "finishedAt": finished}}}]},
        }))
        .unwrap()
    }

    fn backup() -> Value {
        json!({"backup": {"schedule": "@daily", "destination": {"bucket": "backups", "credentialsSecret": {"name": "key"}}}})
    }

    fn found(status: Value, pods: Vec<Pod>) -> (String, Reason, String) {
        let mut state = healthy(backup());
        let job = cron_job(status);
        state.access.backup_login = Ok(());
        state.last_backup = last_backup(Some(&job), &pods, None);
        state.children = state.children.with(Role::Backup, job);
        state.pods = pods;
        let finding = backed_up(&state, "2026-11-30T09:00:00Z".parse().unwrap());
        (finding.status.to_owned(), finding.reason, finding.message)
    }

    #[test]
    fn a_chat_without_a_schedule_is_not_backed_up() {
        let finding = backed_up(&healthy(json!({})), Timestamp::UNIX_EPOCH);
        assert_eq!(finding.reason, Reason::BackupNotConfigured);
        assert_eq!(finding.severity, Severity::Normal);
    }

    #[test]
    fn a_missing_secret_is_named() {
        let mut state = healthy(backup());
        let missing = "Secret key does not exist".to_owned();
        state.access.backup_login = Err(SecretProblem::Missing(missing));
        let finding = backed_up(&state, Timestamp::UNIX_EPOCH);
        assert_eq!(finding.reason, Reason::SecretNotFound);
    }

    #[test]
    fn the_last_backup_is_named_until_one_fails() {
        let good = pod(DONE, 0, r#"{"name":"20261130T030001Z","bytes":1234}"#);
        let success =
            json!({"lastScheduleTime": "2026-11-30T03:00:00Z", "lastSuccessfulTime": DONE});
        let (status, reason, message) = found(success.clone(), vec![good.clone()]);
        assert_eq!((status.as_str(), reason), ("True", Reason::BackupComplete));
        assert_eq!(
            message,
            format!("Backup 20261130T030001Z was completed and verified at {DONE}")
        );

        let bad = pod(
            "2026-11-30T04:00:42Z",
            1,
            "the bucket with the backups returned an error: no such bucket",
        );
        let (status, reason, message) = found(success, vec![bad, good]);
        assert_eq!((status.as_str(), reason), ("False", Reason::BackupFailed));
        assert!(message.contains("no such bucket"), "{message}");
        assert!(
            message
                .contains("kubectl -n chat create job --from=cronjob/team-backup team-backup-now"),
            "{message}"
        );
    }

    #[test]
    fn the_first_backup_is_waited_for_and_a_slow_one_is_late() {
        assert_eq!(found(json!({}), Vec::new()).1, Reason::WaitingForBackup);
        let under_way =
            |since| json!({"lastScheduleTime": since, "active": [{"name": "team-backup-1"}]});
        let slow = found(under_way("2026-11-30T05:00:00Z"), Vec::new());
        assert_eq!(slow.1, Reason::BackupLate);
        let fresh = found(under_way("2026-11-30T08:00:00Z"), Vec::new());
        assert_eq!(fresh.1, Reason::WaitingForBackup);
    }

    #[test]
    fn pods_are_read_only_while_they_have_something_to_say() {
        let known = BackupStatus {
            name: "20261130T030001Z".to_owned(),
            bytes: 1,
            time: serde_json::from_value(json!(DONE)).unwrap(),
        };
        let success =
            json!({"lastScheduleTime": "2026-11-30T03:00:00Z", "lastSuccessfulTime": DONE});
        assert!(!has_news(&cron_job(json!({})), None));
        assert!(has_news(&cron_job(success.clone()), None));
        assert!(!has_news(&cron_job(success), Some(&known)));
        let next = json!({"lastScheduleTime": "2026-12-01T03:00:00Z", "lastSuccessfulTime": DONE});
        assert!(has_news(&cron_job(next), Some(&known)));
    }
}
