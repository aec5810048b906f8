//! Sign-up, login, logout.

use axum::http::StatusCode;
use sqlx::PgPool;

use crate::site::{PASSWORD, with};

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_new_account_is_logged_in_and_can_log_in_again(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("Ada.L").await;
        ada.get("/c").await.says(200, "Hello, ada.l");
        ada.get("/").await.redirects_to("/c");
        ada.get("/login").await.redirects_to("/c");

        let mut elsewhere = site.stranger();
        let answer = elsewhere
            .post("/login", &[("name", " ADA.L "), ("password", PASSWORD)])
            .await;
        answer.redirects_to("/c");
        assert_eq!(
            answer.session_cookie().split_once("; ").unwrap().1,
            "HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000"
        );
        assert_ne!(elsewhere.cookie, ada.cookie);
        elsewhere.get("/c").await.says(200, "ada.l");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn with_tls_the_cookie_belongs_to_the_host_alone(pool: PgPool) {
    with(pool, &["--url", "https://chat.example"], async |site| {
        let answer = site
            .stranger()
            .post("/register", &[("name", "ada"), ("password", PASSWORD)])
            .await;
        let cookie = answer.session_cookie();
        assert!(
            cookie.starts_with("__Host-confab=") && cookie.contains("; Secure;"),
            "{cookie}"
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_token_is_not_in_the_database(pool: PgPool) {
    with(pool, &[], async |site| {
        let ada = site.person("ada").await;
        let token = ada.cookie.unwrap().trim_start_matches("confab=").to_owned();
        assert_eq!(token.len(), 64);
        let row: String = sqlx::query_scalar("SELECT sessions::text FROM sessions")
            .fetch_one(&site.pool)
            .await
            .unwrap();
        assert!(!row.contains(&token), "{row}");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer(pool: PgPool) {
    with(pool, &[], async |site| {
        site.person("ada").await;
        let mut pages = Vec::new();
        for name in ["ada", "bob"] {
            let answer = site
                .stranger()
                .post("/login", &[("name", name), ("password", "wrong horse")])
                .await;
            answer.says(422, "Incorrect name or password.");
            assert!(answer.session_cookie().is_empty());
            assert_eq!(answer.count("wrong horse"), 0);
            answer.says(422, &format!("value=\"{name}\""));
            pages.push(answer.body.replace(name, "NAME"));
        }
        assert_eq!(pages[0], pages[1]);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn errors_stand_beside_their_fields(pool: PgPool) {
    with(pool, &[], async |site| {
        let answer = site
            .stranger()
            .post(
                "/register",
                &[("name", "Ada Lovelace"), ("password", "short")],
            )
            .await;
        answer.says(422, "value=\"Ada Lovelace\"");
        assert_eq!(answer.count("data-testid=\"field-error\""), 2);
        answer.says(
            422,
            "aria-invalid=\"true\" aria-describedby=\"name-error\" autofocus",
        );
        answer.says(
            422,
            "aria-invalid=\"true\" aria-describedby=\"password-error\">",
        );
        assert_eq!(answer.count("short"), 0, "the password came back");

        let answer = site
            .stranger()
            .post("/register", &[("name", "ada"), ("password", "short")])
            .await;
        assert_eq!(answer.count("data-testid=\"field-error\""), 1);
        answer.says(422, "aria-describedby=\"password-error\" autofocus");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_name_can_be_taken_once(pool: PgPool) {
    with(pool, &[], async |site| {
        site.person("ada").await;
        let answer = site
            .stranger()
            .post("/register", &[("name", "ADA"), ("password", PASSWORD)])
            .await;
        answer.says(422, "The name ada is already taken.");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn closed_registration_is_neither_offered_nor_accepted(pool: PgPool) {
    with(pool, &["--registration", "closed"], async |site| {
        let mut stranger = site.stranger();
        assert_eq!(stranger.get("/login").await.count("/register"), 0);
        stranger
            .get("/register")
            .await
            .says(403, "Sign-up is closed");
        let answer = stranger
            .post("/register", &[("name", "ada"), ("password", PASSWORD)])
            .await;
        answer.says(403, "New accounts can’t be created here.");
        let people: i64 = sqlx::query_scalar("SELECT count(*) FROM users")
            .fetch_one(&site.pool)
            .await
            .unwrap();
        assert_eq!(people, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn logging_out_ends_the_session_everywhere(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let mut thief = ada.script();
        ada.post("/logout", &[]).await.redirects_to("/login");
        assert_eq!(ada.cookie, None);
        thief.get("/c").await.says(401, "Log in to continue.");
        let recorded: i64 =
            sqlx::query_scalar("SELECT count(*) FROM changes WHERE session_id IS NOT NULL")
                .fetch_one(&site.pool)
                .await
                .unwrap();
        assert_eq!(recorded, 1, "the other replicas close its sockets");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn logging_in_ends_the_browsers_previous_session(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let mut old = ada.script();
        ada.post("/login", &[("name", "ada"), ("password", PASSWORD)])
            .await
            .redirects_to("/c");
        assert_ne!(old.cookie, ada.cookie);
        old.get("/c").await.says(401, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_expired_session_opens_nothing(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        sqlx::query("UPDATE sessions SET expires_at = now()")
            .execute(&site.pool)
            .await
            .unwrap();
        ada.get("/c").await.redirects_to("/login?ended=true");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_login_leads_back_to_the_requested_page(pool: PgPool) {
    with(pool, &[], async |site| {
        let (mut ada, _, path) = site.pair().await;
        ada.post("/logout", &[]).await;
        let to_login = ada.get(&path).await.location();
        assert_eq!(
            to_login,
            format!("/login?next={}", path.replace('/', "%2F"))
        );
        ada.get(&to_login)
            .await
            .says(200, &format!("name=\"next\" value=\"{path}\""));
        let fields = [("name", "ada"), ("password", PASSWORD), ("next", &path)];
        ada.post("/login", &fields).await.redirects_to(&path);

        for evil in ["//evil.example", "/\\evil.example", "/\t/evil.example"] {
            let fields = [("name", "ada"), ("password", PASSWORD), ("next", evil)];
            ada.post("/login", &fields).await.redirects_to("/c");
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_login_leads_back_to_every_page(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        let pages = [
            "/notifications",
            "/rooms",
            "/rooms/new?kind=group",
            "/people",
            "/search?q=x",
            "/account",
        ];
        for page in pages {
            ada.get(page).await.says(200, "");
            ada.post("/logout", &[]).await;
            let to_login = ada.get(page).await.location();
            let form = ada.get(&to_login).await;
            form.says(200, &format!("name=\"next\" value=\"{page}\""));
            let fields = [("name", "ada"), ("password", PASSWORD), ("next", page)];
            ada.post("/login", &fields).await.redirects_to(page);
            // A login page that was left open in another tab.
            ada.get(&to_login).await.redirects_to(page);
        }
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_eleventh_login_attempt_within_a_minute_has_to_wait(pool: PgPool) {
    with(pool, &[], async |site| {
        site.person("ada").await;
        for _ in 0..10 {
            site.stranger()
                .post("/login", &[("name", "ada"), ("password", "wrong horse")])
                .await
                .says(422, "");
        }
        let right = [("name", "ada"), ("password", PASSWORD)];
        let mut answer = site.stranger().post("/login", &right).await;
        // One more attempt is allowed every six seconds, and ten may take that long on a busy machine.
        for _ in 0..10 {
            if answer.status == StatusCode::SEE_OTHER {
                answer = site.stranger().post("/login", &right).await;
            }
        }
        answer.says(429, "There were too many attempts. Try again in ");
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=6).contains(&wait), "{wait}");
    })
    .await;
}
