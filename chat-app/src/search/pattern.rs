//! A term of a query as words that follow each other: for the database, and to mark in texts what was found. Pure.

use std::fmt::Write as _;
use std::ops::Range;

use super::language::Language;
use super::query::{Term, TermKind};
use super::words::{Word, WordKind, words};

/// Words that must follow each other; there is at least one.
#[derive(Clone, Debug)]
pub struct Pattern(Vec<Step>);

/// One word of a pattern.
#[derive(Clone, Debug)]
struct Step {
    /// Any of these. The word itself finds messages that were indexed in another language.
    forms: Vec<String>,
    /// Whether words that begin so match too.
    prefix: bool,
    /// How many words after the step before.
    distance: usize,
}

impl Pattern {
    /// The term's words; `None` if it has none.
    pub fn of(term: &Term, language: Language) -> Option<Self> {
        let mut steps: Vec<Step> = Vec::new();
        let mut distance = 1;
        for word in words(&term.text, language) {
            if word.kind == (WordKind::Last { alone: false }) {
                // In the text it may pair with another character.
                distance += 1;
                continue;
            }
            let prefix = word.kind == (WordKind::Last { alone: true });
            let mut forms = vec![word.folded];
            if word.stem != forms[0] && !prefix {
                forms.push(word.stem);
            }
            steps.push(Step {
                forms,
                prefix,
                distance,
            });
            distance = 1;
        }
        let last = steps.last_mut()?;
        if term.kind == TermKind::Prefix {
            last.prefix = true;
            last.forms.truncate(1);
        }
        Some(Self(steps))
    }

    /// As the text of a `tsquery`.
    pub fn tsquery(&self) -> String {
        let mut text = String::new();
        for (index, step) in self.0.iter().enumerate() {
            if index > 0 {
                let _ = write!(text, " <{}> ", step.distance);
            }
            let star = if step.prefix { ":*" } else { "" };
            let forms: Vec<String> = step
                .forms
                .iter()
                .map(|form| format!("'{form}'{star}"))
                .collect();
            match forms.as_slice() {
                [form] => text.push_str(form),
                forms => {
                    let _ = write!(text, "({})", forms.join(" | "));
                }
            }
        }
        text
    }

    /// Where the pattern matches in a text of these words.
    pub fn places(&self, words: &[Word]) -> Vec<Range<usize>> {
        (0..words.len())
            .filter_map(|start| {
                let mut at = start;
                for (index, step) in self.0.iter().enumerate() {
                    at += if index == 0 { 0 } else { step.distance };
                    step.matches(words.get(at)?).then_some(())?;
                }
                Some(words[start].range.start..words[at].range.end)
            })
            .collect()
    }
}

impl Step {
    fn matches(&self, word: &Word) -> bool {
        let mut found = [&word.folded, &word.stem].into_iter().chain(&word.parts);
        found.any(|found| {
            self.forms.iter().any(|form| match self.prefix {
                true => found.starts_with(form.as_str()),
                false => found == form,
            })
        })
    }
}
