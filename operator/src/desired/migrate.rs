//! The Job that migrates the schema. Pure. [`crate::migration`] decides when it is created.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, EnvVar, PodSpec, PodTemplateSpec};

use super::{app, certificates, environment, meta, pod};
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
    let files = certificates::of_migration(&access.database_login);
    PodSpec {
        service_account_name: Some(chat.child(Role::App)),
        restart_policy: Some("Never".to_owned()),
        security_context: Some(pod::pod_security(chat, app::USER)),
        init_containers: chat.restore.as_ref().map(|restore| {
            let env = environment::restore(chat, access, restore);
            vec![container(chat, "restore", env, &files)]
        }),
        containers: vec![container(
            chat,
            "migrate",
            environment::migrate(chat, access),
            &files,
        )],
        volumes: certificates::volumes(&files),
        ..pod::base(chat)
    }
}

/// Runs the command of the chat-app.
fn container(
    chat: &Chat,
    command: &str,
    env: Vec<EnvVar>,
    files: &[certificates::Files],
) -> Container {
    Container {
        name: command.to_owned(),
        image: Some(chat.images.chat_app.clone()),
        args: Some(vec![command.to_owned()]),
        env: Some(env),
        resources: Some(pod::requirements(&chat.resources)),
        security_context: Some(pod::container_security(chat)),
        volume_mounts: certificates::mounts(files),
        ..Container::default()
    }
}
