//! The page with the integrations of a room.

use confab_tests::browser::Browser;
use confab_tests::client::ChatClient;
use confab_tests::example::{self, URL};
use confab_tests::{Result, ensure, unique};

use crate::shots::{self, shot};

#[tokio::test]
async fn the_page_with_integrations_fits_a_phone_and_is_accessible() -> Result<()> {
    let _chat = example::shared().await?;
    let browser = Browser::open(URL).await?;
    browser.viewport(360, 740).await?;
    browser.register(&unique("ada")).await?;
    browser.goto("/rooms/new").await?;
    browser.fill("#title", &unique("Alerts ")).await?;
    browser.click("[data-testid=room-form] button").await?;
    browser.live().await?;
    let path = browser.script("return location.pathname").await?;
    let path = path.as_str().unwrap_or_default().to_owned();
    browser.goto(&format!("{path}/about")).await?;
    browser.click("[data-testid=hooks-link]").await?;
    browser.fill("#hook-name", "Alertmanager").await?;
    browser
        .click("[data-testid=hook-form] button[type=submit]")
        .await?;
    browser
        .sees("the URL, which is shown once", |page| {
            ensure!(page.has("secret-link") && page.has("hook"), "no URL");
            Ok(())
        })
        .await?;
    for scheme in ["light", "dark"] {
        browser.color_scheme(scheme).await?;
        browser.is_accessible(&format!("hooks, {scheme}")).await?;
    }
    shots::nothing_is_cut_off(&browser, "hooks").await?;
    shot(&browser, "hooks-phone").await
}

#[tokio::test]
async fn what_a_program_posts_appears_live_with_its_label() -> Result<()> {
    let _chat = example::shared().await?;
    let browser = Browser::open(URL).await?;
    let name = unique("ada");
    browser.register(&name).await?;
    browser.goto("/rooms/new").await?;
    browser.fill("#title", &unique("Builds ")).await?;
    browser.click("[data-testid=room-form] button").await?;
    browser.live().await?;
    let path = browser.script("return location.pathname").await?;
    let path = path.as_str().unwrap_or_default().to_owned();
    let client = ChatClient::new(URL)?;
    client.log_in(&name).await?;
    let hook = client.create_hook(&path, "Builds").await?;
    client
        .post_to_hook(&hook, r#"{"text": "*done*", "username": "CI"}"#)
        .await?;
    browser.reads(&["done"]).await?;
    let label = "const app = document.querySelector('.message .meta .app-label'); \
                 return getComputedStyle(app, '::before').content";
    let label = browser.script(label).await?;
    let label = label.as_str().unwrap_or_default();
    ensure!(label.contains("Builds"), "the label says {label}");
    Ok(())
}
