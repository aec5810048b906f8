//! Unread badges: live, kept over a reload, the same on every device, gone once read.

use confab_tests::browser::Browser;
use confab_tests::client::ChatClient;
use confab_tests::example::{self, URL};
use confab_tests::{Result, unique};

#[tokio::test]
async fn a_badge_counts_on_every_device_survives_a_reload_and_goes_when_read() -> Result<()> {
    let _chat = example::shared().await?;
    let (ada, bo, cy) = (unique("ada"), unique("bo"), unique("cy"));
    let sender = ChatClient::registered(URL, &ada).await?;
    let other = ChatClient::registered(URL, &cy).await?;
    let (desk, phone) = tokio::try_join!(Browser::open(URL), Browser::open(URL))?;
    desk.register(&bo).await?;
    phone.log_in(&bo).await?;
    phone.viewport(360, 740).await?;

    // The desktop shows another conversation, the phone the list.
    let on_screen = other.conversation_with(&bo).await?;
    other.send(on_screen, "Look at this one").await?;
    desk.open_conversation(on_screen).await?;
    phone.goto("/c").await?;
    desk.live().await?;
    phone.live().await?;

    let conversation = sender.conversation_with(&bo).await?;
    for count in 1..=3 {
        sender
            .send(conversation, &format!("message {count}"))
            .await?;
        desk.unread(&ada, count).await?;
        phone.unread(&ada, count).await?;
    }
    for device in [&desk, &phone] {
        device.reload().await?;
        device.unread(&ada, 3).await?;
        device.live().await?;
    }
    let third = Browser::open(URL).await?;
    third.log_in(&bo).await?;
    third.goto("/c").await?;
    third.unread(&ada, 3).await?;

    desk.open_conversation(conversation).await?;
    desk.reads(&["message 1", "message 2", "message 3"]).await?;
    desk.unread(&ada, 0).await?;
    phone.unread(&ada, 0).await?;
    phone.reload().await?;
    phone.unread(&ada, 0).await
}

#[tokio::test]
async fn messages_on_screen_are_read_as_they_arrive_and_own_messages_do_not_count() -> Result<()> {
    let _chat = example::shared().await?;
    let (ada, bo) = (unique("ada"), unique("bo"));
    let browser = Browser::open(URL).await?;
    browser.register(&bo).await?;
    let sender = ChatClient::registered(URL, &ada).await?;
    let conversation = sender.conversation_with(&bo).await?;
    sender.send(conversation, "first").await?;
    browser.open_conversation(conversation).await?;
    browser.live().await?;
    sender.send(conversation, "second").await?;
    browser.reads(&["first", "second"]).await?;
    browser.say("third").await?;
    browser.reads(&["first", "second", "third"]).await?;
    browser.goto("/c").await?;
    browser.unread(&ada, 0).await?;
    let mine = sender.page("/c").await?.conversation_with(&bo)?;
    assert_eq!(mine.unread, 1, "bo's answer is unread, ada's own are not");
    Ok(())
}
