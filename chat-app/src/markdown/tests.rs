//! What messages look like. Pure.

mod links;
mod mentions;
mod typed;

use super::{html, plain};

fn rendered(body: &str) -> String {
    html(body, &[]).trim_end().to_owned()
}

#[test]
fn the_subset_is_rendered() {
    for (body, expected) in [
        (
            "*a* **b** ~~c~~ `d`",
            "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d</code></p>",
        ),
        ("a\nb", "<p>a<br>\nb</p>"),
        ("# Title", "<p><strong>Title</strong></p>"),
        ("> quoted", "<blockquote>\n<p>quoted</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        (
            "3. a\n4. b",
            "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>",
        ),
        (
            "```rust\nlet a = 1 < 2; // @ada :tada:\n```",
            "<pre><code>let a = 1 &lt; 2; // @ada :tada:\n</code></pre>",
        ),
        (":tada: :nothing: 10:30:15", "<p>🎉 :nothing: 10:30:15</p>"),
    ] {
        assert_eq!(rendered(body), expected, "{body}");
    }
}

#[test]
fn prose_looks_as_if_it_were_parsed() {
    const WORDS: [&str; 16] = [
        "a", "I", "don't", "Größe", "well", "x2", "http", "www", "1", "0xff", "ok.", "no?", "yes!",
        "so,", "e.g", "com",
    ];
    let mut prose = 0;
    for one in WORDS {
        for two in WORDS {
            for three in WORDS {
                for space in ["", " ", "  "] {
                    let body = [one, two, three].join(space);
                    prose += usize::from(super::is_prose(&body));
                    assert_eq!(html(&body, &[]), super::rendered(&body, &[]), "{body}");
                }
            }
        }
    }
    assert!(prose > 1_000, "{prose}");
    for body in [
        "",
        " a",
        "a ",
        "1. a",
        "1",
        "a  b",
        "a.b",
        "a\nb",
        "@ada",
        "a:b",
        "a_b",
        "-a",
        "日本",
        "a&b",
        "a\u{202e}b",
    ] {
        assert!(!super::is_prose(body), "{body}");
    }
}

#[test]
fn html_is_shown_as_text() {
    assert_eq!(
        rendered("<script>alert(1)</script> a <b onclick=x>b</b>"),
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; a &lt;b onclick=x&gt;b&lt;/b&gt;</p>"
    );
    assert_eq!(
        rendered("a <img src=x onerror=alert(1)>"),
        "<p>a &lt;img src=x onerror=alert(1)&gt;</p>"
    );
}

#[test]
fn plain_text_has_no_marks() {
    assert_eq!(
        plain("**Hello** :wave:\n\n- a\n- b\n\n> c `d`\n<b>x</b>"),
        "Hello 👋 a b c d <b>x</b>"
    );
}

/// Without what is the same in every link.
fn short(body: &str) -> String {
    rendered(body).replace(
        " target=\"_blank\" rel=\"noopener noreferrer nofollow\"",
        "",
    )
}

#[test]
fn marks_that_format_still_do() {
    for (body, expected) in [
        (
            "**bold** _it_ ~~no~~ `x_y`",
            "<p><strong>bold</strong> <em>it</em> <del>no</del> <code>x_y</code></p>",
        ),
        (
            "__two words__ and ***both***",
            "<p><strong>two words</strong> and <em><strong>both</strong></em></p>",
        ),
        (
            "**Pod**s *a*, *b*.",
            "<p><strong>Pod</strong>s <em>a</em>, <em>b</em>.</p>",
        ),
        (
            "これは**太字**です",
            "<p>これは<strong>太字</strong>です</p>",
        ),
        ("\\*x\\* \\*y* \\_z\\_ \\`c\\`", "<p>*x* *y* _z_ `c`</p>"),
        (
            "\\# no\n\\- no\n1\\. no\n\\> no",
            "<p># no<br>\n- no<br>\n1. no<br>\n&gt; no</p>",
        ),
        (
            "\\[x\\](https://a.example)",
            "<p>[x](<a href=\"https://a.example\">https://a.example</a>)</p>",
        ),
        (
            "*see https://a.example/b_*",
            "<p><em>see <a href=\"https://a.example/b_\">https://a.example/b_</a></em></p>",
        ),
        (
            "**https://a.example/**",
            "<p><strong><a href=\"https://a.example/\">https://a.example/</a></strong></p>",
        ),
        (
            "`https://a.example/_b_ \\* &amp; <b>`",
            "<p><code>https://a.example/_b_ \\* &amp;amp; &lt;b&gt;</code></p>",
        ),
        (
            "```\nC:\\x\\*y* __init__ 2*3\n> q\na &lt;\n```",
            "<pre><code>C:\\x\\*y* __init__ 2*3\n&gt; q\na &amp;lt;\n</code></pre>",
        ),
        (
            "> q\nanswer",
            "<blockquote>\n<p>q</p>\n</blockquote>\n<p>answer</p>",
        ),
        ("> q\n> r", "<blockquote>\n<p>q<br>\nr</p>\n</blockquote>"),
        (
            "- a\n  - b\n- c",
            "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n<li>c</li>\n</ul>",
        ),
        (
            "1. a\n3. b\n4. c",
            "<ol>\n<li>a</li>\n<li value=\"3\">b</li>\n<li>c</li>\n</ol>",
        ),
        (
            "- [ ] a\n- [x] b",
            "<ul>\n<li>☐ a</li>\n<li>☑ b</li>\n</ul>",
        ),
        (
            "``` two words\ncode\n```",
            "<pre><code>two words\ncode\n</code></pre>",
        ),
        ("a\n\n---\n\nb", "<p>a</p>\n<hr>\n<p>b</p>"),
        (
            "| a | b |\n|---|--:|\n| *1* | 2 | 3 |",
            "<table><thead><tr><th>a</th><th class=\"end\">b</th></tr></thead><tbody>\n<tr><td><em>1</em></td><td class=\"end\">2</td><td>3</td></tr>\n</tbody></table>",
        ),
        ("# C # and D #", "<p><strong>C # and D #</strong></p>"),
        ("a  b", "<p>a<span class=\"spaces\">  </span>b</p>"),
        (
            "x \u{202e}evil https://a.example",
            "<p><bdi>x \u{202e}evil </bdi><a href=\"https://a.example\">https://a.example</a></p>",
        ),
        (
            ":tada::tada: (:tada:) すごい:tada:",
            "<p>🎉🎉 (🎉) すごい🎉</p>",
        ),
    ] {
        assert_eq!(short(body), expected, "{body}");
    }
}

#[test]
fn plain_text_keeps_words_apart() {
    for (body, expected) in [
        ("- one\n- two\n  - three", "one two three"),
        ("| a | b |\n|---|--:|\n| 1 | 2 |", "a b 1 2"),
        ("**a**b  c\n\n> d", "ab c d"),
        ("see <https://a.example/_b_>", "see https://a.example/_b_"),
        ("---", "---"),
        ("[x](javascript:y)", "[x](javascript:y)"),
    ] {
        assert_eq!(plain(body), expected, "{body}");
    }
}
