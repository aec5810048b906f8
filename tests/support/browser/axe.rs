//! Accessibility checks by axe-core, with all default rules and the size of targets. Does I/O.

use anyhow::{Context, Result, ensure};

use super::Browser;

impl Browser {
    /// Fails with the findings of axe-core on the current page.
    pub async fn is_accessible(&self, what: &str) -> Result<()> {
        self.still().await?;
        let findings = self.axe().await?;
        ensure!(findings.is_empty(), "{what}: {}", findings.join("\n"));
        Ok(())
    }

    /// The findings: rule, description, and elements.
    pub async fn axe(&self) -> Result<Vec<String>> {
        let file =
            std::env::var("CONFAB_CACHE").context("CONFAB_CACHE: run through make test-cluster")?;
        let version =
            std::env::var("AXE_VERSION").context("AXE_VERSION: run through make test-cluster")?;
        let file = format!("{file}/axe-core-{version}/axe.min.js");
        let axe = tokio::fs::read_to_string(&file).await;
        let axe = axe.with_context(|| format!("{file}: run tests/browser/install"))?;
        self.script(&axe).await?;
        let answer = self
            .script_async(
                "const done = arguments[arguments.length - 1];
                 axe.run(document, {rules: {'target-size': {enabled: true}}}).then(({violations}) => done(violations.flatMap(({id, help, nodes}) =>
                   nodes.map(({html, target}) => `${id}: ${help} at ${target}: ${html}`))), (error) => done([String(error)]))",
            )
            .await?;
        let findings = answer
            .as_array()
            .with_context(|| format!("axe says {answer}"))?;
        Ok(findings
            .iter()
            .map(|finding| finding.as_str().unwrap_or_default().to_owned())
            .collect())
    }
}
