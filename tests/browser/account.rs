//! The account: name, picture, language, password, devices, blocks, export, deletion.

use confab_tests::browser::Browser;
use confab_tests::client::ChatClient;
use confab_tests::example::{self, URL};
use confab_tests::{PASSWORD, Result, ensure, unique};

use crate::Pair;
use crate::shots::{self, shot};

async fn saved(browser: &Browser, section: &str) -> Result<()> {
    let said = format!("document.querySelector('#{section} [data-testid=saved]')");
    browser
        .until(&format!("{section} to be saved"), &said)
        .await
}

#[tokio::test]
async fn name_and_picture_are_visible_to_others_and_the_page_has_the_chosen_language() -> Result<()>
{
    let _chat = example::shared().await?;
    let Pair {
        ada,
        bo,
        conversation,
        ..
    } = Pair::on_two_replicas().await?;
    ada.set_display_name("Mara Lindqvist").await?;
    let picture = std::env::temp_dir().join(format!("{}.png", unique("picture")));
    ada.paint(330, &picture).await?;
    ada.choose("#picture-file", &picture).await?;
    ada.click("[data-testid=avatar-form] button").await?;
    saved(&ada, "picture").await?;
    std::fs::remove_file(&picture)?;
    ada.viewport(1440, 900).await?;
    shots::accessible_in_both(&ada, "/account with a picture").await?;
    shot(&ada, "account-desk").await?;
    ada.viewport(360, 740).await?;
    shots::nothing_is_cut_off(&ada, "/account on a phone").await?;
    shot(&ada, "account-phone").await?;

    ada.open_conversation(conversation).await?;
    ada.live().await?;
    ada.say("With a face now").await?;
    bo.until(
        "the name and the picture beside the message",
        "document.querySelector('.message .sender')?.textContent === 'Mara Lindqvist'
         && document.querySelector('.message img.avatar')?.naturalWidth > 0",
    )
    .await?;

    ada.goto("/account").await?;
    ada.click("[data-testid=language-form] [value=de]").await?;
    ada.click("[data-testid=language-form] button").await?;
    ada.until("German", "document.documentElement.lang === 'de'")
        .await?;
    let again = Browser::open(URL).await?;
    let name = ada
        .script("return document.querySelector('#password-form [name=name], [data-testid=password-form] [name=name]').value")
        .await?;
    again.log_in(name.as_str().unwrap_or_default()).await?;
    again
        .until(
            "German on another device",
            "document.documentElement.lang === 'de'",
        )
        .await
}

#[tokio::test]
async fn a_new_password_and_a_revoked_device_end_other_sessions() -> Result<()> {
    let _chat = example::shared().await?;
    let name = unique("ada");
    let (desk, phone, third) =
        tokio::try_join!(Browser::open(URL), Browser::open(URL), Browser::open(URL))?;
    desk.register(&name).await?;
    phone.log_in(&name).await?;
    third.log_in(&name).await?;
    desk.goto("/account").await?;
    desk.sees("three devices", |page| {
        let devices = page.texts("device");
        ensure!(devices.len() == 3, "{devices:?}");
        Ok(())
    })
    .await?;
    desk.click("[data-testid=device] form[action$=revoke] button")
        .await?;
    let at_login = "location.pathname === '/login'";
    let one_left = async || {
        let left = [&phone, &third];
        let mut gone = 0;
        for browser in left {
            gone += i32::from(browser.path().await? == "/login");
        }
        ensure!(gone == 1, "{gone} of two are logged out");
        Ok(())
    };
    confab_tests::eventually(
        confab_tests::wait::seconds(10),
        "one of the two others is logged out",
        one_left,
    )
    .await?;

    desk.goto("/account").await?;
    desk.fill("#current", "not the password").await?;
    desk.fill("#new-password", "another good password").await?;
    desk.click("[data-testid=password-form] button").await?;
    desk.until(
        "what is wrong",
        "document.querySelector('#password .field-error')",
    )
    .await?;
    shots::accessible_in_both(&desk, "/account with an error").await?;
    desk.fill("#current", PASSWORD).await?;
    desk.fill("#new-password", "another good password").await?;
    desk.click("[data-testid=password-form] button").await?;
    saved(&desk, "password").await?;
    phone.until("the phone to be logged out", at_login).await?;
    third.until("the third to be logged out", at_login).await
}

