//! Widths, zoom, directions, colors: every page for every kind of reader.

use confab_tests::browser::Browser;
use confab_tests::example::{self, URL};
use confab_tests::{Result, ensure};

use crate::friends::{self, PEOPLE};
use crate::shots::{self, shot};

#[tokio::test]
async fn pages_fit_a_phone_and_a_desk_in_light_and_dark() -> Result<()> {
    let _chat = example::shared().await?;
    let conversation = friends::a_friendly_conversation().await?;
    for (device, width, height) in [("desk", 1440, 900), ("phone", 360, 740)] {
        for scheme in ["light", "dark"] {
            let browser = Browser::open(URL).await?;
            browser.viewport(width, height).await?;
            browser.color_scheme(scheme).await?;
            let fits = async |page: &str| {
                shots::nothing_is_cut_off(&browser, page).await?;
                shot(&browser, &format!("{page}-{device}-{scheme}")).await
            };
            browser.goto("/register").await?;
            fits("sign-up").await?;
            browser.goto("/login").await?;
            fits("login").await?;
            browser.log_in(PEOPLE[0]).await?;
            browser.goto("/people").await?;
            fits("people").await?;
            browser.goto("/c").await?;
            browser.live().await?;
            fits("list").await?;
            browser.open_conversation(conversation).await?;
            browser.live().await?;
            composer_is_in_view(&browser).await?;
            fits("chat").await?;
        }
    }
    Ok(())
}

/// A page of each kind; first those with menus and dialogs.
fn pages(conversation: i64) -> Vec<String> {
    [
        "/c",
        "/c/ID",
        "/c/ID/about",
        "/c/ID/messages/1",
        "/c/ID/attach",
        "/people",
        "/people?q=nobody-of-that-name",
        "/rooms",
        "/rooms/new",
        "/search",
        "/search?q=cake",
        "/account",
        "/notifications",
        "/nowhere",
    ]
    .map(|path| path.replace("ID", &conversation.to_string()))
    .into()
}

/// Opens the menus and dialogs of a conversation, one after the other.
const OVER_IT: [(&str, &str); 4] = [
    ("menu", "document.querySelector('#m9 .more').click()"),
    (
        "question before a deletion",
        "document.querySelector('#menu').hidePopover(); document.querySelector('#ask-delete').showModal()",
    ),
    (
        "list of keys",
        "document.querySelector('#ask-delete').close(); document.querySelector('#keys').showModal()",
    ),
    (
        "emoji",
        "document.querySelector('#keys').close(); document.querySelector('.emoji-button').click()",
    ),
];

/// Runs `check` on all pages, and on the menus and dialogs of a conversation.
async fn everywhere(browser: &Browser, check: impl AsyncFn(&str) -> Result<()>) -> Result<()> {
    let conversation = friends::a_friendly_conversation().await?;
    for path in pages(conversation) {
        browser.goto(&path).await?;
        check(&path).await?;
    }
    browser.open_conversation(conversation).await?;
    browser.live().await?;
    for (what, script) in OVER_IT {
        browser.script(script).await?;
        check(what).await?;
    }
    Ok(())
}

#[tokio::test]
async fn from_right_to_left_every_page_fits_a_phone_and_is_accessible() -> Result<()> {
    let _chat = example::shared().await?;
    let conversation = friends::a_friendly_conversation().await?;
    let browser = Browser::open(URL).await?;
    browser.log_in(PEOPLE[0]).await?;
    browser.viewport(360, 740).await?;
    browser.speaks("ar").await?;
    everywhere(&browser, async |what| {
        let what = format!("{what} in Arabic");
        shots::nothing_is_cut_off(&browser, &what).await?;
        browser.is_accessible(&what).await
    })
    .await?;
    browser.goto("/c").await?;
    shot(&browser, "list-phone-arabic").await?;
    browser.open_conversation(conversation).await?;
    browser.live().await?;
    composer_is_in_view(&browser).await?;
    shot(&browser, "chat-phone-arabic").await?;
    browser.viewport(1440, 900).await?;
    shot(&browser, "chat-desk-arabic").await
}

#[tokio::test]
async fn at_200_percent_every_page_can_be_read_and_used() -> Result<()> {
    let _chat = example::shared().await?;
    let conversation = friends::a_friendly_conversation().await?;
    let browser = Browser::open(URL).await?;
    browser.log_in(PEOPLE[0]).await?;
    browser.zoomed_to_200_percent(1280, 900).await?;
    everywhere(&browser, async |what| {
        shots::nothing_is_cut_off(&browser, &format!("{what} at 200 %")).await
    })
    .await?;
    browser.open_conversation(conversation).await?;
    browser.live().await?;
    composer_is_in_view(&browser).await?;
    shot(&browser, "chat-zoomed").await
}

/// With forced colors, lines must separate the parts that colors separate otherwise.
const TOLD_APART: &str = "
    const bordered = (css) => {
      const style = getComputedStyle(document.querySelector(css));
      return style.borderTopStyle !== 'none' && parseFloat(style.borderTopWidth) > 0 || style.outlineStyle !== 'none';
    };
    return ['.message .body', '.avatar', '.sheet', '[data-testid=send]', '.conversation [aria-current]'].filter((css) => !bordered(css))";

#[tokio::test]
async fn with_forced_colors_and_reduced_motion_parts_are_distinguishable_and_nothing_moves()
-> Result<()> {
    let _chat = example::shared().await?;
    let conversation = friends::a_friendly_conversation().await?;
    let browser = Browser::open(URL).await?;
    browser.log_in(PEOPLE[0]).await?;
    browser.viewport(1440, 900).await?;
    browser
        .prefers(&[
            ("forced-colors", "active"),
            ("prefers-reduced-motion", "reduce"),
            ("prefers-color-scheme", "dark"),
        ])
        .await?;
    everywhere(&browser, async |what| {
        shots::nothing_is_cut_off(&browser, &format!("{what} with forced colors")).await
    })
    .await?;
    browser.open_conversation(conversation).await?;
    browser.live().await?;
    let lost = browser.script(TOLD_APART).await?;
    ensure!(
        lost == serde_json::json!([]),
        "nothing separates these from their surroundings: {lost}"
    );
    browser
        .script("document.querySelector('#m9').classList.add('shown')")
        .await?;
    let moves = "return document.getAnimations().filter((animation) => animation.effect.getComputedTiming().activeDuration > 20).length";
    let moves = browser.script(moves).await?;
    ensure!(moves == 0, "{moves} things move");
    shot(&browser, "chat-forced-colors").await
}

async fn composer_is_in_view(browser: &Browser) -> Result<()> {
    let inside = "const box = document.querySelector('textarea[name=body]').getBoundingClientRect();
        return box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth";
    let inside = browser.script(inside).await?;
    ensure!(inside == true, "one has to scroll to write");
    Ok(())
}
