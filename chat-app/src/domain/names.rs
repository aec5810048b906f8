//! Names that people see: of people, of rooms, and what a room is about. Pure.
//!
//! Whoever reads a name must see all of it, and must not take one person for another. So a name holds nothing invisible,
//! and [`lookalike_keys`] finds names that look alike by the skeletons of UTS #39
//! (<https://www.unicode.org/reports/tr39/#Confusable_Detection>).

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

/// Why a text cannot be shown as a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VisibleNameError {
    #[error("the name is too long")]
    TooLong,
    /// A character that has no shape of its own, or nothing that has one.
    #[error("the name has invisible characters")]
    Invisible,
}

/// A name on one line with at most `limit` characters, composed and with single spaces; `None` if it is empty.
pub fn parse_visible(text: &str, limit: usize) -> Result<Option<String>, VisibleNameError> {
    let composed: String = text.nfc().filter(|&c| !is_variation(c)).collect();
    let name = composed.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.chars().count() > limit {
        return Err(VisibleNameError::TooLong);
    }
    match name.chars().any(is_invisible) || !name.is_empty() && !name.chars().any(has_shape) {
        true => Err(VisibleNameError::Invisible),
        false => Ok(Some(name).filter(|name| !name.is_empty())),
    }
}

/// Chooses between two shapes of the character before it, as keyboards add to emoji. The name is the same without.
fn is_variation(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}')
}

/// Characters that are not drawn, or that change what is drawn beside them.
pub(crate) fn is_invisible(c: char) -> bool {
    // The Braille pattern without dots is a symbol that looks like a space.
    c == '\u{2800}'
        || GeneralCategoryGroup::Other.contains(category(c))
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

fn has_shape(c: char) -> bool {
    let drawn = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Punctuation)
        .union(GeneralCategoryGroup::Symbol);
    drawn.contains(category(c))
}

/// Whether a text shows anything. A combining mark alone does: some scripts write words that begin with one.
pub(crate) fn is_visible(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace() && !is_invisible(c))
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

/// Two names look alike if they have a key in common: as they are written, or in lower case. For a login name both keys
/// are the same, and PostgreSQL computes it too (`store/lookalikes.rs`).
pub fn lookalike_keys(name: &str) -> [String; 2] {
    let key = |name: &str| skeleton(name).collect::<String>().to_lowercase();
    [key(name), key(&name.to_lowercase())]
}

/// Whether these names look alike.
pub fn look_alike(one: &str, other: &str) -> bool {
    let known = lookalike_keys(one);
    lookalike_keys(other).iter().any(|key| known.contains(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_composed_and_on_one_line() {
        for (text, expected) in [
            (" Ada \t Lovelace\n", "Ada Lovelace"),
            ("Ada\u{a0}Lovelace\u{3000}", "Ada Lovelace"),
            ("Zoe\u{308}", "Zoë"),
            ("❤\u{fe0f} room", "❤ room"),
            ("غرفة ١", "غرفة ١"),
            ("\u{1f469}\u{1f3fd}", "\u{1f469}\u{1f3fd}"),
        ] {
            let name = parse_visible(text, 64).unwrap();
            assert_eq!(name.as_deref(), Some(expected), "{text:?}");
        }
        assert_eq!(parse_visible(" \n\u{2003}", 64), Ok(None));
        assert_eq!(parse_visible("äöü", 3).unwrap().as_deref(), Some("äöü"));
        assert_eq!(parse_visible("abcd", 3), Err(VisibleNameError::TooLong));
    }

    #[test]
    fn a_name_holds_nothing_invisible() {
        for hidden in [
            '\0',
            '\u{7}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{17b4}',
            '\u{180b}',
            '\u{200b}',
            '\u{200d}',
            '\u{200f}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2800}',
            '\u{3164}',
            '\u{e000}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{10ffff}',
        ] {
            for text in [format!("Ada{hidden} Lovelace"), hidden.to_string()] {
                let refused = parse_visible(&text, 64);
                assert_eq!(refused, Err(VisibleNameError::Invisible), "{text:?}");
            }
        }
        let only_marks = parse_visible("\u{300}\u{301}", 64);
        assert_eq!(only_marks, Err(VisibleNameError::Invisible));
    }

    #[test]
    fn names_that_look_alike_have_a_key_in_common() {
        for (one, other) in [
            ("Ada Lovelace", "Аdа Lоvеlасе"),
            ("alice", "AIice"),
            ("ALICE", "alice"),
            ("adam", "adarn"),
            ("bob", "b0b"),
            ("paul1", "PAULI"),
            ("ada", "ａｄａ"),
            ("Zoë", "Zoe\u{308}"),
        ] {
            assert!(look_alike(one, other), "{one} {other}");
        }
        for (one, other) in [("ada", "ida"), ("ada", "ada l"), ("Müller", "Muller")] {
            assert!(!look_alike(one, other), "{one} {other}");
        }
    }
}
