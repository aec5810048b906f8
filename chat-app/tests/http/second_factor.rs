//! Authenticator apps and recovery codes: set up, asked for after the password, and for what nobody else must do.

mod admin;
mod limits;
mod login;
mod required;

use sqlx::PgPool;
use totp_rs::Builder;

use crate::site::{Answer, ENCRYPTION_KEY, PASSWORD, Person, Site, with};

/// Settings of a chat in which people can set up a second factor.
pub const KEY: [&str; 2] = ["--encryption-key", ENCRYPTION_KEY];

/// A person's authenticator app.
pub struct Authenticator {
    secret: [u8; 20],
}

impl Authenticator {
    /// Reads the secret that the page shows for typing.
    pub fn of(page: &Answer) -> Self {
        let (_, rest) = page
            .body
            .split_once("data-testid=\"typed-secret\">")
            .unwrap();
        let text = rest.split('<').next().unwrap().replace(' ', "");
        let secret = base32::decode(base32::Alphabet::Rfc4648 { padding: false }, &text);
        Self {
            secret: secret.unwrap().try_into().unwrap(),
        }
    }

    /// The code of this many steps from now.
    pub fn code(&self, steps: i64) -> String {
        let now = time::OffsetDateTime::now_utc().unix_timestamp() + 30 * steps;
        let codes = Builder::new().with_secret(self.secret).build().unwrap();
        codes.generate(now.try_into().unwrap()).to_string()
    }

    /// Six digits that are no code around now.
    pub fn wrong(&self) -> String {
        let near: Vec<_> = (-3..=3).map(|steps| self.code(steps)).collect();
        let mut all = (0..).map(|n| format!("{n:06}"));
        all.find(|code| !near.contains(code)).unwrap()
    }
}

/// Sets up a second factor, and returns the recovery codes too.
pub async fn sets_up(person: &mut Person) -> (Authenticator, Vec<String>) {
    person
        .post("/account/second-factor/setup", &[])
        .await
        .redirects_to("/account/second-factor/setup");
    let app = Authenticator::of(&person.get("/account/second-factor/setup").await);
    let code = app.code(0);
    let answer = person
        .post("/account/second-factor", &[("code", &code)])
        .await;
    let codes = recovery_codes(&answer);
    (app, codes)
}

pub fn recovery_codes(answer: &Answer) -> Vec<String> {
    answer.says(200, "They are shown only now");
    let (_, rest) = answer
        .body
        .split_once("data-testid=\"recovery-codes\">")
        .unwrap();
    let text = rest.split('<').next().unwrap();
    text.lines().map(ToOwned::to_owned).collect()
}

/// As if no code had been accepted for long: tests do not wait for the next one.
pub async fn forget_used_codes(site: &Site) {
    site.run("UPDATE authenticators SET last_step = 0").await;
}

/// Enters the password, after which the code is missing.
pub async fn enters_password(person: &mut Person, name: &str) {
    let fields = [("name", name), ("password", PASSWORD)];
    person
        .post("/login", &fields)
        .await
        .redirects_to("/second-factor");
}

