//! Everything but live updates, in a browser that runs no JavaScript.

use confab_tests::browser::Browser;
use confab_tests::client::ChatClient;
use confab_tests::example::{self, URL};
use confab_tests::{Result, anyhow, ensure, unique};

#[tokio::test]
async fn without_javascript_people_sign_up_find_each_other_chat_and_page_back() -> Result<()> {
    let _chat = example::shared().await?;
    let (ada, bo) = (unique("ada"), unique("bo"));
    let other = ChatClient::registered(URL, &bo).await?;
    let browser = Browser::without_javascript(URL).await?;
    browser.register(&ada).await?;
    let conversation = browser.find_and_open(&bo).await?;
    browser.say("Written in a form").await?;
    browser.reads(&["Written in a form"]).await?;
    let state = browser.page().await?.connection()?.state;
    ensure!(state != "live", "scripts run: the connection is {state}");

    assert_eq!(other.history(conversation).await?, ["Written in a form"]);
    for n in 1..=70 {
        other.send(conversation, &format!("answer {n}")).await?;
    }
    browser.goto("/c").await?;
    browser.unread(&bo, 70).await?;
    browser.open_conversation(conversation).await?;
    // The driver uses a script to scroll to what it clicks, which this browser does not run.
    let older = browser.page().await?.older();
    browser
        .goto(&older.ok_or_else(|| anyhow!("no link to older messages"))?)
        .await?;
    browser
        .sees("the first message", |page| {
            let bodies = page.bodies()?;
            ensure!(
                bodies.first().is_some_and(|b| b == "Written in a form"),
                "{bodies:?}"
            );
            Ok(())
        })
        .await?;
    browser.goto("/c").await?;
    browser.unread(&bo, 0).await?;

    browser.click("[data-testid=logout]").await?;
    browser
        .sees("that one is out", |page| {
            ensure!(page.has("login-form"), "it is no login page");
            Ok(())
        })
        .await?;
    browser.goto("/c").await?;
    assert_eq!(browser.path().await?, "/login");
    browser.log_in(&ada).await
}

#[tokio::test]
async fn without_javascript_an_invalid_form_shows_the_error_and_keeps_the_input() -> Result<()> {
    let _chat = example::shared().await?;
    let name = unique("ada");
    let browser = Browser::without_javascript(URL).await?;
    browser.goto("/login").await?;
    browser
        .fill("[data-testid=login-form] [name=name]", &name)
        .await?;
    browser
        .fill(
            "[data-testid=login-form] [name=password]",
            "a wrong password",
        )
        .await?;
    browser.click("[data-testid=login-form] button").await?;
    let page = browser
        .sees("what is wrong", |page| {
            ensure!(page.has("field-error"), "no field says so");
            Ok(page.clone())
        })
        .await?;
    assert!(
        page.html().contains(&format!("value=\"{name}\"")),
        "the name is lost"
    );
    assert!(
        !page.html().contains("a wrong password"),
        "the password is in the page"
    );
    Ok(())
}
