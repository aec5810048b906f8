//! Text of other programs as Markdown that shows exactly it. Pure.

/// The text as Markdown: nothing in it is a mark, lines stay lines.
pub(crate) fn escaped(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let mut out = String::with_capacity(line.len());
        push_text(&mut out, line);
        guarded(&out)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// As [`escaped`], on one line.
pub(crate) fn escaped_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_text(&mut out, &one_line(text));
    out
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Appends text that stands within a line.
pub(crate) fn push_text(out: &mut String, text: &str) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        push(out, c, chars.peek().copied());
    }
}

/// Appends a character; `next` is the one that follows in the text.
pub(crate) fn push(out: &mut String, c: char, next: Option<char>) {
    let in_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let is_mark = match c {
        '\\' | '`' | '*' | '~' | '[' | ']' | '<' => true,
        '_' => !(in_word(out.chars().next_back()) && in_word(next)),
        '&' => in_word(next) || next == Some('#'),
        _ => false,
    };
    if is_mark {
        out.push('\\');
    }
    out.push(c);
}

/// A line of Markdown whose beginning makes it no list, heading, quote, rule or code.
pub(crate) fn guarded(line: &str) -> String {
    let text = line.trim_start_matches([' ', '\t']);
    let indent = &line[..line.len() - text.len()];
    // Spaces that do not break are text, so that the line stays indented.
    let mut out = indent.replace('\t', "    ").replace(' ', "\u{a0}");
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let after = text[digits..].chars().next();
    let at = match after {
        Some('#' | '+' | '-' | '=' | '>') if digits == 0 => 0,
        Some('.' | ')') if digits > 0 => digits,
        _ => {
            out.push_str(text);
            return out;
        }
    };
    out.push_str(&text[..at]);
    out.push('\\');
    out.push_str(&text[at..]);
    out
}

pub(crate) fn bold(markdown: &str) -> String {
    format!("**{markdown}**")
}

/// A link with this text.
pub(crate) fn link(address: &str, text: &str) -> String {
    linked(address, &escaped_line(text))
}

/// A link around Markdown; if there is none, its address is shown.
pub(crate) fn linked(address: &str, markdown: &str) -> String {
    let address = address.trim();
    let mut destination = String::with_capacity(address.len());
    for c in address.chars() {
        match c {
            '<' | '>' | '(' | ')' | '\\' | '"' | '`' => encode(&mut destination, c),
            c if c.is_whitespace() || c.is_control() => encode(&mut destination, c),
            c => destination.push(c),
        }
    }
    match markdown {
        "" => format!("<{}>", destination.trim_start_matches("mailto:")),
        _ => format!("[{markdown}]({destination})"),
    }
}

fn encode(out: &mut String, c: char) {
    let mut bytes = [0; 4];
    for byte in c.encode_utf8(&mut bytes).bytes() {
        out.push_str(&format!("%{byte:02X}"));
    }
}

/// Whether a page may link to it.
pub(crate) fn is_address(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    ["http://", "https://", "mailto:"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
}

/// A block of code.
pub(crate) fn code_block(code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}\n{}\n{fence}", code.trim_matches('\n'))
}

/// Code within a line.
pub(crate) fn code(code: &str) -> String {
    let code = one_line(code);
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    match code.starts_with('`') || code.ends_with('`') {
        true => format!("{fence} {code} {fence}"),
        false => format!("{fence}{code}{fence}"),
    }
}

pub(crate) fn quoted(markdown: &str) -> String {
    let lines = markdown.lines().map(|line| match line {
        "" => ">".to_owned(),
        line => format!("> {line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The parts that are not empty, as paragraphs.
pub(crate) fn paragraphs(parts: impl IntoIterator<Item = String>) -> String {
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts.collect::<Vec<_>>().join("\n\n")
}

/// Without characters that no message may have, such as the colors of a terminal.
pub(crate) fn visible(text: &str) -> String {
    let kept = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().filter(kept).collect()
}

/// At most `limit` bytes of the text, with an ellipsis if there were more.
pub(crate) fn cut(markdown: &str, limit: usize) -> String {
    if markdown.len() <= limit {
        return markdown.to_owned();
    }
    let kept = &markdown[..markdown.floor_char_boundary(limit.saturating_sub("…".len()))];
    // Half an escape would show its backslash.
    format!("{}…", kept.trim_end_matches('\\').trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markdown::{self, html, plain};

    fn escaped(text: &str) -> String {
        markdown::without_shown_escapes(&super::escaped(text))
    }

    #[test]
    fn text_is_shown_as_it_is() {
        for text in [
            "a *b* _c_ ~d~ `e` snake_case __init__ 2*3*4",
            "[login](https://evil.example) ![x](y) <b>x</b> &lt; &amp; AT&T \\*",
            "# no heading\n- no list\n+ none\n1. none\n2) none\n---\n===\n> no quote",
            "* none\n***\n~~~\nno code",
            "https://a.example/x_y_*z*?b=1&lt=2",
        ] {
            let shown = html(&escaped(text), &[]);
            for tag in [
                "<em", "<strong", "<del", "<code", "<h", "<ul", "<ol", "<pre", "<bl",
            ] {
                assert!(!shown.contains(tag), "{text}: {shown}");
            }
            assert!(!shown.contains(">login</a>"), "{shown}");
            assert_eq!(plain(&escaped(text)), one_line(text));
        }
        let indented = html(&escaped("a\n    b"), &[]);
        assert!(indented.contains(&"&nbsp;".repeat(4)), "{indented}");
    }

    #[test]
    fn a_link_has_its_address_and_its_text_and_nothing_else() {
        let shown = html(
            &link("https://a.example/(x)?b=1&copy=2&lt;=3", "[a](b) *c*\nd"),
            &[],
        );
        assert!(
            shown.contains("href=\"https://a.example/%28x%29?b=1&amp;copy=2&amp;lt;=3\""),
            "{shown}"
        );
        assert!(shown.contains(">[a](b) *c* d</a>"), "{shown}");
        assert!(!html(&link("javascript:alert(1)", "x"), &[]).contains("href"));
        let bare = html(&link("https://a.example/?b=1&c=2", ""), &[]);
        assert!(
            bare.contains("href=\"https://a.example/?b=1&amp;c=2\""),
            "{bare}"
        );
    }

    #[test]
    fn code_may_hold_backticks() {
        assert!(html(&code("a `b` c"), &[]).contains("<code>a `b` c</code>"));
        assert!(html(&code_block("a\n```\nb"), &[]).contains("a\n```\nb"));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("äöü", 6), "äöü");
        assert_eq!(cut("äöüß", 6), "ä…");
        assert_eq!(cut("a\\*bcd", 5), "a…");
    }
}
