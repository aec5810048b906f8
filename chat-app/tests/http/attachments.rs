//! Files: what is accepted, who may download it and how, and when it is deleted.

use std::io::Cursor;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use chat_app::files::sweeper::{self, Ages};
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use sqlx::PgPool;
use uuid::Uuid;

use crate::site::{Answer, Person, Site, with};

const PDF: &[u8] = b"%PDF-1.7 a paper";

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    let image = RgbaImage::from_fn(width, height, |x, y| Rgba([x as u8, y as u8, 90, 255]));
    encoded(&image.into(), ImageFormat::Png)
}

/// A rotated photo with a GPS position.
fn jpeg_with_gps() -> Vec<u8> {
    let image = DynamicImage::from(RgbaImage::from_pixel(60, 30, Rgba([200, 80, 90, 255])));
    let jpeg = encoded(&image.to_rgb8().into(), ImageFormat::Jpeg);
    let mut tiff = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    tiff.extend(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"); // turned by 90°
    tiff.extend(b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x26"); // GPS, at 38
    tiff.extend(b"\0\0\0\0\0\x01\0\x1b\0\x02\0\0\0\x04WGS\0\0\0\0\0");
    let length = (tiff.len() + 2) as u16;
    [
        &jpeg[..2],
        b"\xff\xe1",
        &length.to_be_bytes(),
        &tiff,
        &jpeg[2..],
    ]
    .concat()
}

fn path(conversation: &str, put: &Answer) -> String {
    assert_eq!(put.status.as_u16(), 201, "{}", put.body);
    format!("{conversation}/files/{}", id(put))
}

fn id(put: &Answer) -> String {
    put.json()["id"].as_str().unwrap().to_owned()
}

impl Site {
    /// Sends a message with this file as its owner.
    async fn send_file(&self, put: &Answer) -> i64 {
        let file = id(put).parse::<Uuid>().unwrap();
        sqlx::query_scalar(
            "SELECT sent.seq FROM attachments a, append_messages(
                 ARRAY[a.conversation_id], ARRAY[a.owner_id], ARRAY[gen_random_uuid()], ARRAY['look'],
                 ARRAY[jsonb_build_object('attachments', jsonb_build_array(a.id))]) AS sent
             WHERE a.id = $1 AND sent.outcome = 'sent'",
        )
        .bind(file)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// Creates a conversation of these people; the first is its owner.
    async fn room(&self, kind: &str, people: &[&str]) -> String {
        let mut ids: Vec<i64> = Vec::new();
        for name in people {
            ids.push(self.user_id(name).await.parse().unwrap());
        }
        let id: i64 = sqlx::query_scalar("SELECT create_conversation($1, 'Room', '', $2, $3)")
            .bind(kind)
            .bind(ids[0])
            .bind(&ids[1..])
            .fetch_one(&self.pool)
            .await
            .unwrap();
        format!("/c/{id}")
    }

    async fn count(&self, table: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    async fn sweep(&self, unsent: Duration) {
        let ages = Ages {
            unsent,
            gone: Duration::ZERO,
        };
        let database = self.pool.connect_options();
        sweeper::sweep(&database, &self.files, ages).await.unwrap();
    }
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_file_is_downloaded_as_it_was_uploaded(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, talk) = site.pair().await;
        let content: Vec<u8> = PDF.iter().copied().cycle().take(600_000).collect();
        let put = ada
            .put(&talk, "%D8%AA/r%C3%A9sum%C3%A9%22.pdf", &content)
            .await;
        let answer = put.json();
        assert_eq!(answer["name"], "résumé\".pdf");
        assert_eq!(answer["media_type"], "application/pdf");
        assert_eq!(answer["bytes"], 600_000);
        assert_eq!(answer["width"], serde_json::Value::Null);
        let file = path(&talk, &put);
        bob.get(&file).await.says(404, "");
        site.send_file(&put).await;
        let got = bob.get(&file).await;
        assert_eq!(got.bytes, content);
        assert_eq!(got.header("content-type"), "application/octet-stream");
        assert_eq!(
            got.header("content-disposition"),
            "attachment; filename=\"r_sum__.pdf\"; filename*=UTF-8''r%C3%A9sum%C3%A9%22.pdf"
        );
        assert_harmless(&got);
        assert_eq!(got.header("content-length"), "600000");
        bob.get(&format!("{file}/thumbnail")).await.says(404, "");
    })
    .await;
}

fn assert_harmless(got: &Answer) {
    assert_eq!(got.status.as_u16(), 200);
    let policy = "default-src 'none'; sandbox; frame-ancestors 'none'";
    assert_eq!(got.header("content-security-policy"), policy);
    assert_eq!(got.header("x-content-type-options"), "nosniff");
    assert_eq!(got.header("cross-origin-resource-policy"), "same-origin");
    let cache = "private, max-age=31536000, immutable";
    assert_eq!(got.header("cache-control"), cache);
    assert!(got.header("vary").contains("cookie"));
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_file_that_could_run_is_only_downloaded(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, talk) = site.pair().await;
        for (name, content) in [
            ("a.html", &b"<!DOCTYPE html><script>alert(1)</script>"[..]),
            ("a.png", b"<html><script>alert(1)</script>"),
            ("a.svg", b"<svg xmlns='x' onload='alert(1)'/>"),
            ("a.xml", b"<?xml version='1.0'?><x/>"),
            ("a.js", b"alert(1)"),
        ] {
            let put = ada.put(&talk, name, content).await;
            let got = ada.get(&path(&talk, &put)).await;
            assert_harmless(&got);
            assert_eq!(got.header("content-type"), "application/octet-stream");
            assert!(got.header("content-disposition").starts_with("attachment;"));
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_image_is_served_without_its_metadata(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, talk) = site.pair().await;
        let photo = jpeg_with_gps();
        assert!(photo.windows(3).any(|w| w == b"WGS"));
        let put = ada.put(&talk, "photo.jpg", &photo).await;
        let answer = put.json();
        assert_eq!(
            (answer["width"].as_i64(), answer["height"].as_i64()),
            (Some(30), Some(60))
        );
        assert_eq!(answer["thumbnail"], false);
        let got = ada.get(&path(&talk, &put)).await;
        assert_harmless(&got);
        assert_eq!(got.header("content-type"), "image/jpeg");
        assert!(got.header("content-disposition").starts_with("inline;"));
        for trace in [&b"Exif"[..], b"WGS"] {
            assert!(!got.bytes.windows(trace.len()).any(|w| w == trace));
        }
        let turned = image::load_from_memory(&got.bytes).unwrap();
        assert_eq!((turned.width(), turned.height()), (30, 60));
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_large_image_has_a_thumbnail(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, talk) = site.pair().await;
        let put = ada.put(&talk, "large.png", &png(900, 600)).await;
        assert_eq!(put.json()["thumbnail"], true);
        let small = format!("{}/thumbnail", path(&talk, &put));
        bob.get(&small).await.says(404, "");
        site.send_file(&put).await;
        let got = bob.get(&small).await;
        assert_harmless(&got);
        assert_eq!(got.header("content-type"), "image/jpeg");
        let image = image::load_from_memory(&got.bytes).unwrap();
        assert_eq!((image.width(), image.height()), (512, 341));
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_image_that_is_broken_or_a_bomb_is_refused_and_leaves_nothing(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, talk) = site.pair().await;
        let whole = png(300, 300);
        let half = &whole[..whole.len() / 2];
        ada.put(&talk, "half.png", half).await.says(422, "damaged");
        // A GIF of 65,535 × 65,535 pixels in a few bytes.
        let bomb =
            b"GIF89a\xff\xff\xff\xff\0\0\0\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x44\x01\0\x3b";
        ada.put(&talk, "bomb.gif", bomb)
            .await
            .says(422, "the limit is 40 million");
        nothing_is_left(site).await;
    })
    .await;
}

