//! Long messages, code blocks, and texts near the limit of a message.

use confab_tests::browser::{Browser, keys};
use confab_tests::client::ChatClient;
use confab_tests::example::{self, URL};
use confab_tests::{Result, ensure, unique};

use crate::Pair;
use crate::shots;

/// Puts the value of a JavaScript expression into the composer.
async fn write(browser: &Browser, expression: &str) -> Result<()> {
    let script = format!(
        "const field = document.querySelector('textarea[name=body]');
         field.value = {expression};
         field.dispatchEvent(new Event('input'))"
    );
    browser.script(&script).await?;
    Ok(())
}

async fn send(browser: &Browser, expression: &str) -> Result<()> {
    write(browser, expression).await?;
    browser.click("[data-testid=send]").await
}

#[tokio::test]
async fn a_long_message_is_cut_on_a_phone_and_opens_by_keyboard() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::on_two_replicas().await?;
    bo.viewport(360, 740).await?;
    send(
        &ada,
        "Array.from({length: 400}, (_, n) => `line ${n}`).join('\\n')",
    )
    .await?;
    ada.say("after it").await?;
    bo.until(
        "the message, cut",
        "document.querySelector('#m1.cut .body')?.offsetHeight < 500",
    )
    .await?;
    shots::accessible_in_both(&bo, "a long message").await?;
    shots::nothing_is_cut_off(&bo, "a long message").await?;
    bo.press(".unfold", &keys::ENTER.to_string()).await?;
    bo.until(
        "the whole message",
        "!document.querySelector('#m1.cut') && document.querySelector('#m1 .body').offsetHeight > 2000",
    )
    .await?;
    bo.script("document.querySelector('.unfold').scrollIntoView()")
        .await?;
    bo.press(".unfold", &keys::ENTER.to_string()).await?;
    bo.until(
        "its beginning in view again",
        "document.querySelector('#m1.cut') && document.querySelector('#m1').getBoundingClientRect().top > 0",
    )
    .await
}

#[tokio::test]
async fn a_code_block_is_copied_by_keyboard_and_says_so() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::on_two_replicas().await?;
    send(&ada, "'```\\nlet a = 1;\\n  let b = 2;\\n```'").await?;
    bo.script(
        "navigator.clipboard.write = async ([item]) => {
           window.copied = await (await item.getType('text/plain')).text();
         }",
    )
    .await?;
    bo.press("pre .copy-code", &keys::ENTER.to_string()).await?;
    bo.until(
        "the code in the clipboard, and the sentence",
        "window.copied === 'let a = 1;\\n  let b = 2;\\n'
         && document.querySelector('#copied[role=status]').textContent === 'Copied'",
    )
    .await?;
    shots::accessible_in_both(&bo, "a code block").await
}

#[tokio::test]
async fn a_text_above_the_limit_is_not_sent_and_can_become_a_file() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::on_two_replicas().await?;
    write(&ada, "'x'.repeat(Number(field.dataset.maxCharacters) - 10)").await?;
    ada.until(
        "how many characters are left, also for screen readers",
        "document.querySelector('.limit .count').textContent === 'Characters left: 10'
         && document.querySelector('.limit-status').textContent === 'Characters left: 10'",
    )
    .await?;
    write(&ada, "'x'.repeat(Number(field.dataset.maxCharacters) + 1)").await?;
    ada.until(
        "that it is too long",
        "document.querySelector('.limit .count').textContent === 'Too long by: 1'
         && document.querySelector('[data-testid=send]').ariaDisabled === 'true'",
    )
    .await?;
    ada.press("textarea[name=body]", &keys::ENTER.to_string())
        .await?;
    ada.sees("why it is not sent", |page| {
        ensure!(page.has("field-error"), "no reason");
        Ok(())
    })
    .await?;
    shots::accessible_in_both(&ada, "a text above the limit").await?;
    ada.click(".as-file").await?;
    ada.until(
        "the file, ready",
        "document.querySelector('.chip[data-state=ready] .name')?.textContent === 'message.txt'
         && document.querySelector('.limit').hidden",
    )
    .await?;
    ada.say("It became long").await?;
    bo.sees("the text and its file", |page| {
        ensure!(page.bodies()? == ["It became long"], "{:?}", page.bodies());
        ensure!(page.html().contains("message.txt"), "no file");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn without_javascript_a_long_message_is_whole_and_nothing_offers_what_needs_a_script()
-> Result<()> {
    let _chat = example::shared().await?;
    let (ada, bo) = (unique("ada"), unique("bo"));
    let other = ChatClient::registered(URL, &bo).await?;
    let browser = Browser::without_javascript(URL).await?;
    browser.register(&ada).await?;
    let conversation = browser.find_and_open(&bo).await?;
    let long = (0..60).map(|n| format!("line {n}")).collect::<Vec<_>>();
    other
        .send(conversation, &format!("```\n{}\n```", long.join("\n")))
        .await?;
    browser.open_conversation(conversation).await?;
    browser
        .sees("the whole message without buttons", |page| {
            let html = page.html();
            ensure!(
                html.contains("line 59\n</code></pre>"),
                "no message, or a button in it"
            );
            ensure!(!html.contains("unfold"), "it is cut");
            Ok(())
        })
        .await
}
