//! Long conversations: paging back, day separators, the newest message in view.

use confab_tests::browser::Browser;
use confab_tests::client::ChatClient;
use confab_tests::example::{self, URL};
use confab_tests::{Result, ensure, unique};

const MESSAGES: usize = 130;

/// Scrolling there loads older messages as well, so the link may disappear at any moment.
const LOOK_FURTHER_BACK: &str = "document.querySelector('[data-testid=older]')?.click()";

#[tokio::test]
async fn history_pages_back_to_the_first_message_with_none_twice() -> Result<()> {
    let _chat = example::shared().await?;
    let (ada, bo) = (unique("ada"), unique("bo"));
    let sender = ChatClient::registered(URL, &ada).await?;
    let browser = Browser::open(URL).await?;
    browser.register(&bo).await?;
    let conversation = sender.conversation_with(&bo).await?;
    let sent: Vec<String> = (1..=MESSAGES).map(|n| format!("message {n}")).collect();
    for body in &sent {
        sender.send(conversation, body).await?;
    }
    let latest = sender.page(&format!("/c/{conversation}")).await?;
    assert!(
        latest.older().is_some(),
        "all {MESSAGES} messages are on one page"
    );
    assert_eq!(sender.history(conversation).await?, sent);

    browser.open_conversation(conversation).await?;
    let last_in_view = "const all = document.querySelectorAll('[data-testid=message]');
        const box = all[all.length - 1].getBoundingClientRect();
        return box.top < innerHeight && box.bottom > 0";
    browser.live().await?;
    assert_eq!(
        browser.script(last_in_view).await?,
        true,
        "the newest message is not in view"
    );

    let mut oldest = first_seq(&browser).await?;
    while oldest > 1 {
        browser.script(LOOK_FURTHER_BACK).await?;
        oldest = browser
            .sees("older messages", |page| {
                let messages = page.messages()?;
                let seqs: Vec<i64> = messages.iter().filter_map(|m| m.seq).collect();
                let contiguous = seqs.windows(2).all(|pair| pair[0] + 1 == pair[1]);
                ensure!(contiguous, "not contiguous: {seqs:?}");
                ensure!(seqs.first().is_some_and(|&seq| seq < oldest), "{seqs:?}");
                Ok(seqs[0])
            })
            .await?;
    }
    assert_eq!(browser.page().await?.bodies()?, sent);
    ensure!(browser.page().await?.older().is_none(), "a link to nothing");
    Ok(())
}

async fn first_seq(browser: &Browser) -> Result<i64> {
    let first = |page: &confab_tests::page::Page| {
        let messages = page.messages()?;
        let seq = messages.first().and_then(|message| message.seq);
        ensure!(seq.is_some(), "no messages");
        Ok(seq.unwrap_or_default())
    };
    browser.sees("messages", first).await
}

#[tokio::test]
async fn a_day_is_named_once_above_its_first_message() -> Result<()> {
    let _chat = example::shared().await?;
    let (ada, bo) = (unique("ada"), unique("bo"));
    let sender = ChatClient::registered(URL, &ada).await?;
    let browser = Browser::open(URL).await?;
    browser.register(&bo).await?;
    let conversation = sender.conversation_with(&bo).await?;
    sender.send(conversation, "one").await?;
    browser.open_conversation(conversation).await?;
    browser.live().await?;
    sender.send(conversation, "two").await?;
    browser.reads(&["one", "two"]).await?;
    for _ in 0..2 {
        let order = "return [...document.querySelectorAll('[data-testid=day], [data-testid=message]')].map(e => e.dataset.testid)";
        let order = browser.script(order).await?;
        assert_eq!(order, serde_json::json!(["day", "message", "message"]));
        assert!(!browser.page().await?.texts("day")[0].is_empty());
        browser.reload().await?;
        browser.reads(&["one", "two"]).await?;
    }
    Ok(())
}
