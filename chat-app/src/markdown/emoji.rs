//! Emoji by their names. Pure.

use std::borrow::Cow;

use super::boundary::is_word;

/// Replaces `:tada:` by 🎉; leaves an unknown name, and colons inside a word, as they are.
pub(super) fn with_emoji(text: &str) -> Cow<'_, str> {
    if !text.contains(':') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Right after an emoji another one may follow.
    let mut after_emoji = true;
    while let Some(start) = rest.find(':') {
        out.push_str(&rest[..start]);
        let before = rest[..start].chars().next_back();
        let apart = match before {
            Some(c) => !is_word(c) && c != '\\',
            None => after_emoji,
        };
        let after = &rest[start + 1..];
        match named(after).filter(|_| apart) {
            Some((emoji, left)) => {
                out.push_str(emoji);
                rest = left;
                after_emoji = true;
            }
            None => {
                out.push(':');
                rest = after;
                after_emoji = false;
            }
        }
    }
    Cow::Owned(out + rest)
}

/// The emoji whose name begins here, and what is after it.
fn named(text: &str) -> Option<(&'static str, &str)> {
    let (name, left) = text.split_once(':')?;
    let emoji = emojis::get_by_shortcode(name)?;
    let mut next = left.chars();
    let apart = match next.next() {
        Some(':') => named(next.as_str()).is_some(),
        Some(c) => !is_word(c),
        None => true,
    };
    apart.then_some((emoji.as_str(), left))
}
