//! The sections of a page that a program writes: what is between the markers `<!-- NAME -->` and `<!-- end -->`. Does I/O.

use std::path::Path;

use anyhow::{Context, Result};

/// Writes a text between the markers `<!-- section -->` and `<!-- end -->` of a file.
pub fn write(file: &Path, section: &str, text: &str) -> Result<()> {
    std::fs::write(file, replace_in_file(file, section, text)?)
        .with_context(|| file.display().to_string())
}

/// Fails if [`write`] would fail, before a run of hours.
pub fn check(file: &Path, section: &str) -> Result<()> {
    replace_in_file(file, section, "").map(|_| ())
}

fn replace_in_file(file: &Path, section: &str, text: &str) -> Result<String> {
    let old = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    replace(&old, section, text).with_context(|| {
        format!(
            "{} has no <!-- {section} --> … <!-- end -->",
            file.display()
        )
    })
}

fn replace(old: &str, section: &str, text: &str) -> Option<String> {
    let marker = format!("<!-- {section} -->\n");
    let start = old.find(&marker)? + marker.len();
    let end = start + old[start..].find("<!-- end -->")?;
    Some(format!("{}{text}{}", &old[..start], &old[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_replaces_the_section_between_its_markers() {
        let page = "a\n<!-- local -->\nold\n<!-- end -->\n<!-- cluster -->\nelse\n<!-- end -->\n";
        let wanted = "a\n<!-- local -->\nnew\n<!-- end -->\n<!-- cluster -->\nelse\n<!-- end -->\n";
        assert_eq!(replace(page, "local", "new\n").as_deref(), Some(wanted));
        assert_eq!(replace(page, "moon", "new\n"), None);
    }
}
