//! Cuts text into words: for the index, for queries and for excerpts alike. Pure.
//!
//! A word is a run of letters and digits, without regard to case and to marks such as accents. What stands between words
//! is ignored, so `error-404` is two words, one after the other, and a query finds it by either or by both. Where scripts
//! write no spaces, each two characters that follow each other are a word.

use std::borrow::Cow;
use std::ops::Range;

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup, Script};
use pagefind_stem::Stemmer;
use unicode_normalization::UnicodeNormalization;

use super::language::Language;

/// Letters of a word that count: PostgreSQL takes lexemes of 2 KB at most.
const MAX_LETTERS: usize = 64;

/// A word in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its place in the text, in bytes.
    pub range: Range<usize>,
    /// The word itself, folded.
    pub folded: String,
    /// The stem of the word, folded; the same as `folded` without a language.
    pub stem: String,
    /// What finds it too: its parts, and it without the marks after it.
    pub parts: Vec<String>,
    pub kind: WordKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordKind {
    /// Between spaces or marks.
    Spaced,
    /// Two characters of a script without spaces.
    Pair,
    /// The last character of a script without spaces, which pairs with none; whether it stands alone.
    Last { alone: bool },
}

/// The words of the text, in order.
pub(super) fn words(text: &str, language: Language) -> Vec<Word> {
    let stemmer = language.stemmer();
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_letter) {
        let at = text.len() - rest.len() + start;
        let first = rest[start..].chars().next().unwrap_or_default();
        let length = match is_unspaced(first) {
            true => unspaced(&text[at..], at, &mut words),
            false => {
                let length = spaced_length(&text[at..]);
                words.push(spaced(&text[at..at + length], at, stemmer.as_ref()));
                length
            }
        };
        rest = &text[at + length..];
    }
    words.retain(|word| !word.folded.is_empty());
    words
}

/// Letters, digits and the marks that some scripts write vowels with.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric()
}

/// Characters that belong to the word around them: marks, and what is invisible inside a word.
fn continues(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(c))
        || matches!(c, '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{2060}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’')
}

/// Whether the script of this character writes no spaces between words, or, as Korean, joins particles to them.
fn is_unspaced(c: char) -> bool {
    // The marks that lengthen and repeat belong to several scripts.
    matches!(c, 'ー' | '々' | 'ｰ')
        || matches!(
            CodePointMapData::<Script>::new().get(c),
            Script::Han
                | Script::Hiragana
                | Script::Katakana
                | Script::Hangul
                | Script::Thai
                | Script::Lao
                | Script::Khmer
                | Script::Myanmar
        )
}

/// The length in bytes of the word that the text begins with: with apostrophes between letters, and with `+` and `#` after
/// them, as in `C++`.
fn spaced_length(text: &str) -> usize {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        let inside = is_letter(c) && !is_unspaced(c)
            || continues(c)
            || is_apostrophe(c) && next.is_some_and(|next| is_letter(next) && !is_unspaced(next));
        if !inside {
            break;
        }
        end = at + c.len_utf8();
    }
    let marks = text[end..].len() - text[end..].trim_start_matches(['+', '#']).len();
    match text[end + marks..].chars().next() {
        // A sum, an anchor: not a part of the name.
        Some(next) if is_letter(next) => end,
        _ => end + marks,
    }
}

/// The word that is this text.
fn spaced(text: &str, at: usize, stemmer: Option<&Stemmer>) -> Word {
    let range = at..at + text.len();
    let name = text.trim_end_matches(['+', '#']);
    let marks = &text[name.len()..];
    let joined: Cow<str> = match name.contains(is_apostrophe) {
        true => name.replace(is_apostrophe, "").into(),
        false => name.into(),
    };
    let folded = fold(&joined);
    let mut parts = Vec::new();
    for part in parts_of(name) {
        parts.extend([fold(part), stem(part, stemmer)]);
    }
    // Of a part that is nothing but marks.
    parts.retain(|part| !part.is_empty());
    let (folded, stem) = match marks {
        "" => (folded, stem(&joined, stemmer)),
        marks => {
            parts.push(folded.clone());
            let marked = folded + marks;
            (marked.clone(), marked)
        }
    };
    Word {
        range,
        folded,
        stem,
        parts,
        kind: WordKind::Spaced,
    }
}

