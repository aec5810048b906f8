//! Navigation: drafts, tabs, the back button, keys, and the first unread message.

use confab_tests::browser::{Browser, keys};
use confab_tests::client::ChatClient;
use confab_tests::example::{self, URL};
use confab_tests::{Result, ensure, unique};

use crate::Pair;
use crate::shots;

const TEXT: &str = "textarea[name=body]";

async fn typed(browser: &Browser) -> Result<String> {
    let text = browser
        .script("return document.querySelector('textarea[name=body]').value")
        .await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn each_conversation_keeps_its_own_draft_and_back_returns_to_the_previous_one() -> Result<()>
{
    let _chat = example::shared().await?;
    let browser = Browser::open(URL).await?;
    let (ada, bo, cy) = (unique("ada"), unique("bo"), unique("cy"));
    for name in [&bo, &cy] {
        ChatClient::registered(URL, name).await?;
    }
    browser.register(&ada).await?;
    let first = browser.find_and_open(&bo).await?;
    browser.fill(TEXT, "for bo").await?;
    let second = browser.find_and_open(&cy).await?;
    ensure!(typed(&browser).await?.is_empty(), "bo's draft is cy's");
    browser.fill(TEXT, "for cy").await?;
    browser.open_conversation(first).await?;
    ensure!(typed(&browser).await? == "for bo", "it was not kept");
    browser.back().await?;
    browser
        .until(
            "the conversation before",
            &format!("location.pathname === '/c/{second}'"),
        )
        .await?;
    browser.live().await?;
    ensure!(typed(&browser).await? == "for cy", "it was not kept");
    browser.say("sent").await?;
    browser
        .sees("the message", |page| {
            ensure!(page.bodies()?.len() == 1, "none");
            Ok(())
        })
        .await
}

#[tokio::test]
async fn two_tabs_of_one_person_show_the_same_and_share_what_is_read() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair {
        ada,
        ada_name,
        bo,
        conversation,
        ..
    } = Pair::on_two_replicas().await?;
    bo.tab(1).await?;
    bo.goto("/c").await?;
    bo.live().await?;
    bo.tab(0).await?;
    bo.goto("/people").await?;
    ada.say("one").await?;
    bo.tab(1).await?;
    bo.unread(&ada_name, 1).await?;
    bo.tab(0).await?;
    bo.open_conversation(conversation).await?;
    bo.reads(&["one"]).await?;
    bo.live().await?;
    bo.say("two").await?;
    ada.reads(&["one", "two"]).await?;
    bo.tab(1).await?;
    bo.unread(&ada_name, 0).await?;
    bo.until(
        "what the other tab sent, as the latest",
        "document.querySelector('.conversation .preview').textContent.includes('two')",
    )
    .await
}

#[tokio::test]
async fn everything_works_by_keyboard_and_the_focus_is_visible() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair {
        ada, bo, bo_name, ..
    } = Pair::on_two_replicas().await?;
    ada.press(TEXT, &format!("two lines{}", keys::ENTER))
        .await?;
    bo.reads(&["two lines"]).await?;
    ada.until("the message to be sent", "document.querySelector('#m1')")
        .await?;
    ada.press(TEXT, &keys::UP.to_string()).await?;
    ada.until(
        "one's last message in the composer",
        "document.querySelector('textarea[name=body]').value === 'two lines'",
    )
    .await?;
    ada.press(TEXT, &keys::ESCAPE.to_string()).await?;
    ensure!(typed(&ada).await?.is_empty(), "Escape leaves the edit");

    // A mention: Tab takes the first suggestion.
    ada.press(TEXT, &format!("Thanks @{}", &bo_name[..bo_name.len() - 2]))
        .await?;
    ada.until(
        "a suggestion, in view above the field",
        "(() => { const box = document.querySelector('#suggestions [aria-selected=true]')?.getBoundingClientRect();
           return box && box.height > 20 && box.top > 0 && box.bottom <= document.querySelector('.sheet').getBoundingClientRect().top })()",
    )
    .await?;
    shots::accessible_in_both(&ada, "suggestions").await?;
    ada.press(TEXT, &keys::TAB.to_string()).await?;
    ensure!(
        typed(&ada).await? == format!("Thanks @{bo_name} "),
        "{}",
        typed(&ada).await?
    );
    ada.press(TEXT, ":tad").await?;
    ada.until(
        "emoji of that name",
        "document.querySelector('#suggestions [role=option]')?.textContent.includes('tada')",
    )
    .await?;
    ada.press(TEXT, &format!("{}{}", keys::ENTER, keys::ENTER))
        .await?;
    bo.sees("the mention and the emoji", |page| {
        let html = page.html();
        ensure!(
            html.contains("class=\"mention\"") && html.contains('🎉'),
            "they are not there"
        );
        Ok(())
    })
    .await?;

    ada.press(TEXT, &format!("{}k", keys::CONTROL)).await?;
    ada.until("the switcher", "document.querySelector('#switch').open")
        .await?;
    ada.until(
        "conversations in it",
        "document.querySelector('#switch .results a')",
    )
    .await?;
    shots::accessible_in_both(&ada, "the switcher with results").await?;
    ada.press("#switch input", &keys::DOWN.to_string()).await?;
    ada.until(
        "the focus on the first, with a ring",
        "document.activeElement.matches('#switch .results a') && getComputedStyle(document.activeElement).outlineStyle !== 'none'",
    )
    .await?;
    ada.press("#switch .results a", &keys::ESCAPE.to_string())
        .await?;
    every_stop_of_the_tab_key_shows_the_focus(&ada).await
}

