//! Screenshots, if CONFAB_SCREENSHOTS names a folder, and checks for every screen.

use std::path::{Path, PathBuf};

use confab_tests::browser::Browser;
use confab_tests::{Result, ensure};

/// Saves a screenshot, if they are enabled.
pub(crate) async fn shot(browser: &Browser, name: &str) -> Result<()> {
    match folder()? {
        Some(folder) => {
            browser
                .screenshot(&folder.join(format!("{name}.png")))
                .await
        }
        None => Ok(()),
    }
}

/// The folder for screenshots, relative to the repository.
fn folder() -> Result<Option<PathBuf>> {
    let Some(folder) = std::env::var_os("CONFAB_SCREENSHOTS").filter(|f| !f.is_empty()) else {
        return Ok(None);
    };
    let folder = Path::new("..").join(folder);
    std::fs::create_dir_all(&folder)?;
    Ok(Some(folder))
}

/// Fails if the page scrolls sideways, or cuts off a text or a control.
pub(crate) async fn nothing_is_cut_off(browser: &Browser, what: &str) -> Result<()> {
    let too_wide = browser.sideways_scroll().await?;
    ensure!(too_wide <= 0, "{what} scrolls sideways by {too_wide} px");
    let cut_off = browser.cut_off().await?;
    ensure!(cut_off.is_empty(), "{what}: {}", cut_off.join("\n"));
    Ok(())
}

/// Fails with the findings of axe-core, in dark and in light.
pub(crate) async fn accessible_in_both(browser: &Browser, what: &str) -> Result<()> {
    for scheme in ["dark", "light"] {
        browser.color_scheme(scheme).await?;
        browser.is_accessible(&format!("{what}, {scheme}")).await?;
    }
    Ok(())
}
