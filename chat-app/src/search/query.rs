//! The parser of search queries. Pure.
//!
//! A query consists of words, `"quoted phrases"`, `prefix*`, `from:name`, `in:"room or person"`, `before:2026-01-31`,
//! `after:…` and `has:link|file|image`. A `-` before any of them except dates excludes matches. Nothing is ignored
//! silently: a part that cannot be parsed is a [`Problem`].

use time::macros::format_description;
use time::{Date, Month};

/// The longest query, in characters.
pub const MAX_CHARS: usize = 300;
/// The most parts of a query.
const MAX_PARTS: usize = 20;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pub terms: Vec<Term>,
    /// The sender: any of these.
    pub from: Vec<Named>,
    /// The conversation: any of these.
    pub conversations: Vec<Named>,
    /// What a message must have besides text; the flag excludes messages that have it.
    pub has: Vec<(Has, bool)>,
    /// Sent before this day starts.
    pub before: Option<Date>,
    /// Sent after this day has ended.
    pub after: Option<Date>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As typed, without quotes and asterisk.
    pub text: String,
    pub kind: TermKind,
    pub excluded: bool,
}

/// How a term matches text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    Word,
    Phrase,
    Prefix,
}

/// A user or a room, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// As typed, without `@` or `#`.
    pub name: String,
    pub excluded: bool,
}

/// What a message may have besides text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Has {
    Link,
    File,
    Image,
}

impl Has {
    /// The name in queries and in the index.
    pub fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::File => "file",
            Self::Image => "image",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::Link, Self::File, Self::Image]
            .into_iter()
            .find(|has| has.name() == name)
    }
}

/// Why a query, or a part of it, cannot be searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Longer than [`MAX_CHARS`], or too many parts.
    TooLong,
    Operator(String),
    /// An operator without a value.
    Missing(String),
    /// Not a date such as 2026-01-31.
    Date(String),
    /// Not a value of `has:`.
    Has(String),
    /// An operator that `-` cannot exclude.
    NotExcludable(String),
    /// A query that only excludes.
    OnlyExcluded,
    Nobody(String),
    /// The user is in no conversation of this name.
    Nowhere(String),
    /// Words without a letter or digit: the rest of the query is searched for.
    LeftOut(String),
}

/// Parses a query; every part that cannot be parsed is a problem.
pub fn parse(typed: &str) -> Result<Query, Vec<Problem>> {
    let parts = parts(typed);
    if typed.chars().count() > MAX_CHARS || parts.len() > MAX_PARTS {
        return Err(vec![Problem::TooLong]);
    }
    let mut query = Query::default();
    let mut problems = Vec::new();
    for part in parts {
        if let Err(problem) = query.take(part) {
            problems.push(problem);
        }
    }
    if problems.is_empty() && query.only_excludes() {
        problems.push(Problem::OnlyExcluded);
    }
    if problems.is_empty() {
        Ok(query)
    } else {
        Err(problems)
    }
}

impl Query {
    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn only_excludes(&self) -> bool {
        let all_excluded = self.terms.iter().all(|term| term.excluded)
            && self
                .from
                .iter()
                .chain(&self.conversations)
                .all(|n| n.excluded)
            && self.has.iter().all(|(_, excluded)| *excluded);
        !self.is_empty() && all_excluded && self.before.is_none() && self.after.is_none()
    }

    fn take(&mut self, part: Part) -> Result<(), Problem> {
        let Some(operator) = &part.operator else {
            self.terms.push(part.term());
            return Ok(());
        };
        match operator.as_str() {
            "from" => self.from.push(part.named('@')?),
            "in" => self.conversations.push(part.named('#')?),
            "has" => {
                let value = part.value()?.to_lowercase();
                let has = Has::of(&value).ok_or(Problem::Has(value))?;
                self.has.push((has, part.excluded));
            }
            "before" => {
                let date = part.date()?;
                self.before = Some(self.before.map_or(date, |known| known.min(date)));
            }
            "after" => {
                let date = part.date()?;
                self.after = Some(self.after.map_or(date, |known| known.max(date)));
            }
            unknown => return Err(Problem::Operator(unknown.to_owned())),
        }
        Ok(())
    }
}

/// One part of a query: `-operator:"value"`.
#[derive(Debug)]
struct Part {
    excluded: bool,
    operator: Option<String>,
    text: String,
    quoted: bool,
}

impl Part {
    fn term(self) -> Term {
        let stem = self.text.strip_suffix('*');
        let stem = stem.filter(|stem| !self.quoted && !stem.is_empty());
        let kind = match stem {
            Some(_) => TermKind::Prefix,
            None if self.quoted => TermKind::Phrase,
            None => TermKind::Word,
        };
        Term {
            kind,
            excluded: self.excluded,
            text: stem.map_or_else(|| self.text.clone(), str::to_owned),
        }
    }

    /// The value of the operator.
    fn value(&self) -> Result<&str, Problem> {
        let value = self.text.trim();
        if value.is_empty() {
            return Err(Problem::Missing(self.operator.clone().unwrap_or_default()));
        }
        Ok(value)
    }

    fn named(&self, mark: char) -> Result<Named, Problem> {
        let value = self.value()?;
        let name = value.strip_prefix([mark, '@']).unwrap_or(value);
        Ok(Named {
            name: name.to_owned(),
            excluded: self.excluded,
        })
    }

