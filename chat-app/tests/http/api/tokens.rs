//! Access tokens: created on the account page, shown once, and gone once they are revoked.

use sqlx::PgPool;

use super::{Program, is_problem, token_of};
use crate::site::{PASSWORD, SETUP, with};

const PAGE: &str = "/account/tokens";

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_token_is_shown_once_and_ends_when_it_is_revoked(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        ada.get("/account")
            .await
            .says(200, "href=\"/account/tokens\"");
        ada.get(PAGE).await.says(200, "There are no access tokens.");
        let fields = [("name", "Backups"), ("read", "on"), ("days", "")];
        let answer = ada.post(PAGE, &fields).await;
        let token = token_of(&answer);
        assert!(token.starts_with("confab_") && token.len() == 71, "{token}");
        let page = ada.get(PAGE).await;
        assert_eq!(page.count(&token), 0);
        for text in [
            "Backups",
            &token[..15],
            "Never used",
            "Does not expire",
            "Read",
        ] {
            page.says(200, text);
        }
        let stored: i64 = site
            .one("SELECT count(*) FROM access_tokens t WHERE t::text ~ 'confab_[0-9a-f]{9}'")
            .await;
        assert_eq!(stored, 0, "the table has the token itself");

        let program = Program { site, token };
        assert_eq!(program.get("/me").await.status, 200);
        ada.get(PAGE).await.says(200, "Last used");
        let id: i64 = site.one("SELECT id FROM access_tokens").await;
        let mut eve = site.person("eve").await;
        let revoke = format!("{PAGE}/{id}/revoke");
        eve.post(&revoke, &[]).await.says(404, "");
        ada.post(&revoke, &[]).await.redirects_to(PAGE);
        is_problem(&program.get("/me").await, 401, "invalid_token");
        let announced: i64 = site
            .one("SELECT count(*) FROM changes WHERE session_id IS NOT NULL")
            .await;
        assert_eq!(announced, 1, "live streams of the token end");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_token_needs_a_name_a_scope_and_a_recent_proof(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let long = "x".repeat(65);
        for (fields, text) in [
            ([("name", ""), ("read", "on")], "Enter a name"),
            ([("name", long.as_str()), ("read", "on")], "at most 64"),
            ([("name", "A"), ("x", "")], "Choose what the program may do"),
        ] {
            ada.post(PAGE, &fields).await.says(422, text);
        }
        ada.post(PAGE, &[("name", "A"), ("read", "on"), ("days", "7")])
            .await
            .says(400, "");
        site.run(
            "UPDATE sessions SET created_at = now() - interval '16 minutes', proved_at = NULL",
        )
        .await;
        let fields = [("name", "A"), ("read", "on"), ("days", "30")];
        ada.post(PAGE, &fields)
            .await
            .redirects_to("/confirm?next=%2Faccount%2Ftokens");
        ada.get(PAGE).await.says(200, "There are no access tokens.");
        let proof = [("password", PASSWORD), ("next", PAGE)];
        ada.post("/confirm", &proof).await.redirects_to(PAGE);
        token_of(&ada.post(PAGE, &fields).await);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_account_has_at_most_fifty_tokens(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let fields = [("name", "A"), ("read", "on"), ("days", "30")];
        token_of(&ada.post(PAGE, &fields).await);
        site.run(
            "INSERT INTO access_tokens (user_id, created_by, name, token_hash, prefix, scopes)
             SELECT user_id, created_by, name, sha256(n::text::bytea), prefix, scopes
             FROM access_tokens, generate_series(1, 49) AS n",
        )
        .await;
        ada.post(PAGE, &fields)
            .await
            .says(422, "at most 50 access tokens");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_token_ends_with_its_time_and_with_its_account(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let mut root = site.admin("root").await;
        let mut ada = site.person("ada").await;
        let program = Program::of(site, &mut ada, "read").await;
        site.run("UPDATE access_tokens SET expires_at = now()")
            .await;
        is_problem(&program.get("/me").await, 401, "invalid_token");
        ada.get(PAGE).await.says(200, "<b>Expired</b>");
        site.run("UPDATE access_tokens SET expires_at = NULL").await;

        let person = format!("/admin/people/{}", site.user_id("ada").await);
        for (act, status) in [("disable", 401), ("enable", 200), ("sign_out", 401)] {
            root.post(&person, &[("act", act)])
                .await
                .redirects_to(&person);
            assert_eq!(program.get("/me").await.status, status, "{act}");
        }
        let log = root.get("/admin/log").await;
        log.says(200, "ada created access token Program for ada");
        let mut bob = site.person("bob").await;
        let program = Program::of(site, &mut bob, "read").await;
        let fields = [("password", PASSWORD), ("messages", "keep")];
        bob.post("/account/delete", &fields).await;
        is_problem(&program.get("/me").await, 401, "invalid_token");
    })
    .await;
}
