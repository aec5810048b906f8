//! Passwords that people choose: at sign-up, with a reset link, on the account page.

use chat_app::domain::UserId;
use chat_app::store::resets;
use chat_app::tokens;
use sqlx::PgPool;

use crate::site::{PASSWORD, SETUP, SETUP_TOKEN, with};

const GUESSABLE: [(&str, &str); 6] = [
    ("password", "Many people use this password"),
    ("password1", "Many people use this password"),
    ("aaaaaaaa", "easy to guess"),
    ("          ", "easy to guess"),
    ("lovelace", "made of your name"),
    ("lovelace99", "made of your name"),
];

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_password_that_is_easy_to_guess_is_refused_wherever_one_is_chosen(pool: PgPool) {
    with(pool, &SETUP, async |site| {
        for (password, sentence) in GUESSABLE {
            let fields = [
                ("token", SETUP_TOKEN),
                ("name", "lovelace"),
                ("password", password),
            ];
            site.stranger()
                .post("/setup", &fields)
                .await
                .says(422, sentence);
            let answer = site.stranger().post("/register", &fields[1..]).await;
            answer.says(422, sentence);
            answer.says(422, "aria-describedby=\"password-error\"");
        }
        let root = [
            ("token", SETUP_TOKEN),
            ("name", "root"),
            ("password", PASSWORD),
        ];
        let mut admin = site.stranger();
        admin.post("/setup", &root).await.redirects_to("/admin");
        let mut ada = site.person("lovelace").await;
        let ids = [site.user_id("root").await, site.user_id("lovelace").await];
        let [root, person] = ids.map(|id| UserId(id.parse().unwrap()));
        let token = tokens::random().unwrap();
        resets::create(&site.pool, root, person, &tokens::hash(&token), 24)
            .await
            .unwrap();
        for (password, sentence) in GUESSABLE {
            let fields = [("current", PASSWORD), ("password", password)];
            let reset = site
                .stranger()
                .post(&format!("/reset/{token}"), &fields[1..])
                .await;
            reset.says(422, sentence);
            ada.post("/account/password", &fields)
                .await
                .says(422, sentence);
        }
        // The display name is known too, and so is the chat.
        let shown = [("display_name", "Augusta Byron")];
        ada.post("/account/profile", &shown).await.location();
        for password in ["augusta byron", "confab2026"] {
            let fields = [("current", PASSWORD), ("password", password)];
            let answer = ada.post("/account/password", &fields).await;
            answer.says(422, "made of your name or the name of this chat");
        }
        let fields = [
            ("current", PASSWORD),
            ("password", "augusta plays the organ"),
        ];
        ada.post("/account/password", &fields).await.location();
    })
    .await;
}
