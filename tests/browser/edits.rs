//! Edits and what follows them: pending, sent or failed like a send; quotes; the order after a message from history.

use confab_tests::browser::Browser;
use confab_tests::client::ChatClient;
use confab_tests::example::{self, URL};
use confab_tests::{Result, ensure, unique};

use crate::Pair;

async fn act(browser: &Browser, seq: i64, act: &str) -> Result<()> {
    browser
        .until(
            "the message",
            &format!("document.querySelector('#m{seq} .more')"),
        )
        .await?;
    browser
        .script(&format!("document.querySelector('#m{seq} .more').click()"))
        .await?;
    browser.click(&format!("#menu [data-act={act}]")).await
}

/// Starts an edit and waits for the text.
async fn edit(browser: &Browser, seq: i64) -> Result<()> {
    act(browser, seq, "edit").await?;
    browser
        .until(
            "the text to edit",
            "document.querySelector('.being-edited') && document.querySelector('textarea[name=body]').value",
        )
        .await
}

/// Holds back the edits of this page until `window.release()`.
const SLOW_EDITS: &str = "const whole = window.fetch;
    const released = new Promise((done) => window.release = done);
    window.fetch = async (address, ...more) => {
      if (String(address).endsWith('/edit')) await released;
      return whole(address, ...more);
    }";

#[tokio::test]
async fn an_edit_on_a_slow_link_takes_no_other_text() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::on_two_replicas().await?;
    ada.say("frist").await?;
    bo.reads(&["frist"]).await?;
    ada.say("scond").await?;
    bo.reads(&["frist", "scond"]).await?;
    ada.script(SLOW_EDITS).await?;
    edit(&ada, 1).await?;
    ada.say("first").await?;
    ada.until(
        "the edit, pending",
        "document.querySelector('#m1[data-state=pending] .body').textContent === 'first'",
    )
    .await?;
    ada.say("third").await?;
    bo.reads(&["frist", "scond", "third"]).await?;
    // A second edit, under way when the first is answered.
    edit(&ada, 2).await?;
    ada.fill("textarea[name=body]", "second").await?;
    ada.script("window.release()").await?;
    bo.reads(&["first", "scond", "third"]).await?;
    ada.until(
        "the edit, sent",
        "!document.querySelector('#m1[data-state]')",
    )
    .await?;
    ada.click("[data-testid=send]").await?;
    for browser in [&ada, &bo] {
        browser.reads(&["first", "second", "third"]).await?;
        browser.reload().await?;
        browser.reads(&["first", "second", "third"]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_edit_that_fails_says_so_and_can_be_retried() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::on_two_replicas().await?;
    ada.say("frist").await?;
    bo.reads(&["frist"]).await?;
    ada.script(
        "window.whole = window.fetch;
         window.fetch = async (address, ...more) => String(address).endsWith('/edit')
           ? new Response('{}', {status: 500}) : window.whole(address, ...more)",
    )
    .await?;
    edit(&ada, 1).await?;
    ada.say("first").await?;
    ada.until(
        "that it is not sent",
        "document.querySelector('#m1[data-state=failed] .when-failed')?.checkVisibility()",
    )
    .await?;
    ada.script("window.fetch = window.whole").await?;
    ada.click("#m1 .delivery .retry").await?;
    bo.reads(&["first"]).await?;
    ada.reads(&["first"]).await
}

#[tokio::test]
async fn the_deletion_of_a_message_ends_its_edit() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair {
        ada,
        bo,
        conversation,
        ..
    } = Pair::on_two_replicas().await?;
    ada.say("to be deleted").await?;
    bo.reads(&["to be deleted"]).await?;
    edit(&ada, 1).await?;
    let delete = format!(
        "fetch('/c/{conversation}/messages/1/delete', {{method: 'POST', headers: {{Accept: 'application/json'}}}})"
    );
    ada.script(&delete).await?;
    ada.until(
        "the end of the edit",
        "document.querySelector('.context').hidden && document.querySelector('#body-error .field-error')",
    )
    .await?;
    ada.say("another one").await?;
    bo.until(
        "the new message, after the tombstone",
        "document.querySelector('#m1.deleted') && document.querySelector('#m2 .body').textContent.trim() === 'another one'",
    )
    .await
}

