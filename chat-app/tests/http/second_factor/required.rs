//! Chats that require a second factor: who has none is led to set it up, and can do nothing else.

use sqlx::PgPool;

use super::{KEY, forget_used_codes, recovery_codes, sets_up};
use crate::site::{PASSWORD, Person, SETUP, with};

const SETUP_PAGE: &str = "/account/second-factor";

fn flags(policy: &'static str) -> Vec<&'static str> {
    [&SETUP[..], &KEY, &["--second-factor", policy]].concat()
}

/// Asserts that the person can do nothing but set up a second factor.
async fn is_led_to_set_up(person: &mut Person, talk: &str) {
    for page in [
        "/c",
        talk,
        "/people",
        "/account",
        "/account/tokens",
        "/search?q=a",
        "/notifications",
    ] {
        person.get(page).await.redirects_to(SETUP_PAGE);
    }
    person.send(talk, "hello").await.redirects_to(SETUP_PAGE);
    let mut script = person.script();
    let answer = script.send(talk, "hello").await;
    answer.says(403, "Set up a second factor first");
    script
        .post(&format!("{talk}/read"), &[("seq", "1")])
        .await
        .says(403, "second factor");
    script
        .put(talk, "a.txt", b"hello")
        .await
        .says(403, "second factor");
    person.headers = vec![("connection", "upgrade"), ("upgrade", "websocket")];
    person
        .get("/live")
        .await
        .says(403, "Set up a second factor first");
    person.headers = Vec::new();
    person
        .get(SETUP_PAGE)
        .await
        .says(200, "This chat requires a second factor");
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn when_it_becomes_required_open_sessions_are_led_to_set_it_up(pool: PgPool) {
    let mut before = None;
    with(pool.clone(), &SETUP, async |site| {
        let (mut ada, _, talk) = site.pair().await;
        let fields = [("name", "Backups"), ("read", "on"), ("days", "")];
        let page = ada.post("/account/tokens", &fields).await;
        let at = page.body.find("confab_").unwrap();
        let token = format!("Bearer {}", &page.body[at..at + 71]);
        before = Some((ada.cookie.clone(), talk, token));
    })
    .await;
    let (cookie, talk, token) = before.unwrap();
    with(pool, &flags("required"), async |site| {
        let mut ada = site.stranger();
        ada.cookie = cookie;
        is_led_to_set_up(&mut ada, &talk).await;
        // Programs go on.
        let mut program = site.stranger();
        let token: &'static str = Box::leak(token.into_boxed_str());
        program.headers = vec![("authorization", token)];
        program.get("/api/v1/me").await.says(200, "ada");
        // An old session proves first who uses it.
        super::time_passes(site).await;
        let setup = "/account/second-factor/setup";
        ada.post(setup, &[])
            .await
            .redirects_to("/confirm?next=%2Faccount");
        ada.get("/confirm?next=%2Faccount")
            .await
            .says(200, "Enter your password");
        let confirm = [("password", PASSWORD), ("next", "/account")];
        ada.post("/confirm", &confirm)
            .await
            .redirects_to("/account");
        ada.get("/account").await.redirects_to(SETUP_PAGE);
        sets_up(&mut ada).await;
        ada.get("/c").await.says(200, "");
        ada.script().send(&talk, "hello").await.says(201, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn new_people_set_it_up_first_and_can_replace_and_not_remove_it(pool: PgPool) {
    with(pool, &flags("required"), async |site| {
        let mut ada = site.person("ada").await;
        ada.get("/c").await.redirects_to(SETUP_PAGE);
        for path in [
            "/account/second-factor/codes",
            "/account/second-factor/remove",
        ] {
            ada.post(path, &[]).await.redirects_to(SETUP_PAGE);
        }
        ada.post("/logout", &[]).await.redirects_to("/login");
        let login = [("name", "ada"), ("password", PASSWORD)];
        ada.post("/login", &login).await.redirects_to("/c");
        sets_up(&mut ada).await;
        let account = ada.get("/account").await;
        account.says(200, "This chat requires a second factor");
        assert_eq!(account.count("Remove second factor"), 0);
        ada.post("/account/second-factor/remove", &[])
            .await
            .says(422, "This chat requires a second factor");
        let answer = ada.post("/account/second-factor/codes", &[]).await;
        recovery_codes(&answer);
        forget_used_codes(site).await;
        sets_up(&mut ada).await;
        assert_eq!(
            site.one::<i64>("SELECT count(*) FROM authenticators").await,
            1
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn it_can_be_required_for_admins_alone(pool: PgPool) {
    with(pool, &flags("required-for-admins"), async |site| {
        let mut root = site.admin("root").await;
        root.get("/admin").await.redirects_to(SETUP_PAGE);
        sets_up(&mut root).await;
        root.get("/admin").await.says(200, "");
        let (mut ada, _, talk) = site.pair().await;
        ada.get("/c").await.says(200, "");
        ada.script().send(&talk, "hello").await.says(201, "");
        let person = format!("/admin/people/{}", site.user_id("ada").await);
        root.post(&person, &[("act", "make_admin")]).await.location();
        // Open pages learn of it.
        let rechecked: i64 = site
            .one("SELECT count(*) FROM changes c JOIN sessions s ON s.id = c.session_id JOIN users u ON u.id = s.user_id WHERE u.name = 'ada'")
            .await;
        assert_eq!(rechecked, 1);
        ada.get("/c").await.redirects_to(SETUP_PAGE);
        root.post(&person, &[("act", "unmake_admin")]).await.location();
        ada.get("/c").await.says(200, "");
        // Whoever is no admin may remove theirs.
        sets_up(&mut ada).await;
        ada.post("/account/second-factor/remove", &[]).await.location();
        root.post("/account/second-factor/remove", &[]).await.says(422, "requires a second factor");
    })
    .await;
}
