//! Accessibility of every kind of page by axe-core with all rules, and the size of a page.

use confab_tests::browser::Browser;
use confab_tests::example::{self, URL};
use confab_tests::{Context, Result, ensure};

use crate::Pair;

#[tokio::test]
async fn axe_finds_nothing_on_any_page() -> Result<()> {
    let _chat = example::shared().await?;
    let stranger = Browser::open(URL).await?;
    for path in ["/login", "/register", "/nowhere"] {
        stranger.goto(path).await?;
        stranger.is_accessible(path).await?;
    }
    let Pair {
        ada,
        bo,
        conversation,
        ..
    } = Pair::on_two_replicas().await?;
    ada.say("**Hello** `code` https://example.com").await?;
    bo.reads(&["Hello code https://example.com"]).await?;
    bo.say("- one\n- two").await?;
    let pages = [
        "/c".to_owned(),
        format!("/c/{conversation}"),
        format!("/c/{conversation}/about"),
        format!("/c/{conversation}/messages/1"),
        format!("/c/{conversation}/attach"),
        "/search".to_owned(),
        "/search?q=hello".to_owned(),
        "/people".to_owned(),
        "/people?q=nobody-of-that-name".to_owned(),
        "/rooms".to_owned(),
        "/rooms/new".to_owned(),
        "/account".to_owned(),
        "/notifications".to_owned(),
    ];
    for scheme in ["light", "dark"] {
        ada.color_scheme(scheme).await?;
        for path in &pages {
            ada.goto(path).await?;
            ada.is_accessible(&format!("{path}, {scheme}")).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn axe_finds_nothing_in_menus_and_dialogs() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, .. } = Pair::on_two_replicas().await?;
    ada.say("one").await?;
    ada.sees("that it is sent", |page| {
        ensure!(page.html().contains("id=\"m1\""), "not yet");
        Ok(())
    })
    .await?;
    let open = [
        ("the menu", "document.querySelector('#m1 .more').click()"),
        (
            "the question before a deletion",
            "document.querySelector('#menu [data-act=delete]').click()",
        ),
        (
            "the keys",
            "document.querySelector('#ask-delete').close(); document.querySelector('#keys').showModal()",
        ),
        (
            "the switcher",
            "document.querySelector('#keys').close(); document.querySelector('#switch').showModal()",
        ),
    ];
    for (what, script) in open {
        ada.script(script).await?;
        ada.is_accessible(what).await?;
    }
    Ok(())
}

#[tokio::test]
async fn axe_finds_a_planted_fault() -> Result<()> {
    let _chat = example::shared().await?;
    let browser = Browser::open(URL).await?;
    browser.goto("/login").await?;
    browser
        .script("document.querySelector('label[for=name]').remove()")
        .await?;
    let findings = browser.axe().await?;
    ensure!(
        findings.iter().any(|finding| finding.starts_with("label")),
        "{findings:?}"
    );
    Ok(())
}

/// Compressed, from log-in to a usable conversation.
const LIMIT_BYTES: f64 = 60_000.0;

#[tokio::test]
async fn from_log_in_to_a_usable_conversation_takes_at_most_60_kb() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair {
        ada,
        ada_name,
        bo_name,
        ..
    } = Pair::on_two_replicas().await?;
    for n in 1..=20 {
        ada.say(&format!(
            "message {n}, long enough to be like one of a conversation"
        ))
        .await?;
    }
    let fresh = Browser::open(URL).await?;
    let sum = "return [...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]
                 .reduce((sum, {transferSize}) => sum + transferSize, 0)";
    fresh.goto("/login").await?;
    let login = fresh.script(sum).await?;
    fresh.log_in(&ada_name).await?;
    fresh.click(".conversation a").await?;
    fresh.live().await?;
    let page = fresh.script(sum).await?;
    let bytes = login.as_f64().context("no number")? + page.as_f64().context("no number")?;
    ensure!(
        bytes > 1_000.0 && bytes <= LIMIT_BYTES,
        "{bytes} bytes for {bo_name}’s conversation"
    );
    Ok(())
}
