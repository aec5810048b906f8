//! Who has lost their second factor: an admin removes it, or who operates the chat.

use chat_app::domain::UserName;
use chat_app::store::second_factors;
use sqlx::PgPool;

use super::{KEY, enters_password, sets_up};
use crate::site::{PASSWORD, SETUP, with};

const REMOVE: [(&str, &str); 1] = [("act", "remove_second_factor")];

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn an_admin_removes_a_lost_second_factor_and_the_person_reads_it(pool: PgPool) {
    let flags = [&SETUP[..], &KEY].concat();
    with(pool, &flags, async |site| {
        let mut root = site.admin("root").await;
        let (mut ada, mut bob) = (site.person("ada").await, site.person("bob").await);
        let person = format!("/admin/people/{}", site.user_id("ada").await);
        let page = root.get(&person).await;
        assert_eq!(page.count("second factor"), 0);
        root.post(&person, &REMOVE).await.says(404, "");
        sets_up(&mut ada).await;
        assert_eq!(root.get("/admin").await.count("Second factor"), 1);
        root.get(&person).await.says(200, "Remove second factor");
        bob.post(&person, &REMOVE).await.says(404, "");
        ada.post(&person, &REMOVE).await.says(404, "");
        root.post(&person, &REMOVE).await.redirects_to(&person);
        root.post(&person, &REMOVE).await.says(404, "");
        root.get("/admin/log")
            .await
            .says(200, "root removed the second factor of ada");
        // Her session stays, and every page says so until she has read it.
        const NOTICE: &str = "Your second factor was removed by an administrator.";
        for page in ["/c", "/people", "/account"] {
            ada.get(page).await.says(200, NOTICE);
        }
        assert_eq!(bob.get("/c").await.count(NOTICE), 0);
        let mut browser = site.stranger();
        let login = [("name", "ada"), ("password", PASSWORD)];
        browser.post("/login", &login).await.redirects_to("/c");
        browser.get("/c").await.says(200, NOTICE);
        bob.post("/account/second-factor/read", &[])
            .await
            .location();
        ada.get("/c").await.says(200, NOTICE);
        ada.post("/account/second-factor/read", &[])
            .await
            .location();
        assert_eq!(ada.get("/c").await.count(NOTICE), 0);
        // So does setting up another one.
        sets_up(&mut ada).await;
        root.post(&person, &REMOVE).await.redirects_to(&person);
        ada.get("/c").await.says(200, NOTICE);
        sets_up(&mut ada).await;
        assert_eq!(ada.get("/c").await.count(NOTICE), 0);
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn where_it_is_required_its_removal_leads_to_set_up(pool: PgPool) {
    let flags = [&SETUP[..], &KEY, &["--second-factor", "required"]].concat();
    with(pool, &flags, async |site| {
        let mut root = site.admin("root").await;
        sets_up(&mut root).await;
        let mut ada = site.person("ada").await;
        sets_up(&mut ada).await;
        ada.get("/c").await.says(200, "");
        let person = format!("/admin/people/{}", site.user_id("ada").await);
        root.post(&person, &REMOVE).await.redirects_to(&person);
        let rechecked: i64 = site
            .one("SELECT count(*) FROM changes c JOIN sessions s ON s.id = c.session_id JOIN users u ON u.id = s.user_id WHERE u.name = 'ada'")
            .await;
        assert_eq!(rechecked, 1, "open pages learn of it");
        ada.get("/c").await.redirects_to("/account/second-factor");
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn who_operates_the_chat_lets_the_last_admin_in(pool: PgPool) {
    let flags = [&SETUP[..], &KEY].concat();
    with(pool, &flags, async |site| {
        let mut root = site.admin("root").await;
        sets_up(&mut root).await;
        let mut browser = site.stranger();
        enters_password(&mut browser, "root").await;
        for (name, removed) in [("nobody", false), ("root", true), ("root", false)] {
            let name = UserName::parse(name).unwrap();
            let done = second_factors::remove_of(&site.pool, &name).await.unwrap();
            assert_eq!(done, removed, "{name}");
        }
        let login = [("name", "root"), ("password", PASSWORD)];
        browser.post("/login", &login).await.redirects_to("/c");
        browser.get("/admin/log").await.says(
            200,
            "The second factor of root was removed with a command on the server",
        );
    })
    .await;
}
