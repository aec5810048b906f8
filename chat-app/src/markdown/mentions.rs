//! Names after an `@`. Pure.

use crate::domain::UserName;

/// An `@` with the names that may be meant, the shortest first.
pub(super) struct Call<'a> {
    pub(super) at: usize,
    pub(super) names: Vec<&'a str>,
}

/// Each `@name` of a text. A dot, dash or underscore at its end belongs to the sentence, or to the name of an account
/// from the time when names could end so.
pub(super) fn calls(text: &str) -> impl Iterator<Item = Call<'_>> {
    text.match_indices('@').filter_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '@' || c == '\\') {
            return None;
        }
        let rest = &text[at + 1..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !UserName::MARKS.contains(c))
            .unwrap_or(rest.len());
        let shortest = rest[..end]
            .trim_end_matches(|c| UserName::MARKS.contains(c))
            .len();
        let lengths = shortest.max(UserName::MIN_CHARS)..=end.min(UserName::MAX_CHARS);
        let names: Vec<_> = lengths.map(|length| &rest[..length]).collect();
        (shortest > 0 && !names.is_empty()).then_some(Call { at, names })
    })
}
