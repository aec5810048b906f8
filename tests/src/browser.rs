//! A real browser: headless Chromium through chromedriver, one profile for each, so that each is a device of its own.

mod axe;
mod chat;
mod driver;

use std::path::Path;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use self::driver::Driver;
use crate::client::client_builder;
use crate::page::Page;
use crate::wait::seconds;
use crate::{Context, Error, Result, eventually};

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
            other => return Err(Error::new(format!("no capabilities: {other}"))),
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

    /// Loads the page again.
    pub async fn reload(&self) -> Result<()> {
        Ok(self.client.refresh().await?)
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

    /// Clicks the first element of a CSS selector; a page load that follows is waited for.
    pub async fn click(&self, css: &str) -> Result<()> {
        let element = self.find(css).await?;
        element.click().await.context(format!("click on {css}"))
    }

    /// Replaces what is in a field.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let field = self.find(css).await?;
        field.clear().await?;
        field
            .send_keys(text)
            .await
            .context(format!("typing in {css}"))
    }

    async fn find(&self, css: &str) -> Result<Element> {
        let wait = self.client.wait().at_most(seconds(20));
        let found = wait.for_element(Locator::Css(css)).await;
        found.context(format!("no {css} on {}", self.path().await?))
    }

    /// Runs a script body and returns what it returns.
    pub async fn script(&self, body: &str) -> Result<Value> {
        Ok(self.client.execute(body, Vec::new()).await?)
    }

    /// Runs a script body that calls its last argument with what it answers.
    pub async fn script_async(&self, body: &str) -> Result<Value> {
        Ok(self.client.execute_async(body, Vec::new()).await?)
    }

    /// Shows pages in a viewport of this many CSS pixels; a narrow one is a phone's.
    pub async fn viewport(&self, width: u32, height: u32) -> Result<()> {
        let phone = width < 600;
        let scale = if phone { 2 } else { 1 };
        let params =
            json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone});
        self.devtools("Emulation.setDeviceMetricsOverride", params)
            .await
    }

    /// Prefers `light` or `dark`.
    pub async fn color_scheme(&self, scheme: &str) -> Result<()> {
        let params = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", params).await
    }

    /// By how many CSS pixels the page is wider than the viewport; more than 0 scrolls sideways.
    pub async fn sideways_scroll(&self) -> Result<i64> {
        let width =
            "const root = document.documentElement; return root.scrollWidth - root.clientWidth";
        let answer = self.script(width).await?;
        answer.as_i64().context(format!("no width but {answer}"))
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
        answer.error_for_status().context(command)?;
        Ok(())
    }
}
