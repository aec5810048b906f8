//! The string literals and the doc comments of a Rust file, without its test module. Pure.

/// Where a literal begins, as a line number from 1, and what it holds.
pub(crate) type Piece = (usize, String);

/// The code before a test module at the file's end.
fn production(source: &str) -> &str {
    let end = source.find("#[cfg(test)]\nmod tests {");
    &source[..end.unwrap_or(source.len())]
}

/// Consecutive `///` lines are one piece.
pub(crate) fn doc_comments(source: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut open = false;
    for (index, line) in production(source).lines().enumerate() {
        let doc = line.trim_start().strip_prefix("///");
        if let Some(doc) = doc {
            match pieces.last_mut().filter(|_| open) {
                Some((_, text)) => {
                    text.push('\n');
                    text.push_str(doc);
                }
                None => pieces.push((index + 1, doc.to_owned())),
            }
        }
        open = doc.is_some();
    }
    pieces
}

/// Every string literal.
pub(crate) fn literals(source: &str) -> Vec<Piece> {
    let source = production(source);
    let mut rest = source;
    let mut pieces = Vec::new();
    while let Some(next) = rest.chars().next() {
        let (literal, length) = match next {
            '/' if rest.starts_with("//") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => {
                (None, rest.find("*/").map_or(rest.len(), |end| end + 2))
            }
            '"' => plain(rest),
            'r' if raw_start(rest).is_some() => raw(rest),
            '\'' => (None, character(rest)),
            // The rest of a name or a number: no prefix of a literal begins in it.
            c if is_name(c) => (None, rest.find(|c: char| !is_name(c)).unwrap_or(rest.len())),
            c => (None, c.len_utf8()),
        };
        if let Some(text) = literal {
            let before = &source[..source.len() - rest.len()];
            pieces.push((1 + before.matches('\n').count(), text));
        }
        rest = &rest[length..];
    }
    pieces
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `"…"`, with line breaks kept, so that a hit names its line.
fn plain(rest: &str) -> (Option<String>, usize) {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (Some(text), at + 1),
            '\\' => match chars.next() {
                Some((_, '\n')) => text.push('\n'),
                Some((_, 'n' | 't')) => text.push(' '),
                Some((_, escaped)) => text.push(escaped),
                None => {}
            },
            c => text.push(c),
        }
    }
    (None, rest.len())
}

/// The hashes of `r"` or `r#"`.
fn raw_start(rest: &str) -> Option<&str> {
    let (hashes, _) = rest.strip_prefix('r')?.split_once('"')?;
    hashes.chars().all(|c| c == '#').then_some(hashes)
}

fn raw(rest: &str) -> (Option<String>, usize) {
    let hashes = raw_start(rest).unwrap_or_default();
    let start = 2 + hashes.len();
    let end = rest[start..]
        .find(&format!("\"{hashes}"))
        .unwrap_or(rest.len() - start);
    (
        Some(rest[start..start + end].to_owned()),
        (start + end + 1 + hashes.len()).min(rest.len()),
    )
}

/// The length of `'x'` or `'\n'`; of a lifetime, its quote alone.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    let Some((_, first)) = chars.next() else {
        return rest.len();
    };
    if first == '\\' {
        chars.next();
        return chars
            .find(|(_, c)| *c == '\'')
            .map_or(rest.len(), |(end, _)| end + 1);
    }
    match chars.next() {
        Some((end, '\'')) => end + 1,
        _ => 1,
    }
}

#[test]
fn literals_are_found_and_comments_characters_and_tests_are_not() {
    let source = r##"
// "no"
/* "no" */ fn f<'a>(x: &'a str) -> char { '"' }
const A: &str = "one \"two\" \
    three";
const B: &str = r#"four "five""#; // '"'
const C: [char; 2] = ['\'', '\u{1f}'];
const D: &[u8] = b"six";
/// seven
/// eight
#[cfg(test)]
mod tests { const E: &str = "no"; }
"##;
    let texts: Vec<_> = literals(source).into_iter().collect();
    let expected = [
        (4, "one \"two\" \n    three"),
        (6, "four \"five\""),
        (8, "six"),
    ];
    assert_eq!(texts, expected.map(|(line, text)| (line, text.to_owned())));
    assert_eq!(doc_comments(source), [(9, " seven\n eight".to_owned())]);
}