#[tokio::test]
async fn a_blocked_person_cannot_send_and_their_messages_are_folded_until_unblocked() -> Result<()>
{
    let _chat = example::shared().await?;
    let Pair {
        ada,
        bo,
        ada_name,
        conversation,
        ..
    } = Pair::on_two_replicas().await?;
    ada.say("Read this!").await?;
    bo.reads(&["Read this!"]).await?;
    bo.goto(&format!("/people?q={ada_name}")).await?;
    bo.click("[data-testid=block]").await?;
    bo.until(
        "ada among the blocked",
        "document.querySelector('[data-testid=blocked]')",
    )
    .await?;
    bo.open_conversation(conversation).await?;
    bo.until(
        "the message to be folded",
        "document.querySelector('#m1 .body')?.checkVisibility() === false",
    )
    .await?;
    shots::accessible_in_both(&bo, "a folded message").await?;
    shot(&bo, "folded-desk").await?;
    ada.fill("textarea[name=body]", "And this!").await?;
    ada.click("[data-testid=send]").await?;
    ada.sees("that it is refused", |page| {
        ensure!(page.has("field-error"), "it is not");
        Ok(())
    })
    .await?;
    bo.goto("/account").await?;
    bo.follow("[data-testid=blocked] button").await?;
    bo.open_conversation(conversation).await?;
    bo.until(
        "the message again",
        "document.querySelector('#m1 .body')?.checkVisibility()",
    )
    .await?;
    ada.click("[data-testid=send]").await?;
    bo.reads(&["Read this!", "And this!"]).await
}

#[tokio::test]
async fn an_account_can_be_exported_and_deleted_and_is_a_former_member_to_others() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair {
        ada,
        bo,
        ada_name,
        conversation,
        ..
    } = Pair::with_names().await?;
    ada.say("It was nice here").await?;
    bo.reads(&["It was nice here"]).await?;
    ada.goto("/account").await?;
    let export = "const done = arguments[arguments.length - 1];
        fetch(document.querySelector('[data-testid=export]').href).then(async (answer) => {
          const bytes = new Uint8Array(await answer.arrayBuffer());
          done([answer.status, answer.headers.get('content-type'), String.fromCharCode(bytes[0], bytes[1])]);
        })";
    let export = ada.script_async(export).await?;
    ensure!(
        export == serde_json::json!([200, "application/zip", "PK"]),
        "{export}"
    );
    ada.fill("#delete-password", PASSWORD).await?;
    ada.click("[data-testid=delete-form] button").await?;
    ada.until("a good-bye", "document.querySelector('main.card h1')")
        .await?;
    shots::accessible_in_both(&ada, "the page after a deletion").await?;

    bo.open_conversation(conversation).await?;
    bo.reads(&["It was nice here"]).await?;
    let name = "getComputedStyle(document.querySelector('#m1 .sender bdi'), '::before').content";
    bo.until(
        "a former member beside the message",
        &format!("{name} === '\"Former member\"'"),
    )
    .await?;
    bo.until(
        "the same in the list and above",
        "document.querySelector('.conversation .name').textContent === 'Former member'
         && document.querySelector('.pane h1').textContent === 'Former member'
         && !document.body.innerHTML.includes('former-')",
    )
    .await?;
    shots::accessible_in_both(&bo, "a former member's message").await?;
    shot(&bo, "former-member-desk").await?;
    bo.speaks("de").await?;
    bo.until(
        "the German for it",
        &format!("{name} === '\"Ehemaliges Mitglied\"'"),
    )
    .await?;
    // The name is free again.
    ChatClient::registered(URL, &ada_name).await?;
    Ok(())
}