/// Tabs through the page: each stop is in view and looks different with the focus.
async fn every_stop_of_the_tab_key_shows_the_focus(browser: &Browser) -> Result<()> {
    browser
        .script("document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus()")
        .await?;
    let mut stops = Vec::new();
    for _ in 0..40 {
        browser.tab_key().await?;
        browser.still().await?;
        let stop = browser
            .script(
                "const element = document.activeElement;
                 if (element === document.body) return null;
                 const ring = (style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none';
                 const shown = ring(getComputedStyle(element)) || ring(getComputedStyle(element.closest('.sheet') ?? element))
                   || ring(getComputedStyle(element.closest('label') ?? element));
                 const box = element.getBoundingClientRect();
                 const inView = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
                 return [`${element.tagName}.${element.className}`, shown, inView]",
            )
            .await?;
        if stop.is_null() {
            break;
        }
        ensure!(stop[1] == true, "no ring around {stop}");
        ensure!(stop[2] == true, "out of view: {stop}");
        stops.push(stop);
    }
    ensure!(stops.len() >= 10, "only {stops:?}");
    Ok(())
}

#[tokio::test]
async fn unread_messages_start_at_a_line_and_can_be_marked_unread_again() -> Result<()> {
    let _chat = example::shared().await?;
    let (ada, bo) = (unique("ada"), unique("bo"));
    let sender = ChatClient::registered(URL, &ada).await?;
    let browser = Browser::open(URL).await?;
    browser.register(&bo).await?;
    let conversation = sender.conversation_with(&bo).await?;
    for n in 1..=3 {
        sender.send(conversation, &format!("read {n}")).await?;
    }
    browser.open_conversation(conversation).await?;
    browser.live().await?;
    browser.goto("/c").await?;
    browser.unread(&ada, 0).await?;
    for n in 1..=5 {
        sender.send(conversation, &format!("new {n}")).await?;
    }
    browser.open_conversation(conversation).await?;
    browser
        .until(
            "the line above the first unread message, in view",
            "document.querySelector('.new-since ~ .message')?.id === 'm4'
             && document.querySelector('.new-since').getBoundingClientRect().top > 0
             && document.querySelector('.new-since').getBoundingClientRect().bottom < innerHeight",
        )
        .await?;
    shots::accessible_in_both(&browser, "where the new begins").await?;
    browser.goto("/c").await?;
    browser.unread(&ada, 0).await?;
    for n in 1..=90 {
        sender.send(conversation, &format!("newer {n}")).await?;
    }
    browser.open_conversation(conversation).await?;
    browser.click("[data-testid=first-unread]").await?;
    browser
        .until(
            "the first of them, in view",
            "document.querySelector('#m9:target')?.textContent.includes('newer 1')
             && document.querySelector('#m9').getBoundingClientRect().top > 0
             && document.querySelector('#m9').getBoundingClientRect().bottom < innerHeight",
        )
        .await?;
    browser.open_conversation(conversation).await?;
    browser.live().await?;
    browser
        .script("document.querySelector('.scroller').scrollTop = 0")
        .await?;
    browser.unread(&ada, 0).await?;
    browser
        .script("document.querySelector('#m97 .more').click()")
        .await?;
    browser.click("#menu [data-act=unread]").await?;
    browser.unread(&ada, 2).await
}
