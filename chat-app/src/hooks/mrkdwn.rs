//! Slack's mrkdwn as Markdown. Pure.
//!
//! In mrkdwn a mark stands at the edges of words, `<…>` encloses links and mentions, and `&`, `<` and `>` are written as
//! entities: <https://docs.slack.dev/messaging/formatting-message-text>. Lists, headings and Markdown's links do not exist in
//! it: they are shown as they are written.

use super::markdown::{
    code, code_block, escaped, guarded, is_address, linked, one_line, paragraphs, push, push_text,
};

/// A `plain_text` object: only entities mean something.
pub(crate) fn plain(text: &str) -> String {
    escaped(&decoded(text))
}

pub(crate) fn markdown(text: &str) -> String {
    let mut parts: Vec<String> = text.split("```").map(str::to_owned).collect();
    // A fence without another one is text.
    if parts.len().is_multiple_of(2)
        && let Some(last) = parts.pop()
        && let Some(before) = parts.last_mut()
    {
        before.push_str("```");
        before.push_str(&last);
    }
    let parts = parts.iter().enumerate().map(|(n, part)| match n % 2 {
        0 => lines(part.trim_matches([' ', '\n'])),
        _ => code_block(&decoded(part)),
    });
    paragraphs(parts)
}

fn lines(text: &str) -> String {
    let (mut out, mut all, mut quoted) = (Vec::new(), false, false);
    for line in text.lines() {
        let was_quoted = quoted;
        let inner = ["&gt;&gt;&gt;", ">>>"]
            .iter()
            .find_map(|mark| line.strip_prefix(mark));
        all |= inner.is_some();
        let inner = inner.or_else(|| {
            ["&gt;", ">"]
                .iter()
                .find_map(|mark| line.strip_prefix(mark))
        });
        quoted = all || inner.is_some();
        let mut rendered = String::new();
        inline(inner.map_or(line, str::trim_start), &mut rendered);
        let rendered = guarded(&rendered);
        match quoted {
            true => out.push(format!("> {rendered}")),
            false => {
                // Otherwise the line would belong to the quote.
                out.extend(was_quoted.then(String::new));
                out.push(rendered);
            }
        }
    }
    out.join("\n")
}

/// Renders text of one line.
fn inline(text: &str, out: &mut String) {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let (before, rest) = (text[..at].chars().next_back(), &text[at..]);
        let taken = match c {
            '`' => code_span(rest, out),
            '<' => angle(rest, out),
            '*' | '_' | '~' => emphasis(before, rest, out),
            '&' => entity(rest, out),
            'h' => bare_address(before, rest, out),
            _ => None,
        };
        at += taken.unwrap_or_else(|| {
            push(out, c, rest[c.len_utf8()..].chars().next());
            c.len_utf8()
        });
    }
}

fn code_span(rest: &str, out: &mut String) -> Option<usize> {
    let end = rest[1..].find('`').filter(|&end| end > 0)?;
    let inner = &rest[1..=end];
    let link = inner
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'));
    match link.and_then(|link| link.split_once('|')) {
        Some((target, label)) if is_address(target) => {
            out.push_str(&linked(&decoded(target), &code(&decoded(label))));
        }
        _ => out.push_str(&code(&decoded(inner))),
    }
    Some(end + 2)
}

/// A link, a mention or a command: `<…>` or `<…|label>`.
fn angle(rest: &str, out: &mut String) -> Option<usize> {
    let end = rest.find('>').filter(|&end| end > 1)?;
    let inner = &rest[1..end];
    let (target, label) = match inner.split_once('|') {
        Some((target, label)) => (target, Some(label)),
        None => (inner, None),
    };
    let shown = decoded(label.unwrap_or_default());
    match (&target[..1], label) {
        _ if target.contains(['<', '\n']) => return None,
        ("!", _) => push_text(out, &command(&target[1..], &shown)),
        (sigil @ ("@" | "#"), Some(_)) => {
            push_text(out, sigil);
            push_text(out, shown.trim_start_matches(['@', '#']));
        }
        ("@" | "#", None) => push_text(out, target),
        _ if is_address(target) => {
            let mut text = String::new();
            inline(&one_line(label.unwrap_or_default()), &mut text);
            out.push_str(&linked(&decoded(target), &text));
        }
        (_, Some(_)) => push_text(out, &format!("{shown} ({})", decoded(target))),
        (_, None) => return None,
    }
    Some(end + 1)
}

/// `!here`, `!subteam^ID|@group`, `!date^…|fallback` and others.
fn command(command: &str, label: &str) -> String {
    let name = command.split('^').next().unwrap_or(command);
    match (name, label) {
        ("here" | "channel" | "everyone", _) => format!("@{name}"),
        (_, "") => name.to_owned(),
        (_, label) => label.to_owned(),
    }
}

/// `*bold*`, `_italic_` and `~struck~`, also with two marks, as other programs write them.
fn emphasis(before: Option<char>, rest: &str, out: &mut String) -> Option<usize> {
    let mark = rest.chars().next()?;
    let run = rest.len() - rest.trim_start_matches(mark).len();
    let body = &rest[run..];
    if run > 2 || before.is_some_and(char::is_alphanumeric) || body.starts_with(char::is_whitespace)
    {
        return None;
    }
    let end = closing(body, mark, run)?;
    let marks = match mark {
        '*' => "**",
        '_' => "*",
        _ => "~~",
    };
    out.push_str(marks);
    inline(&body[..end], out);
    out.push_str(marks);
    Some(run + end + run)
}

