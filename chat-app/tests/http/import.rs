//! `import slack`, with exports as Slack writes them and as it should not. The people then read their history in the chat.

mod export;
mod interrupted;

use chat_app::config::{Cli, Command, Import, ImportSlack};
use chat_app::import::{self, Error};
use chat_app::store::replay;
use clap::Parser;
use sqlx::{ConnectOptions, PgPool};

use self::export::{Export, nasty};
use crate::backup::contents;
use crate::site::{PASSWORD, Person, SETUP, Site, with};

fn settings(pool: &PgPool, export: &Export, more: &[&str]) -> ImportSlack {
    let url = pool.connect_options().to_url_lossy().to_string();
    let path = export.path.to_str().unwrap();
    let flags = ["chat-app", "import", "slack", path, "--database-url", &url];
    match Cli::try_parse_from(flags.iter().chain(more))
        .unwrap()
        .command
    {
        Command::Import(Import::Slack(settings)) => *settings,
        _ => unreachable!("import was asked for"),
    }
}

async fn run(pool: &PgPool, export: &Export, more: &[&str]) -> Result<String, Error> {
    import::slack(&settings(pool, export, more)).await
}

/// The path of the conversation that came from this one of Slack.
async fn path(site: &Site, source_id: &str) -> String {
    let id: i64 = sqlx::query_scalar(
        "SELECT conversation_id FROM imported_conversations WHERE source_id = $1",
    )
    .bind(source_id)
    .fetch_one(&site.pool)
    .await
    .unwrap();
    format!("/c/{id}")
}