pub async fn time_passes(site: &Site) {
    site.run("UPDATE sessions SET created_at = created_at - interval '16 minutes', proved_at = proved_at - interval '16 minutes'")
        .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_app_is_set_up_with_a_code_of_it_and_its_recovery_codes_are_shown_once(pool: PgPool) {
    with(
        pool,
        &[&KEY[..], &["--title", "Team: A"]].concat(),
        async |site| {
            let mut ada = site.person("ada").await;
            ada.get("/account")
                .await
                .says(200, "Set up an authenticator app");
            // Nothing to set up yet.
            ada.get("/account/second-factor/setup")
                .await
                .redirects_to("/account/second-factor");
            ada.get("/account/second-factor")
                .await
                .redirects_to("/account#second-factor");
            ada.post("/account/second-factor", &[("code", "123456")])
                .await
                .redirects_to("/account/second-factor");
            ada.post("/account/second-factor/setup", &[])
                .await
                .location();
            let page = ada.get("/account/second-factor/setup").await;
            page.says(
                200,
                "role=\"img\" aria-label=\"QR code for your authenticator app\"",
            );
            page.says(200, "href=\"otpauth://totp/Team%20%20A:ada?secret=");
            for inline in ["<style", " style=", "<script>"] {
                assert_eq!(page.count(inline), 0, "{inline}");
            }
            let app = Authenticator::of(&page);
            for wrong in [app.wrong().as_str(), "", "a", &app.code(5)] {
                let answer = ada.post("/account/second-factor", &[("code", wrong)]).await;
                answer.says(422, "This is not the code that the app shows");
                assert_eq!(Authenticator::of(&answer).secret, app.secret);
            }
            let code = app.code(0);
            let spaced = format!("{} {}", &code[..3], &code[3..]);
            let answer = ada
                .post("/account/second-factor", &[("code", &spaced)])
                .await;
            let codes = recovery_codes(&answer);
            assert_eq!(codes.len(), 10, "{codes:?}");
            answer.says(200, "href=\"data:text/plain;charset=utf-8,Recovery%20codes");
            let account = ada.get("/account").await;
            account.says(200, "10 recovery codes left.");
            account.says(200, "Remove second factor");
            assert_eq!(account.count(&codes[0]), 0);
            // No table has what would log somebody in.
            let text = format!(
                "{:?}",
                site.one::<Vec<u8>>("SELECT secret FROM authenticators")
                    .await
            );
            assert!(
                !text.contains(&format!("{:?}", app.secret).replace(['[', ']'], "")),
                "{text}"
            );
            let setups: i64 = site.one("SELECT count(*) FROM authenticator_setups").await;
            assert_eq!(setups, 0);
            let log: String = site.one("SELECT string_agg(act, ',') FROM audit_log").await;
            assert_eq!(log, "second_factor_add");
            ada.get("/account/export").await.says(200, "");
        },
    )
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_setup_belongs_to_its_session_and_ends(pool: PgPool) {
    with(pool, &KEY, async |site| {
        let (mut ada, mut bob) = (site.person("ada").await, site.person("bob").await);
        ada.post("/account/second-factor/setup", &[])
            .await
            .location();
        let app = Authenticator::of(&ada.get("/account/second-factor/setup").await);
        let code = app.code(0);
        let fields = [("code", code.as_str())];
        bob.post("/account/second-factor", &fields)
            .await
            .redirects_to("/account/second-factor");
        site.run("UPDATE authenticator_setups SET began_at = began_at - interval '31 minutes'")
            .await;
        ada.post("/account/second-factor", &fields)
            .await
            .redirects_to("/account/second-factor");
        assert_eq!(
            site.one::<i64>("SELECT count(*) FROM authenticators").await,
            0
        );
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn another_app_replaces_the_first_once_a_code_confirms_it(pool: PgPool) {
    with(pool, &KEY, async |site| {
        let mut ada = site.person("ada").await;
        let (first, old_codes) = sets_up(&mut ada).await;
        ada.post("/account/second-factor/setup", &[])
            .await
            .location();
        let second = Authenticator::of(&ada.get("/account/second-factor/setup").await);
        forget_used_codes(site).await;
        let mut elsewhere = site.stranger();
        enters_password(&mut elsewhere, "ada").await;
        let code = first.code(0);
        elsewhere
            .post("/second-factor", &[("code", &code)])
            .await
            .redirects_to("/c");
        let code = second.code(0);
        let answer = ada.post("/account/second-factor", &[("code", &code)]).await;
        assert_eq!(recovery_codes(&answer).len(), 10);
        let count: i64 = site.one("SELECT count(*) FROM recovery_codes").await;
        assert_eq!(count, 10);
        let mut third = site.stranger();
        enters_password(&mut third, "ada").await;
        for old in [first.code(1), old_codes[0].clone()] {
            third
                .post("/second-factor", &[("code", &old)])
                .await
                .says(422, "This code is wrong");
        }
        let code = second.code(1);
        third
            .post("/second-factor", &[("code", &code)])
            .await
            .redirects_to("/c");
        // The others stay.
        elsewhere.get("/c").await.says(200, "");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_proof_asks_for_the_code_too(pool: PgPool) {
    with(pool, &KEY, async |site| {
        let mut ada = site.person("ada").await;
        let mut other = site.stranger();
        let login = [("name", "ada"), ("password", PASSWORD)];
        other.post("/login", &login).await.redirects_to("/c");
        let (app, codes) = sets_up(&mut ada).await;
        // What the other device has proved was without the code.
        let asked = other.get("/account/export").await.location();
        assert_eq!(asked, "/confirm?next=%2Faccount");
        ada.get("/account/export").await.says(200, "");
        time_passes(site).await;
        for path in [
            "/account/second-factor/setup",
            "/account/second-factor/codes",
            "/account/second-factor/remove",
            "/account/tokens",
        ] {
            let asked = ada.post(path, &[]).await.location();
            assert!(
                asked.starts_with("/confirm?next=%2Faccount"),
                "{path}: {asked}"
            );
        }
        // The password alone is no proof, wherever it is entered.
        let change = [("current", PASSWORD), ("password", "battery staple")];
        ada.post("/account/password", &change)
            .await
            .redirects_to("/confirm?next=%2Faccount");
        let delete = [("messages", "keep"), ("password", PASSWORD)];
        ada.post("/account/delete", &delete)
            .await
            .redirects_to("/confirm?next=%2Faccount");
        ada.get("/confirm")
            .await
            .says(200, "autocomplete=\"one-time-code\"");
        let confirm = async |person: &mut Person, password: &str, code: &str| {
            let fields = [("password", password), ("code", code), ("next", "/account")];
            person.post("/confirm", &fields).await
        };
        forget_used_codes(site).await;
        let code = app.code(0);
        let answer = confirm(&mut ada, "wrong horse", &code).await;
        answer.says(422, "Incorrect password.");
        assert_eq!(answer.count("This code is wrong"), 0);
        for wrong in ["", &app.wrong()] {
            confirm(&mut ada, PASSWORD, wrong)
                .await
                .says(422, "This code is wrong");
        }
        ada.get("/account/export")
            .await
            .redirects_to("/confirm?next=%2Faccount");
        confirm(&mut ada, PASSWORD, &code)
            .await
            .redirects_to("/account");
        ada.get("/account/export").await.says(200, "");
        confirm(&mut other, PASSWORD, &code)
            .await
            .says(422, "This code is wrong");
        confirm(&mut other, PASSWORD, &codes[0])
            .await
            .redirects_to("/account");
        ada.post("/account/password", &change).await.location();
        other.get("/c").await.redirects_to("/login?ended=true");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_person_removes_their_own_second_factor(pool: PgPool) {
    with(pool, &KEY, async |site| {
        let mut ada = site.person("ada").await;
        for path in [
            "/account/second-factor/codes",
            "/account/second-factor/remove",
        ] {
            ada.post(path, &[]).await.says(404, "");
        }
        let (_, codes) = sets_up(&mut ada).await;
        let answer = ada.post("/account/second-factor/codes", &[]).await;
        let fresh = recovery_codes(&answer);
        assert!(!fresh.contains(&codes[0]));
        let mut elsewhere = site.stranger();
        enters_password(&mut elsewhere, "ada").await;
        let old = [("code", codes[0].as_str())];
        elsewhere
            .post("/second-factor", &old)
            .await
            .says(422, "This code is wrong");
        ada.post("/account/second-factor/remove", &[])
            .await
            .redirects_to("/account?saved=second-factor#second-factor");
        for table in ["authenticators", "recovery_codes", "removed_second_factors"] {
            let sql = format!("SELECT count(*) FROM {table}");
            let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                .fetch_one(&site.pool)
                .await
                .unwrap();
            assert_eq!(rows, 0, "{table}");
        }
        let login = [("name", "ada"), ("password", PASSWORD)];
        site.stranger()
            .post("/login", &login)
            .await
            .redirects_to("/c");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_deleted_account_leaves_no_second_factor(pool: PgPool) {
    with(pool, &KEY, async |site| {
        let mut ada = site.person("ada").await;
        sets_up(&mut ada).await;
        let delete = [("messages", "keep"), ("password", PASSWORD)];
        ada.post("/account/delete", &delete).await.says(200, "Your account is deleted");
        let left: i64 = site
            .one("SELECT (SELECT count(*) FROM authenticators) + (SELECT count(*) FROM recovery_codes)")
            .await;
        assert_eq!(left, 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn strangers_and_other_methods_are_refused(pool: PgPool) {
    with(pool, &KEY, async |site| {
        let mut eve = site.stranger();
        let base = "/account/second-factor";
        for path in [base, &format!("{base}/setup")] {
            let asked = eve.get(path).await.location();
            assert!(asked.starts_with("/login?next="), "{asked}");
        }
        let posts =
            ["", "/setup", "/codes", "/remove", "/read"].map(|part| format!("{base}{part}"));
        for path in &posts {
            eve.post(path, &[("code", "123456")])
                .await
                .redirects_to("/login");
        }
        eve.get("/second-factor").await.redirects_to("/login");
        let answer = eve.post("/second-factor", &[("code", "123456")]).await;
        answer.says(422, "This login took too long");
        let mut ada = site.person("ada").await;
        for path in &posts[2..] {
            assert_eq!(ada.get(path).await.status, 405, "{path}");
        }
        ada.post(base, &[]).await.says(400, "");
        ada.get("/second-factor").await.redirects_to("/c");
        ada.headers = vec![("sec-fetch-site", "cross-site")];
        ada.post(&posts[3], &[]).await.says(403, "another site");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn without_a_key_nobody_can_set_one_up(pool: PgPool) {
    with(pool, &[], async |site| {
        let mut ada = site.person("ada").await;
        assert_eq!(ada.get("/account").await.count("id=\"second-factor\""), 0);
        ada.post("/account/second-factor/setup", &[])
            .await
            .says(404, "");
    })
    .await;
}