/// A failed upload is removed in the background.
async fn nothing_is_left(site: &Site) {
    let gone = async {
        while site.count("attachments").await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone)
        .await
        .expect("the row goes");
    assert_eq!(site.count("attachment_chunks").await, 0);
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_file_over_the_limit_is_refused_even_without_content_length(pool: PgPool) {
    let flags = ["--attachments-max-bytes", "300000"];
    with(pool, &flags, async |site| {
        let (mut ada, _, talk) = site.pair().await;
        let large = vec![b'a'; 300_001];
        ada.put(&talk, "a.txt", &large)
            .await
            .says(413, "the limit is 300 KB");
        let uncounted =
            Request::post(format!("{talk}/attachments")).header(header::ACCEPT, "application/json");
        let pieces = large
            .chunks(100_000)
            .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()));
        let pieces = futures_util::stream::iter(pieces.collect::<Vec<_>>());
        let answer = ada.request(uncounted, Body::from_stream(pieces)).await;
        answer.says(413, "the limit is 300 KB");
        nothing_is_left(site).await;
        ada.put(&talk, "a.txt", &large[1..]).await.says(201, "");
        ada.put(&talk, "a.txt", b"").await.says(422, "empty");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn only_allowed_types_are_accepted_and_the_error_lists_them(pool: PgPool) {
    let flags = ["--attachments-types", "image/*,application/pdf"];
    with(pool, &flags, async |site| {
        let (mut ada, _, talk) = site.pair().await;
        ada.put(&talk, "a.pdf", PDF).await.says(201, "");
        ada.put(&talk, "a.png", &png(9, 9)).await.says(201, "");
        // The type follows the content, not the name.
        let refused = ada.put(&talk, "a.png", b"#!/bin/sh\nrm -r /").await;
        refused.says(415, "Allowed types: image/*, application/pdf");
        ada.headers = vec![("accept-language", "de")];
        let refused = ada.put(&talk, "a.txt", b"text").await;
        refused.says(415, "Erlaubte Typen: image/*, application/pdf");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn if_attachments_are_disabled_none_are_accepted(pool: PgPool) {
    with(pool, &["--attachments-max-bytes", "0"], async |site| {
        let (mut ada, _, talk) = site.pair().await;
        ada.put(&talk, "a.pdf", PDF).await.says(404, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_form_can_upload_a_file(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, talk) = site.pair().await;
        let form = "--x\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n1\r\n\
            --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\\\cv.txt\"\r\n\
            Content-Type: image/png\r\n\r\nplain words\r\n--x--\r\n";
        let request = Request::post(format!("{talk}/attachments"))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
        let put = ada.request(request, Body::from(form)).await;
        assert_eq!(put.json()["name"], "cv.txt");
        assert_eq!(put.json()["media_type"], "text/plain");
        assert_eq!(ada.get(&path(&talk, &put)).await.body, "plain words");
        for broken in ["", "--x\r\n", "--x--\r\n"] {
            let request = Request::post(format!("{talk}/attachments"))
                .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
            ada.request(request, Body::from(broken)).await.says(400, "");
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn without_javascript_a_page_sends_one_file(pool: PgPool) {
    let flags = ["--attachments-types", "text/plain,image/*"];
    with(pool, &flags, async |site| {
        let (mut ada, mut bob, talk) = site.pair().await;
        let mut eve = site.person("eve").await;
        let address = format!("{talk}/attach");
        ada.get(&talk).await.says(200, &address);
        ada.get(&address)
            .await
            .says(200, "At most 17 MB, of these types: text/plain, image/*.");
        ada.upload(&address, "file", b"%PDF-1.7")
            .await
            .says(415, "Allowed types: text/plain, image/*");
        ada.upload(&address, "file", b"plain words")
            .await
            .redirects_to(&talk);
        let page = bob.get(&talk).await;
        page.says(200, "11 B");
        let (_, rest) = page.body.split_once("class=\"file\" href=\"").unwrap();
        let file = rest.split('"').next().unwrap();
        assert_eq!(bob.get(file).await.body, "plain words");
        eve.get(&address).await.says(404, "");
        eve.upload(&address, "file", b"plain words")
            .await
            .says(404, "");
        eve.get(file).await.says(404, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_range_of_a_file_can_be_requested(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, talk) = site.pair().await;
        let content: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
        let put = ada.put(&talk, "a.bin", &content).await;
        let file = path(&talk, &put);
        for (range, expected) in [
            ("bytes=0-0", 0..1),
            ("bytes=262143-262144", 262_143..262_145),
            ("bytes=524288-", 524_288..700_000),
            ("bytes=-10", 699_990..700_000),
        ] {
            ada.headers = vec![("range", range)];
            let got = ada.get(&file).await;
            assert_eq!(got.status.as_u16(), 206, "{range}");
            assert_eq!(got.bytes, content[expected.clone()], "{range}");
            let content_range = format!("bytes {}-{}/700000", expected.start, expected.end - 1);
            assert_eq!(got.header("content-range"), content_range);
        }
        ada.headers = vec![("range", "bytes=700000-")];
        let got = ada.get(&file).await;
        assert_eq!(got.status.as_u16(), 416);
        assert_eq!(got.header("content-range"), "bytes */700000");
        ada.headers = vec![("range", "bytes=0-0"), ("if-range", "\"another\"")];
        assert_eq!(ada.get(&file).await.status.as_u16(), 200);
        ada.headers.clear();
        let tag = ada.get(&file).await.header("etag").to_owned();
        ada.headers = vec![("if-none-match", Box::leak(tag.into_boxed_str()))];
        assert_eq!(ada.get(&file).await.status.as_u16(), 304);
    })
    .await;
}

/// Asserts that every request for the file gets 404.
async fn assert_not_found_anywhere(person: &mut Person, talk: &str, file: &str) {
    for address in [file.to_owned(), format!("{file}/thumbnail")] {
        person.get(&address).await.says(404, "");
    }
    person
        .post(&format!("{file}/remove"), &[])
        .await
        .says(404, "");
    person.put(talk, "a.pdf", PDF).await.says(404, "");
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_outsider_gets_no_file_by_any_combination_of_ids(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, talk) = site.pair().await;
        let mut eve = site.person("eve").await;
        let theirs = site.room("group", &["eve", "bob"]).await;
        let put = ada.put(&talk, "secret.png", &png(600, 600)).await;
        let (unsent, other) = (id(&put), id(&eve.put(&theirs, "mine.pdf", PDF).await));
        for sent in [false, true] {
            if sent {
                site.send_file(&put).await;
            }
            assert_not_found_anywhere(&mut eve, &talk, &format!("{talk}/files/{unsent}")).await;
            // Another person's file in one's own conversation, one's own in another, and one that does not exist.
            for file in [
                format!("{theirs}/files/{unsent}"),
                format!("{talk}/files/{other}"),
                format!("{theirs}/files/{}", Uuid::new_v4()),
                format!("/c/999/files/{unsent}"),
                format!("/c/x/files/{unsent}"),
                format!("{theirs}/files/x"),
            ] {
                for address in [file.clone(), format!("{file}/thumbnail")] {
                    eve.get(&address).await.says(404, "");
                }
                eve.post(&format!("{file}/remove"), &[]).await.says(404, "");
            }
            // Even for a member of both, a file belongs to one conversation only.
            bob.get(&format!("{theirs}/files/{unsent}"))
                .await
                .says(404, "");
        }
        let mut stranger = site.stranger();
        assert_eq!(stranger.put(&talk, "a.pdf", PDF).await.status.as_u16(), 401);
        stranger
            .get(&format!("{talk}/files/{unsent}"))
            .await
            .redirects_to(&format!(
                "/login?next={}",
                format!("{talk}/files/{unsent}").replace('/', "%2F")
            ));
        ada.get(&format!("{talk}/files/{unsent}"))
            .await
            .says(200, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn removed_members_see_no_files_and_new_members_see_later_files(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let mut bob = site.person("bob").await;
        let mut cleo = site.person("cleo").await;
        let room = site.room("private", &["ada", "bob"]).await;
        let put = ada.put(&room, "early.pdf", PDF).await;
        site.send_file(&put).await;
        let (early, unsent) = (path(&room, &put), bob.put(&room, "b.pdf", PDF).await);
        bob.get(&early).await.says(200, "%PDF");
        let room_id: i64 = room[3..].parse().unwrap();
        sqlx::query("SELECT remove_member($1, a.id, b.id, false), add_people($1, a.id, ARRAY[c.id])
                     FROM users a, users b, users c WHERE a.name = 'ada' AND b.name = 'bob' AND c.name = 'cleo'")
            .bind(room_id)
            .execute(&site.pool)
            .await
            .unwrap();
        assert_not_found_anywhere(&mut bob, &room, &early).await;
        bob.get(&path(&room, &unsent)).await.says(404, "");
        cleo.get(&early).await.says(404, "");
        let put = ada.put(&room, "late.pdf", PDF).await;
        site.send_file(&put).await;
        cleo.get(&path(&room, &put)).await.says(200, "%PDF");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn members_of_a_public_room_see_earlier_files_too(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let mut bob = site.person("bob").await;
        let room = site.room("public", &["ada"]).await;
        let put = ada.put(&room, "early.pdf", PDF).await;
        site.send_file(&put).await;
        assert_not_found_anywhere(&mut bob, &room, &path(&room, &put)).await;
        sqlx::query("SELECT join_room($1, id) FROM users WHERE name = 'bob'")
            .bind(room[3..].parse::<i64>().unwrap())
            .execute(&site.pool)
            .await
            .unwrap();
        bob.get(&path(&room, &put)).await.says(200, "%PDF");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_unsent_file_can_be_discarded_and_a_sent_one_is_deleted_with_its_message(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, talk) = site.pair().await;
        let put = ada.put(&talk, "a.pdf", PDF).await;
        let file = path(&talk, &put);
        bob.post(&format!("{file}/remove"), &[]).await.says(404, "");
        assert_eq!(ada.post(&format!("{file}/remove"), &[]).await.status.as_u16(), 204);
        ada.get(&file).await.says(404, "");
        assert_eq!(site.count("attachment_chunks").await, 0);
        let put = ada.put(&talk, "b.png", &png(600, 600)).await;
        let seq = site.send_file(&put).await;
        let file = path(&talk, &put);
        ada.post(&format!("{file}/remove"), &[]).await.says(404, "");
        bob.get(&file).await.says(200, "");
        sqlx::query("SELECT delete_message(conversation_id, seq, sender_id, false) FROM messages WHERE seq = $1")
            .bind(seq)
            .execute(&site.pool)
            .await
            .unwrap();
        bob.get(&file).await.says(404, "");
        assert_eq!(site.count("attachment_chunks").await, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_oldest_of_many_unsent_files_are_deleted(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, talk) = site.pair().await;
        let sent = ada.put(&talk, "sent.pdf", PDF).await;
        site.send_file(&sent).await;
        let kept = bob.put(&talk, "his.pdf", PDF).await;
        let first = ada.put(&talk, "first.pdf", PDF).await;
        let second = ada.put(&talk, "second.pdf", PDF).await;
        for _ in 0..19 {
            ada.put(&talk, "more.pdf", PDF).await.says(201, "");
        }
        ada.get(&path(&talk, &first)).await.says(404, "");
        for put in [&second, &sent] {
            ada.get(&path(&talk, put)).await.says(200, "");
        }
        bob.get(&path(&talk, &kept)).await.says(200, "");
        // Uploads in progress are counted, too.
        sqlx::query("UPDATE attachments SET bytes = 0 WHERE seq IS NULL")
            .execute(&site.pool)
            .await
            .unwrap();
        ada.put(&talk, "one.pdf", PDF)
            .await
            .says(429, "Too many files");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn unsent_files_are_swept_after_a_day(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, talk) = site.pair().await;
        let (old, new) = (
            ada.put(&talk, "old.pdf", PDF).await,
            ada.put(&talk, "new.pdf", PDF).await,
        );
        let sent = ada.put(&talk, "sent.pdf", PDF).await;
        site.send_file(&sent).await;
        sqlx::query("UPDATE attachments SET created_at = now() - interval '25 hours' WHERE name <> 'new.pdf'")
            .execute(&site.pool)
            .await
            .unwrap();
        let mut other = site.pool.acquire().await.unwrap();
        assert!(chat_app::store::attachments::lead(&mut other).await.unwrap());
        let day = Duration::from_secs(24 * 60 * 60);
        site.sweep(day).await;
        ada.get(&path(&talk, &old)).await.says(200, "");
        other.close_on_drop();
        drop(other);
        let swept = async {
            while site.count("attachments").await > 2 {
                site.sweep(day).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), swept).await.expect("it is swept");
        ada.get(&path(&talk, &old)).await.says(404, "");
        for put in [&new, &sent] {
            ada.get(&path(&talk, put)).await.says(200, "");
        }
        assert_eq!(site.count("attachment_chunks").await, 2);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_message_without_text_is_named_by_its_files_in_the_list_and_in_a_quote(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, talk) = site.pair().await;
        let sent = async |ada: &mut Person, files: &[&Answer]| {
            let ids: Vec<_> = files.iter().map(|put| id(put)).collect();
            let (client, ids) = (Uuid::new_v4().to_string(), ids.join(","));
            let fields = [
                ("client_id", client.as_str()),
                ("body", ""),
                ("attachments", &ids),
            ];
            ada.post(&format!("{talk}/messages"), &fields)
                .await
                .location();
        };
        let photo = ada.put(&talk, "me.png", &png(30, 20)).await;
        sent(&mut ada, &[&photo]).await;
        bob.get("/c")
            .await
            .says(200, "<span data-t=\"photo\"></span>");
        let report = ada.put(&talk, "report.pdf", PDF).await;
        sent(&mut ada, &[&report]).await;
        bob.get("/c")
            .await
            .says(200, "<span dir=\"auto\">report.pdf</span>");
        let photo = ada.put(&talk, "you.png", &png(20, 30)).await;
        let report = ada.put(&talk, "again.pdf", PDF).await;
        sent(&mut ada, &[&photo, &report]).await;
        bob.get("/c")
            .await
            .says(200, "<span data-t=\"files\" data-count=\"2\"></span>");
        let client = Uuid::new_v4().to_string();
        let answer = [
            ("client_id", client.as_str()),
            ("body", "nice"),
            ("reply_to", "1"),
        ];
        bob.post(&format!("{talk}/messages"), &answer)
            .await
            .redirects_to(&talk);
        ada.get(&talk)
            .await
            .says(200, "</b> <span data-t=\"photo\"></span></a>");
    })
    .await;
}
