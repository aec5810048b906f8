//! The pods of Jobs: each container runs one command of the chat-app, and ends. Pure.

use k8s_openapi::api::core::v1::{Container, EnvVar, PodSpec};

use super::{app, certificates, pod};
use crate::access::Access;
use crate::names::Role;
use crate::validate::Chat;

/// A command of the chat-app.
pub(super) struct Command<'a> {
    pub name: &'a str,
    pub image: &'a str,
    pub env: Vec<EnvVar>,
}

/// Runs `first`, if there is one, and then `main`, with access to the database.
pub(super) fn pod_spec(
    chat: &Chat,
    access: &Access,
    first: Option<Command<'_>>,
    main: Command<'_>,
) -> PodSpec {
    let files = certificates::of_migration(&access.database_login);
    let container = |command: Command<'_>| Container {
        name: command.name.to_owned(),
        image: Some(command.image.to_owned()),
        args: Some(vec![command.name.to_owned()]),
        env: Some(command.env),
        resources: Some(pod::requirements(&chat.resources)),
        security_context: Some(pod::container_security(chat)),
        volume_mounts: certificates::mounts(&files),
        ..Container::default()
    };
    PodSpec {
        service_account_name: Some(chat.child(Role::App)),
        restart_policy: Some("Never".to_owned()),
        security_context: Some(pod::pod_security(chat, app::USER)),
        init_containers: first.map(|first| vec![container(first)]),
        containers: vec![container(main)],
        volumes: certificates::volumes(&files),
        ..pod::base(chat)
    }
}
