//! A real browser: headless Chromium through chromedriver. Each has its own profile, like a separate device. Does I/O.

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

/// Keys without a character, as WebDriver's code points.
pub mod keys {
    /// Held until the end of the text that contains it.
    pub const CONTROL: char = '\u{e009}';
    pub const ESCAPE: char = '\u{e00c}';
    pub const UP: char = '\u{e013}';
    pub const RIGHT: char = '\u{e014}';
    pub const DOWN: char = '\u{e015}';
    /// Submits a form or activates the focused element.
    pub const ENTER: char = '\u{e007}';
    pub const TAB: char = '\u{e004}';
}

/// One browser window. Dropping it ends the browser.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    driver: Driver,
    http: reqwest::Client,
    url: String,
}

impl Browser {
    /// Starts a browser for the chat at `url`.
    pub async fn open(url: &str) -> Result<Self> {
        Self::start(url, true).await
    }

    /// Starts a browser without JavaScript.
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

    /// Switches to the tab with this number, counted from 0; opens the next one if it does not exist.
    pub async fn tab(&self, number: usize) -> Result<()> {
        let mut tabs = self.client.windows().await?;
        if number == tabs.len() {
            tabs.push(self.client.new_window(true).await?.handle);
        }
        let tab = tabs.get(number).context("there are fewer tabs")?;
        Ok(self.client.switch_to_window(tab.clone()).await?)
    }

    /// The path of the page on screen.
    pub async fn path(&self) -> Result<String> {
        Ok(self.client.current_url().await?.path().to_owned())
    }

    /// The current page, including the changes by scripts.
    pub async fn page(&self) -> Result<Page> {
        Ok(Page::new(self.client.source().await?))
    }

    /// Waits until `condition` holds for the current page, without reloading. An error in it means "not yet".
    pub async fn sees<T>(
        &self,
        what: &str,
        mut condition: impl FnMut(&Page) -> Result<T>,
    ) -> Result<T> {
        let check = async || condition(&self.page().await?);
        eventually(seconds(20), what, check).await
    }

    /// Clicks something that opens another page, and waits for that page: leaving earlier would cancel the request.
    pub async fn follow(&self, css: &str) -> Result<()> {
        self.script("window.isLeft = true").await?;
        self.click(css).await?;
        self.until(
            &format!("the page that {css} opens"),
            "!window.isLeft && document.readyState === 'complete'",
        )
        .await
    }

    /// Clicks the first element that matches a CSS selector, and waits for a page load that starts by then. If a script
    /// replaces the element between find and click, it tries again.
    pub async fn click(&self, css: &str) -> Result<()> {
        for _ in 0..5 {
            match self.find(css).await?.click().await {
                Err(error) if error.is_stale_element_reference() => {}
                clicked => return clicked.with_context(|| format!("click on {css}")),
            }
        }
        Err(anyhow!("scripts replace {css} again and again"))
    }

    /// Replaces the content of a field.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let field = self.find(css).await?;
        field.clear().await?;
        field
            .send_keys(text)
            .await
            .with_context(|| format!("typing in {css}"))
    }

    /// Presses keys in an element; see [`keys`] for special ones.
    pub async fn press(&self, css: &str, keys: &str) -> Result<()> {
        let element = self.find(css).await?;
        element
            .send_keys(keys)
            .await
            .with_context(|| format!("keys in {css}"))
    }

    /// Presses Tab.
    pub async fn tab_key(&self) -> Result<()> {
        let value = keys::TAB;
        let press = KeyActions::new("keys".to_owned())
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value });
        Ok(self.client.perform_actions(press).await?)
    }

    /// Chooses a file in a file field.
    pub async fn choose(&self, css: &str, file: &Path) -> Result<()> {
        let file = file.to_str().context("a path that is not UTF-8")?;
        // The field may be hidden behind its label.
        let field = self.client.find(Locator::Css(css)).await?;
        field
            .send_keys(file)
            .await
            .with_context(|| format!("a file in {css}"))
    }

    /// Waits until a script's expression is true.
    pub async fn until(&self, what: &str, expression: &str) -> Result<()> {
        let body = format!("return Boolean({expression})");
        let check = async || {
            ensure!(self.script(&body).await? == true, "it is not");
            Ok(())
        };
        eventually(seconds(30), what, check).await
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

    /// Runs the body of a script; returns its value.
    pub async fn script(&self, body: &str) -> Result<Value> {
        Ok(self.client.execute(body, Vec::new()).await?)
    }

    /// Runs the body of a script that calls its last argument with its value.
    pub async fn script_async(&self, body: &str) -> Result<Value> {
        Ok(self.client.execute_async(body, Vec::new()).await?)
    }

    /// Writes a screenshot to a PNG file.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let png = self.client.screenshot().await?;
        let context = file.display().to_string();
        tokio::fs::write(file, png).await.context(context)
    }

    /// Sends a command of the DevTools protocol, for what WebDriver does not offer.
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
