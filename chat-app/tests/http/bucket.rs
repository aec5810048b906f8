//! Files in a bucket of a real S3 server, which checks every signature. `tests/services/up` starts it.

use std::io::Cursor;
use std::time::Duration;

use chat_app::files::sweeper::{self, Ages};
use chat_app::store::attachments::{Backend, Variant};
use sqlx::PgPool;
use uuid::Uuid;
use zip::ZipArchive;

use crate::site::{Site, with};

/// Runs a test with its own prefix in the bucket and this key.
pub fn flags(prefix: &str, key: &str) -> Vec<String> {
    let server = std::env::var("TEST_BUCKET_URL")
        .expect("run tests/services/up and load its env file, as make test-rust does");
    let flags = [
        "--attachments-store",
        "s3",
        "--s3-endpoint",
        &server,
        "--s3-bucket",
        "confab",
        "--s3-prefix",
        prefix,
        "--s3-path-style",
        "true",
        "--s3-access-key-id",
        "confab",
        "--s3-secret-access-key",
        key,
    ];
    flags.map(str::to_owned).to_vec()
}

async fn with_bucket(pool: PgPool, key: &str, test: impl AsyncFnOnce(&Site)) {
    let flags = flags(&Uuid::new_v4().to_string(), key);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    with(pool, &flags, test).await;
}

async fn sweep(site: &Site) {
    let ages = Ages {
        unsent: Duration::ZERO,
        gone: Duration::ZERO,
    };
    let database = site.pool.connect_options();
    sweeper::sweep(&database, &site.files, ages).await.unwrap();
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_file_goes_to_the_bucket_in_parts_and_comes_back(pool: PgPool) {
    with_bucket(pool, "confab-secret", async |site| {
        let (mut ada, _, talk) = site.pair().await;
        // More than two parts of an upload.
        let content: Vec<u8> = (0..12_000_000_u32).map(|n| (n % 251) as u8).collect();
        let put = ada.put(&talk, "large.bin", &content).await;
        assert_eq!(put.json()["bytes"], 12_000_000);
        let file = format!("{talk}/files/{}", put.json()["id"].as_str().unwrap());
        assert!(ada.get(&file).await.bytes == content, "the same bytes");
        ada.headers = vec![("range", "bytes=5242879-5242880")];
        assert_eq!(ada.get(&file).await.bytes, content[5_242_879..=5_242_880]);
        let chunks: i64 = sqlx::query_scalar("SELECT count(*) FROM attachment_chunks")
            .fetch_one(&site.pool)
            .await
            .unwrap();
        assert_eq!(chunks, 0, "none of it is in PostgreSQL");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_object_is_deleted_after_its_row(pool: PgPool) {
    with_bucket(pool, "confab-secret", async |site| {
        let (mut ada, _, talk) = site.pair().await;
        let put = ada
            .put(&talk, "large.png", &crate::attachments::png(900, 600))
            .await;
        let id: Uuid = put.json()["id"].as_str().unwrap().parse().unwrap();
        let file = format!("{talk}/files/{id}");
        ada.get(&file).await.says(200, "");
        let small = ada.get(&format!("{file}/thumbnail")).await;
        assert_eq!(small.header("content-type"), "image/jpeg");
        ada.post(&format!("{file}/remove"), &[]).await;
        ada.get(&file).await.says(404, "");
        let blobs = &site.files.blobs;
        assert!(
            blobs
                .read(Backend::S3, id, Variant::Original, 0..1)
                .await
                .is_ok()
        );
        sweep(site).await;
        assert!(
            blobs
                .read(Backend::S3, id, Variant::Original, 0..1)
                .await
                .is_err()
        );
        assert!(blobs.thumbnail(Backend::S3, id).await.is_err());
        // Nothing is left to sweep.
        sweep(site).await;
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM attachments_gone")
            .fetch_one(&site.pool)
            .await
            .unwrap();
        assert_eq!(left, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_export_lists_a_lost_object(pool: PgPool) {
    with_bucket(pool, "confab-secret", async |site| {
        let (mut ada, _, talk) = site.pair().await;
        let mut ids = Vec::new();
        for name in ["kept.txt", "lost.txt"] {
            let put = ada.put(&talk, name, b"plain words").await.json();
            ids.push(put["id"].as_str().unwrap().to_owned());
        }
        let fields = [
            ("client_id", Uuid::new_v4().to_string()),
            ("body", "both".to_owned()),
            ("attachments", ids.join(",")),
        ];
        let fields = fields
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        ada.post(&format!("{talk}/messages"), &fields)
            .await
            .location();
        let bucket = site.files.blobs.bucket().unwrap();
        bucket.delete(ids[1].parse().unwrap()).await.unwrap();

        let export = ada.get("/account/export").await.bytes;
        let mut zip = ZipArchive::new(Cursor::new(export)).unwrap();
        let missing: serde_json::Value =
            serde_json::from_reader(zip.by_name("missing.json").unwrap()).unwrap();
        assert_eq!(missing[0]["name"], "lost.txt");
        assert_eq!(missing.as_array().unwrap().len(), 1);
        let kept = zip.by_name(&format!("files/{}/kept.txt", ids[0])).unwrap();
        assert_eq!(std::io::read_to_string(kept).unwrap(), "plain words");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_bucket_that_refuses_is_an_internal_error_and_reveals_no_key(pool: PgPool) {
    with_bucket(pool, "another-secret", async |site| {
        let (mut ada, _, talk) = site.pair().await;
        let refused = ada.put(&talk, "a.txt", b"plain words").await;
        refused.says(500, "This is an error in the chat, not yours.");
        for inner in ["another-secret", "Signature", "bucket"] {
            assert_eq!(refused.count(inner), 0, "{inner}");
        }
    })
    .await;
}
