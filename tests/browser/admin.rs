//! Administration: the first administrator, people, invitations, rooms, messages, and the audit log.

use confab_tests::browser::Browser;
use confab_tests::client::ChatClient;
use confab_tests::example::{self, NAMESPACE, URL};
use confab_tests::{Context, PASSWORD, Result, ensure, kubectl, unique};
use tokio::sync::Mutex;

use crate::Pair;
use crate::shots::{self, shot};

/// The administrator of the example chat: created with the setup token in the first run, and kept.
const ADMIN: &str = "keeper";
/// In the first run all tests here find no administrator, and only one of them can be the first.
static CREATING: Mutex<()> = Mutex::const_new(());

async fn admin() -> Result<Browser> {
    let _creating = CREATING.lock().await;
    let browser = Browser::open(URL).await?;
    browser.viewport(1440, 900).await?;
    if ChatClient::new(URL)?.log_in(ADMIN).await.is_ok() {
        browser.log_in(ADMIN).await?;
        return Ok(browser);
    }
    let secret = [
        "--namespace",
        NAMESPACE,
        "get",
        "secret",
        "team-keys",
        "-o",
        "go-template={{index .data \"setup-token\" | base64decode}}",
    ];
    let token = kubectl::run("kubectl", &secret, "").await?;
    browser.goto("/setup").await?;
    shots::accessible_in_both(&browser, "/setup").await?;
    let field = |name: &str| format!("[data-testid=setup-form] [name={name}]");
    browser.fill(&field("token"), "not the token").await?;
    browser.fill(&field("name"), ADMIN).await?;
    browser.fill(&field("password"), PASSWORD).await?;
    browser.click("[data-testid=setup-form] button").await?;
    says(&browser, "field-error", "This is not the setup token").await?;
    browser.fill(&field("token"), &token).await?;
    browser.fill(&field("password"), PASSWORD).await?;
    browser.click("[data-testid=setup-form] button").await?;
    browser
        .sees("that the first administrator is logged in", |page| {
            ensure!(page.has("logout"), "{:?}", page.texts("field-error"));
            Ok(())
        })
        .await?;
    Ok(browser)
}

/// Waits until an element with this `data-testid` contains this text.
async fn says(browser: &Browser, testid: &str, words: &str) -> Result<String> {
    browser
        .sees(&format!("{testid} that says “{words}”"), |page| {
            let texts = page.texts(testid);
            let found = texts.iter().find(|text| text.contains(words));
            found
                .cloned()
                .with_context(|| format!("there is {texts:?}"))
        })
        .await
}

/// The path of the link that was just created.
async fn secret_link(browser: &Browser) -> Result<String> {
    let link = says(browser, "secret-link", URL).await?;
    Ok(link.trim().trim_start_matches(URL).to_owned())
}

/// Checks the screen in both color schemes and on a phone.
async fn looks_right(browser: &Browser, what: &str) -> Result<()> {
    shots::accessible_in_both(browser, what).await?;
    browser.viewport(360, 740).await?;
    shots::nothing_is_cut_off(browser, what).await?;
    browser.viewport(1440, 900).await
}

/// Finds a person and opens their page.
async fn open_person(admin: &Browser, name: &str) -> Result<()> {
    admin.goto(&format!("/admin?q={name}")).await?;
    looks_right(admin, "/admin").await?;
    admin
        .click(&format!("[data-testid=person][data-name='{name}'] a"))
        .await
}

#[tokio::test]
async fn people_are_disabled_enabled_again_and_given_a_new_password() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { bo, bo_name, .. } = Pair::on_two_replicas().await?;
    let admin = admin().await?;
    open_person(&admin, &bo_name).await?;
    looks_right(&admin, "a person").await?;
    let act = |act: &str| format!("form:has([name=act][value={act}]) button");
    admin.click(&act("disable")).await?;
    bo.until(
        "the page of bo to end at the login",
        "location.pathname === '/login'",
    )
    .await?;
    let form = |name: &str| format!("[data-testid=login-form] [name={name}]");
    bo.fill(&form("name"), &bo_name).await?;
    bo.fill(&form("password"), PASSWORD).await?;
    bo.click("[data-testid=login-form] button").await?;
    says(&bo, "field-error", "disabled").await?;

    admin.click(&act("enable")).await?;
    admin.click("form[action$=reset] button").await?;
    let link = secret_link(&admin).await?;
    looks_right(&admin, "a link for a new password").await?;
    bo.goto(&link).await?;
    shots::accessible_in_both(&bo, "the page of a reset link").await?;
    bo.fill(
        "[data-testid=reset-form] [name=password]",
        "another good password",
    )
    .await?;
    bo.click("[data-testid=reset-form] button").await?;
    bo.sees("that bo is logged in", |page| {
        ensure!(page.has("logout"), "{:?}", page.texts("field-error"));
        Ok(())
    })
    .await?;
    bo.goto(&link).await?;
    says(&bo, "error", "").await?;

    admin.goto("/admin/log").await?;
    looks_right(&admin, "/admin/log").await?;
    shot(&admin, "admin-log-desk").await?;
    admin
        .sees("each act in the log", |page| {
            let lines = page.texts("audit");
            let of_bo = lines.iter().filter(|line| line.contains(&bo_name)).count();
            ensure!(of_bo >= 3, "{lines:?}");
            Ok(())
        })
        .await?;
    admin.goto("/admin").await?;
    shot(&admin, "admin-people-desk").await
}

