//! Changes of messages, live on another replica: replies, reactions, pins, edits, deletions, mentions, drafts.

use confab_tests::{Result, ensure};

use crate::Pair;

/// Opens the menu of the message with this number and chooses an action.
async fn act(browser: &confab_tests::browser::Browser, seq: i64, what: &str) -> Result<()> {
    browser
        .sees("that it is sent", |page| {
            ensure!(page.html().contains(&format!("id=\"m{seq}\"")), "not yet");
            Ok(())
        })
        .await?;
    // By keyboard: the button of the menu is visible only on hover or focus.
    browser
        .script(&format!("document.querySelector('#m{seq} .more').click()"))
        .await?;
    browser.click(&format!("#menu {what}")).await
}

#[tokio::test]
async fn a_reaction_a_pin_a_reply_an_edit_and_a_deletion_reach_the_other_replica() -> Result<()> {
    let _chat = confab_tests::example::shared().await?;
    let Pair {
        ada, bo, bo_name, ..
    } = Pair::on_two_replicas().await?;
    ada.say(&format!("**Lunch**, @{bo_name}? :pizza:")).await?;
    bo.sees("the message with its mention and its emoji", |page| {
        let html = page.html();
        ensure!(
            html.contains("<strong>Lunch</strong>") && html.contains('🍕'),
            "no markup"
        );
        ensure!(html.contains("class=\"mention\""), "no mention");
        Ok(())
    })
    .await?;

    act(&bo, 1, "[data-emoji='👍']").await?;
    ada.sees("the reaction", |page| {
        ensure!(
            page.texts("reaction") == ["👍 1"],
            "{:?}",
            page.texts("reaction")
        );
        Ok(())
    })
    .await?;

    act(&bo, 1, "[data-act=pin]").await?;
    ada.sees("the pin, and the count in the header", |page| {
        ensure!(page.has("pinned"), "the message is not pinned");
        ensure!(page.texts("pins")[0].starts_with('1'), "not counted");
        Ok(())
    })
    .await?;
    ada.until(
        "the link to the pinned messages",
        "!document.querySelector('.pins').hidden",
    )
    .await?;
    act(&ada, 1, "[data-act=unpin]").await?;
    bo.until(
        "that nothing is pinned",
        "document.querySelector('.pins').hidden && !document.querySelector('#m1 .pinned')",
    )
    .await?;
    act(&bo, 1, "[data-act=save]").await?;
    bo.until(
        "that it is saved",
        "document.querySelector('#copied').textContent === 'Saved for later'",
    )
    .await?;

    act(&bo, 1, "[data-act=copy]").await?;
    bo.until(
        "that it is copied",
        "document.querySelector('#copied').textContent === 'Copied'",
    )
    .await?;
    act(&bo, 1, "[data-act=reply]").await?;
    bo.say("Gladly").await?;
    ada.sees("the answer with what it quotes", |page| {
        ensure!(page.html().contains("data-quote=\"1\""), "no quote");
        Ok(())
    })
    .await?;

    act(&bo, 2, "[data-act=edit]").await?;
    bo.sees("one's text in the composer", |page| {
        ensure!(page.html().contains("being-edited"), "nothing is edited");
        Ok(())
    })
    .await?;
    bo.say("Gladly, at one").await?;
    ada.sees("the edit, marked", |page| {
        ensure!(
            page.bodies()?.iter().any(|body| body == "Gladly, at one"),
            "{:?}",
            page.bodies()
        );
        ensure!(page.has("edited"), "it is not marked");
        Ok(())
    })
    .await?;

    act(&ada, 1, "[data-act=delete]").await?;
    ada.click("#ask-delete button[value=delete]").await?;
    bo.sees("a tombstone, here and in the quote", |page| {
        ensure!(!page.html().contains("Lunch</strong>"), "it is still there");
        ensure!(
            page.html()
                .contains("<span dir=\"auto\" data-t=\"deleted\">"),
            "the quote still says it"
        );
        Ok(())
    })
    .await?;
    bo.reload().await?;
    bo.sees("the same after a reload", |page| {
        ensure!(!page.html().contains("Lunch"), "it is still there");
        Ok(())
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_draft_outlives_a_reload_and_enter_sends_it_once() -> Result<()> {
    let _chat = confab_tests::example::shared().await?;
    let Pair { ada, bo, .. } = Pair::on_two_replicas().await?;
    ada.fill("textarea[name=body]", "half a thought").await?;
    ada.reload().await?;
    let kept = ada
        .script("return document.querySelector('textarea[name=body]').value")
        .await?;
    assert_eq!(kept, "half a thought");
    ada.live().await?;
    ada.fill("textarea[name=body]", "a whole thought\n").await?;
    bo.reads(&["a whole thought"]).await?;
    ada.reads(&["a whole thought"]).await?;
    let left = ada
        .script("return Object.keys(localStorage).filter((key) => key.startsWith('draft:')).length")
        .await?;
    assert_eq!(left, 0, "what was sent is no draft");
    Ok(())
}

#[tokio::test]
async fn keys_open_their_list_and_the_switcher() -> Result<()> {
    let _chat = confab_tests::example::shared().await?;
    let Pair { ada, bo_name, .. } = Pair::on_two_replicas().await?;
    ada.say("so that it is listed").await?;
    ada.goto("/c").await?;
    ada.script(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '?', bubbles: true}))",
    )
    .await?;
    let open = ada
        .script("return document.querySelector('#keys').open")
        .await?;
    assert_eq!(open, true, "? lists the keys");
    ada.script("document.querySelector('#keys').close()")
        .await?;
    ada.script("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'k', ctrlKey: true, bubbles: true}))")
        .await?;
    ada.fill("#switch input", &bo_name).await?;
    ada.click("#switch .results a").await?;
    ada.sees("the conversation", |page| {
        ensure!(page.has("composer"), "no composer");
        Ok(())
    })
    .await?;
    Ok(())
}
