//! A real browser: headless Chromium through chromedriver, one profile for each, so that each is a device of its own.

mod axe;
mod chat;
mod device;
mod driver;
mod picture;

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use self::driver::Driver;
use crate::client::client_builder;
use crate::page::Page;
use crate::wait::eventually;
use crate::wait::seconds;

/// Keys that have no character, as WebDriver writes them.
pub mod keys {
    /// Held until the end of the text that it stands in.
    pub const CONTROL: char = '\u{e009}';
    pub const ESCAPE: char = '\u{e00c}';
    pub const UP: char = '\u{e013}';
    pub const RIGHT: char = '\u{e014}';
    pub const DOWN: char = '\u{e015}';
    /// Sends, or does what has the focus.
    pub const ENTER: char = '\u{e007}';
    pub const TAB: char = '\u{e004}';
}

/// One browser window of one device. Dropping it ends the browser.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    driver: Driver,
    http: reqwest::Client,
    url: String,
}

impl Browser {
    /// A fresh browser for the chat at `url`.
    pub async fn open(url: &str) -> Result<Self> {
        Self::start(url, true).await
    }

    /// A fresh browser in which no page may run JavaScript.
    pub async fn without_javascript(url: &str) -> Result<Self> {
        Self::start(url, false).await
    }

    async fn start(url: &str, javascript: bool) -> Result<Self> {
        let driver = Driver::start().await?;
        let capabilities = match driver.capabilities(javascript) {
            Value::Object(capabilities) => capabilities,
            other => return Err(anyhow!("no capabilities: {other}")),
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.url)
            .await
            .context("chromedriver starts no browser")?;
        Ok(Self {
            client,
            driver,
            http: client_builder().no_proxy().build()?,
            url: url.trim_end_matches('/').to_owned(),
        })
    }

    /// Opens a path of the chat.
    pub async fn goto(&self, path: &str) -> Result<()> {
        let url = format!("{}{path}", self.url);
        self.client.goto(&url).await.context(url)
    }

    pub async fn reload(&self) -> Result<()> {
        Ok(self.client.refresh().await?)
    }

    /// Goes back to the page before.
    pub async fn back(&self) -> Result<()> {
        Ok(self.client.back().await?)
    }

    /// Looks at the tab of this number from now on, counted from 0; the next one is opened if it is not there.
    pub async fn tab(&self, number: usize) -> Result<()> {
        let mut tabs = self.client.windows().await?;
        if number == tabs.len() {
            tabs.push(self.client.new_window(true).await?.handle);
        }
        let tab = tabs.get(number).context("there are not so many tabs")?;
        Ok(self.client.switch_to_window(tab.clone()).await?)
    }

    /// The path of the page on screen.
    pub async fn path(&self) -> Result<String> {
        Ok(self.client.current_url().await?.path().to_owned())
    }

    /// The page as it is now, with what scripts have changed.
    pub async fn page(&self) -> Result<Page> {
        Ok(Page::new(self.client.source().await?))
    }

    /// Waits until the page on screen is as `condition` wants it, without reloading. An error in it means "not yet".
    pub async fn sees<T>(
        &self,
        what: &str,
        mut condition: impl FnMut(&Page) -> Result<T>,
    ) -> Result<T> {
        let look = async || condition(&self.page().await?);
        eventually(seconds(20), what, look).await
    }

    /// Clicks what leads to another page, and waits for that page: to go elsewhere before it would cancel a form on its way.
    pub async fn follow(&self, css: &str) -> Result<()> {
        self.script("window.isLeft = true").await?;
        self.click(css).await?;
        self.until(
            &format!("the page that {css} leads to"),
            "!window.isLeft && document.readyState === 'complete'",
        )
        .await
    }

    /// Clicks the first element of a CSS selector; a page load that has begun by then is waited for. An element that a script
    /// replaces between being found and being clicked was not clicked: then it is looked for again.
    pub async fn click(&self, css: &str) -> Result<()> {
        for _ in 0..5 {
            match self.find(css).await?.click().await {
                Err(error) if error.is_stale_element_reference() => {}
                clicked => return clicked.with_context(|| format!("click on {css}")),
            }
        }
        Err(anyhow!("{css} is replaced again and again"))
    }

    /// Replaces what is in a field.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let field = self.find(css).await?;
        field.clear().await?;
        field
            .send_keys(text)
            .await
            .with_context(|| format!("typing in {css}"))
    }

    /// Presses keys in an element; special ones are WebDriver's code points, as in [`keys`].
    pub async fn press(&self, css: &str, keys: &str) -> Result<()> {
        let element = self.find(css).await?;
        element
            .send_keys(keys)
            .await
            .with_context(|| format!("keys in {css}"))
    }

    /// Goes on to what comes next, as the Tab key does.
    pub async fn tab_key(&self) -> Result<()> {
        let value = keys::TAB;
        let press = KeyActions::new("keys".to_owned())
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value });
        Ok(self.client.perform_actions(press).await?)
    }

    /// Chooses a file in a field for files.
    pub async fn choose(&self, css: &str, file: &Path) -> Result<()> {
        let file = file.to_str().context("a path that is no text")?;
        // The field itself may be hidden behind its label.
        let field = self.client.find(Locator::Css(css)).await?;
        field
            .send_keys(file)
            .await
            .with_context(|| format!("a file in {css}"))
    }

    /// Waits until a script's expression is true.
    pub async fn until(&self, what: &str, expression: &str) -> Result<()> {
        let body = format!("return Boolean({expression})");
        let look = async || {
            ensure!(self.script(&body).await? == true, "it is not");
            Ok(())
        };
        eventually(seconds(30), what, look).await
    }

    async fn find(&self, css: &str) -> Result<Element> {
        let wait = self.client.wait().at_most(seconds(20));
        let found = wait.for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => Ok(element),
            Err(error) => {
                let path = self.path().await?;
                Err(error).with_context(|| format!("no {css} on {path}"))
            }
        }
    }

    /// Runs a script body and returns what it returns.
    pub async fn script(&self, body: &str) -> Result<Value> {
        Ok(self.client.execute(body, Vec::new()).await?)
    }

    /// Runs a script body that calls its last argument with what it answers.
    pub async fn script_async(&self, body: &str) -> Result<Value> {
        Ok(self.client.execute_async(body, Vec::new()).await?)
    }

    /// Writes what is on screen to a PNG file.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let png = self.client.screenshot().await?;
        let context = file.display().to_string();
        tokio::fs::write(file, png).await.context(context)
    }

    /// A command of the DevTools protocol, which WebDriver has no word for.
    async fn devtools(&self, command: &str, params: Value) -> Result<()> {
        let session = self.client.session_id().await?;
        let session = session.context("the browser is gone")?;
        let url = format!("{}/session/{session}/goog/cdp/execute", self.driver.url);
        let body = json!({"cmd": command, "params": params});
        let answer = self.http.post(url).json(&body).send().await?;
        answer
            .error_for_status()
            .with_context(|| command.to_owned())?;
        Ok(())
    }
}
