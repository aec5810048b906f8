//! A person's own account: settings, devices, avatars, blocking, export, deletion.

use std::io::{Cursor, Read};

use chat_app::housekeeping;
use image::{DynamicImage, ImageFormat};
use sqlx::PgPool;
use zip::ZipArchive;

use crate::site::{PASSWORD, SETUP, with};

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn others_see_a_persons_display_name(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob) = (site.person("ada").await, site.person("bob").await);
        ada.get("/account").await.says(200, "You log in as ada.");
        let name = [("display_name", "  Ada <Lovelace> ")];
        ada.post("/account/profile", &name)
            .await
            .redirects_to("/account?saved=profile#profile");
        ada.get("/account?saved=profile")
            .await
            .says(200, "data-testid=\"saved\"");
        for q in ["ada", "LOVELACE"] {
            let page = bob.get(&format!("/people?q={q}")).await;
            page.says(200, "Ada &lt;Lovelace&gt;");
        }
        let strange = [("display_name", "a\u{202e}b")];
        ada.post("/account/profile", &strange)
            .await
            .says(422, "characters that nobody can see");
        ada.post("/account/profile", &[("display_name", " ")])
            .await
            .location();
        bob.get("/people?q=ada")
            .await
            .says(200, "<span class=\"name\" dir=\"auto\">ada</span>");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_chosen_language_applies_to_new_devices(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        ada.post("/account/language", &[("language", "de")])
            .await
            .location();
        ada.get("/account").await.says(200, "<html lang=\"de\"");
        let mut phone = site.stranger();
        let login = [("name", "ada"), ("password", PASSWORD)];
        phone.post("/login", &login).await.redirects_to("/c");
        phone.get("/account").await.says(200, "Anzeigename");
        phone
            .post("/account/language", &[("language", "xx")])
            .await
            .says(400, "");
        phone
            .post("/account/language", &[("language", "")])
            .await
            .location();
        assert_eq!(phone.language, None);
        phone.headers = vec![("accept-language", "ar")];
        phone.get("/account").await.says(200, "dir=\"rtl\"");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn only_checked_signals_are_shared(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        ada.post("/account/privacy", &[("typing", "on")])
            .await
            .location();
        let shared = "SELECT concat(share_presence, share_typing, share_receipts) FROM users";
        assert_eq!(site.one::<String>(shared).await, "ftf");
        assert_eq!(
            ada.get("/account")
                .await
                .count("type=\"checkbox\" name=\"typing\" value=\"on\" checked"),
            1
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_new_password_needs_the_old_one_and_ends_the_other_sessions(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut phone) = (site.person("ada").await, site.stranger());
        let login = |password| [("name", "ada"), ("password", password)];
        phone.post("/login", &login(PASSWORD)).await.location();
        let fields = |current, new| [("current", current), ("password", new)];
        let change = "/account/password";
        ada.post(change, &fields("wrong horse", "battery staple"))
            .await
            .says(422, "Incorrect password");
        ada.post(change, &fields(PASSWORD, "short"))
            .await
            .says(422, "at least 8");
        ada.post(change, &fields(PASSWORD, "battery staple"))
            .await
            .location();
        ada.get("/c").await.says(200, "");
        phone.get("/c").await.redirects_to("/login?ended=true");
        phone.post("/login", &login(PASSWORD)).await.says(422, "");
        phone
            .post("/login", &login("battery staple"))
            .await
            .redirects_to("/c");
        let recorded: i64 = site
            .one("SELECT count(*) FROM changes WHERE session_id IS NOT NULL")
            .await;
        assert_eq!(recorded, 1, "the other replicas close its sockets");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn devices_are_listed_and_their_sessions_can_be_ended(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let mut others = Vec::new();
        for agent in ["Mozilla/5.0 (X11; Linux) Firefox/140.0", "curl/8", "x"] {
            let mut device = site.stranger();
            device.headers = vec![("user-agent", agent)];
            let login = [("name", "ada"), ("password", PASSWORD)];
            device.post("/login", &login).await.location();
            others.push(device);
        }
        let page = ada.get("/account").await;
        assert_eq!(page.count("data-testid=\"device\""), 4);
        page.says(200, "Firefox, Linux");
        let id: i64 = site
            .one("SELECT id FROM sessions WHERE device = 'Firefox, Linux'")
            .await;
        let which = [("session", &*id.to_string())];
        let mut eve = site.person("eve").await;
        eve.post("/account/devices/revoke", &which)
            .await
            .says(404, "");
        others[0].get("/c").await.says(200, "");
        ada.post("/account/devices/revoke", &which).await.location();
        others[0].get("/c").await.redirects_to("/login?ended=true");
        ada.post("/account/devices/others", &[]).await.location();
        others[1].get("/c").await.redirects_to("/login?ended=true");
        ada.get("/c").await.says(200, "");
        eve.get("/c").await.says(200, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_last_use_of_a_device_is_stored_every_few_minutes(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let recent = "SELECT last_seen_at > now() - interval '1 minute' FROM sessions";
        for (ago, written) in [("4 minutes", false), ("6 minutes", true)] {
            sqlx::query("UPDATE sessions SET last_seen_at = now() - $1::text::interval")
                .bind(ago)
                .execute(&site.pool)
                .await
                .unwrap();
            ada.get("/c").await.says(200, "");
            assert_eq!(site.one::<bool>(recent).await, written, "{ago}");
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_avatar_is_re_encoded_and_served_so_that_nothing_in_it_runs(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob) = (site.person("ada").await, site.person("bob").await);
        let mut upload = Vec::new();
        DynamicImage::new_rgb8(300, 200)
            .write_to(&mut Cursor::new(&mut upload), ImageFormat::Png)
            .unwrap();
        upload.extend(b"<script>alert(1)</script>");
        ada.upload("/account/avatar", "picture", &upload)
            .await
            .location();
        let page = bob.get("/people?q=ada").await;
        let start = page.body.find("/avatar/").unwrap();
        let path = page.body[start..].split('"').next().unwrap();
        let picture = bob.get(path).await;
        assert_eq!(picture.status.as_u16(), 200);
        assert_eq!(picture.header("content-type"), "image/jpeg");
        assert_eq!(picture.header("x-content-type-options"), "nosniff");
        let policy = "default-src 'none'; sandbox; frame-ancestors 'none'";
        assert_eq!(picture.header("content-security-policy"), policy);
        assert!(picture.header("cache-control").contains("immutable"));
        let image = image::load_from_memory(&picture.bytes).unwrap();
        assert_eq!((image.width(), image.height()), (256, 256));
        assert_eq!(picture.count("<script>"), 0);
        site.stranger().get(path).await.says(404, "");

        for (field, content, status) in [
            ("picture", b"<svg onload=alert(1)>".to_vec(), 422),
            ("picture", vec![0; 9 * 1024 * 1024], 422),
            ("other", upload, 400),
        ] {
            let answer = ada.upload("/account/avatar", field, &content).await;
            answer.says(status, "");
        }
        ada.post("/account/avatar", &[("picture", "x")])
            .await
            .says(400, "");
        ada.post("/account/avatar/remove", &[]).await.location();
        bob.get(path).await.says(404, "");
        assert_eq!(bob.get("/people?q=ada").await.count("/avatar/"), 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn messages_of_a_blocked_person_are_folded_for_the_one_who_blocked(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, _) = site.pair().await;
        let bob_id = site.user_id("bob").await;
        let rule = format!("[data-sender=\"{bob_id}\"]");
        assert_eq!(ada.get("/c").await.count("folded.css"), 0);
        ada.post("/account/block", &[("user", &bob_id)])
            .await
            .location();
        ada.post("/account/block", &[("user", &bob_id)])
            .await
            .location();
        ada.get("/account")
            .await
            .says(200, "data-testid=\"blocked\" data-name=\"bob\"");
        ada.get("/c").await.says(200, "/account/folded.css");
        let style = ada.get("/account/folded.css").await;
        style.says(200, &rule);
        style.says(200, &format!(".hit .text)[data-sender=\"{bob_id}\"]"));
        assert_eq!(style.header("cache-control"), "no-store");
        assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
        let theirs = bob.get("/account/folded.css").await;
        assert_eq!((theirs.status.as_u16(), theirs.body.as_str()), (200, ""));
        site.stranger().get("/account/folded.css").await.location();
        let ada_id = site.user_id("ada").await;
        for nobody in ["999999", &ada_id] {
            ada.post("/account/block", &[("user", nobody)])
                .await
                .says(404, "");
        }
        bob.post("/account/unblock", &[("user", &bob_id)])
            .await
            .location();
        assert_eq!(
            ada.get("/account/folded.css").await.count(&rule),
            style.count(&rule)
        );
        ada.post("/account/unblock", &[("user", &bob_id)])
            .await
            .location();
        assert_eq!(ada.get("/account/folded.css").await.body, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_export_is_a_zip_of_a_persons_own_data_only(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        ada.send(&path, "from ada \"quoted\"").await.location();
        bob.send(&path, "from bob").await.location();
        for n in 0..250 {
            ada.send(&path, &format!("more {n}")).await.location();
        }
        site.run("UPDATE messages SET body = '', deleted_at = now() WHERE body = 'more 7'")
            .await;
        site.run(
            "INSERT INTO attachments (id, conversation_id, owner_id, seq, name, media_type, bytes)
             SELECT gen_random_uuid(), m.conversation_id, m.sender_id, m.seq, u.name || '.txt', 'text/plain', 5
             FROM messages m JOIN users u ON u.id = m.sender_id WHERE m.seq < 3;
             INSERT INTO attachment_chunks (attachment_id, kind, number, bytes) SELECT id, 'original', 0, 'bytes' FROM attachments",
        )
        .await;
        let answer = ada.get("/account/export").await;
        assert_eq!(answer.header("content-type"), "application/zip");
        assert_eq!(
            answer.header("content-disposition"),
            "attachment; filename=\"confab-ada.zip\""
        );
        let mut zip = ZipArchive::new(Cursor::new(answer.bytes)).unwrap();
        let mut read = |name: &str| {
            let mut text = String::new();
            zip.by_name(name)
                .unwrap()
                .read_to_string(&mut text)
                .unwrap();
            serde_json::from_str::<serde_json::Value>(&text).unwrap()
        };
        assert_eq!(read("profile.json")["name"], "ada");
        assert_eq!(read("conversations.json")[0]["with"], "bob");
        let files = read("files.json");
        assert_eq!(files.as_array().unwrap().len(), 1);
        let name = format!("files/{}/ada.txt", files[0]["id"].as_str().unwrap());
        let messages = read(&format!("messages/{}.json", path.trim_start_matches("/c/")));
        assert_eq!(messages.as_array().unwrap().len(), 250);
        assert_eq!(messages[0]["text"], "from ada \"quoted\"");
        assert!(!messages.to_string().contains("from bob"));
        let mut file = Vec::new();
        zip.by_name(&name).unwrap().read_to_end(&mut file).unwrap();
        assert_eq!(file, b"bytes");
        site.stranger().get("/account/export").await.location();
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_export_continues_after_a_lost_file_and_lists_it(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        for body in ["one", "two", "three"] {
            ada.send(&path, body).await.location();
        }
        site.run(
            "INSERT INTO attachments (id, conversation_id, owner_id, seq, name, media_type, bytes)
             SELECT gen_random_uuid(), conversation_id, sender_id, seq, body || '.txt', 'text/plain', 5 FROM messages;
             INSERT INTO attachment_chunks (attachment_id, kind, number, bytes)
             SELECT id, 'original', 0, CASE name WHEN 'two.txt' THEN 'by' ELSE 'bytes' END::bytea FROM attachments WHERE name <> 'one.txt'",
        )
        .await;
        let mut zip = ZipArchive::new(Cursor::new(ada.get("/account/export").await.bytes)).unwrap();
        let missing: serde_json::Value =
            serde_json::from_reader(zip.by_name("missing.json").unwrap()).unwrap();
        let names: Vec<_> = missing.as_array().unwrap().iter().map(|file| &file["name"]).collect();
        assert_eq!(names, ["one.txt", "two.txt"], "one is gone, of two there is a part");
        let entries: Vec<_> = zip.file_names().map(Result::unwrap).collect();
        let holds = |name: &str| entries.iter().any(|entry| entry.ends_with(name));
        assert!(holds("/three.txt"), "what comes after is there");
        assert!(!holds("/one.txt"), "what is gone leaves no empty file");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn messages_of_a_deleted_account_lose_its_name(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        ada.send(&path, "still here").await.location();
        let fields = |password| [("messages", "keep"), ("password", password)];
        ada.post("/account/delete", &fields("wrong horse"))
            .await
            .says(422, "Incorrect password");
        ada.get("/c").await.says(200, "");
        let answer = ada.post("/account/delete", &fields(PASSWORD)).await;
        answer.says(200, "Your account is deleted");
        assert_eq!(ada.cookie, None);
        let login = [("name", "ada"), ("password", PASSWORD)];
        ada.post("/login", &login)
            .await
            .says(422, "Incorrect name or password");
        let page = bob.get(&path).await;
        page.says(200, "still here");
        // In messages the style sheet names the account, elsewhere the page does.
        page.says(200, "<bdi data-t=\"former\"></bdi>");
        page.says(200, "Messages with Former member");
        let list = bob.get("/c").await;
        list.says(
            200,
            "<span class=\"name\" dir=\"auto\">Former member</span>",
        );
        assert_eq!((page.count("former-"), list.count("former-")), (0, 0));
        assert_eq!(
            bob.get("/people?q=former")
                .await
                .count("data-testid=\"person\""),
            0
        );
        // The name is free again.
        site.person("ada").await;
        let left: i64 = site.one("SELECT count(*) FROM erasures").await;
        assert_eq!(left, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn deleting_an_account_with_its_messages_leaves_tombstones(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut bob, path) = site.pair().await;
        ada.send(&path, "gone soon").await.location();
        bob.send(&path, "stays").await.location();
        let revs = "SELECT rev FROM conversations";
        assert_eq!(site.one::<i64>(revs).await, 2);
        let fields = [("messages", "erase"), ("password", PASSWORD)];
        ada.post("/account/delete", &fields).await.says(200, "");
        let mut connection = site.pool.acquire().await.unwrap();
        housekeeping::erase(&mut connection).await.unwrap();
        let page = bob.get(&path).await;
        page.says(200, "stays");
        assert_eq!(page.count("gone soon"), 0);
        assert_eq!(site.one::<i64>(revs).await, 3, "everybody is notified");
        let kept: i64 = site.one("SELECT count(*) FROM erasures").await;
        assert_eq!(kept, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_last_administrator_can_not_delete_their_account(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut ada = site.admin("ada").await;
        let fields = [("messages", "keep"), ("password", PASSWORD)];
        ada.post("/account/delete", &fields)
            .await
            .says(422, "You are the only administrator.");
        ada.get("/admin").await.says(200, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_stranger_is_redirected_to_the_login(pool: PgPool) {
    with(pool, &[], async |site| {
        for path in [
            "/account/profile",
            "/account/avatar/remove",
            "/account/language",
            "/account/privacy",
            "/account/password",
            "/account/devices/revoke",
            "/account/devices/others",
            "/account/block",
            "/account/unblock",
            "/account/delete",
        ] {
            let answer = site.stranger().post(path, &[("user", "1")]).await;
            answer.redirects_to("/login");
        }
        site.stranger()
            .upload("/account/avatar", "picture", b"x")
            .await
            .redirects_to("/login");
        site.stranger()
            .get("/account")
            .await
            .redirects_to("/login?next=%2Faccount");
    })
    .await;
}
