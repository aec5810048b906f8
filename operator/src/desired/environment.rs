//! The settings of the chat-app, as environment variables. Pure. Secrets are referenced, so that their values are in no
//! other object.

use k8s_openapi::api::core::v1::EnvVar;

use super::certificates::{
    KAFKA_CA, KAFKA_CLIENT, POSTGRES_CA, path, provider_ca, provider_secret,
};
use super::{BuildInput, connections, pod};
use crate::access::{Access, DatabaseAddress, DatabaseLogin, KafkaAccess};
use crate::crd::{
    AttachmentStore, Attachments, Auth, Backup, ChatSettings, OidcProvider, PasswordLogin, Restore,
    S3Store, SecondFactor,
};
use crate::credentials::{ENCRYPTION_KEY, SETUP_TOKEN, VAPID_PRIVATE_KEY};
use crate::migration::{Release, SEARCH_LANGUAGE};
use crate::names::Role;
use crate::validate::Chat;

/// For a replica. The search language is the release's: one whose index is not built is not used.
pub(super) fn serve(chat: &Chat, input: &BuildInput<'_>, release: &Release) -> Vec<EnvVar> {
    let access = input.access;
    let pool = connections(chat, input.schema).pool;
    let mut env = database(&access.database_login);
    env.extend([
        pod::env("CONFAB_DATABASE_POOL_SIZE", pool.to_string()),
        pod::env_field("CONFAB_REPLICA", "metadata.name"),
    ]);
    env.extend(kafka(&access.kafka));
    env.extend([
        pod::env("CONFAB_TOPIC_PREFIX", &chat.topic_prefix),
        pod::env("CONFAB_INSTANCE", chat.instance()),
        pod::env(SEARCH_LANGUAGE, &release.search_language),
    ]);
    env.extend(settings(&chat.settings));
    env.extend(auth(&chat.auth));
    env.extend(attachments(chat, &chat.attachments));
    env.extend(keys(chat));
    env.extend(
        chat.url
            .as_ref()
            .map(|url| pod::env("CONFAB_URL", url.to_string())),
    );
    env.extend(chat.extra_env.clone());
    env
}

pub(super) fn migrate(chat: &Chat, access: &Access) -> Vec<EnvVar> {
    let language = chat.settings.search_language.name();
    let mut env = database(&access.database_login);
    env.extend([
        pod::env("CONFAB_INSTANCE", chat.instance()),
        pod::env(SEARCH_LANGUAGE, language),
    ]);
    env.extend(chat.extra_env.clone());
    env
}

pub(super) fn backup(chat: &Chat, access: &Access, backup: &Backup) -> Vec<EnvVar> {
    let mut env = database(&access.database_login);
    env.extend(store(chat, &chat.attachments.store));
    env.extend(bucket("CONFAB_BACKUP", chat, &backup.destination));
    env.push(pod::env("CONFAB_BACKUP_KEEP", backup.keep.to_string()));
    env.extend(
        backup
            .encryption
            .map(|encryption| pod::env("CONFAB_BACKUP_ENCRYPTION", encryption.as_str())),
    );
    env
}

pub(super) fn restore(chat: &Chat, access: &Access, restore: &Restore) -> Vec<EnvVar> {
    let mut env = database(&access.database_login);
    env.extend(store(chat, &chat.attachments.store));
    env.extend(bucket("CONFAB_BACKUP", chat, &restore.source));
    env.push(pod::env("CONFAB_RESTORE_FROM", &restore.from));
    env
}