/// The parts of a word, if there are several: between apostrophes, of `CamelCase`, letters and the number after them. Single
/// letters are none.
fn parts_of(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut last = None;
    let mut turns_to_digits = 0;
    for (at, c) in name.char_indices() {
        let turn = match last {
            Some(last) if is_apostrophe(last) || is_apostrophe(c) => true,
            Some(last) if char::is_lowercase(last) => c.is_uppercase(),
            _ => false,
        };
        let to_digits = last.is_some_and(|last: char| last.is_numeric() != c.is_numeric()) && !turn;
        turns_to_digits += usize::from(to_digits);
        if turn || to_digits {
            parts.push(&name[start..at]);
            start = at;
        }
        last = Some(c);
    }
    // More than one change between letters and digits: a hash or a key, whose parts nobody looks for.
    if parts.is_empty() || turns_to_digits > 1 {
        return Vec::new();
    }
    parts.push(&name[start..]);
    let several = |part: &&str| part.chars().nth(1).is_some() || part.starts_with(char::is_numeric);
    parts.into_iter().filter(several).collect()
}

/// Adds the words of the characters without spaces that the text begins with; returns their length in bytes.
fn unspaced(text: &str, at: usize, words: &mut Vec<Word>) -> usize {
    let mut letters: Vec<Range<usize>> = Vec::new();
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        match letters.last_mut() {
            Some(letter) if continues(c) => letter.end = end,
            _ if is_unspaced(c) && is_letter(c) => letters.push(start..end),
            _ => break,
        }
    }
    let mut add = |range: Range<usize>, kind| {
        let folded = fold(&text[range.clone()]);
        words.push(Word {
            range: at + range.start..at + range.end,
            stem: folded.clone(),
            folded,
            parts: Vec::new(),
            kind,
        });
    };
    for pair in letters.windows(2) {
        add(pair[0].start..pair[1].end, WordKind::Pair);
    }
    let last = letters.last().cloned().unwrap_or(0..text.len());
    let length = last.end;
    let alone = letters.len() < 2;
    add(last, WordKind::Last { alone });
    length
}

/// The word itself, if nothing is left of it.
fn stem(word: &str, stemmer: Option<&Stemmer>) -> String {
    let stem = stemmer.map(|stemmer| fold(&stemmer.stem(&word.to_lowercase())));
    stem.filter(|stem| !stem.is_empty())
        .unwrap_or_else(|| fold(word))
}

/// The word without regard to case, accents, and the forms of its letters.
fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word
            .chars()
            .take(MAX_LETTERS)
            .collect::<String>()
            .to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(word.len());
    for c in word.to_lowercase().nfkd().flat_map(char::to_lowercase) {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'ς' => folded.push('σ'),
            c if is_accent(c) => {}
            c if is_letter(c) || continues(c) => folded.push(c),
            _ => {}
        }
    }
    folded.nfc().take(MAX_LETTERS).collect()
}

