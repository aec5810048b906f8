//! The decisions about the migration Job, and what the replicas run meanwhile. Pure.

use super::*;
use crate::crd::SchemaStatus;
use k8s_openapi::api::batch::v1::Job;
use serde_json::json;

const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

fn wanted() -> Release {
    Release {
        image: "app:2".into(),
        database: "db1".into(),
        search_language: "simple".into(),
        secrets: "s=1".into(),
    }
}

fn recorded_as(image: &str, database: &str, search_language: &str) -> Option<Migrated> {
    Some(Migrated {
        image: image.to_owned(),
        database: database.to_owned(),
        search_language: search_language.to_owned(),
    })
}

fn job(state: JobState) -> JobView {
    JobView {
        fingerprint: fingerprint(&wanted()),
        generation: 1,
        attempt: 1,
        changes: 0,
        created: Timestamp::UNIX_EPOCH,
        state,
    }
}

fn at<'a>(wanted: &'a Release, job: Option<JobView>) -> MigrationInput<'a> {
    MigrationInput {
        wanted,
        recorded: None,
        job,
        replaced: None,
        generation: 1,
        postgres_answers: Some(true),
        now: NOW,
    }
}

fn mark(attempt: u32) -> JobMark {
    JobMark {
        fingerprint: fingerprint(&wanted()),
        generation: 1,
        attempt,
        changes: 0,
    }
}

fn failed_minutes_ago(minutes: i64, attempt: u32) -> JobView {
    JobView {
        attempt,
        ..job(JobState::Failed(NOW - SignedDuration::from_mins(minutes)))
    }
}

#[test]
fn what_the_deployment_records_is_not_migrated_again_even_if_the_job_vanished() {
    let wanted = wanted();
    let recorded = recorded_as("app:2", "db1", "simple");
    assert_eq!(
        decide(&MigrationInput {
            recorded,
            ..at(&wanted, None)
        }),
        Decision::Settled
    );
}

#[test]
fn a_job_created_for_an_image_that_is_no_longer_wanted_is_canceled() {
    let wanted = wanted();
    let recorded = recorded_as("app:2", "db1", "simple");
    let other = |state| JobView {
        fingerprint: "other".into(),
        ..job(state)
    };
    for (job, decision) in [
        (other(JobState::Pending), Decision::Cancel),
        (other(JobState::Running), Decision::Cancel),
        (other(JobState::Failed(NOW)), Decision::Cancel),
        (other(JobState::Complete), Decision::Settled),
        (other(JobState::Terminating), Decision::Settled),
        (job(JobState::Running), Decision::Settled),
    ] {
        let input = MigrationInput {
            recorded: recorded.clone(),
            ..at(&wanted, Some(job))
        };
        assert_eq!(decide(&input), decision);
    }
}

#[test]
fn another_image_another_database_or_another_search_language_is_migrated() {
    let wanted = wanted();
    for recorded in [
        recorded_as("app:1", "db1", "simple"),
        recorded_as("app:2", "db0", "simple"),
        recorded_as("app:2", "db1", "german"),
    ] {
        assert_eq!(
            decide(&MigrationInput {
                recorded,
                ..at(&wanted, None)
            }),
            Decision::Start(mark(1))
        );
    }
}

#[test]
fn an_empty_database_on_another_volume_is_not_migrated() {
    let (mut wanted, replaced) = (
        wanted(),
        Replaced {
            recorded: "one".into(),
            current: "two".into(),
        },
    );
    wanted.image = "app:3".into();
    let input = MigrationInput {
        recorded: recorded_as("app:2", "db1", "simple"),
        replaced: Some(replaced.clone()),
        ..at(&wanted, None)
    };
    assert_eq!(decide(&input), Decision::DatabaseReplaced(replaced));
}

#[test]
fn a_migration_starts_only_once_postgresql_answers() {
    let wanted = wanted();
    assert_eq!(
        decide(&MigrationInput {
            postgres_answers: None,
            ..at(&wanted, None)
        }),
        Decision::Probe
    );
    assert_eq!(
        decide(&MigrationInput {
            postgres_answers: Some(false),
            ..at(&wanted, None)
        }),
        Decision::WaitForPostgres
    );
}

