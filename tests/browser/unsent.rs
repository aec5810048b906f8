//! What is typed or chosen and not sent yet: refused, left, offline, in two tabs. None of it is lost, or sent twice.

use confab_tests::browser::Browser;
use confab_tests::example::{self, URL};
use confab_tests::{PASSWORD, Result, ensure, unique};

use crate::Pair;

const FIELD: &str = "document.querySelector('textarea[name=body]').value";

async fn typed(browser: &Browser, text: &str) -> Result<()> {
    browser
        .until(
            &format!("“{text}” in the composer"),
            &format!("{FIELD} === '{text}'"),
        )
        .await
}

/// Attaches a text file by drop, and waits until it is uploaded.
async fn attach(browser: &Browser, name: &str) -> Result<()> {
    browser
        .script(&format!(
            "const data = new DataTransfer();
             data.items.add(new File(['from the tests'], '{name}', {{type: 'text/plain'}}));
             document.querySelector('.pane').dispatchEvent(new DragEvent('drop', {{dataTransfer: data, bubbles: true, cancelable: true}}))"
        ))
        .await?;
    ready(browser, name).await
}

async fn ready(browser: &Browser, name: &str) -> Result<()> {
    browser
        .until(
            &format!("{name}, ready to be sent"),
            &format!(
                "document.querySelector('.chip[data-state=ready] .name')?.textContent === '{name}'"
            ),
        )
        .await
}

async fn reply_to(browser: &Browser, seq: i64) -> Result<()> {
    browser
        .until(
            "the message",
            &format!("document.querySelector('#m{seq} .more')"),
        )
        .await?;
    browser
        .script(&format!("document.querySelector('#m{seq} .more').click()"))
        .await?;
    browser.click("#menu [data-act=reply]").await
}

#[tokio::test]
async fn a_refused_message_returns_with_its_reply_and_its_file_and_can_be_sent_shorter()
-> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::on_two_replicas().await?;
    bo.say("a question").await?;
    ada.reads(&["a question"]).await?;
    reply_to(&ada, 1).await?;
    attach(&ada, "notes.txt").await?;
    ada.script(
        "const field = document.querySelector('textarea[name=body]');
         field.value = 'long '.repeat(40_000);
         field.dispatchEvent(new Event('input'))",
    )
    .await?;
    ada.click("[data-testid=send]").await?;
    ada.until(
        "why it was refused, and all that was to be sent",
        &format!(
            "document.querySelector('#body-error .field-error') && {FIELD}.length > 100_000
             && document.querySelector('[name=reply_to]').value === '1'
             && !document.querySelector('.context').hidden"
        ),
    )
    .await?;
    ready(&ada, "notes.txt").await?;
    ada.fill("textarea[name=body]", "short").await?;
    ada.click("[data-testid=send]").await?;
    bo.until(
        "the answer with its quote and its file",
        "document.querySelector('#m2 .quote') && document.querySelector('#m2 .file')",
    )
    .await
}

#[tokio::test]
async fn a_draft_its_reply_and_its_files_are_there_when_one_comes_back() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair {
        ada,
        bo,
        conversation,
        ..
    } = Pair::on_two_replicas().await?;
    bo.say("a question").await?;
    ada.reads(&["a question"]).await?;
    reply_to(&ada, 1).await?;
    attach(&ada, "notes.txt").await?;
    ada.fill("textarea[name=body]", "half an answer").await?;
    ada.goto("/rooms").await?;
    ada.open_conversation(conversation).await?;
    typed(&ada, "half an answer").await?;
    ready(&ada, "notes.txt").await?;
    ada.click("[data-testid=send]").await?;
    bo.until(
        "the answer with its quote and its file",
        "document.querySelector('#m2 .quote') && document.querySelector('#m2 .file')",
    )
    .await?;
    ada.reload().await?;
    ada.live().await?;
    typed(&ada, "").await?;
    let chips = "return document.querySelectorAll('.chip').length";
    ensure!(ada.script(chips).await? == 0, "the file is still there");
    Ok(())
}

#[tokio::test]
async fn a_message_that_waits_is_sent_by_the_next_page_wherever_that_is() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair {
        ada,
        bo,
        conversation,
        ..
    } = Pair::on_two_replicas().await?;
    let nothing_is_sent = "const whole = window.fetch;
        window.fetch = (address, ...more) => String(address).endsWith('/messages')
          ? Promise.reject(new TypeError('no network')) : whole(address, ...more)";
    ada.script(nothing_is_sent).await?;
    ada.say("from the tunnel").await?;
    ada.say("and once more").await?;
    // Another page of the chat, which is not the conversation.
    ada.goto("/rooms").await?;
    bo.reads(&["from the tunnel", "and once more"]).await?;
    ada.open_conversation(conversation).await?;
    ada.reads(&["from the tunnel", "and once more"]).await?;

    ada.script(nothing_is_sent).await?;
    ada.say("the last one").await?;
    ada.reload().await?;
    let all = ["from the tunnel", "and once more", "the last one"];
    bo.reads(&all).await?;
    ada.reads(&all).await
}

