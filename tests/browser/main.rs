//! The example chat in real browsers, through the ingress. Needs `make up` and `tests/browser/install`.

#![warn(unreachable_pub)]

mod accessible;
mod account;
mod admin;
mod attachments;
mod attention;
mod conversation;
mod edits;
mod friends;
mod history;
mod hooks;
mod layout;
mod long;
mod messages;
mod no_script;
mod notifications;
mod pages;
mod rooms;
mod search;
mod sending;
mod shots;
mod unread;
mod unsent;

use confab_tests::browser::Browser;
use confab_tests::client::ChatClient;
use confab_tests::example::URL;
use confab_tests::wait::seconds;
use confab_tests::{Result, ensure, eventually, unique};

/// Two people in two browsers with the same conversation open, each live on a different replica.
struct Pair {
    ada: Browser,
    ada_name: String,
    ada_replica: String,
    bo: Browser,
    bo_name: String,
    bo_replica: String,
    conversation: i64,
}

impl Pair {
    /// The same on a desktop, with realistic names for screenshots.
    async fn with_names() -> Result<Self> {
        let pair = Self::on_two_replicas().await?;
        for (browser, name) in [(&pair.ada, "Mara Lindqvist"), (&pair.bo, "Jonas Weber")] {
            browser.viewport(1440, 900).await?;
            browser.set_display_name(name).await?;
            browser.open_conversation(pair.conversation).await?;
        }
        let ada_replica = pair.ada.live().await?;
        let bo_replica = live_elsewhere(&pair.bo, &ada_replica).await?;
        Ok(Self {
            ada_replica,
            bo_replica,
            ..pair
        })
    }

    async fn on_two_replicas() -> Result<Self> {
        let (ada, bo) = tokio::try_join!(Browser::open(URL), Browser::open(URL))?;
        let (ada_name, bo_name) = (unique("ada"), unique("bo"));
        bo.register(&bo_name).await?;
        ada.register(&ada_name).await?;
        let conversation = ada.find_and_open(&bo_name).await?;
        let ada_replica = ada.live().await?;
        bo.open_conversation(conversation).await?;
        let bo_replica = live_elsewhere(&bo, &ada_replica).await?;
        Ok(Self {
            ada,
            ada_name,
            ada_replica,
            bo,
            bo_name,
            bo_replica,
            conversation,
        })
    }
}

/// Reloads until the browser's socket is on another replica than `replica`; returns that replica.
async fn live_elsewhere(browser: &Browser, replica: &str) -> Result<String> {
    let nudge = ChatClient::new(URL)?;
    eventually(seconds(60), "a socket on the other replica", async || {
        let here = browser.live().await?;
        if here == replica {
            // One more request advances the round robin, so that page and socket do not alternate forever.
            nudge.page("/login").await?;
            browser.reload().await?;
        }
        ensure!(here != replica, "it is on {here} as well");
        Ok(here)
    })
    .await
}
