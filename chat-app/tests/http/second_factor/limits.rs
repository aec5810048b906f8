//! Limits of codes: over all replicas, and nobody can keep somebody else out.

use sqlx::PgPool;

use super::{KEY, enters_password, sets_up};
use crate::site::{PASSWORD, with};

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_stranger_who_knows_the_password_is_stopped_and_the_person_is_not(pool: PgPool) {
    let other = pool.clone();
    with(pool, &KEY, async |one| {
        with(other, &KEY, async |two| {
            let mut ada = one.person("ada").await;
            let (app, codes) = sets_up(&mut ada).await;
            let wrong = app.wrong();
            let wrong = [("code", wrong.as_str())];
            let mut statuses = Vec::new();
            for n in 0..14 {
                let site = if n % 2 == 0 { one } else { two };
                let mut eve = site.stranger();
                enters_password(&mut eve, "ada").await;
                statuses.push(eve.post("/second-factor", &wrong).await.status.as_u16());
            }
            assert_eq!(statuses, [[422; 10].as_slice(), &[429; 4]].concat());
            let mut eve = two.stranger();
            enters_password(&mut eve, "ada").await;
            // Not even with the right one.
            let right = app.code(1);
            let right = [("code", right.as_str())];
            let answer = eve.post("/second-factor", &right).await;
            answer.says(429, "Too many attempts");
            // In the browser that she has used she logs in, and in a new one with a recovery code.
            ada.post("/logout", &[]).await.redirects_to("/login");
            enters_password(&mut ada, "ada").await;
            ada.post("/second-factor", &right).await.redirects_to("/c");
            let mut elsewhere = one.stranger();
            enters_password(&mut elsewhere, "ada").await;
            let recovery = [("code", codes[0].as_str())];
            elsewhere
                .post("/second-factor", &recovery)
                .await
                .redirects_to("/c");
        })
        .await;
    })
    .await;
}

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn codes_at_an_open_browser_have_a_limit_too(pool: PgPool) {
    with(pool, &KEY, async |site| {
        let mut ada = site.person("ada").await;
        let (app, _) = sets_up(&mut ada).await;
        let wrong = app.wrong();
        let confirm = [("password", PASSWORD), ("code", wrong.as_str())];
        let mut statuses = Vec::new();
        for _ in 0..11 {
            statuses.push(ada.post("/confirm", &confirm).await.status.as_u16());
        }
        assert_eq!(statuses, [[422; 10].as_slice(), &[429]].concat());
    })
    .await;
}