#[tokio::test]
async fn what_one_tab_has_sent_is_no_draft_in_another() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair {
        ada,
        bo,
        conversation,
        ..
    } = Pair::on_two_replicas().await?;
    ada.fill("textarea[name=body]", "only once").await?;
    ada.tab(1).await?;
    ada.open_conversation(conversation).await?;
    typed(&ada, "only once").await?;
    ada.live().await?;
    ada.tab(0).await?;
    ada.click("[data-testid=send]").await?;
    bo.reads(&["only once"]).await?;
    ada.tab(1).await?;
    typed(&ada, "").await?;
    ada.reload().await?;
    ada.reads(&["only once"]).await?;
    typed(&ada, "").await
}

#[tokio::test]
async fn a_logout_leaves_nothing_of_a_person_in_the_browser() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, .. } = Pair::on_two_replicas().await?;
    attach(&ada, "secret.txt").await?;
    ada.fill("textarea[name=body]", "nobody else’s business")
        .await?;
    ada.goto("/c").await?;
    ada.live().await?;
    ada.click("[data-testid=logout]").await?;
    ada.until(
        "the login page",
        "document.querySelector('[data-testid=login-form]')",
    )
    .await?;
    let left = ada
        .script_async(
            "const done = arguments[0];
             const drafts = Object.keys(localStorage).filter((key) => key.startsWith('draft:'));
             const request = indexedDB.open('confab');
             request.onsuccess = () => {
               const files = request.result.transaction('files').objectStore('files').getAllKeys();
               files.onsuccess = () => done(drafts.length + files.result.length);
             }",
        )
        .await?;
    assert_eq!(left, 0);
    Ok(())
}

#[tokio::test]
async fn enter_sends_beside_suggestions_that_nothing_was_typed_for() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::on_two_replicas().await?;
    let mut all = Vec::new();
    for text in ["lunch @", "see :ok"] {
        ada.fill("textarea[name=body]", text).await?;
        ada.until(
            "the suggestions",
            "!document.querySelector('#suggestions').hidden",
        )
        .await?;
        ada.press("textarea[name=body]", "\n").await?;
        all.push(text);
        bo.reads(&all).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_session_that_ended_says_so_and_leads_back_to_where_one_was() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair {
        ada,
        ada_name,
        bo,
        conversation,
        ..
    } = Pair::on_two_replicas().await?;
    bo.say("the third of March").await?;
    ada.goto(&format!("/c/{conversation}?at=1#m1")).await?;
    ada.live().await?;
    ada.fill("textarea[name=body]", "an answer").await?;
    ada.script("fetch('/logout', {method: 'POST'})").await?;
    ada.sees("why one is out", |page| {
        ensure!(page.has("ended"), "no reason");
        Ok(())
    })
    .await?;
    let name = "[data-testid=login-form] [name=name]";
    ada.fill(name, &ada_name).await?;
    ada.fill("[name=password]", PASSWORD).await?;
    ada.click("[data-testid=login-form] button").await?;
    ada.until(
        "the message where one was",
        &format!("location.pathname === '/c/{conversation}' && location.hash === '#m1'"),
    )
    .await?;
    typed(&ada, "an answer").await
}

#[tokio::test]
async fn a_link_to_a_message_survives_log_in_and_sign_up() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair {
        ada,
        bo,
        bo_name,
        conversation,
        ..
    } = Pair::on_two_replicas().await?;
    ada.say("look here").await?;
    bo.reads(&["look here"]).await?;
    bo.goto("/c").await?;
    bo.follow("[data-testid=logout]").await?;
    bo.goto(&format!("/c/{conversation}?at=1#m1")).await?;
    bo.fill("[name=name]", &bo_name).await?;
    bo.fill("[name=password]", PASSWORD).await?;
    bo.click("[data-testid=login-form] button").await?;
    bo.until("the message", "document.querySelector('#m1:target')")
        .await?;
    bo.goto(&format!("/c/{conversation}?at=99999")).await?;
    bo.sees("that there is no such message", |page| {
        ensure!(page.has("missing"), "it says nothing");
        Ok(())
    })
    .await?;

    let new = Browser::open(URL).await?;
    new.goto("/people?q=ada").await?;
    new.follow(".aside a").await?;
    let name = unique("cleo");
    new.fill("[data-testid=register-form] [name=name]", &name)
        .await?;
    new.fill("[name=password]", PASSWORD).await?;
    new.click("[data-testid=register-form] button").await?;
    new.until(
        "where one was going",
        "location.href.endsWith('/people?q=ada')",
    )
    .await
}