/// Lets an imported person in, as an admin would.
async fn claim(site: &Site, admin: &mut Person, name: &str) -> Person {
    let reset = format!("/admin/people/{}/reset", site.user_id(name).await);
    let answer = admin.post(&reset, &[]).await;
    let link = answer.body.split("/reset/").nth(1).unwrap();
    let token = link.split(['"', '<']).next().unwrap();
    let mut person = site.stranger();
    let set = person
        .post(&format!("/reset/{token}"), &[("password", PASSWORD)])
        .await;
    set.redirects_to("/c");
    person
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_history_of_a_workspace_is_there_as_it_was(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut root = site.admin("root").await;
        let export = nasty();
        let files = export.path.join("files");
        run(&site.pool, &export, &["--files", files.to_str().unwrap()]).await.unwrap();
        let mut ada = claim(site, &mut root, "ada").await;

        let general = path(site, "C1").await;
        let page = ada.get(&general).await;
        page.says(200, "<strong>Welcome</strong> <span class=\"mention\"");
        page.says(200, "datetime=\"2024-01-01T09:00:00Z\"");
        page.says(200, "data-t=\"edited\"");
        page.says(200, "data-t=\"notice-added\"");
        page.says(200, "data-t=\"notice-imported\"");
        page.says(200, "data-t=\"deleted\"");
        page.says(200, "Build &lt;b&gt;#1&lt;/b&gt;");
        page.says(200, "🎉");
        page.says(200, "data-t=\"pinned\" data-actor=\"Bob evil\"");
        page.says(200, "photo.png");
        assert_eq!(page.count("EXPIRED LINK"), 0);
        page.says(200, "📎 expired.pdf");
        assert!(page.body.contains("kept although its author is missing"), "{}", page.body);

        let answers: Vec<(String, String)> = sqlx::query_as(
            "SELECT m.body, q.body FROM messages m JOIN messages q ON q.conversation_id = m.conversation_id AND q.seq = m.reply_to
             ORDER BY m.created_at",
        )
        .fetch_all(&site.pool)
        .await
        .unwrap();
        let (reply, root_of_thread) = &answers[0];
        assert_eq!((answers.len(), reply.as_str()), (1, "a reply on the next day"));
        assert!(root_of_thread.starts_with("**Welcome**"), "{root_of_thread}");

        // Direct messages and groups come too, and nobody else reads them.
        let direct = path(site, "D1").await;
        ada.get(&direct).await.says(200, "between us");
        ada.get(&path(site, "G1").await).await.says(200, "the three of us");
        root.get(&direct).await.says(404, "");
        // The channel is public.
        root.get("/rooms").await.says(200, "general");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn nobody_is_notified_and_nothing_is_unread(pool: PgPool) {
    with(pool, &[], async |site| {
        run(&site.pool, &nasty(), &[]).await.unwrap();
        let unread: i64 = site
            .one("SELECT count(*) FROM members m JOIN conversations c ON c.id = m.conversation_id WHERE m.last_read_seq <> c.last_seq")
            .await;
        assert_eq!(unread, 0);
        // Each conversation is announced with one change, its last.
        for table in ["changes", "outbox"] {
            let sql = format!(
                "SELECT count(*), count(*) FILTER (WHERE n.kind = 'imported' AND n.rev = c.rev)
                 FROM {table} t JOIN conversations c ON c.id = t.conversation_id
                 LEFT JOIN notices n ON n.conversation_id = t.conversation_id AND n.rev = t.rev"
            );
            let counts: (i64, i64) =
                sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(&site.pool).await.unwrap();
            assert_eq!(counts, (5, 5), "{table}");
        }
        let mut connection = site.pool.acquire().await.unwrap();
        let changes = replay::changes(&mut connection, (chat_app::domain::ConversationId(0), 0), 1000).await.unwrap();
        assert!(changes.len() > 10);
        assert!(changes.iter().all(|(_, _, without_record)| *without_record), "replay --check expects no records of it");
        let gaps: i64 = site
            .one("SELECT count(*) FROM (SELECT seq, row_number() OVER (PARTITION BY conversation_id ORDER BY seq) n FROM messages) m WHERE seq <> n")
            .await;
        assert_eq!(gaps, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn nobody_is_taken_for_somebody_else(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut ada = site.person("ada").await;
        let mut bob = site.person("bob").await;
        let export = nasty();
        export.write("people.csv", "# who is who\nsame@example.com,ada\nU2,bob\nU404,carol\n");
        let people = export.path.join("people.csv");
        let report = run(&site.pool, &export, &["--people", people.to_str().unwrap()]).await.unwrap();
        // Two people share the address: it maps neither.
        assert!(report.contains("same@example.com"), "{report}");
        assert!(report.contains("u404"), "{report}");
        let direct = path(site, "D1").await;
        ada.get(&direct).await.says(404, "");
        bob.get(&direct).await.says(200, "between us");
        let names: Vec<String> =
            sqlx::query_scalar("SELECT u.name FROM users u JOIN imported_users i ON i.user_id = u.id ORDER BY i.source_id")
                .fetch_all(&site.pool)
                .await
                .unwrap();
        for name in ["ada-2", "bob", "slack", "slack-u3", "zoe"] {
            assert!(names.iter().any(|other| other == name), "{name}: {names:?}");
        }
        let hidden: i64 = site.one("SELECT count(*) FROM users WHERE display_name ~ '[\u{202e}\u{200b}]'").await;
        assert_eq!(hidden, 0);
        // An account without a password is no account with an empty one.
        for password in ["", " ", "password"] {
            let wrong = site.stranger().post("/login", &[("name", "ada-2"), ("password", password)]).await;
            assert!(wrong.status.is_client_error(), "{}", wrong.status);
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn what_cannot_come_is_reported_and_costs_nothing_else(pool: PgPool) {
    with(pool, &[], async |site| {
        let report = run(&site.pool, &nasty(), &[]).await.unwrap();
        for problem in [
            "files of days are broken",
            "no valid `ts`",
            "in the export twice",
            "people are not in users.json",
            "emoji of the workspace's own",
            "not in the folder of --files",
            "a message that is not in the export",
            "neither text nor files",
            "from the future",
            "channels are archived",
            "conversations have pins of files",
        ] {
            assert!(report.contains(problem), "{problem}: {report}");
        }
        let before_the_break: i64 = site.one("SELECT count(*) FROM messages WHERE body = 'before the break'").await;
        assert_eq!(before_the_break, 1);
        let out_of_order: i64 = site
            .one("SELECT count(*) FROM messages a JOIN messages b ON b.conversation_id = a.conversation_id AND b.seq = a.seq + 1
                  WHERE b.created_at <= a.created_at")
            .await;
        assert_eq!(out_of_order, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_dry_run_reports_the_same_and_writes_nothing(pool: PgPool) {
    with(pool, &[], async |site| {
        site.pair().await;
        let before = contents(&site.pool).await;
        let dry = run(&site.pool, &nasty(), &["--dry-run"]).await.unwrap();
        assert_eq!(contents(&site.pool).await, before);
        let real = run(&site.pool, &nasty(), &[]).await.unwrap();
        assert_eq!(dry, real);
        assert_ne!(contents(&site.pool).await, before);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_second_run_changes_nothing_and_people_write_on(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut root = site.admin("root").await;
        let export = nasty();
        run(&site.pool, &export, &[]).await.unwrap();
        let mut ada = claim(site, &mut root, "ada").await;
        let general = path(site, "C1").await;
        ada.send(&general, "the first of the new chat")
            .await
            .redirects_to(&general);
        ada.post(
            &format!("{general}/messages/1/reactions"),
            &[("emoji", "👍")],
        )
        .await;
        let before = contents(&site.pool).await;
        export.write(
            "general/2024-02-01.json",
            r#"[{"ts": "1706778000.000000", "user": "U1", "text": "sent in Slack later"}]"#,
        );
        let report = run(&site.pool, &export, &[]).await.unwrap();
        assert_eq!(contents(&site.pool).await, before);
        assert!(report.contains("newer than the import"), "{report}");
        assert!(report.contains("that were there already"), "{report}");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn imported_messages_are_found_by_their_time(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut root = site.admin("root").await;
        let bob = site.person("bob").await;
        let bob_id = site.user_id("bob").await;
        let talk = root.post("/c", &[("user", &bob_id)]).await.location();
        root.send(&talk, "Welcome to the old chat").await;
        root.send(&talk, "Welcome to the new chat").await;
        drop(bob);
        // One message is older than the import, and one is newer.
        site.run("UPDATE messages SET created_at = '2023-01-01' WHERE seq = 1")
            .await;
        site.index().await;
        run(&site.pool, &nasty(), &[]).await.unwrap();
        let general = path(site, "C1").await;
        root.post(&format!("{general}/join"), &[]).await;
        let entries: (i64, i64) = sqlx::query_as(
            "SELECT count(*), count(*) FILTER (WHERE at < before) FROM (
                 SELECT m.created_at AS at, lag(m.created_at) OVER (ORDER BY x.number) AS before
                 FROM searchable x JOIN messages m USING (conversation_id, seq)) x",
        )
        .fetch_one(&site.pool)
        .await
        .unwrap();
        let messages: i64 = site
            .one("SELECT count(*) FROM messages WHERE deleted_at IS NULL")
            .await;
        assert_eq!(entries, (messages, 0), "numbers grow with time");
        let found = root
            .get("/search?q=welcome+before%3A2024-01-02+after%3A2023-12-01")
            .await;
        found.says(200, "data-testid=\"hit\"");
        assert_eq!(found.count("data-testid=\"hit\""), 1, "{}", found.body);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_zip_file_is_the_same_as_its_folder(pool: PgPool) {
    with(pool, &[], async |site| {
        let export = nasty();
        let zip = export.zipped("acme export/");
        assert_eq!(
            run(&site.pool, &zip, &["--dry-run"]).await.unwrap(),
            run(&site.pool, &export, &["--dry-run"]).await.unwrap()
        );
        let other = Export::new();
        other.write("nothing.json", "[]");
        let refused = run(&site.pool, &other, &[]).await.unwrap_err();
        assert!(
            refused.to_string().contains("has no users.json"),
            "{refused}"
        );
    })
    .await;
}
