//! Backup and restore, with a real S3 server for the backups and for the attachments. `tests/services/up` starts it.

use std::path::PathBuf;
use std::process::ExitCode;

use chat_app::backup::{load, save};
use chat_app::bucket::Bucket;
use chat_app::config::{Cli, Command};
use chat_app::migrate;
use chat_app::store::backup;
use clap::Parser;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool};
use uuid::Uuid;

use crate::attachments::png;
use crate::bucket::flags as attachments;
use crate::site::{Site, with};

/// A prefix of the bucket with backups.
struct Vault(String);

impl Vault {
    fn new() -> Self {
        Self(format!("backups/{}", Uuid::new_v4()))
    }

    fn flags(&self) -> Vec<String> {
        let server = std::env::var("TEST_BUCKET_URL").unwrap();
        let flags = [
            "--backup-endpoint",
            &server,
            "--backup-bucket",
            "confab",
            "--backup-prefix",
            &self.0,
            "--backup-path-style",
            "true",
            "--backup-access-key-id",
            "confab",
            "--backup-secret-access-key",
            "confab-secret",
        ];
        flags.map(str::to_owned).to_vec()
    }

    /// Backs the database up. Returns the name of the backup, or why there is none.
    async fn save(&self, pool: &PgPool, more: &[String]) -> Result<String, String> {
        let result = self.command("backup", &url(pool), more).await?;
        let result: serde_json::Value = serde_json::from_str(&result).unwrap();
        assert!(result["bytes"].as_u64().unwrap() > 0);
        Ok(result["name"].as_str().unwrap().to_owned())
    }

    async fn load(&self, url: &str, more: &[String]) -> Result<String, String> {
        self.command("restore", url, more).await
    }

    async fn command(&self, name: &str, url: &str, more: &[String]) -> Result<String, String> {
        let flags = ["chat-app", name, "--database-url", url].map(str::to_owned);
        let flags = flags.into_iter().chain(self.flags());
        finished(flags.chain(more.iter().cloned()).collect()).await
    }

    fn bucket(&self) -> Bucket {
        let flags = ["chat-app", "restore", "--database-url", "postgres://unused"];
        let flags = flags.map(str::to_owned).into_iter().chain(self.flags());
        match Cli::try_parse_from(flags).unwrap().command {
            Command::Restore(settings) => settings.source.open().unwrap(),
            _ => unreachable!("restore was asked for"),
        }
    }

    /// All objects, without the prefix.
    async fn objects(&self) -> Vec<String> {
        let bucket = self.bucket();
        let prefix = Path::from(self.0.as_str());
        let objects = bucket.client.list(Some(&prefix));
        let names = objects.map_ok(|found| {
            let name = found.location.to_string();
            name[self.0.len() + 1..].to_owned()
        });
        let mut names: Vec<String> = names.try_collect().await.unwrap();
        names.sort_unstable();
        names
    }
}

/// Runs a command, and returns its termination message.
async fn finished(flags: Vec<String>) -> Result<String, String> {
    let file: PathBuf = std::env::temp_dir().join(format!("confab-backup-{}", Uuid::new_v4()));
    std::fs::write(&file, "").unwrap();
    let log = ["--termination-log", file.to_str().unwrap()].map(str::to_owned);
    let code = match Cli::try_parse_from(flags.into_iter().chain(log))
        .unwrap()
        .command
    {
        Command::Backup(settings) => save::run(*settings).await,
        Command::Restore(settings) => load::run(*settings).await,
        Command::Migrate(settings) => migrate::run(settings).await,
        _ => unreachable!("one of these was asked for"),
    };
    let message = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    match code == ExitCode::SUCCESS {
        true => Ok(message),
        false => Err(message),
    }
}

pub fn url(pool: &PgPool) -> String {
    pool.connect_options().to_url_lossy().to_string()
}

/// Runs a test with an empty database beside that of `pool`.
pub async fn with_empty_database(pool: &PgPool, test: impl AsyncFnOnce(&PgPool)) {
    let name = format!("restore_{}", Uuid::new_v4().simple());
    let options = (*pool.connect_options()).clone();
    let mut server = PgConnection::connect_with(&options).await.unwrap();
    let create = format!("CREATE DATABASE {name}");
    sqlx::raw_sql(AssertSqlSafe(create))
        .execute(&mut server)
        .await
        .unwrap();
    let empty = PgPool::connect_with(options.database(&name)).await.unwrap();
    test(&empty).await;
    empty.close().await;
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    sqlx::raw_sql(AssertSqlSafe(drop))
        .execute(&mut server)
        .await
        .unwrap();
}

