//! The device of the browser: its screen, the preferences of its user, its network. Does I/O.

use anyhow::{Context, Result};
use serde_json::json;

use super::Browser;

impl Browser {
    /// Sets the size of the viewport in CSS pixels; a narrow one is that of a phone.
    pub async fn viewport(&self, width: u32, height: u32) -> Result<()> {
        let phone = width < 600;
        self.screen(width, height, if phone { 2 } else { 1 }, phone)
            .await
    }

    /// A window of this size at a zoom of 200%: a page has half as many CSS pixels.
    pub async fn zoomed_to_200_percent(&self, width: u32, height: u32) -> Result<()> {
        self.screen(width / 2, height / 2, 2, false).await
    }

    async fn screen(&self, width: u32, height: u32, scale: u32, phone: bool) -> Result<()> {
        let params =
            json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone});
        self.devtools("Emulation.setDeviceMetricsOverride", params)
            .await
    }

    /// Sets the preferred color scheme: `light` or `dark`.
    pub async fn color_scheme(&self, scheme: &str) -> Result<()> {
        self.prefers(&[("prefers-color-scheme", scheme)]).await
    }

    /// Sets media features such as `("forced-colors", "active")`, and resets all others.
    pub async fn prefers(&self, features: &[(&str, &str)]) -> Result<()> {
        let feature = |&(name, value): &(&str, &str)| json!({"name": name, "value": value});
        let features: Vec<_> = features.iter().map(feature).collect();
        let params = json!({"features": features});
        self.devtools("Emulation.setEmulatedMedia", params).await
    }

    /// Waits until all animations have ended.
    pub async fn still(&self) -> Result<()> {
        self.until(
            "all animations to end",
            "document.getAnimations().every(({ playState, effect }) => playState !== 'running' || effect.getComputedTiming().iterations === Infinity)",
        )
        .await
    }

    /// Disconnects or connects the network.
    pub async fn offline(&self, offline: bool) -> Result<()> {
        self.devtools("Network.enable", json!({})).await?;
        let params = json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.devtools("Network.emulateNetworkConditions", params)
            .await
    }

    /// Sets the permission for notifications: `granted`, `denied` or `prompt`.
    pub async fn notifications(&self, answer: &str) -> Result<()> {
        let params =
            json!({"permission": {"name": "notifications"}, "setting": answer, "origin": self.url});
        self.devtools("Browser.setPermission", params).await
    }

    /// Sets the language that the user chose.
    pub async fn speaks(&self, language: &str) -> Result<()> {
        let cookie = format!("document.cookie = 'confab-language={language}; path=/'");
        self.script(&cookie).await?;
        self.reload().await
    }

    /// The CSS pixels by which the page is wider than the viewport; above 0 it scrolls sideways.
    pub async fn sideways_scroll(&self) -> Result<i64> {
        let width =
            "const root = document.documentElement; return root.scrollWidth - root.clientWidth";
        let answer = self.script(width).await?;
        answer
            .as_i64()
            .with_context(|| format!("no width but {answer}"))
    }

    /// Texts and controls that are cut off or leave the viewport sideways. Those that end in an ellipsis or scroll are fine.
    pub async fn cut_off(&self) -> Result<Vec<String>> {
        let answer = self.script(CUT_OFF).await?;
        let found = answer
            .as_array()
            .with_context(|| format!("no list but {answer}"))?;
        let line = |line: &serde_json::Value| line.as_str().unwrap_or_default().to_owned();
        Ok(found.iter().map(line).collect())
    }
}

const CUT_OFF: &str = "
    const shown = (element) => element.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) && !element.closest('.visually-hidden, .badge::after');
    const named = (element) => `${element.tagName.toLowerCase()}.${element.className} “${element.textContent.trim().slice(0, 40)}”`;
    const scrolls = (element) => { for (let at = element.parentElement; at; at = at.parentElement) {
      if (['auto', 'scroll'].includes(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth + 1) return true;
    } return false; };
    const hidden = (element) => { for (let at = element; at; at = at.parentElement) {
      if (getComputedStyle(at).clipPath !== 'none') return true;
    } return false; };
    const ellipsis = (element) => { for (let at = element; at; at = at.parentElement) {
      if (getComputedStyle(at).textOverflow === 'ellipsis') return true;
    } return false; };
    const open = document.querySelector('dialog[open]');
    const found = [];
    for (const element of (open ?? document.body).querySelectorAll('*')) {
      const text = Array.from(element.childNodes).some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
      const control = element.matches('a, button, input, textarea, select');
      if ((!text && !control) || !shown(element) || hidden(element)) continue;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      if (box.width === 0 || box.height === 0) continue;
      if ((box.left < -1 || box.right > innerWidth + 1) && !scrolls(element) && !ellipsis(element)) found.push(`outside: ${named(element)}`);
      if (style.overflowX === 'hidden' && element.scrollWidth > element.clientWidth + 1 && !ellipsis(element)) found.push(`cut: ${named(element)}`);
      if (element.matches('a, button') && !element.matches('.icon') && element.scrollWidth > element.clientWidth + 2 && style.display !== 'inline' && style.overflowX === 'visible' && !ellipsis(element))
        found.push(`spills: ${named(element)}`);
    }
    return found";
