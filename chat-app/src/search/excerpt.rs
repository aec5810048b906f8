//! The part of a found message to show, with what was searched for marked. Pure.

use std::ops::Range;

use super::language::Language;
use super::pattern::Pattern;
use super::words::words;

/// A text of at most so many characters is shown whole.
const WHOLE: usize = 280;
/// Of a longer text, so many fragments are shown.
const FRAGMENTS: usize = 2;
/// The characters of a fragment, and of those before what it was chosen for.
const FRAGMENT: usize = 160;
const BEFORE: usize = 60;
/// How far a fragment moves to end between words.
const SLACK: usize = 20;

/// A part of an excerpt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub text: String,
    /// Whether it matches the query.
    pub marked: bool,
}

/// The excerpt of a text in which these patterns are looked for.
pub fn excerpt(text: &str, patterns: &[Pattern], language: Language) -> Vec<Segment> {
    let words = words(text, language);
    let mut marks: Vec<Range<usize>> = patterns
        .iter()
        .flat_map(|pattern| pattern.places(&words))
        .collect();
    marks.sort_by_key(|mark| mark.start);
    let marks = merged(marks);
    let mut segments = Vec::new();
    for fragment in fragments(text, &marks) {
        if fragment.start > 0 {
            let gap = if segments.is_empty() { "… " } else { " … " };
            add(&mut segments, gap, false);
        }
        let mut at = fragment.start;
        for mark in &marks {
            let (start, end) = (mark.start.max(at), mark.end.min(fragment.end));
            if start < end {
                add(&mut segments, &text[at..start], false);
                add(&mut segments, &text[start..end], true);
                at = end;
            }
        }
        add(&mut segments, &text[at..fragment.end], false);
        if fragment.end == text.len() {
            return segments;
        }
    }
    add(&mut segments, " …", false);
    segments
}

fn add(segments: &mut Vec<Segment>, text: &str, marked: bool) {
    match segments.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.marked == marked => last.text.push_str(text),
        _ => segments.push(Segment {
            text: text.to_owned(),
            marked,
        }),
    }
}

/// Joins what overlaps: the pairs of a script without spaces do.
fn merged(sorted: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::new();
    for mark in sorted {
        match merged.last_mut() {
            Some(last) if mark.start <= last.end => last.end = last.end.max(mark.end),
            _ => merged.push(mark),
        }
    }
    merged
}

/// The parts of the text to show, in order: around the first mark, and around the next one outside of that.
fn fragments(text: &str, marks: &[Range<usize>]) -> Vec<Range<usize>> {
    if text.chars().nth(WHOLE).is_none() {
        return std::iter::once(0..text.len()).collect();
    }
    let mut fragments: Vec<Range<usize>> = Vec::new();
    let first = std::iter::once(0..0).filter(|_| marks.is_empty());
    for mark in first.chain(marks.iter().cloned()) {
        let shown_to = fragments.last().map_or(0, |last| last.end);
        if fragments.len() == FRAGMENTS {
            break;
        }
        if !fragments.is_empty() && mark.start < shown_to {
            continue;
        }
        let start = back(text, mark.start, BEFORE).max(shown_to);
        let end = forward(text, start, FRAGMENT);
        match fragments.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => fragments.push(start..end),
        }
    }
    fragments
}

/// The place so many characters before `at`, moved to the beginning of a word if one is near.
fn back(text: &str, at: usize, characters: usize) -> usize {
    let start = text[..at]
        .char_indices()
        .rev()
        .nth(characters - 1)
        .map_or(0, |(start, _)| start);
    if start == 0 {
        return 0;
    }
    let near = text[start..at]
        .char_indices()
        .take(SLACK)
        .find(|(_, c)| c.is_whitespace());
    near.map_or(start, |(offset, c)| start + offset + c.len_utf8())
}

/// The place so many characters after `at`, moved to the end of a word if one is near.
fn forward(text: &str, at: usize, characters: usize) -> usize {
    let Some((end, _)) = text[at..].char_indices().nth(characters) else {
        return text.len();
    };
    let end = at + end;
    let near = text[at..end]
        .char_indices()
        .rev()
        .take(SLACK)
        .find(|(_, c)| c.is_whitespace());
    near.map_or(end, |(offset, _)| at + offset)
}

#[cfg(test)]
mod tests {
    use super::super::query;
    use super::*;

    /// The excerpt with marks in brackets.
    fn shown(text: &str, typed: &str) -> String {
        let query = query::parse(typed).unwrap();
        let terms = query
            .terms
            .iter()
            .filter_map(|term| Pattern::of(term, Language::Simple));
        let segments = excerpt(text, &terms.collect::<Vec<_>>(), Language::Simple);
        let marked = segments.into_iter().map(|segment| match segment.marked {
            true => format!("[{}]", segment.text),
            false => segment.text,
        });
        marked.collect()
    }

    #[test]
    fn what_was_meant_is_marked() {
        for (text, typed, excerpt) in [
            ("a late plan", "plan", "a late [plan]"),
            (
                "Über uns im Straßencafé",
                "strassencafe uber",
                "[Über] uns im [Straßencafé]",
            ),
            (
                "deploy of error-404 page",
                "404",
                "deploy of error-[404] page",
            ),
            (
                "deploy of error-404 page",
                "error-404",
                "deploy of [error-404] page",
            ),
            ("会議は明日です", "明日", "会議は[明日]です"),
            ("会議は明日です", "明日です", "会議は[明日です]"),
            ("会議は明日です", "す", "会議は明日で[す]"),
            ("C++ and C", "c++", "[C++] and C"),
            ("deployed it", "dep*", "[deployed] it"),
            ("plan the plan", "\"the plan\"", "plan [the plan]"),
            ("no such thing", "other", "no such thing"),
            ("", "x", ""),
        ] {
            assert_eq!(shown(text, typed), excerpt, "{text} {typed}");
        }
    }

    #[test]
    fn of_a_long_text_the_parts_around_matches_are_shown() {
        let filler = "lorem ipsum ".repeat(60);
        let text = format!("{filler}first match {filler}second match {filler}third match");
        let excerpt = shown(&text, "match");
        assert!(
            excerpt.starts_with("… ") && excerpt.ends_with(" …"),
            "{excerpt}"
        );
        assert!(
            excerpt.contains("first [match]") && excerpt.contains("second [match]"),
            "{excerpt}"
        );
        assert!(
            !excerpt.contains("third") && excerpt.chars().count() < 400,
            "{excerpt}"
        );
        let near = format!("match {} match {filler}", "x ".repeat(60));
        assert_eq!(
            shown(&near, "match").matches(" … ").count(),
            0,
            "adjacent parts are joined"
        );
        assert!(shown(&filler, "nothing").ends_with("ipsum …"));
        let end = shown(&format!("{filler}match"), "match");
        assert!(end.ends_with("[match]"), "{end}");
        let unbroken = format!("{}終{}", "あ".repeat(400), "い".repeat(400));
        assert!(shown(&unbroken, "終い").contains("[終い]"));
    }
}
