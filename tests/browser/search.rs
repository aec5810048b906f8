//! Search: results while typing, links into the context, folded messages of blocked people, no conversations of others.

use std::time::Duration;

use confab_tests::browser::Browser;
use confab_tests::client::ChatClient;
use confab_tests::example::{self, URL};
use confab_tests::{Result, ensure, eventually, unique};

use crate::shots::{self, shot};

/// Waits until so many messages are found.
async fn finds(browser: &Browser, count: usize) -> Result<()> {
    browser
        .sees(&format!("{count} messages found"), |page| {
            let found = page.texts("hit");
            ensure!(found.len() == count, "{found:?}");
            Ok(())
        })
        .await
}

/// Opens the results of a word again until so many messages are found: a message is indexed within about a second.
async fn opens_results(browser: &Browser, word: &str, count: usize) -> Result<()> {
    eventually(
        Duration::from_secs(20),
        "the message, indexed",
        async || {
            browser.goto(&format!("/search?q={word}")).await?;
            let found = browser.page().await?.texts("hit");
            ensure!(found.len() == count, "{found:?}");
            Ok(())
        },
    )
    .await
}

async fn looks_right(browser: &Browser, what: &str) -> Result<()> {
    shots::accessible_in_both(browser, what).await?;
    for (width, height) in [(360, 740), (1440, 900)] {
        browser.viewport(width, height).await?;
        shots::nothing_is_cut_off(browser, what).await?;
    }
    Ok(())
}

#[tokio::test]
async fn search_finds_words_while_typing_and_links_to_the_message_in_its_context() -> Result<()> {
    let _chat = example::shared().await?;
    let (ada, bo) = (unique("ada"), unique("bo"));
    let sender = ChatClient::registered(URL, &ada).await?;
    let browser = Browser::open(URL).await?;
    browser.register(&bo).await?;
    browser.set_display_name("Jonas Weber").await?;
    let conversation = sender.conversation_with(&bo).await?;
    for n in 1..=60 {
        let body = match n {
            3 => "The harvest festival needs a *lantern* for each table".to_owned(),
            7 => "Lanterns are in the cellar, by the way: https://example.com/cellar".to_owned(),
            _ => format!("message {n}, about nothing much"),
        };
        sender.send(conversation, &body).await?;
    }
    opens_results(&browser, "lantern*", 2).await?;
    browser.goto("/search").await?;
    looks_right(&browser, "/search before anything is typed").await?;
    shot(&browser, "search-help-desk").await?;
    browser.fill("#q", "lantern*").await?;
    finds(&browser, 2).await?;
    looks_right(&browser, "/search with results").await?;
    shot(&browser, "search-desk").await?;
    let marked = browser
        .script(
            "return Array.from(document.querySelectorAll('.hit mark'), (mark) => mark.textContent)",
        )
        .await?;
    ensure!(
        marked == serde_json::json!(["Lanterns", "lantern"]),
        "marked: {marked}"
    );
    browser.fill("#q", "lantern* has:link").await?;
    finds(&browser, 1).await?;
    browser.fill("#q", "lantern* from:me").await?;
    finds(&browser, 0).await?;
    looks_right(&browser, "/search with nothing found").await?;
    browser.fill("#q", "lantern* form:me").await?;
    browser
        .sees("what is wrong with the query", |page| {
            ensure!(page.has("field-error"), "it says nothing");
            Ok(())
        })
        .await?;
    looks_right(&browser, "/search with a problem").await?;

    browser.fill("#q", "lantern table").await?;
    finds(&browser, 1).await?;
    browser.click("[data-testid=hit] a").await?;
    browser
        .until(
            "the message, in view in its context",
            "document.querySelector('#m3:target') && document.querySelector('#m4')
             && document.querySelector('#m3').getBoundingClientRect().top > 0
             && document.querySelector('#m3').getBoundingClientRect().bottom < innerHeight",
        )
        .await?;
    browser.back().await?;
    let kept = browser
        .script("return document.querySelector('#q').value")
        .await?;
    ensure!(kept == "lantern table", "back again it says {kept}");
    finds(&browser, 1).await
}

#[tokio::test]
async fn messages_of_a_blocked_person_are_folded_and_conversations_of_others_are_not_searched()
-> Result<()> {
    let _chat = example::shared().await?;
    let (ada, bo, word) = (unique("ada"), unique("bo"), unique("quince"));
    let sender = ChatClient::registered(URL, &ada).await?;
    let browser = Browser::open(URL).await?;
    browser.register(&bo).await?;
    let conversation = sender.conversation_with(&bo).await?;
    sender
        .send(conversation, &format!("Buy {word} jam"))
        .await?;
    opens_results(&browser, &word, 1).await?;
    browser.goto(&format!("/people?q={ada}")).await?;
    browser.follow("[data-testid=block]").await?;
    browser.goto(&format!("/search?q={word}")).await?;
    finds(&browser, 1).await?;
    browser
        .until(
            "that it is folded",
            "document.querySelector('.hit .text').innerText.trim() === ''
             && getComputedStyle(document.querySelector('.hit .text'), '::after').content.includes('blocked')",
        )
        .await?;
    looks_right(&browser, "a folded result").await?;
    shot(&browser, "search-folded-desk").await?;
    let stranger = Browser::open(URL).await?;
    stranger.register(&unique("eve")).await?;
    stranger.goto(&format!("/search?q={word}")).await?;
    finds(&stranger, 0).await
}
