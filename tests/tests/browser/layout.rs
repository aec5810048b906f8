//! Widths and colours, and the screenshots of the README: written when CONFAB_SCREENSHOTS names a folder.

use std::path::{Path, PathBuf};

use confab_tests::browser::Browser;
use confab_tests::client::ChatClient;
use confab_tests::example::{self, URL};
use confab_tests::{Result, ensure};
use uuid::Uuid;

/// Who writes to whom in the picture; these accounts stay, and a message sent again with its UUID is the same message.
const PEOPLE: [&str; 5] = ["mara", "jonas", "priya", "tomasz", "lena.w"];

/// The conversation on screen: mara's view.
const TALK: [(&str, &str); 9] = [
    ("jonas", "Morning! Did the venue answer about Saturday?"),
    (
        "mara",
        "They did, the garden room is ours from two o'clock.",
    ),
    (
        "jonas",
        "Oh lovely. Is there a projector, or do I bring mine?",
    ),
    (
        "mara",
        "There is one, but only with HDMI, so bring the little adapter please.",
    ),
    (
        "jonas",
        "Will do. I also asked Priya about the cake: she insists on baking it herself 🎂",
    ),
    ("mara", "Then nobody will go home early."),
    (
        "jonas",
        "True. I'll put the plan together tonight:\n– 14:00 doors and coffee\n– 15:00 the slides, I promise they are short\n– 16:00 cake",
    ),
    ("mara", "Perfect, thank you. I'll write to the others."),
    ("jonas", "Great. See you on Saturday!"),
];

/// The other lines of her list, and how many of them she has not read.
const OTHERS: [(&str, &[&str]); 3] = [
    ("lena.w", &["The photos from last week are online now"]),
    (
        "tomasz",
        &[
            "I can drive, there is room for three",
            "Shall I pick you up at one?",
        ],
    ),
    ("priya", &["Chocolate or lemon?", "Or both. Both it is."]),
];

#[tokio::test]
async fn pages_fit_a_phone_and_a_desk_in_light_and_dark() -> Result<()> {
    let _chat = example::shared().await?;
    let conversation = a_friendly_conversation().await?;
    let folder = screenshots()?;
    for (look, width, height) in [("desk", 1440, 900), ("phone", 360, 740)] {
        for scheme in ["light", "dark"] {
            let browser = Browser::open(URL).await?;
            browser.viewport(width, height).await?;
            browser.color_scheme(scheme).await?;
            let shot = |page: &str| {
                folder
                    .as_ref()
                    .map(|f| f.join(format!("{page}-{look}-{scheme}.png")))
            };
            browser.goto("/register").await?;
            fits(&browser, shot("sign-up")).await?;
            browser.goto("/login").await?;
            fits(&browser, shot("login")).await?;
            browser.log_in(PEOPLE[0]).await?;
            browser.goto("/people").await?;
            fits(&browser, shot("people")).await?;
            browser.goto("/c").await?;
            browser.live().await?;
            fits(&browser, shot("list")).await?;
            browser.open_conversation(conversation).await?;
            browser.live().await?;
            composer_is_in_view(&browser).await?;
            fits(&browser, shot("chat")).await?;
        }
    }
    Ok(())
}

/// No sideways scroll; and a picture of it, if asked for.
async fn fits(browser: &Browser, file: Option<PathBuf>) -> Result<()> {
    let path = browser.path().await?;
    let too_wide = browser.sideways_scroll().await?;
    ensure!(too_wide == 0, "{path} scrolls sideways by {too_wide} px");
    match file {
        Some(file) => browser.screenshot(&file).await,
        None => Ok(()),
    }
}

async fn composer_is_in_view(browser: &Browser) -> Result<()> {
    let inside = "const box = document.querySelector('textarea[name=body]').getBoundingClientRect();
        return box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth";
    let inside = browser.script(inside).await?;
    ensure!(inside == true, "one has to scroll to write");
    Ok(())
}

/// The folder for screenshots, relative to the repository.
fn screenshots() -> Result<Option<PathBuf>> {
    let Some(folder) = std::env::var_os("CONFAB_SCREENSHOTS").filter(|f| !f.is_empty()) else {
        return Ok(None);
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    std::fs::create_dir_all(&folder)?;
    Ok(Some(folder))
}

/// Makes the accounts and sends the messages, as far as they are not there from an earlier run. Returns mara's conversation with jonas.
async fn a_friendly_conversation() -> Result<i64> {
    let mut people = Vec::new();
    for name in PEOPLE {
        people.push((name, someone(name).await?));
    }
    let person = |name: &str| people.iter().find(|(n, _)| *n == name).map(|(_, c)| c);
    let mara = &people[0].1;
    // Messages have UUIDs by their number: sent again they are duplicates, not new.
    let mut number = 0;
    for (name, bodies) in OTHERS {
        let conversation = mara.conversation_with(name).await?;
        for body in bodies {
            number += 1;
            let sender = person(name).unwrap_or(mara);
            sender
                .send_as(conversation, Uuid::from_u128(number), body)
                .await?;
        }
    }
    let conversation = mara.conversation_with("jonas").await?;
    for (name, body) in TALK {
        number += 1;
        let sender = person(name).unwrap_or(mara);
        sender
            .send_as(conversation, Uuid::from_u128(number), body)
            .await?;
    }
    Ok(conversation)
}

async fn someone(name: &str) -> Result<ChatClient> {
    let client = ChatClient::new(URL)?;
    if client.log_in(name).await.is_err() {
        client.register(name).await?;
    }
    Ok(client)
}