pub async fn migrated(pool: &PgPool) {
    let flags = ["chat-app", "migrate", "--database-url", &url(pool)];
    finished(flags.map(str::to_owned).to_vec()).await.unwrap();
}

/// The rows of each table, as digests.
pub async fn contents(pool: &PgPool) -> Vec<(String, Option<String>)> {
    let mut connection = pool.acquire().await.unwrap();
    let mut contents = Vec::new();
    for table in backup::tables(&mut connection).await.unwrap() {
        let sql = format!(
            "SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {} t",
            backup::quoted(&table.name)
        );
        let digest = sqlx::query_scalar(AssertSqlSafe(sql));
        let digest = digest.fetch_one(&mut *connection).await.unwrap();
        contents.push((table.name, digest));
    }
    contents.sort();
    contents
}

/// A chat with something in most of its tables. Returns the path of the conversation with the files.
async fn busy(site: &Site) -> String {
    let (mut ada, mut bob, talk) = site.pair().await;
    ada.send(&talk, "tab\there, backslash \\N, line\nbreak, 会議 🎉")
        .await;
    bob.send(&talk, "for the search index").await;
    let seq = format!("{talk}/messages/2/reactions");
    ada.post(&seq, &[("emoji", "👍")]).await;
    for act in ["pin", "save"] {
        let path = format!("{talk}/messages/2/{act}");
        ada.post(&path, &[("present", "true")]).await;
    }
    let room = [("kind", "public"), ("title", "Ops \u{2014} night")];
    ada.post("/rooms", &room).await;
    let put = ada.put(&talk, "photo.png", &png(900, 600)).await.json();
    let id = put["id"].as_str().unwrap();
    let client = Uuid::new_v4().to_string();
    let fields = [
        ("client_id", client.as_str()),
        ("body", "see"),
        ("attachments", id),
    ];
    ada.post(&format!("{talk}/messages"), &fields)
        .await
        .location();
    talk
}