/// Marks that do not make another letter: accents, vowel signs of Arabic and Hebrew, selectors of a shape, and the
/// invisible. The vowel signs of other scripts are letters.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' | '\u{ad}' | '\u{200c}' | '\u{200d}' | '\u{2060}')
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::super::pattern::Pattern;
    use super::super::query;
    use super::*;

    fn found(text: &str, typed: &str, language: Language) -> bool {
        let query = query::parse(typed).unwrap();
        let text = words(text, language);
        assert!(!query.terms.is_empty(), "{typed}");
        query.terms.iter().all(|term| {
            Pattern::of(term, language).is_some_and(|pattern| !pattern.places(&text).is_empty())
        })
    }

    #[test]
    fn what_people_type_finds_what_they_mean() {
        for (text, queries) in [
            (
                "deploy of error-404 page",
                &["404", "error-404", "error", "ERROR 404"][..],
            ),
            (
                "mail foo@bar.example.com please",
                &["bar.example.com", "foo", "foo@bar.example.com"],
            ),
            (
                "see docs.example.com/path/page?x=1",
                &["example.com", "path", "docs.example.com", "page"],
            ),
            (
                "Über uns im Straßencafé",
                &["uber", "strassencafe", "Über", "STRASSENCAFÉ"],
            ),
            ("don't panic", &["dont", "don’t", "don't"]),
            ("dont panic", &["don't"]),
            ("会議は明日です", &["会議", "明日", "会", "す", "明日です"]),
            ("プロジェクトのサーバー", &["サーバー", "プロジェクト"]),
            ("회의는 내일입니다", &["회의", "내일"]),
            ("การประชุมวันพรุ่งนี้", &["ประชุม", "พรุ่งนี้"]),
            ("release v1.2.3 is out", &["1.2.3", "1.2", "v1.2.3", "v1"]),
            ("IP 10.0.0.1 down", &["10.0.0", "10.0.0.1"]),
            ("naïve café résumé", &["cafe", "resume", "naive", "Café"]),
            (
                "CamelCaseWord",
                &["camel", "camelcaseword", "CamelCaseWord", "case"],
            ),
            ("user's guide", &["users guide", "user", "user's", "user’s"]),
            ("COVID-19 update", &["covid 19", "covid"]),
            (
                "file report_final.pdf",
                &["report_final", "pdf", "report", "report_final.pdf"],
            ),
            ("pod/api-7f9c-x2q", &["api-7f9c-x2q", "7f9c", "api"]),
            (".../ops/runbook-deploy", &["runbook", "runbook-deploy"]),
            ("config.yaml", &["config"]),
            ("OPS-1234", &["1234", "ops-1234"]),
            ("rack-42", &["42"]),
            (
                "“rollback” done… fix—later ship🚀 «vent» end。",
                &["rollback", "done", "fix", "later", "ship", "vent", "end"],
            ),
            ("C++ and C# and #1234", &["C++", "c#", "#1234", "1234", "c"]),
            (
                "snake_case_identifier in eu-central-1",
                &["snake_case_identifier", "identifier", "eu-central-1"],
            ),
            ("привет, ёлка", &["привет", "елка", "ПРИВЕТ"]),
            (
                "l’avion à İstanbul, ＦＵＬＬ width",
                &["avion", "istanbul", "full"],
            ),
            ("Stra\u{ad}ßen\u{ad}bahn", &["straßenbahn"]),
            ("שָׁלוֹם مُحَمَّد", &["שלום", "محمد"]),
            ("हिन्दी में", &["हिन्दी"]),
        ] {
            for typed in queries {
                assert!(found(text, typed, Language::Simple), "{text}: {typed}");
            }
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for (text, queries) in [
            ("error 500, room 404b", &["error-404"][..]),
            ("release v1.2.3 is out", &["1.3", "2.1"]),
            ("C and D", &["c++", "c#"]),
            ("C++", &["c+"]),
            ("会議は明日です", &["会日", "議明"]),
            ("हिन्दी", &["हन्द"]),
            ("running tests runs", &["run"]),
            ("bar.example.org", &["bar.example.com"]),
        ] {
            for typed in queries {
                assert!(!found(text, typed, Language::Simple), "{text}: {typed}");
            }
        }
    }

    #[test]
    fn a_language_finds_the_other_forms_of_a_word() {
        for (language, text, typed) in [
            (Language::English, "running tests runs", "run"),
            (Language::English, "we run a test", "running tests"),
            (Language::German, "die Häuser", "haus"),
            (Language::German, "die Häuser", "hauser"),
            (Language::French, "les chevaux", "cheval"),
            (Language::English, "C++", "c++"),
        ] {
            assert!(found(text, typed, language), "{text}: {typed}");
        }
    }

    #[test]
    fn a_word_is_no_longer_than_postgresql_takes() {
        for letter in ["x", "ü", "終", "ḗ"] {
            for word in words(&letter.repeat(5000), Language::English) {
                let forms = [word.folded, word.stem].into_iter().chain(word.parts);
                assert!(forms.map(|form| form.len()).max() < Some(2046));
            }
        }
        assert_eq!(words("ـ", Language::Simple), [], "nothing is left of it");
        for language in Language::value_variants() {
            for text in ["a'ــ", "ال", "ــ'ab", "a's 'b' l'ـ", "و", "e", "ing's"] {
                for word in words(text, *language) {
                    let mut forms = [&word.folded, &word.stem].into_iter().chain(&word.parts);
                    assert!(
                        forms.all(|form| !form.is_empty()),
                        "{language:?} {text}: {word:?}"
                    );
                }
            }
        }
        assert_eq!(words("\u{301} '’+#", Language::Simple), []);
    }
}
