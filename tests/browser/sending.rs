//! Pending messages: shown at once, sent once, kept after a failure, waiting while offline.

use confab_tests::browser::Browser;
use confab_tests::{Result, ensure, example};

use crate::Pair;
use crate::shots::{self, shot};

/// The state of each message with this text.
async fn states(browser: &Browser, text: &str) -> Result<Vec<String>> {
    let found = browser
        .script(&format!(
            "return Array.from(document.querySelectorAll('.message'))
               .filter((item) => item.querySelector('.body')?.textContent.trim() === '{text}')
               .map((item) => item.dataset.state ?? 'sent')"
        ))
        .await?;
    Ok(serde_json::from_value(found)?)
}

async fn becomes(browser: &Browser, text: &str, state: &str) -> Result<()> {
    let what = format!("“{text}” to be {state}, once");
    confab_tests::eventually(confab_tests::wait::seconds(40), &what, async || {
        let states = states(browser, text).await?;
        ensure!(states == [state], "{states:?}");
        Ok(())
    })
    .await
}

/// Makes the sends of this page fail, before or after they reach the server. Other requests work.
async fn sends_fail(browser: &Browser, reach_the_server: bool) -> Result<()> {
    let reach = if reach_the_server {
        "await window.whole(...what);"
    } else {
        ""
    };
    browser
        .script(&format!(
            "window.whole ??= window.fetch;
             window.fetch = async (...what) => {{
               if (!String(what[0]).endsWith('/messages')) return window.whole(...what);
               {reach}
               throw new TypeError('no network');
             }}"
        ))
        .await?;
    Ok(())
}

async fn sends_work(browser: &Browser) -> Result<()> {
    browser.script("window.fetch = window.whole").await?;
    Ok(())
}

#[tokio::test]
async fn a_message_shows_at_once_and_after_a_failure_can_be_retried_or_discarded() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::with_names().await?;
    sends_fail(&ada, false).await?;
    ada.say("Are you there?").await?;
    let pending = states(&ada, "Are you there?").await?;
    ensure!(pending == ["pending"], "at once: {pending:?}");
    becomes(&ada, "Are you there?", "failed").await?;
    shots::accessible_in_both(&ada, "a message that was not sent").await?;
    shot(&ada, "not-sent-desk").await?;
    sends_work(&ada).await?;
    ada.click(".retry").await?;
    bo.reads(&["Are you there?"]).await?;
    becomes(&ada, "Are you there?", "sent").await?;

    sends_fail(&ada, false).await?;
    ada.say("Never mind").await?;
    becomes(&ada, "Never mind", "failed").await?;
    ada.click("[data-state=failed] .discard").await?;
    sends_work(&ada).await?;
    ada.say("See you").await?;
    bo.reads(&["Are you there?", "See you"]).await?;
    ada.reads(&["Are you there?", "See you"]).await
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_repeatedly_is_there_once() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::on_two_replicas().await?;
    sends_fail(&ada, true).await?;
    ada.say("once").await?;
    bo.reads(&["once"]).await?;
    becomes(&ada, "once", "sent").await?;
    sends_work(&ada).await?;
    ada.say("twice").await?;
    bo.reads(&["once", "twice"]).await?;
    ada.reload().await?;
    ada.reads(&["once", "twice"]).await
}

#[tokio::test]
async fn offline_a_banner_shows_it_and_pending_messages_are_sent_when_online_again() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::with_names().await?;
    ada.say("before").await?;
    bo.reads(&["before"]).await?;
    ada.offline(true).await?;
    ada.until(
        "the banner",
        "document.querySelector('.connection.late[data-state=offline]')?.checkVisibility()",
    )
    .await?;
    ada.say("on the train, in a tunnel").await?;
    let waits = states(&ada, "on the train, in a tunnel").await?;
    ensure!(waits == ["pending"], "{waits:?}");
    shots::accessible_in_both(&ada, "the banner").await?;
    shot(&ada, "offline-desk").await?;
    bo.say("still there?").await?;
    ada.offline(false).await?;
    bo.sees("what was written", |page| {
        let bodies = page.bodies()?;
        ensure!(
            bodies
                .iter()
                .any(|body| body == "on the train, in a tunnel"),
            "{bodies:?}"
        );
        Ok(())
    })
    .await?;
    ada.live().await?;
    let order = bo.page().await?.bodies()?;
    let order: Vec<&str> = order.iter().map(String::as_str).collect();
    ensure!(order.len() == 3, "{order:?}");
    ada.reads(&order).await?;
    ada.until(
        "no banner",
        "!document.querySelector('.connection').checkVisibility()",
    )
    .await
}