fn database(login: &DatabaseLogin) -> Vec<EnvVar> {
    const URL: &str = "CONFAB_DATABASE_URL";
    const PASSWORD: &str = "CONFAB_DATABASE_PASSWORD";
    let mut env = match &login.address {
        DatabaseAddress::Secret(secret) => vec![pod::env_secret(URL, &secret.name, &secret.key)],
        DatabaseAddress::Parts { url, password } => vec![
            pod::env(URL, url),
            pod::env_secret(PASSWORD, &password.name, &password.key),
        ],
        DatabaseAddress::Credentials {
            url,
            secret,
            database_key,
        } => {
            let from_secret = |name, key| pod::env_secret(name, &secret.name, key);
            let database = database_key.map(|key| from_secret("CONFAB_DATABASE_NAME", key));
            let login = [
                pod::env(URL, url),
                from_secret("CONFAB_DATABASE_USER", &secret.username_key),
                from_secret(PASSWORD, &secret.password_key),
            ];
            login.into_iter().chain(database).collect()
        }
    };
    env.extend(
        login
            .ssl_mode
            .map(|mode| pod::env("CONFAB_DATABASE_SSL_MODE", mode)),
    );
    env.extend(
        login
            .ca
            .as_ref()
            .map(|ca| pod::env("CONFAB_DATABASE_SSL_CA_FILE", path(POSTGRES_CA, &ca.key))),
    );
    env
}

fn kafka(kafka: &KafkaAccess) -> Vec<EnvVar> {
    const USERNAME: &str = "CONFAB_KAFKA_SASL_USERNAME";
    let mut env = vec![
        pod::env(
            "CONFAB_KAFKA_BOOTSTRAP_SERVERS",
            kafka.bootstrap_servers.join(","),
        ),
        pod::env("CONFAB_KAFKA_SECURITY_PROTOCOL", kafka.security_protocol()),
    ];
    if let Some(sasl) = &kafka.sasl {
        env.extend([
            pod::env("CONFAB_KAFKA_SASL_MECHANISM", sasl.mechanism.as_str()),
            match &sasl.username {
                Some(name) => pod::env(USERNAME, name),
                None => pod::env_secret(USERNAME, &sasl.secret.name, &sasl.secret.username_key),
            },
            pod::env_secret(
                "CONFAB_KAFKA_SASL_PASSWORD",
                &sasl.secret.name,
                &sasl.secret.password_key,
            ),
        ]);
    }
    if let Some(tls) = &kafka.tls {
        env.push(pod::env(
            "CONFAB_KAFKA_SSL_CA_FILE",
            path(KAFKA_CA, &tls.ca_secret.key),
        ));
        let client = tls.client_certificate_secret.iter();
        env.extend(client.flat_map(|client| {
            let file = |key| path(KAFKA_CLIENT, key);
            [
                pod::env(
                    "CONFAB_KAFKA_SSL_CERTIFICATE_FILE",
                    file(&client.certificate_key),
                ),
                pod::env("CONFAB_KAFKA_SSL_KEY_FILE", file(&client.private_key_key)),
            ]
        }));
    }
    env
}

fn settings(chat: &ChatSettings) -> Vec<EnvVar> {
    let mut env = vec![
        pod::env("CONFAB_TITLE", &chat.title),
        pod::env(
            "CONFAB_MAX_MESSAGE_CHARACTERS",
            chat.max_message_characters.to_string(),
        ),
        pod::env("CONFAB_REGISTRATION", chat.registration.as_str()),
        pod::env("CONFAB_PRESENCE", chat.presence.on().to_string()),
        pod::env("CONFAB_TYPING", chat.typing.on().to_string()),
        pod::env("CONFAB_READ_RECEIPTS", chat.read_receipts.on().to_string()),
    ];
    env.extend(
        chat.message_retention_days
            .map(|days| pod::env("CONFAB_MESSAGE_RETENTION_DAYS", days.to_string())),
    );
    env
}

fn auth(auth: &Auth) -> Vec<EnvVar> {
    let mut env = vec![
        pod::env(
            "CONFAB_SESSION_LIFETIME_HOURS",
            auth.session_lifetime_hours.to_string(),
        ),
        pod::env(
            "CONFAB_SESSION_IDLE_HOURS",
            auth.session_idle_hours.to_string(),
        ),
        pod::env(
            "CONFAB_SIGN_UPS_PER_MINUTE",
            auth.sign_ups_per_minute.to_string(),
        ),
    ];
    env.push(pod::env(
        "CONFAB_PASSWORD_LOGIN",
        match auth.password {
            PasswordLogin::Enabled => "enabled",
            PasswordLogin::AdminsOnly => "admins-only",
            PasswordLogin::Disabled => "disabled",
        },
    ));
    env.push(pod::env(
        "CONFAB_SECOND_FACTOR",
        match auth.second_factor {
            SecondFactor::Optional => "optional",
            SecondFactor::Required => "required",
            SecondFactor::RequiredForAdmins => "required-for-admins",
        },
    ));
    if !auth.oidc.is_empty() {
        let providers: Vec<_> = auth.oidc.iter().map(provider).collect();
        let list = serde_json::Value::from(providers).to_string();
        env.push(pod::env("CONFAB_OIDC_PROVIDERS", list));
    }
    if !auth.trusted_proxies.is_empty() {
        env.push(pod::env(
            "CONFAB_TRUSTED_PROXIES",
            auth.trusted_proxies.join(","),
        ));
    }
    env
}

