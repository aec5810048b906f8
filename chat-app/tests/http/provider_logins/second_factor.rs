//! A login at a provider has the provider's factors: the chat asks for none of its own.

use serde_json::json;
use sqlx::PgPool;

use super::with_provider;
use crate::second_factor::{KEY, sets_up, time_passes};
use crate::site::PASSWORD;

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn the_factors_of_the_provider_count_and_those_of_the_chat_protect_the_password(
    pool: PgPool,
) {
    let flags = [&KEY[..], &["--second-factor", "required"]].concat();
    with_provider(pool, json!({}), &flags, async |site, provider| {
        let browser = provider.browser();
        let mut ada = site.stranger();
        ada.logs_in(&browser, "ada").await.redirects_to("/c");
        ada.get("/c").await.says(200, "");
        // Without a password there is nothing that a code would protect.
        assert_eq!(ada.get("/account").await.count("id=\"second-factor\""), 0);
        ada.post("/account/second-factor/setup", &[])
            .await
            .says(404, "");

        let mut bob = site.person("bob").await;
        sets_up(&mut bob).await;
        let page = bob
            .post("/account/logins/connect", &[("provider", "sso")])
            .await;
        let at_work = provider.browser();
        let (path, _) = at_work.visit(&page, "bob").await;
        bob.get(&path)
            .await
            .redirects_to("/account?saved=logins#logins");
        let login = [("name", "bob"), ("password", PASSWORD)];
        site.stranger()
            .post("/login", &login)
            .await
            .redirects_to("/second-factor");
        let mut again = site.stranger();
        again.logs_in(&at_work, "bob").await.redirects_to("/c");
        // The provider proves who he is, with its factors.
        time_passes(site).await;
        again
            .get("/account/export")
            .await
            .redirects_to("/confirm?next=%2Faccount");
        let page = again.post("/confirm/sso", &[("next", "/account")]).await;
        let (path, _) = at_work.visit(&page, "bob").await;
        again.get(&path).await.redirects_to("/account");
        again.get("/account/export").await.says(200, "");
    })
    .await;
}