    fn date(&self) -> Result<Date, Problem> {
        let value = self.value()?;
        if self.excluded {
            return Err(Problem::NotExcludable(
                self.operator.clone().unwrap_or_default(),
            ));
        }
        let first = Date::from_calendar_date(1970, Month::January, 1).expect("a valid date");
        Date::parse(value, format_description!("[year]-[month]-[day]"))
            .ok()
            .filter(|date| (first.year()..=9000).contains(&date.year()))
            .ok_or_else(|| Problem::Date(value.to_owned()))
    }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„')
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Splits at white space outside quotes; an open quote ends with the text.
fn parts(typed: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = typed.trim_start_matches(is_space);
    while !rest.is_empty() {
        let (part, after) = part(rest);
        // A lone dash or empty quotes: the user is still typing.
        if part.operator.is_some() || !matches!(part.text.trim(), "" | "-") {
            parts.push(part);
        }
        rest = after.trim_start_matches(is_space);
    }
    parts
}

fn part(typed: &str) -> (Part, &str) {
    let unsigned = typed.strip_prefix('-').filter(|rest| !rest.is_empty());
    let excluded = unsigned.is_some();
    let rest = unsigned.unwrap_or(typed);
    let (operator, rest) = operator(rest);
    let quoted = rest.starts_with(is_quote);
    let (text, after) = if quoted {
        let inside = rest.strip_prefix(is_quote).unwrap_or(rest);
        inside.split_once(is_quote).unwrap_or((inside, ""))
    } else {
        let end = rest.find(is_space).unwrap_or(rest.len());
        rest.split_at(end)
    };
    let part = Part {
        excluded,
        operator,
        text: text.replace(char::is_control, " "),
        quoted,
    };
    (part, after)
}

/// `name:` at the beginning, but not in `10:30` and `https://…`.
fn operator(typed: &str) -> (Option<String>, &str) {
    match typed.split_once(':') {
        Some((name, rest))
            if name.len() > 1
                && name.chars().all(|c| c.is_ascii_alphabetic())
                && !rest.starts_with("//") =>
        {
            (Some(name.to_ascii_lowercase()), rest)
        }
        _ => (None, typed),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::text::Text;

    fn term(text: &str, kind: TermKind, excluded: bool) -> Term {
        Term {
            text: text.into(),
            kind,
            excluded,
        }
    }

    fn named(name: &str, excluded: bool) -> Named {
        Named {
            name: name.into(),
            excluded,
        }
    }

    #[test]
    fn words_phrases_and_prefixes_are_distinguished() {
        let query = parse("  ship  \"the  plan\" dep* -late -\"not this\" “smart quotes").unwrap();
        assert_eq!(
            query.terms,
            [
                term("ship", TermKind::Word, false),
                term("the  plan", TermKind::Phrase, false),
                term("dep", TermKind::Prefix, false),
                term("late", TermKind::Word, true),
                term("not this", TermKind::Phrase, true),
                term("smart quotes", TermKind::Phrase, false),
            ]
        );
    }

    #[test]
    fn operators_take_the_value_after_them() {
        let query = parse(
            "from:@ada -from:bob IN:\"Design team\" in:#ops has:link -has:image \
             before:2026-02-01 before:2026-03-01 after:2026-01-01 after:2025-01-01",
        )
        .unwrap();
        assert_eq!(query.from, [named("ada", false), named("bob", true)]);
        assert_eq!(
            query.conversations,
            [named("Design team", false), named("ops", false)]
        );
        assert_eq!(query.has, [(Has::Link, false), (Has::Image, true)]);
        assert_eq!(query.before, Some(date!(2026 - 02 - 01)));
        assert_eq!(query.after, Some(date!(2026 - 01 - 01)));
    }

    #[test]
    fn times_and_addresses_are_words() {
        for typed in [
            "10:30",
            "https://example.com/a:b",
            "a:b",
            "c++:",
            "\"in:x\"",
        ] {
            let query = parse(typed).unwrap();
            assert_eq!(query.terms.len(), 1, "{typed}");
        }
    }

    #[test]
    fn every_problem_has_a_sentence() {
        for (typed, problem) in [
            ("form:ada", Problem::Operator("form".into())),
            ("from:", Problem::Missing("from".into())),
            ("in:\"\" x", Problem::Missing("in".into())),
            ("before:yesterday", Problem::Date("yesterday".into())),
            ("after:2026-02-30", Problem::Date("2026-02-30".into())),
            ("after:0026-02-03", Problem::Date("0026-02-03".into())),
            ("-after:2026-02-03", Problem::NotExcludable("after".into())),
            ("has:luck", Problem::Has("luck".into())),
            ("-late -from:ada", Problem::OnlyExcluded),
        ] {
            let problems = parse(typed).unwrap_err();
            assert_eq!(problems, [problem], "{typed}");
            let sentence = problems[0].sentence(Text::default());
            assert!(sentence.ends_with('.'), "{sentence}");
        }
        let both = parse("has:luck before:soon").unwrap_err();
        assert_eq!(both.len(), 2, "each problem is reported");
    }

    #[test]
    fn a_query_that_is_too_long_is_refused_and_an_empty_one_is_empty() {
        assert_eq!(parse(&"x".repeat(301)), Err(vec![Problem::TooLong]));
        assert_eq!(parse(&"x ".repeat(21)), Err(vec![Problem::TooLong]));
        for typed in ["", "  \t", "-", "\"\"", "\0"] {
            assert!(parse(typed).unwrap().is_empty(), "{typed:?}");
        }
    }
}