/// A login provider as the chat-app reads it: with paths of files in the place of Secrets.
fn provider(provider: &OidcProvider) -> serde_json::Value {
    let mut settings = serde_json::to_value(provider).expect("settings are JSON");
    let fields = settings.as_object_mut().expect("a struct is an object");
    fields.remove("clientSecret");
    let secret = path(&provider_secret(provider), &provider.client_secret.key);
    fields.insert("clientSecretFile".to_owned(), secret.into());
    fields.remove("caSecret");
    if let Some(ca) = &provider.ca_secret {
        let file = path(&provider_ca(provider), &ca.key);
        fields.insert("caFile".to_owned(), file.into());
    }
    settings
}

fn attachments(chat: &Chat, attachments: &Attachments) -> Vec<EnvVar> {
    let mut env = store(chat, &attachments.store);
    env.extend([
        pod::env(
            "CONFAB_ATTACHMENTS_MAX_BYTES",
            attachments.max_bytes.to_string(),
        ),
        pod::env("CONFAB_ATTACHMENTS_TYPES", attachments.types.join(",")),
    ]);
    env
}

/// Where attachments are.
fn store(chat: &Chat, store: &AttachmentStore) -> Vec<EnvVar> {
    let (name, bucket) = match store {
        AttachmentStore::Postgres(_) => ("postgres", Vec::new()),
        AttachmentStore::S3(settings) => ("s3", bucket("CONFAB_S3", chat, settings)),
    };
    let store = pod::env("CONFAB_ATTACHMENTS_STORE", name);
    [vec![store], bucket].concat()
}

/// The settings of a bucket, in variables that start with `stem`.
fn bucket(stem: &str, chat: &Chat, bucket: &S3Store) -> Vec<EnvVar> {
    let prefix = bucket.prefix.clone().unwrap_or_else(|| chat.instance());
    let secret = &bucket.credentials_secret;
    let named = |name: &str| format!("{stem}_{name}");
    let mut env = vec![
        pod::env(&named("REGION"), &bucket.region),
        pod::env(&named("BUCKET"), &bucket.bucket),
        pod::env(&named("PREFIX"), prefix),
        pod::env(&named("PATH_STYLE"), bucket.path_style.to_string()),
        pod::env_secret(
            &named("ACCESS_KEY_ID"),
            &secret.name,
            &secret.access_key_id_key,
        ),
        pod::env_secret(
            &named("SECRET_ACCESS_KEY"),
            &secret.name,
            &secret.secret_access_key_key,
        ),
    ];
    env.extend(
        bucket
            .endpoint
            .as_ref()
            .map(|endpoint| pod::env(&named("ENDPOINT"), endpoint)),
    );
    env
}

fn keys(chat: &Chat) -> Vec<EnvVar> {
    let secret = chat.child(Role::Keys);
    let token = pod::env_secret("CONFAB_SETUP_TOKEN", &secret, SETUP_TOKEN);
    let encryption = pod::env_secret("CONFAB_ENCRYPTION_KEY", &secret, ENCRYPTION_KEY);
    let push = chat
        .push
        .on()
        .then(|| pod::env_secret("CONFAB_VAPID_PRIVATE_KEY", &secret, VAPID_PRIVATE_KEY));
    [Some(token), Some(encryption), push]
        .into_iter()
        .flatten()
        .collect()
}