#[test]
fn a_job_is_followed_by_its_conditions() {
    let wanted = wanted();
    for state in [JobState::Pending, JobState::Running] {
        assert_eq!(decide(&at(&wanted, Some(job(state)))), Decision::Running);
    }
    assert_eq!(
        decide(&at(&wanted, Some(job(JobState::Complete)))),
        Decision::Complete
    );
    assert_eq!(
        decide(&at(&wanted, Some(job(JobState::Terminating)))),
        Decision::Terminating
    );
}

#[test]
fn a_job_for_another_image_database_language_or_secret_is_replaced_at_once() {
    let changed = [
        Release {
            image: "app:3".into(),
            ..wanted()
        },
        Release {
            database: "db2".into(),
            ..wanted()
        },
        Release {
            search_language: "german".into(),
            ..wanted()
        },
        Release {
            secrets: "s=2".into(),
            ..wanted()
        },
    ];
    for wanted in changed {
        for state in [JobState::Running, JobState::Complete, JobState::Failed(NOW)] {
            let decision = decide(&at(&wanted, Some(job(state))));
            assert!(
                matches!(decision, Decision::Replace(JobMark { attempt: 1, .. })),
                "{decision:?}"
            );
        }
    }
}

#[test]
fn jobs_that_replace_each_other_are_created_later_and_later() {
    let other = Release {
        image: "app:3".into(),
        ..wanted()
    };
    let (mut now, mut young, mut created) = (NOW, job(JobState::Running), 0);
    young.created = now;
    // Two operators that want different images see the other's Job a second after it was created.
    while now < NOW + SignedDuration::from_mins(30) {
        now += SignedDuration::from_secs(1);
        let input = MigrationInput {
            now,
            ..at(&other, Some(young.clone()))
        };
        if let Decision::Replace(mark) = decide(&input) {
            young.changes = mark.changes;
            young.created = now;
            created += 1;
        }
    }
    assert_eq!(created, 9);
    young.created = now - SignedDuration::from_mins(20);
    let input = MigrationInput {
        now,
        ..at(&other, Some(young))
    };
    assert!(matches!(
        decide(&input),
        Decision::Replace(JobMark { changes: 0, .. })
    ));
}

#[test]
fn a_failed_migration_is_retried_after_1_2_4_8_and_then_every_15_minutes() {
    let wanted = wanted();
    for (attempt, minutes) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 15), (6, 15), (60, 15)] {
        let early = decide(&at(&wanted, Some(failed_minutes_ago(minutes - 1, attempt))));
        assert_eq!(
            early,
            Decision::Failed {
                attempt,
                retry: NOW + SignedDuration::from_mins(1)
            }
        );
        let due = decide(&at(&wanted, Some(failed_minutes_ago(minutes, attempt))));
        assert_eq!(due, Decision::Replace(mark(attempt + 1)));
    }
}

#[test]
fn a_failed_migration_is_retried_at_once_when_the_spec_changed() {
    let wanted = wanted();
    let input = MigrationInput {
        generation: 2,
        ..at(&wanted, Some(failed_minutes_ago(0, 3)))
    };
    assert_eq!(
        decide(&input),
        Decision::Replace(JobMark {
            generation: 2,
            ..mark(1)
        })
    );
}

#[test]
fn a_job_whose_pod_does_not_run_is_replaced_when_the_spec_changed() {
    let wanted = wanted();
    let changed = |state| MigrationInput {
        generation: 2,
        ..at(&wanted, Some(job(state)))
    };
    assert_eq!(
        decide(&changed(JobState::Pending)),
        Decision::Replace(JobMark {
            generation: 2,
            ..mark(1)
        })
    );
    assert_eq!(decide(&changed(JobState::Running)), Decision::Running);
    let job: Job = serde_json::from_value(json!({"status": {"active": 1, "ready": 1}})).unwrap();
    assert_eq!(JobView::of(&job).state, JobState::Running);
}

