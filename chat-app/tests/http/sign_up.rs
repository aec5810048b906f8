//! The first administrator, invitations, reset links, and the first page of a chat without accounts.

use chat_app::domain::UserId;
use chat_app::store::{invites, resets};
use chat_app::tokens;
use sqlx::PgPool;

use crate::site::{PASSWORD, SETUP, SETUP_TOKEN, Site, with};

async fn invite(site: &Site, admin: &str, uses: i32) -> String {
    let token = tokens::random().unwrap();
    let admin = UserId(site.user_id(admin).await.parse().unwrap());
    invites::create(&site.pool, admin, &tokens::hash(&token), 7, uses)
        .await
        .unwrap();
    format!("/join/{token}")
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_setup_token_creates_the_first_administrator_even_if_sign_up_is_closed(pool: PgPool) {
    let flags = [SETUP[0], SETUP[1], "--registration", "closed"];
    with(pool, &flags, async |site| {
        let mut ada = site.stranger();
        ada.get("/").await.redirects_to("/setup");
        let page = ada.get("/setup").await;
        page.says(200, "Set up Confab");
        assert_eq!(page.count(SETUP_TOKEN), 0);
        let wrong = [("token", "guess"), ("name", "ada"), ("password", PASSWORD)];
        let answer = ada.post("/setup", &wrong).await;
        answer.says(422, "This is not the setup token.");
        assert_eq!(answer.count("guess") + answer.count(PASSWORD), 0);
        assert!(!site.one::<bool>("SELECT EXISTS (SELECT FROM users)").await);

        let mut ada = site.admin("ada").await;
        ada.get("/c").await.says(200, "ada");
        assert!(site.one::<bool>("SELECT is_admin FROM users").await);
        // The token works once.
        let again = [
            ("token", SETUP_TOKEN),
            ("name", "eve"),
            ("password", PASSWORD),
        ];
        site.stranger().post("/setup", &again).await.says(404, "");
        site.stranger().get("/setup").await.says(404, "");
        site.stranger().get("/").await.redirects_to("/login");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn setup_promotes_an_existing_account_with_its_password(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        site.person("ada").await;
        let fields = |password| {
            [
                ("token", SETUP_TOKEN),
                ("name", "ada"),
                ("password", password),
            ]
        };
        site.stranger()
            .post("/setup", &fields("wrong horse"))
            .await
            .says(422, "An account with this name already exists.");
        site.stranger()
            .post("/setup", &fields(PASSWORD))
            .await
            .redirects_to("/admin");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn strangers_slow_the_setup_down_and_do_not_prevent_it(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        let fields = |token| [("token", token), ("name", "ada"), ("password", PASSWORD)];
        for _ in 0..12 {
            let guessed = site.stranger().post("/setup", &fields("guess")).await;
            guessed.says(422, "This is not the setup token.");
        }
        let mut ada = site.stranger();
        let answer = ada.post("/setup", &fields(SETUP_TOKEN)).await;
        answer.redirects_to("/admin");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn without_a_token_there_is_no_setup_and_the_first_page_explains_what_to_do(pool: PgPool) {
    with(
        pool,
        &["--registration", "invite", "--setup-token", ""],
        async |site| {
            let mut stranger = site.stranger();
            stranger.get("/setup").await.says(404, "");
            stranger.get("/").await.says(200, "Set CONFAB_SETUP_TOKEN");
            let fields = [("token", ""), ("name", "ada"), ("password", PASSWORD)];
            stranger.post("/setup", &fields).await.says(404, "");
        },
    )
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_invitation_works_as_often_as_it_allows(pool: PgPool) {
    let flags = [SETUP[0], SETUP[1], "--registration", "invite"];
    with(pool, &flags, async |site| {
        site.admin("ada").await;
        let path = invite(site, "ada", 2).await;
        let mut bob = site.stranger();
        assert_eq!(bob.get("/login").await.count("/register"), 0);
        let fields = |name| [("name", name), ("password", PASSWORD)];
        bob.post("/register", &fields("bob"))
            .await
            .says(403, "You need an invitation to create an account.");
        bob.get(&path).await.says(200, "You’re invited");
        // A failed sign-up does not count.
        bob.post(&path, &fields("ada"))
            .await
            .says(422, "The name ada is already taken.");
        bob.post(&path, &[("name", "bob"), ("password", "short")])
            .await
            .says(422, "at least 8 characters");
        bob.post(&path, &fields("bob")).await.redirects_to("/c");
        bob.get(&path).await.redirects_to("/c");
        let (mut eve, mut fay) = (site.stranger(), site.stranger());
        let (eve_fields, fay_fields) = (fields("eve"), fields("fay"));
        let both = tokio::join!(eve.post(&path, &eve_fields), fay.post(&path, &fay_fields));
        let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 404], "the last place is one");
        site.stranger()
            .get(&path)
            .await
            .says(404, "This link is no longer valid");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_expired_revoked_or_made_up_invitation_is_refused(pool: PgPool) {
    let flags = [SETUP[0], SETUP[1], "--registration", "invite"];
    with(pool, &flags, async |site| {
        site.admin("ada").await;
        let fields = [("name", "eve"), ("password", PASSWORD)];
        let (late, revoked) = (invite(site, "ada", 1).await, invite(site, "ada", 1).await);
        site.run("UPDATE invites SET expires_at = now() WHERE id = 1")
            .await;
        let ada = UserId(site.user_id("ada").await.parse().unwrap());
        assert!(invites::revoke(&site.pool, ada, 2).await.unwrap());
        assert!(!invites::revoke(&site.pool, ada, 2).await.unwrap());
        for path in [late.as_str(), &revoked, "/join/x", "/join/"] {
            let mut eve = site.stranger();
            eve.get(path).await.says(404, "");
            eve.post(path, &fields).await.says(404, "");
        }
        let tokens: String = site
            .one("SELECT string_agg(i::text, '') FROM invites i")
            .await;
        assert!(!tokens.contains(late.trim_start_matches("/join/")));
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_reset_link_sets_a_password_once_and_ends_every_session(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        site.admin("ada").await;
        let mut bob = site.person("bob").await;
        let token = tokens::random().unwrap();
        let ids = [site.user_id("ada").await, site.user_id("bob").await];
        let [ada_id, bob_id] = ids.map(|id| UserId(id.parse().unwrap()));
        resets::create(&site.pool, ada_id, bob_id, &tokens::hash(&token), 24)
            .await
            .unwrap();
        let path = format!("/reset/{token}");
        let mut other = site.stranger();
        other.get(&path).await.says(200, "For bob.");
        other
            .post(&path, &[("password", "short")])
            .await
            .says(422, "");
        let answer = other.post(&path, &[("password", "battery staple")]).await;
        answer.redirects_to("/c");
        bob.get("/c").await.redirects_to("/login?ended=true");
        other.get("/c").await.says(200, "bob");
        let mut thief = site.stranger();
        thief.get(&path).await.says(404, "");
        thief
            .post(&path, &[("password", "battery staple")])
            .await
            .says(404, "");
        let old = [("name", "bob"), ("password", PASSWORD)];
        thief.post("/login", &old).await.says(422, "");
        let new = [("name", "bob"), ("password", "battery staple")];
        thief.post("/login", &new).await.redirects_to("/c");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_disabled_or_deleted_account_has_no_session_and_can_not_log_in(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, mut eve) = (site.person("ada").await, site.person("eve").await);
        site.run("UPDATE users SET disabled_at = now() WHERE name = 'ada'")
            .await;
        ada.get("/c").await.redirects_to("/login?ended=true");
        let fields = |password| [("name", "ada"), ("password", password)];
        let mut stranger = site.stranger();
        stranger
            .post("/login", &fields(PASSWORD))
            .await
            .says(422, "This account is disabled.");
        stranger
            .post("/login", &fields("wrong horse"))
            .await
            .says(422, "Incorrect name or password");
        assert_eq!(
            eve.get("/people?q=ada")
                .await
                .count("data-testid=\"person\""),
            0
        );
        let ada_id = site.user_id("ada").await;
        eve.post("/c", &[("user", &ada_id)]).await.says(404, "");
        site.run("UPDATE users SET disabled_at = NULL, former = true WHERE name = 'ada'")
            .await;
        ada.get("/c").await.redirects_to("/login?ended=true");
        stranger
            .post("/login", &fields(PASSWORD))
            .await
            .says(422, "Incorrect name or password");
        assert_eq!(
            eve.get("/people?q=ada")
                .await
                .count("data-testid=\"person\""),
            0
        );
        let reserved = [("name", "former-1"), ("password", PASSWORD)];
        stranger
            .post("/register", &reserved)
            .await
            .says(422, "are reserved for deleted accounts");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn pages_and_errors_are_in_the_readers_language(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut stranger = site.stranger();
        stranger.headers = vec![("accept-language", "de-CH")];
        stranger
            .get("/login")
            .await
            .says(200, "<html lang=\"de\" dir=\"ltr\"");
        stranger.get("/login").await.says(200, "Neu hier?");
        stranger
            .get("/nowhere")
            .await
            .says(404, "Seite nicht gefunden");
        stranger.headers = vec![("accept-language", "ar"), ("accept", "application/json")];
        let error = stranger.get("/c").await.json();
        assert_eq!(error["error"], "سجّل الدخول للمتابعة.");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_sign_up_leads_to_where_one_was_going(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut guest = site.stranger();
        let login = guest.get("/login?next=%2Fpeople&ended=true").await;
        login.says(200, "href=\"/register?next=%2Fpeople\"");
        login.says(200, "Your session has ended");
        let form = guest.get("/register?next=%2Fpeople").await;
        form.says(200, "name=\"next\" value=\"/people\"");
        let fields = |name, next| [("name", name), ("password", PASSWORD), ("next", next)];
        let taken = guest.post("/register", &fields("x", "/people")).await;
        taken.says(422, "name=\"next\" value=\"/people\"");
        guest
            .post("/register", &fields("cleo", "/people"))
            .await
            .redirects_to("/people");
        site.stranger()
            .post("/register", &fields("dora", "//evil.example"))
            .await
            .redirects_to("/c");
    })
    .await;
}
