//! Notifications: the hint, the switch of the device, quiet hours, a level for each conversation.

use confab_tests::browser::Browser;
use confab_tests::client::ChatClient;
use confab_tests::example::{self, URL};
use confab_tests::{Result, ensure, unique};

use crate::shots::{self, shot};

/// The browser of a test has no push service, so the page gets a fake subscription.
const A_PUSH_SERVICE: &str = "
    const pair = await crypto.subtle.generateKey({name: 'ECDH', namedCurve: 'P-256'}, true, ['deriveBits']);
    const key = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
    const encoded = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    const keys = {p256dh: encoded(key), auth: encoded(crypto.getRandomValues(new Uint8Array(16)))};
    const endpoint = `https://push.example.com/${crypto.randomUUID()}`;
    let held = null;
    PushManager.prototype.getSubscription = async () => held;
    PushManager.prototype.subscribe = async ({applicationServerKey}) => held = {
      endpoint, options: {applicationServerKey}, toJSON: () => ({endpoint, keys}), unsubscribe: async () => { held = null; return true; },
    };
    done(true)";

async fn is(browser: &Browser, state: &str) -> Result<()> {
    browser
        .until(
            &format!("the state {state}"),
            &format!("document.querySelector('.this-device').dataset.state === '{state}'"),
        )
        .await
}

#[tokio::test]
async fn notifications_of_a_device_can_be_switched_and_an_obstacle_is_explained() -> Result<()> {
    let _chat = example::shared().await?;
    let browser = Browser::open(URL).await?;
    browser.register(&unique("ada")).await?;
    browser.notifications("denied").await?;
    browser.goto("/notifications").await?;
    is(&browser, "denied").await?;
    shots::accessible_in_both(&browser, "/notifications, denied").await?;

    browser.notifications("granted").await?;
    browser.reload().await?;
    is(&browser, "off").await?;
    // A browser that reaches no push service: an error, and notifications stay off.
    browser
        .script("PushManager.prototype.subscribe = async () => { throw new Error('push service error') }")
        .await?;
    browser.click(".this-device [data-act=on]").await?;
    browser
        .until(
            "that it failed",
            "!document.querySelector('.when-failed').hidden",
        )
        .await?;
    shots::accessible_in_both(&browser, "/notifications, failed").await?;

    let service = format!(
        "const done = arguments[arguments.length - 1]; (async () => {{ {A_PUSH_SERVICE} }})()"
    );
    browser.script_async(&service).await?;
    browser.click(".this-device [data-act=on]").await?;
    browser
        .sees("this device in the list", |page| {
            let devices = page.texts("push-device");
            ensure!(devices.len() == 1, "{devices:?}");
            Ok(())
        })
        .await?;
    for (width, height, name) in [(1440, 900, "desk"), (360, 740, "phone")] {
        browser.viewport(width, height).await?;
        shots::nothing_is_cut_off(&browser, "/notifications").await?;
        shot(&browser, &format!("notifications-{name}")).await?;
    }
    shots::accessible_in_both(&browser, "/notifications with a device").await?;
    browser.click("[data-testid=push-device] button").await?;
    browser
        .sees("no device any more", |page| {
            ensure!(!page.has("push-device"), "it is still there");
            Ok(())
        })
        .await
}

#[tokio::test]
async fn quiet_hours_are_stored_with_the_time_zone_of_the_browser_and_an_invalid_one_is_an_error()
-> Result<()> {
    let _chat = example::shared().await?;
    let browser = Browser::open(URL).await?;
    browser.register(&unique("ada")).await?;
    browser.goto("/notifications").await?;
    let zone = "document.querySelector('#zone').value";
    browser
        .until(
            "the browser's zone",
            &format!("{zone} === Intl.DateTimeFormat().resolvedOptions().timeZone"),
        )
        .await?;
    browser
        .script("document.querySelector('[name=on]').checked = true")
        .await?;
    browser.fill("#zone", "Mars/Olympus").await?;
    browser.click("[data-testid=quiet-form] button").await?;
    browser
        .sees("what is wrong with it", |page| {
            ensure!(page.has("field-error"), "nothing");
            Ok(())
        })
        .await?;
    shots::accessible_in_both(&browser, "/notifications with an error").await?;
    browser.fill("#zone", "Europe/Berlin").await?;
    browser.click("[data-testid=quiet-form] button").await?;
    browser
        .until(
            "that they are kept",
            &format!("document.querySelector('[data-testid=saved]') && {zone} === 'Europe/Berlin' && document.querySelector('[name=on]').checked"),
        )
        .await
}

#[tokio::test]
async fn after_the_first_message_the_page_asks_once_and_a_muted_conversation_stays_silent()
-> Result<()> {
    let _chat = example::shared().await?;
    let (ada, bo) = (unique("ada"), unique("bo"));
    let sender = ChatClient::registered(URL, &ada).await?;
    let browser = Browser::open(URL).await?;
    browser.register(&bo).await?;
    browser.live().await?;
    let conversation = sender.conversation_with(&bo).await?;
    sender.send(conversation, "hello").await?;
    browser.unread(&ada, 1).await?;
    let asked = "!document.querySelector('.notify-hint').hidden";
    browser.until("the question", asked).await?;
    shots::accessible_in_both(&browser, "the question").await?;
    shot(&browser, "notify-hint-desk").await?;
    browser.click("[data-act=later]").await?;
    browser
        .until(
            "it to be gone",
            "document.querySelector('.notify-hint').hidden",
        )
        .await?;
    browser
        .until(
            "the number in the title",
            "document.title.startsWith('(1)')",
        )
        .await?;

    browser.goto(&format!("/c/{conversation}/about")).await?;
    browser
        .click("[data-testid=level-form] [value=none]")
        .await?;
    browser.follow("[data-testid=level-form] button").await?;
    browser.goto("/c").await?;
    browser.live().await?;
    sender.send(conversation, "psst").await?;
    browser.unread(&ada, 1).await?;
    browser
        .until(
            "it counted, but quietly",
            "document.querySelector('.conversation.muted') && !document.title.startsWith('(')",
        )
        .await?;
    ensure!(
        browser.script(&format!("return {asked}")).await? == false,
        "it asks again"
    );
    Ok(())
}