fn strs(flags: &[String]) -> Vec<&str> {
    flags.iter().map(String::as_str).collect()
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_restored_chat_has_every_row_and_file_and_goes_on(pool: PgPool) {
    let vault = Vault::new();
    let old = attachments(&Uuid::new_v4().to_string(), "confab-secret");
    with(pool, &strs(&old), async |site| {
        let talk = busy(site).await;
        migrated(&site.pool).await;
        site.index().await;
        let (before, mut ada) = (contents(&site.pool).await, site.stranger());
        let name = vault.save(&site.pool, &old).await.unwrap();
        let photo: Uuid = site.one("SELECT id FROM attachments").await;
        let ada_again = ada
            .post(
                "/login",
                &[("name", "ada"), ("password", crate::site::PASSWORD)],
            )
            .await;
        ada_again.redirects_to("/c");
        with_empty_database(&site.pool, async |empty| {
            // Another bucket, and a release that has more migrations would add them afterwards.
            let new = attachments(&Uuid::new_v4().to_string(), "confab-secret");
            let restored = vault.load(&url(empty), &new).await.unwrap();
            assert_eq!(restored, format!(r#"{{"restored":"{name}"}}"#));
            migrated(empty).await;
            assert_eq!(contents(empty).await, before);
            with(empty.clone(), &strs(&new), async |site| {
                let mut bob = site.stranger();
                let sign_in = [("name", "bob"), ("password", crate::site::PASSWORD)];
                bob.post("/login", &sign_in).await.redirects_to("/c");
                bob.get(&talk).await.says(200, "会議 🎉");
                let file = format!("{talk}/files/{photo}");
                assert_eq!(bob.get(&file).await.header("content-type"), "image/png");
                bob.get(&format!("{file}/thumbnail")).await.says(200, "");
                // The next numbers are free.
                bob.send(&talk, "after the restore").await;
                site.person("carol").await;
            })
            .await;
        })
        .await;
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn sessions_and_sequences_survive(pool: PgPool) {
    let vault = Vault::new();
    with(pool, &[], async |site| {
        let (ada, _, talk) = site.pair().await;
        vault.save(&site.pool, &[]).await.unwrap();
        let cookie = ada.cookie.clone();
        with_empty_database(&site.pool, async |empty| {
            vault.load(&url(empty), &[]).await.unwrap();
            migrated(empty).await;
            with(empty.clone(), &[], async |site| {
                let mut ada = site.stranger();
                ada.cookie = cookie;
                ada.send(&talk, "still signed in").await.says(303, "");
            })
            .await;
        })
        .await;
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_restore_replaces_nothing_and_is_not_repeated(pool: PgPool) {
    let vault = Vault::new();
    with(pool, &[], async |site| {
        site.pair().await;
        let first = vault.save(&site.pool, &[]).await.unwrap();
        let refused = vault.load(&url(&site.pool), &[]).await.unwrap_err();
        assert!(
            refused.starts_with("DatabaseNotEmpty: the database has users"),
            "{refused}"
        );
        with_empty_database(&site.pool, async |empty| {
            let from = |name: &str| ["--from", name].map(str::to_owned);
            let unknown = vault.load(&url(empty), &from("20200101T000000Z")).await;
            let unknown = unknown.unwrap_err();
            assert!(
                unknown.contains(&format!("the newest are: {first}")),
                "{unknown}"
            );
            vault.load(&url(empty), &from(&first)).await.unwrap();
            let before = contents(empty).await;
            // As the Job of a later migration does.
            vault.load(&url(empty), &from(&first)).await.unwrap();
            vault.load(&url(empty), &[]).await.unwrap();
            assert_eq!(contents(empty).await, before);
            let other = vault.load(&url(empty), &from("20200101T000000Z")).await;
            let other = other.unwrap_err();
            assert!(
                other.contains(&format!("restored from {first} before")),
                "{other}"
            );
        })
        .await;
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_damaged_backup_is_refused_and_leaves_the_database_empty(pool: PgPool) {
    let vault = Vault::new();
    with(pool, &[], async |site| {
        site.pair().await;
        let name = vault.save(&site.pool, &[]).await.unwrap();
        let bucket = vault.bucket();
        let part = Path::from(format!("{}/{name}/members-000001.gz", vault.0));
        let whole = bucket
            .client
            .get(&part)
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        let mut damaged = whole.to_vec();
        damaged[20] ^= 1;
        bucket.client.put(&part, damaged.into()).await.unwrap();
        with_empty_database(&site.pool, async |empty| {
            let refused = vault.load(&url(empty), &[]).await.unwrap_err();
            assert!(
                refused.contains("members-000001.gz of the backup is damaged"),
                "{refused}"
            );
            let users: i64 = sqlx::query_scalar("SELECT count(*) FROM users")
                .fetch_one(empty)
                .await
                .unwrap();
            assert_eq!(users, 0);
            bucket.client.put(&part, whole.into()).await.unwrap();
            vault.load(&url(empty), &[]).await.unwrap();
        })
        .await;
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn old_and_interrupted_backups_go_with_the_files_that_no_other_has(pool: PgPool) {
    let vault = Vault::new();
    let files = attachments(&Uuid::new_v4().to_string(), "confab-secret");
    with(pool, &strs(&files), async |site| {
        busy(site).await;
        let keep = [&files[..], &["--keep", "1"].map(str::to_owned)].concat();
        let bucket = vault.bucket();
        let stray = Path::from(format!("{}/20200101T000000Z/users-000001.gz", vault.0));
        bucket
            .client
            .put(&stray, "interrupted".into())
            .await
            .unwrap();
        let first = vault.save(&site.pool, &keep).await.unwrap();
        let objects = vault.objects().await;
        let copies = |objects: &[String]| {
            let copies = objects
                .iter()
                .filter(|name| name.starts_with("attachments/"));
            copies.count()
        };
        assert_eq!(
            copies(&objects),
            2,
            "the photo and its thumbnail: {objects:?}"
        );
        assert!(
            objects.iter().all(|name| !name.starts_with("2020")),
            "{objects:?}"
        );

        site.run("DELETE FROM attachments").await;
        // Names are seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        let second = vault.save(&site.pool, &keep).await.unwrap();
        assert_ne!(first, second);
        let objects = vault.objects().await;
        assert!(
            objects.iter().all(|name| name.starts_with(&second)),
            "{objects:?}"
        );
    })
    .await;
}

#[sqlx::test(migrations = false)]
async fn a_database_without_a_chat_has_no_backup(pool: PgPool) {
    let refused = Vault::new().save(&pool, &[]).await.unwrap_err();
    assert!(refused.contains("nothing to back up"), "{refused}");
}
