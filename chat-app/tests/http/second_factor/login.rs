//! The second step of a login.

use sqlx::PgPool;

use super::{KEY, enters_password, forget_used_codes, sets_up};
use crate::site::{PASSWORD, SETUP, with};

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_password_alone_opens_nothing(pool: PgPool) {
    with(pool, &KEY, async |site| {
        let mut ada = site.person("ada").await;
        let (app, _) = sets_up(&mut ada).await;
        let mut browser = site.stranger();
        let fields = [("name", "ada"), ("password", "wrong horse")];
        browser
            .post("/login", &fields)
            .await
            .says(422, "Incorrect name or password.");
        let fields = [
            ("name", "ada"),
            ("password", PASSWORD),
            ("next", "/rooms?q=a"),
        ];
        let answer = browser.post("/login", &fields).await;
        answer.redirects_to("/second-factor");
        assert_eq!(answer.session_cookie(), "");
        assert_eq!(browser.device, None, "the browser is not known yet");
        browser.get("/c").await.redirects_to("/login");
        let page = browser.get("/second-factor").await;
        page.says(200, "enter its code for ada");
        page.says(200, "autocomplete=\"one-time-code\"");
        for wrong in ["", "12", &app.wrong(), &app.code(-4), &app.code(4)] {
            let answer = browser.post("/second-factor", &[("code", wrong)]).await;
            answer.says(422, "This code is wrong, has expired, or was used already.");
            assert_eq!(answer.session_cookie(), "");
        }
        // The code that confirmed the app is used up.
        let used = app.code(0);
        browser
            .post("/second-factor", &[("code", &used)])
            .await
            .says(422, "This code is wrong");
        let code = app.code(1);
        let code = [("code", code.as_str())];
        browser
            .post("/second-factor", &code)
            .await
            .redirects_to("/rooms?q=a");
        browser
            .get("/account")
            .await
            .says(200, "You log in as ada.");
        browser
            .post("/second-factor", &code)
            .await
            .says(422, "This login took too long");
        // Nor does it log in anybody who looked over her shoulder.
        let mut eve = site.stranger();
        enters_password(&mut eve, "ada").await;
        eve.post("/second-factor", &code)
            .await
            .says(422, "This code is wrong");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn of_two_requests_with_one_code_one_logs_in(pool: PgPool) {
    with(pool, &KEY, async |site| {
        let mut ada = site.person("ada").await;
        let (app, _) = sets_up(&mut ada).await;
        let (mut one, mut two) = (site.stranger(), site.stranger());
        enters_password(&mut one, "ada").await;
        enters_password(&mut two, "ada").await;
        let code = app.code(1);
        let fields = [("code", code.as_str())];
        let (first, second) = tokio::join!(
            one.post("/second-factor", &fields),
            two.post("/second-factor", &fields)
        );
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 422]);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_recovery_code_logs_in_once(pool: PgPool) {
    with(pool, &KEY, async |site| {
        let mut ada = site.person("ada").await;
        let (_, codes) = sets_up(&mut ada).await;
        for (typed, status) in [
            (codes[3].to_uppercase().replace('-', " "), 303),
            (codes[3].clone(), 422),
            (codes[4].clone(), 303),
            ("aaaaaa-aaaaaa-aaaaaa-aaaaaa".to_owned(), 422),
        ] {
            let mut browser = site.stranger();
            enters_password(&mut browser, "ada").await;
            let answer = browser.post("/second-factor", &[("code", &typed)]).await;
            assert_eq!(answer.status, status, "{}", answer.body);
        }
        ada.get("/account")
            .await
            .says(200, "8 recovery codes left.");
        let used: i64 = site
            .one("SELECT count(*) FROM audit_log WHERE act = 'recovery_code_use'")
            .await;
        assert_eq!(used, 2);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_login_ends_in_the_browser_in_which_it_began_and_in_time(pool: PgPool) {
    with(pool, &KEY, async |site| {
        let mut ada = site.person("ada").await;
        let (app, codes) = sets_up(&mut ada).await;
        let mut browser = site.stranger();
        enters_password(&mut browser, "ada").await;
        let code = app.code(1);
        let code = [("code", code.as_str())];
        let mut eve = site.stranger();
        eve.post("/second-factor", &code)
            .await
            .says(422, "This login took too long");
        // Nor one who has put a cookie into her browser.
        let planted = format!("confab-code={}", "a".repeat(64));
        let mut victim = site.stranger();
        (victim.code, eve.code) = (Some(planted.clone()), Some(planted));
        enters_password(&mut victim, "ada").await;
        eve.get("/second-factor").await.redirects_to("/login");
        site.run("UPDATE pending_logins SET began_at = began_at - interval '11 minutes'")
            .await;
        browser
            .post("/second-factor", &code)
            .await
            .says(422, "This login took too long");
        browser.get("/second-factor").await.redirects_to("/login");
        // A new password ends what the old one began, and so does an admin who disables the account.
        enters_password(&mut browser, "ada").await;
        let change = [("current", PASSWORD), ("password", "battery staple")];
        ada.post("/account/password", &change).await.location();
        browser
            .post("/second-factor", &code)
            .await
            .says(422, "This login took too long");
        let fields = [("name", "ada"), ("password", "battery staple")];
        browser
            .post("/login", &fields)
            .await
            .redirects_to("/second-factor");
        site.run("UPDATE users SET disabled_at = now()").await;
        let recovery = [("code", codes[0].as_str())];
        browser
            .post("/second-factor", &recovery)
            .await
            .says(422, "This login took too long");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_reset_link_replaces_the_password_and_not_the_second_factor(pool: PgPool) {
    let flags = [&SETUP[..], &KEY].concat();
    with(pool, &flags, async |site| {
        let mut root = site.admin("root").await;
        let mut ada = site.person("ada").await;
        let (app, _) = sets_up(&mut ada).await;
        let path = format!("/admin/people/{}/reset", site.user_id("ada").await);
        let page = root.post(&path, &[]).await;
        let (_, rest) = page.body.split_once("/reset/").unwrap();
        let link = format!("/reset/{}", &rest[..64]);
        let mut browser = site.stranger();
        let fields = [("password", "battery staple")];
        browser
            .post(&link, &fields)
            .await
            .redirects_to("/second-factor");
        browser.get("/c").await.redirects_to("/login");
        let code = app.code(1);
        browser
            .post("/second-factor", &[("code", &code)])
            .await
            .redirects_to("/c");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn when_the_key_is_lost_recovery_codes_still_log_in(pool: PgPool) {
    let codes = {
        let mut found = None;
        with(pool.clone(), &KEY, async |site| {
            let mut ada = site.person("ada").await;
            found = Some(sets_up(&mut ada).await);
            forget_used_codes(site).await;
        })
        .await;
        found.unwrap()
    };
    let (app, codes) = codes;
    let other = [
        "--encryption-key",
        "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA",
    ];
    for (flags, recovery) in [(&other[..], &codes[0]), (&[][..], &codes[1])] {
        with(pool.clone(), flags, async |site| {
            let mut browser = site.stranger();
            enters_password(&mut browser, "ada").await;
            let code = app.code(0);
            browser
                .post("/second-factor", &[("code", &code)])
                .await
                .says(422, "This code is wrong");
            browser
                .post("/second-factor", &[("code", recovery)])
                .await
                .redirects_to("/c");
        })
        .await;
    }
}