/// Where the marks end that began before `body`: outside of code and `<…>`, at the end of a word.
fn closing(body: &str, mark: char, run: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(c) = body[at..].chars().next() {
        let rest = &body[at..];
        let skipped = match c {
            '`' => rest[1..].find('`').map(|end| end + 2),
            '<' => rest.find('>').map(|end| end + 1),
            c if c == mark => {
                let length = rest.len() - rest.trim_start_matches(mark).len();
                let after = rest[length..].chars().next();
                let last = body[..at].chars().next_back();
                let ends = length == run
                    && last.is_some_and(|last| !last.is_whitespace())
                    && !after.is_some_and(char::is_alphanumeric);
                if ends {
                    return Some(at);
                }
                Some(length)
            }
            _ => None,
        };
        at += skipped.unwrap_or(c.len_utf8());
    }
    None
}

fn entity(rest: &str, out: &mut String) -> Option<usize> {
    let (c, written) = ENTITIES
        .into_iter()
        .find(|(_, written)| rest.starts_with(written))?;
    push(out, c, rest[written.len()..].chars().next());
    Some(written.len())
}

/// Marks in a bare address belong to it.
fn bare_address(before: Option<char>, rest: &str, out: &mut String) -> Option<usize> {
    if before.is_some_and(char::is_alphanumeric)
        || !(rest.starts_with("http://") || rest.starts_with("https://"))
    {
        return None;
    }
    let end = rest.find(|c: char| c.is_whitespace() || "<>`".contains(c));
    let end = end.unwrap_or(rest.len());
    push_text(out, &decoded(&rest[..end]));
    Some(end)
}

const ENTITIES: [(char, &str); 3] = [('<', "&lt;"), ('>', "&gt;"), ('&', "&amp;")];

pub(crate) fn decoded(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markdown::{html, without_shown_escapes};

    fn shown(text: &str) -> String {
        html(&without_shown_escapes(&markdown(text)), &[])
            .replace(
                " target=\"_blank\" rel=\"noopener noreferrer nofollow\"",
                "",
            )
            .trim_end()
            .to_owned()
    }

    #[test]
    fn marks_stand_at_the_edges_of_words() {
        for (text, expected) in [
            (
                "*bold* _it_ ~strike~ `co_de`",
                "<p><strong>bold</strong> <em>it</em> <del>strike</del> <code>co_de</code></p>",
            ),
            ("*a _b_ c*", "<p><strong>a <em>b</em> c</strong></p>"),
            ("**a** ~~b~~", "<p><strong>a</strong> <del>b</del></p>"),
            (
                "2*3*4 snake_case_name * a *",
                "<p>2*3*4 snake_case_name * a *</p>",
            ),
            ("*not closed\n*", "<p>*not closed<br>\n*</p>"),
            (
                "*<https://a.example|x*y>*",
                "<p><strong><a href=\"https://a.example\">x*y</a></strong></p>",
            ),
            (
                "(*a*), *b*.",
                "<p>(<strong>a</strong>), <strong>b</strong>.</p>",
            ),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn angles_enclose_links_mentions_and_commands() {
        for (text, expected) in [
            (
                "<https://a.example/?x=1&amp;y=2|see *this* &gt; [that](https://evil.example)>",
                "<p><a href=\"https://a.example/?x=1&amp;y=2\">see <strong>this</strong> &gt; [that](https://evil.example)</a></p>",
            ),
            (
                "<https://a.example>",
                "<p><a href=\"https://a.example\">https://a.example</a></p>",
            ),
            (
                "<mailto:a@b.example>",
                "<p><a href=\"mailto:a@b.example\">a@b.example</a></p>",
            ),
            (
                "`<https://a.example|a1b2>` `<b>`",
                "<p><a href=\"https://a.example\"><code>a1b2</code></a> <code>&lt;b&gt;</code></p>",
            ),
            (
                "<!here> <!channel> <!everyone|x>",
                "<p>@here @channel @everyone</p>",
            ),
            (
                "<!subteam^S1|@ops> <!date^1^{date}|today>",
                "<p>@ops today</p>",
            ),
            (
                "<@ada> <@U1|bob> <#C1|general>",
                "<p>@ada @bob #general</p>",
            ),
            ("<example.com|Fred>", "<p>Fred (example.com)</p>"),
            (
                "<b>x</b> a < b > c",
                "<p>&lt;b&gt;x&lt;/b&gt; a &lt; b &gt; c</p>",
            ),
            ("<javascript:alert(1)|x>", "<p>x (javascript:alert(1))</p>"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn entities_are_decoded_once() {
        assert_eq!(
            shown("&lt;b&gt; &amp;lt; A&amp;B"),
            "<p>&lt;b&gt; &amp;lt; A&amp;B</p>"
        );
    }

    #[test]
    fn quotes_and_code_are_blocks() {
        assert_eq!(
            shown("&gt; a\n> b\nc"),
            "<blockquote>\n<p>a<br>\nb</p>\n</blockquote>\n<p>c</p>"
        );
        assert_eq!(
            shown(">>> a\nb"),
            "<blockquote>\n<p>a<br>\nb</p>\n</blockquote>"
        );
        assert_eq!(
            shown("x ```a &lt; *b*\n  c``` y"),
            "<p>x</p>\n<pre><code>a &lt; *b*\n  c\n</code></pre>\n<p>y</p>"
        );
        assert_eq!(shown("a ``` b"), "<p>a ``` b</p>");
    }

    #[test]
    fn what_mrkdwn_does_not_have_is_text() {
        assert_eq!(
            shown("# a\n- b\n1. c\n[d](https://evil.example)"),
            "<p># a<br>\n- b<br>\n1. c<br>\n[d](<a href=\"https://evil.example\">https://evil.example</a>)</p>"
        );
    }
}
