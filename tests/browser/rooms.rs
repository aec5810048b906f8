//! Rooms: created, found, joined, used and left, on two replicas.

use confab_tests::browser::Browser;
use confab_tests::client::ChatClient;
use confab_tests::example::{self, URL};
use confab_tests::{Result, ensure, unique};

use crate::shots::{self, shot};

#[tokio::test]
async fn a_room_is_created_found_joined_and_left_and_disappears_for_removed_members() -> Result<()>
{
    let _chat = example::shared().await?;
    let (ada, bo) = tokio::try_join!(Browser::open(URL), Browser::open(URL))?;
    let (ada_name, bo_name, title) = (unique("ada"), unique("bo"), unique("Garden "));
    ada.register(&ada_name).await?;
    bo.register(&bo_name).await?;

    ada.goto("/rooms/new").await?;
    ada.fill("#title", &title).await?;
    ada.fill("#topic", "What grows where").await?;
    ada.click("[data-testid=room-form] button").await?;
    ada.live().await?;
    ada.say("Welcome!").await?;

    bo.goto(&format!("/rooms?q={}", title.replace(' ', "+")))
        .await?;
    bo.click("[data-testid=room] button").await?;
    bo.live().await?;
    bo.reads(&["Welcome!"]).await?;
    ada.sees("the joining in the flow", |page| {
        let joined = format!("data-t=\"notice-joined\" data-actor=\"{bo_name}\"");
        ensure!(page.html().contains(&joined), "no notice");
        Ok(())
    })
    .await?;
    bo.say("Hello all").await?;
    ada.reads(&["Welcome!", "Hello all"]).await?;

    ada.click(".bar .about").await?;
    ada.click(&format!(
        "[data-testid=member][data-name='{bo_name}'] summary"
    ))
    .await?;
    ada.click(&format!(
        "[data-testid=member][data-name='{bo_name}'] form[action$=remove] button"
    ))
    .await?;
    bo.sees("the room go", |page| {
        ensure!(!page.html().contains(&title), "it is still there");
        Ok(())
    })
    .await?;
    assert_eq!(bo.path().await?, "/c", "a removed member is redirected");
    Ok(())
}

#[tokio::test]
async fn a_new_room_offers_to_add_people_whose_joining_is_one_line() -> Result<()> {
    let _chat = example::shared().await?;
    let ada = Browser::open(URL).await?;
    ada.register(&unique("ada")).await?;
    let mut names = Vec::new();
    for _ in 0..4 {
        let name = unique("guest");
        ChatClient::registered(URL, &name).await?;
        names.push(name);
    }
    ada.goto("/people").await?;
    ada.click(".start a[href='/rooms/new']").await?;
    ada.fill("#title", &unique("Attic ")).await?;
    ada.click("[data-testid=room-form] button").await?;
    ada.live().await?;
    shots::accessible_in_both(&ada, "a new room").await?;
    shot(&ada, "new-room-desk").await?;
    ada.click(".no-messages a").await?;
    ada.fill("#people", &names.join(" ")).await?;
    ada.click("[data-testid=add-form] button").await?;
    ada.click(".track p > a").await?;
    ada.live().await?;
    let shown = "Array.from(document.querySelectorAll('.notice')).filter((notice) => notice.checkVisibility()).length";
    ada.until(
        "one line for all of them",
        &format!("/, \\+1$/.test(document.querySelector('.fold').innerText) && {shown} === 1"),
    )
    .await?;
    shots::accessible_in_both(&ada, "joins in one line").await?;
    shot(&ada, "joins-desk").await?;
    ada.click(".fold button").await?;
    ada.until("a line for each", &format!("{shown} === 5"))
        .await
}

#[tokio::test]
async fn a_group_shows_badges_and_mentions_apart() -> Result<()> {
    let _chat = example::shared().await?;
    let (ada, bo) = tokio::try_join!(Browser::open(URL), Browser::open(URL))?;
    let (ada_name, bo_name, title) = (unique("ada"), unique("bo"), unique("Trip"));
    ada.register(&ada_name).await?;
    bo.register(&bo_name).await?;
    bo.live().await?;
    ada.goto("/rooms/new?kind=group").await?;
    ada.fill("#title", &title).await?;
    ada.fill("#people", &bo_name).await?;
    ada.click("[data-testid=room-form] button").await?;
    ada.live().await?;
    ada.say("first").await?;
    ada.say(&format!("@{bo_name} second")).await?;
    bo.unread(&title, 2).await?;
    bo.sees("the mention counted apart", |page| {
        ensure!(
            page.texts("mentions") == ["@1"],
            "{:?}",
            page.texts("mentions")
        );
        Ok(())
    })
    .await?;
    bo.reload().await?;
    bo.unread(&title, 2).await?;
    Ok(())
}
