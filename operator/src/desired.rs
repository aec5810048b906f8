//! Step desired: every child that the chat should have. Pure. It cannot fail, since [`crate::validate`] returned
//! safe values. The snapshots in `desired/snapshots` show the result.

mod app;
mod backup;
mod certificates;
mod command;
mod connections;
mod embedded;
mod environment;
mod gateway;
mod kafka;
mod meta;
mod migrate;
mod network;
mod pod;
mod policy;
mod postgres;
mod secrets;
mod strimzi;

pub(crate) use connections::connections;
pub(crate) use meta::{labels, selector};
pub(crate) use migrate::job;

use crate::access::Access;
use crate::children::Children;
use crate::crd::{Kafka, Postgres, SchemaStatus};
use crate::credentials::Credentials;
use crate::migration::Release;
use crate::names::Role;
use crate::topic;
use crate::validate::Chat;

/// What the children are built from, beside the chat itself.
#[derive(Clone, Debug)]
pub(crate) struct BuildInput<'a> {
    pub credentials: &'a Credentials,
    pub access: &'a Access,
    /// None: no replica may start yet.
    pub release: Option<&'a Release>,
    /// What the last migration reported.
    pub schema: Option<SchemaStatus>,
    /// The volume with the chat's messages, where PostgreSQL is embedded and it is known.
    pub volume: Option<&'a str>,
    /// The namespace that this operator runs in.
    pub operator: &'a str,
}

/// Every child that `chat` should have. The migration's Job is not among them: [`crate::migration`] decides about it.
pub(crate) fn desired(chat: &Chat, input: &BuildInput<'_>) -> Children {
    let mut all = Children::default();
    embedded_services(&mut all, chat, input);
    let [events, signals] = topic::wanted(chat);
    all.insert(Role::Events, strimzi::topic(chat, Role::Events, events));
    all.insert(Role::Signals, strimzi::topic(chat, Role::Signals, signals));
    all.insert(
        Role::Keys,
        Some(secrets::keys(chat, &input.credentials.keys)),
    );
    all.insert(Role::App, Some(app::service_account(chat)));
    all.insert(Role::App, Some(network::service(chat)));
    let release = input.release;
    all.insert(
        Role::App,
        release.map(|release| app::deployment(chat, input, release)),
    );
    all.insert(Role::App, Some(app::disruption_budget(chat)));
    let limits = chat.autoscaling.as_ref();
    all.insert(
        Role::App,
        limits.map(|limits| app::autoscaler(chat, limits)),
    );
    all.insert(Role::App, network::ingress(chat));
    all.insert(Role::App, gateway::route(chat));
    all.insert(Role::App, policy::app(chat, input.access));
    all.insert(Role::Backup, backup::cron_job(chat, input.access, release));
    all
}

fn embedded_services(all: &mut Children, chat: &Chat, input: &BuildInput<'_>) {
    if matches!(chat.kafka, Kafka::Embedded(_)) {
        all.insert(
            Role::Kafka,
            Some(secrets::kafka(chat, &input.credentials.kafka)),
        );
        all.insert(Role::Kafka, Some(kafka::config(chat)));
        all.insert(Role::Kafka, Some(kafka::service(chat)));
        all.insert(Role::Kafka, kafka::stateful_set(chat, input.credentials));
        all.insert(Role::Kafka, policy::embedded_kafka(chat, input.operator));
    }
    if matches!(chat.postgres, Postgres::Embedded(_)) {
        all.insert(
            Role::Postgres,
            Some(secrets::postgres(
                chat,
                &input.credentials.postgres,
                input.volume,
            )),
        );
        all.insert(Role::Postgres, Some(postgres::service(chat)));
        all.insert(
            Role::Postgres,
            postgres::stateful_set(chat, input.credentials),
        );
        all.insert(Role::Postgres, policy::embedded_postgres(chat));
    }
}

#[cfg(test)]
mod tests;
