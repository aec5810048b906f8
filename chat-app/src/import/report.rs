//! What an import brings in, what it cannot, and why: counts, with examples. Pure.

use std::fmt;

/// How many cases of a kind are named.
const EXAMPLES: usize = 5;

#[derive(Debug, Default)]
pub(super) struct Report {
    /// What comes.
    imported: Vec<Finding>,
    /// What does not come as it is.
    problems: Vec<Finding>,
}

#[derive(Debug)]
struct Finding {
    what: &'static str,
    count: u64,
    examples: Vec<String>,
}

impl Report {
    /// `what` is in the plural.
    pub(super) fn imported(&mut self, what: &'static str, count: u64) {
        finding(&mut self.imported, what).count += count;
    }

    /// `what` is a sentence that says what becomes of it, and what to do.
    pub(super) fn problem(&mut self, what: &'static str, example: impl FnOnce() -> String) {
        let finding = finding(&mut self.problems, what);
        finding.count += 1;
        if finding.examples.len() < EXAMPLES {
            // Names come from the export: nothing in them may move the cursor of a terminal.
            let example: String = example()
                .chars()
                .filter(|c| !c.is_control())
                .take(120)
                .collect();
            finding.examples.push(example);
        }
    }
}

fn finding<'a>(findings: &'a mut Vec<Finding>, what: &'static str) -> &'a mut Finding {
    let at = findings.iter().position(|finding| finding.what == what);
    let at = at.unwrap_or_else(|| {
        findings.push(Finding {
            what,
            count: 0,
            examples: Vec::new(),
        });
        findings.len() - 1
    });
    &mut findings[at]
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.imported {
            writeln!(f, "{:>10} {}", finding.count, finding.what)?;
        }
        if self.problems.is_empty() {
            return f.write_str("Everything in the export can be imported as it is.");
        }
        f.write_str("Not as in the export:")?;
        for finding in &self.problems {
            write!(f, "\n{:>10} {}", finding.count, finding.what)?;
            for example in &finding.examples {
                write!(f, "\n           - {example}")?;
            }
            if finding.count > EXAMPLES as u64 {
                write!(f, "\n           - …")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_counted_and_some_are_named() {
        let mut report = Report::default();
        report.imported("messages", 2);
        report.imported("messages", 3);
        for n in 0..7 {
            report.problem("a file is missing", || format!("\u{1b}[2Jfile {n}"));
        }
        let text = report.to_string();
        assert!(
            text.starts_with(
                "         5 messages\nNot as in the export:\n         7 a file is missing"
            ),
            "{text}"
        );
        assert!(
            text.contains("- [2Jfile 4\n           - …") && !text.contains('\u{1b}'),
            "{text}"
        );
    }
}