#[test]
fn a_job_says_failed_by_its_condition_and_not_by_a_completion_time() {
    let job = |conditions| {
        let job: Job = serde_json::from_value(json!({
            "metadata": {"annotations": {"confab.dev/attempt": "3", "confab.dev/generation": "2", "confab.dev/migrates": "f"}},
            "status": {"conditions": conditions},
        }))
        .unwrap();
        JobView::of(&job)
    };
    let failed = job(
        json!([{"type": "Failed", "status": "True", "lastTransitionTime": "1970-01-12T13:46:40Z"}]),
    );
    assert_eq!(
        failed,
        JobView {
            fingerprint: "f".into(),
            generation: 2,
            attempt: 3,
            changes: 0,
            created: Timestamp::UNIX_EPOCH,
            state: JobState::Failed(NOW)
        }
    );
    assert_eq!(
        job(json!([{"type": "Failed", "status": "False"}])).state,
        JobState::Pending
    );
    assert_eq!(
        job(json!([{"type": "Complete", "status": "True"}])).state,
        JobState::Complete
    );
}

fn live(image: &str, database: &str) -> Deployment {
    serde_json::from_value(json!({
        "metadata": {"annotations": {"confab.dev/migrated-image": image, "confab.dev/migrated-database": database}},
        "spec": {"selector": {}, "template": {"metadata": {"annotations": {"confab.dev/secrets": "s=0"}}}},
    }))
    .unwrap()
}

#[test]
fn nothing_runs_before_the_first_migration_is_complete() {
    assert_eq!(
        release(Some(&Decision::Running), Some(&wanted()), None, None),
        None
    );
    assert_eq!(
        release(Some(&Decision::Complete), Some(&wanted()), None, None),
        Some(wanted())
    );
}

#[test]
fn until_a_new_image_is_migrated_the_old_one_runs_with_everything_else_new() {
    let live = live("app:1", "db1");
    let expected = Release {
        image: "app:1".into(),
        ..wanted()
    };
    assert_eq!(
        release(Some(&Decision::Running), Some(&wanted()), Some(&live), None),
        Some(expected)
    );
}

#[test]
fn until_a_search_language_is_migrated_the_replicas_search_in_the_one_before() {
    let wanted = Release {
        search_language: "german".into(),
        ..wanted()
    };
    let live = live("app:2", "db1");
    let before = release(Some(&Decision::Running), Some(&wanted), Some(&live), None).unwrap();
    assert_eq!(
        before.search_language, "simple",
        "what an operator without languages left"
    );
    let after = release(Some(&Decision::Complete), Some(&wanted), Some(&live), None);
    assert_eq!(after, Some(wanted));
}

#[test]
fn the_credentials_of_a_database_that_is_not_migrated_do_not_reach_the_replicas() {
    let live = live("app:1", "db0");
    let expected = Release {
        image: "app:1".into(),
        database: "db0".into(),
        search_language: "simple".into(),
        secrets: "s=0".into(),
    };
    assert_eq!(
        release(Some(&Decision::Running), Some(&wanted()), Some(&live), None),
        Some(expected.clone())
    );
    assert_eq!(
        release(None, None, Some(&live), None),
        Some(expected),
        "a missing Secret does not stop scaling"
    );
}

#[test]
fn a_deployment_deleted_during_a_failing_upgrade_comes_back_with_the_image_it_had() {
    let schema = Some(SchemaStatus {
        applied: 1,
        target: 1,
        max_connections: None,
    });
    let status = ChatDeploymentStatus {
        image: Some("app:1".into()),
        schema,
        ..ChatDeploymentStatus::default()
    };
    let release = release(
        Some(&Decision::Running),
        Some(&wanted()),
        None,
        Some(&status),
    )
    .unwrap();
    assert_eq!(release.image, "app:1");
    let never_migrated = ChatDeploymentStatus {
        schema: None,
        ..status
    };
    assert_eq!(
        super::release(
            Some(&Decision::Running),
            Some(&wanted()),
            None,
            Some(&never_migrated)
        ),
        None
    );
}