#[tokio::test]
async fn quotes_follow_what_they_quote_live_and_for_who_was_away() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair {
        ada,
        bo,
        conversation,
        ..
    } = Pair::on_two_replicas().await?;
    ada.say("my password is swordfish").await?;
    act(&bo, 1, "reply").await?;
    bo.say("Do not tell me").await?;
    let quote = "document.querySelector('#m2 .quote > span')";
    for browser in [&ada, &bo] {
        browser
            .until(
                "the quote",
                &format!("{quote}?.textContent.includes('swordfish')"),
            )
            .await?;
    }
    edit(&ada, 1).await?;
    ada.say("never mind").await?;
    for browser in [&ada, &bo] {
        browser
            .until(
                "the quote of the edit",
                &format!("{quote}.textContent === 'never mind'"),
            )
            .await?;
    }
    bo.offline(true).await?;
    edit(&ada, 1).await?;
    ada.say("nothing at all").await?;
    ada.until(
        "the edit",
        &format!("{quote}.textContent === 'nothing at all'"),
    )
    .await?;
    bo.offline(false).await?;
    bo.until(
        "what changed meanwhile",
        &format!("{quote}.textContent === 'nothing at all'"),
    )
    .await?;
    let delete = format!(
        "fetch('/c/{conversation}/messages/1/delete', {{method: 'POST', headers: {{Accept: 'application/json'}}}})"
    );
    ada.script(&delete).await?;
    for browser in [&ada, &bo] {
        browser
            .until(
                "that it was deleted",
                &format!("{quote}.dataset.t === 'deleted' && !{quote}.textContent"),
            )
            .await?;
    }
    Ok(())
}

/// The seqs on screen, from top to bottom; what is not sent yet is null.
const SEQS: &str = "Array.from(document.querySelectorAll('.messages > .message'), ({dataset}) => Number(dataset.seq) || null)";

#[tokio::test]
async fn a_message_sent_from_history_leads_to_the_latest_and_stands_in_its_place() -> Result<()> {
    let _chat = example::shared().await?;
    let (ada, bo) = (unique("ada"), unique("bo"));
    let sender = ChatClient::registered(URL, &ada).await?;
    let browser = Browser::open(URL).await?;
    browser.register(&bo).await?;
    let conversation = sender.conversation_with(&bo).await?;
    for n in 1..=160 {
        sender.send(conversation, &format!("message {n}")).await?;
    }
    browser
        .goto(&format!("/c/{conversation}?at=30#m30"))
        .await?;
    browser.live().await?;
    act(&browser, 30, "reply").await?;
    browser.say("about that").await?;
    let in_order = format!(
        "(() => {{ const seqs = {SEQS};
           return seqs.at(-1) === 161 && seqs.every((seq, n) => n === 0 || seq === seqs[n - 1] + 1); }})()"
    );
    browser
        .until("all in order, the own one last", &in_order)
        .await?;
    sender.send(conversation, "an answer").await?;
    browser
        .until("the next one below", &format!("{SEQS}.at(-1) === 162"))
        .await?;
    let scrolled = browser
        .script("return document.querySelector('.newer') === null && location.search === ''")
        .await?;
    ensure!(scrolled == true, "it is still the page of history");
    Ok(())
}

#[tokio::test]
async fn marking_as_unread_stays_in_the_room_until_one_returns() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair {
        ada,
        bo,
        ada_name,
        conversation,
        ..
    } = Pair::on_two_replicas().await?;
    for text in ["one", "two", "three"] {
        ada.say(text).await?;
    }
    bo.reads(&["one", "two", "three"]).await?;
    bo.unread(&ada_name, 0).await?;
    act(&bo, 2, "unread").await?;
    bo.unread(&ada_name, 2).await?;
    bo.until(
        "the line above it",
        "document.querySelector('.new-since + .message, .new-since + .turn + .message')?.id === 'm2'",
    )
    .await?;
    assert_eq!(bo.path().await?, format!("/c/{conversation}"));
    bo.goto("/rooms").await?;
    bo.unread(&ada_name, 2).await?;
    bo.open_conversation(conversation).await?;
    bo.live().await?;
    bo.unread(&ada_name, 0).await
}

#[tokio::test]
async fn a_copied_text_keeps_its_marks() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::on_two_replicas().await?;
    ada.say("**bold** :tada: `x`").await?;
    bo.until("the message", "document.querySelector('#m1 strong')")
        .await?;
    bo.script(
        "navigator.clipboard.write = async ([item]) => window.copied = await (await item.getType('text/plain')).text()",
    )
    .await?;
    act(&bo, 1, "copy").await?;
    bo.until("the source", "window.copied === '**bold** :tada: `x`'")
        .await
}
