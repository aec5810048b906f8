//! Presence, typing and read receipts: visible on the other replica, and not to a blocked person.

use confab_tests::{Result, ensure, example};

use crate::Pair;
use crate::shots::{self, shot};

#[tokio::test]
async fn presence_typing_and_read_receipts_are_visible_until_a_block() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair {
        ada,
        ada_name,
        bo,
        conversation,
        ..
    } = Pair::with_names().await?;
    ada.say("Are we still on for tonight?").await?;
    bo.reads(&["Are we still on for tonight?"]).await?;
    let online = "document.querySelector('.with-presence .presence')?.dataset.status === 'online'";
    ada.until("that bo is there", online).await?;
    ada.until(
        "that bo has read it",
        "!document.querySelector('.seen-by').hidden && document.querySelector('.seen-by').textContent.includes('Jonas')",
    )
    .await?;
    let typing = "document.querySelector('.typing').textContent.includes('Jonas')";
    bo.fill("textarea[name=body]", "Yes, half past").await?;
    ada.until("that bo types", typing).await?;
    shots::accessible_in_both(&ada, "presence, typing and seen by").await?;
    shot(&ada, "presence-desk").await?;
    bo.click("[data-testid=send]").await?;
    ada.until(
        "the typing to end with the message",
        &format!("!({typing})"),
    )
    .await?;

    bo.goto(&format!("/people?q={ada_name}")).await?;
    bo.follow("[data-testid=block]").await?;
    bo.open_conversation(conversation).await?;
    bo.live().await?;
    ada.reload().await?;
    ada.live().await?;
    for browser in [&ada, &bo] {
        browser
            .until("nobody there", "!document.querySelector('.presence')")
            .await?;
    }
    bo.fill("textarea[name=body]", "I type, and you don't see it")
        .await?;
    bo.click("[data-testid=send]").await?;
    ada.sees("the message alone", |page| {
        ensure!(page.bodies()?.len() == 3, "not yet");
        Ok(())
    })
    .await?;
    let seen = ada
        .script("return [document.querySelector('.typing').textContent, document.querySelectorAll('.presence').length]")
        .await?;
    ensure!(seen == serde_json::json!(["", 0]), "{seen}");
    Ok(())
}
