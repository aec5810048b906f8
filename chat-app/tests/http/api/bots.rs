//! Bots: created by admins, members of rooms that added them, and gone when they are deleted.

use serde_json::json;
use sqlx::PgPool;

use super::{Program, is_problem, of_page, token_of};
use crate::site::{PASSWORD, SETUP, with};

const PAGE: &str = "/admin/bots";

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_bot_answers_in_the_rooms_that_added_it(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut root = site.admin("root").await;
        let mut ada = site.person("ada").await;
        let bot = root.post(PAGE, &[("name", "deploys")]).await.location();
        let fields = [
            ("name", "CI"),
            ("read", "on"),
            ("write", "on"),
            ("days", ""),
        ];
        let token = token_of(&root.post(&format!("{bot}/tokens"), &fields).await);
        let program = Program { site, token };
        let me = program.read("/me").await;
        assert_eq!((&me["name"], &me["bot"]), (&json!("deploys"), &json!(true)));

        let fields = [("kind", "private"), ("title", "Ops"), ("people", "")];
        let room = ada.post("/rooms", &fields).await.location();
        is_problem(&program.get(&of_page(&room)).await, 404, "not_found");
        let fields = [("people", "deploys")];
        ada.post(&format!("{room}/members"), &fields)
            .await
            .location();
        program.send(&of_page(&room), "deployed").await;
        let page = ada.get(&room).await;
        page.says(200, "<p>deployed</p>");
        page.says(200, "<span class=\"app-label\"");

        let login = [("name", "deploys"), ("password", PASSWORD)];
        site.stranger().post("/login", &login).await.says(422, "");
        root.post(&format!("{bot}/remove"), &[])
            .await
            .redirects_to(PAGE);
        is_problem(&program.get("/me").await, 401, "invalid_token");
        root.get(&bot).await.says(404, "");
        ada.get(&room).await.says(200, "<p>deployed</p>");
        let log = root.get("/admin/log").await;
        log.says(200, "root deleted bot deploys");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn only_admins_manage_bots_and_only_bots(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut root = site.admin("root").await;
        let mut ada = site.person("ada").await;
        root.post(PAGE, &[("name", "ada")]).await.says(422, "ada");
        root.post(PAGE, &[("name", "x")]).await.says(422, "2 to 32");
        let bot = root.post(PAGE, &[("name", "deploys")]).await.location();
        root.get(PAGE).await.says(200, "0 access tokens");
        let fields = [("name", "CI"), ("read", "on"), ("days", "")];
        for path in [PAGE.to_owned(), bot.clone()] {
            ada.get(&path).await.says(404, "");
        }
        for path in [
            PAGE.to_owned(),
            format!("{bot}/tokens"),
            format!("{bot}/remove"),
        ] {
            ada.post(&path, &fields).await.says(404, "");
        }
        // Nobody makes a token that acts as a person.
        let person = site.user_id("ada").await;
        for act in ["tokens", "remove"] {
            root.post(&format!("{PAGE}/{person}/{act}"), &fields)
                .await
                .says(404, "");
        }
        token_of(&root.post(&format!("{bot}/tokens"), &fields).await);
        let token: i64 = site.one("SELECT id FROM access_tokens").await;
        let revoke = format!("{bot}/tokens/{token}/revoke");
        site.run(
            "UPDATE sessions SET created_at = now() - interval '16 minutes', proved_at = NULL",
        )
        .await;
        let confirm = format!("/confirm?next={}", bot.replace('/', "%2F"));
        root.post(&revoke, &[]).await.redirects_to(&confirm);
        root.post("/confirm", &[("password", PASSWORD), ("next", &bot)])
            .await
            .redirects_to(&bot);
        root.post(&revoke, &[]).await.redirects_to(&bot);
    })
    .await;
}
