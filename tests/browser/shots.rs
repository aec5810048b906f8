//! Pictures of what a test has on screen, kept when CONFAB_SCREENSHOTS names a folder; and what holds of every screen.

use std::path::{Path, PathBuf};

use confab_tests::browser::Browser;
use confab_tests::{Result, ensure};

/// Keeps a picture of the screen, if pictures are asked for.
pub async fn shot(browser: &Browser, name: &str) -> Result<()> {
    match folder()? {
        Some(folder) => {
            browser
                .screenshot(&folder.join(format!("{name}.png")))
                .await
        }
        None => Ok(()),
    }
}

/// The folder for pictures, relative to the repository.
fn folder() -> Result<Option<PathBuf>> {
    let Some(folder) = std::env::var_os("CONFAB_SCREENSHOTS").filter(|f| !f.is_empty()) else {
        return Ok(None);
    };
    let folder = Path::new("..").join(folder);
    std::fs::create_dir_all(&folder)?;
    Ok(Some(folder))
}

/// Fails where the page scrolls sideways, or text or a control is cut off.
pub async fn nothing_is_cut_off(browser: &Browser, what: &str) -> Result<()> {
    let too_wide = browser.sideways_scroll().await?;
    ensure!(too_wide <= 0, "{what} scrolls sideways by {too_wide} px");
    let cut_off = browser.cut_off().await?;
    ensure!(cut_off.is_empty(), "{what}: {}", cut_off.join("\n"));
    Ok(())
}

/// Fails with what axe-core finds on the screen, in dark and in light.
pub async fn accessible_in_both(browser: &Browser, what: &str) -> Result<()> {
    for scheme in ["dark", "light"] {
        browser.color_scheme(scheme).await?;
        browser.is_accessible(&format!("{what}, {scheme}")).await?;
    }
    Ok(())
}