#[tokio::test]
async fn an_invitation_admits_its_number_of_people_until_it_is_revoked() -> Result<()> {
    let _chat = example::shared().await?;
    let admin = admin().await?;
    let make = "[data-testid=invite-form] button";
    admin.goto("/admin/invites").await?;
    admin.click(make).await?;
    let link = secret_link(&admin).await?;
    looks_right(&admin, "/admin/invites").await?;
    shot(&admin, "admin-invites-desk").await?;
    let guest = Browser::open(URL).await?;
    guest.goto(&link).await?;
    shots::accessible_in_both(&guest, "the page of an invitation").await?;
    shot(&guest, "invited-desk").await?;
    let field = |name: &str| format!("[data-testid=register-form] [name={name}]");
    guest.fill(&field("name"), &unique("guest")).await?;
    guest.fill(&field("password"), PASSWORD).await?;
    guest.click("[data-testid=register-form] button").await?;
    guest
        .sees("that the guest is logged in", |page| {
            ensure!(page.has("logout"), "{:?}", page.texts("field-error"));
            Ok(())
        })
        .await?;
    let second = Browser::open(URL).await?;
    second.goto(&link).await?;
    says(&second, "error", "").await?;

    admin.goto("/admin/invites").await?;
    admin.click(make).await?;
    let link = secret_link(&admin).await?;
    admin
        .follow("[data-testid=invite] form[action$=revoke] button")
        .await?;
    second.goto(&link).await?;
    says(&second, "error", "").await?;
    Ok(())
}

#[tokio::test]
async fn a_room_is_renamed_a_member_removed_and_a_message_deleted_for_everybody() -> Result<()> {
    let _chat = example::shared().await?;
    let (ada, bo) = tokio::try_join!(Browser::open(URL), Browser::open(URL))?;
    let (ada_name, bo_name, title) = (unique("ada"), unique("bo"), unique("Attic"));
    bo.register(&bo_name).await?;
    ada.register(&ada_name).await?;
    ada.goto("/rooms/new?kind=private").await?;
    ada.fill("#title", &title).await?;
    ada.fill("#people", &bo_name).await?;
    ada.click("[data-testid=room-form] button").await?;
    ada.live().await?;
    ada.say("Not for everybody's eyes").await?;
    let room = ada.path().await?;
    bo.goto(&room).await?;
    bo.live().await?;
    bo.reads(&["Not for everybody's eyes"]).await?;

    let admin = admin().await?;
    admin.goto("/admin/messages").await?;
    looks_right(&admin, "/admin/messages").await?;
    admin.fill("#link", &format!("{URL}{room}?at=1#m1")).await?;
    admin.click("[data-testid=remove-form] button").await?;
    says(&admin, "saved", "").await?;
    bo.until("a tombstone", "document.querySelector('#m1.deleted')")
        .await?;

    admin.goto(&format!("/admin/rooms?q={title}")).await?;
    looks_right(&admin, "/admin/rooms").await?;
    admin.click("[data-testid=room] a").await?;
    looks_right(&admin, "a room").await?;
    shot(&admin, "admin-room-desk").await?;
    let renamed = format!("{title} (closed)");
    admin.fill("#title", &renamed).await?;
    admin.click("[data-testid=rename-form] button").await?;
    bo.until(
        "the new name above the conversation",
        &format!("document.querySelector('.pane h1').textContent === '{renamed}'"),
    )
    .await?;
    admin
        .click(&format!(
            "[data-testid=member][data-name='{bo_name}'] form button"
        ))
        .await?;
    bo.until("bo to be led away", "location.pathname === '/c'")
        .await?;
    bo.goto(&room).await?;
    says(&bo, "error", "").await?;
    Ok(())
}

#[tokio::test]
async fn for_everybody_else_administration_does_not_exist() -> Result<()> {
    let _chat = example::shared().await?;
    let browser = Browser::open(URL).await?;
    browser.register(&unique("ada")).await?;
    for path in ["/admin", "/admin/log", "/admin/rooms/1", "/admin/people/1"] {
        browser.goto(path).await?;
        says(&browser, "error", "").await?;
    }
    browser.goto("/account").await?;
    let page = browser.page().await?;
    ensure!(!page.html().contains("href=\"/admin\""), "there is a link");
    Ok(())
}
