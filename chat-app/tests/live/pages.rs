//! Pages that a replica keeps for a moment are up to date nevertheless.

use sqlx::PgPool;

use crate::browser::{Person, eventually};
use crate::replica::Chat;

#[sqlx::test(migrator = "chat_app::store::schema::FOR_TESTS")]
async fn a_page_opened_again_shows_what_was_done_at_another_replica(pool: PgPool) {
    let chat = Chat::new(pool).await;
    let one = chat.replica("one").await.reads_kafka().await;
    let two = chat.replica("two").await.reads_kafka().await;
    let ada = Person::sign_up(&one, "ada").await;
    let bob = Person::sign_up(&one, "bob").await;
    let id = ada.talk_to(&one, &bob).await;
    let page = async || bob.page(&two, &format!("/c/{id}")).await;
    ada.send(&one, id, "first").await;
    for _ in 0..2 {
        assert!(page().await.contains("<p>first</p>"));
    }
    ada.send(&one, id, "second").await;
    assert!(page().await.contains("<p>second</p>"));
    let edit = format!("/c/{id}/messages/1/edit");
    ada.post(&one, &edit, &[("body", "changed".into())]).await;
    let now = page().await;
    assert!(now.contains("<p>changed</p>") && !now.contains("<p>first</p>"));
    let name = [("display_name", "Countess".into())];
    ada.post(&one, "/account/profile", &name).await;
    eventually("the page shows the new name on both messages", async || {
        let named = page().await.matches("<bdi>Countess</bdi></span>").count();
        (named == 2).then_some(())
    })
    .await;
    one.stop().await;
    two.stop().await;
}
