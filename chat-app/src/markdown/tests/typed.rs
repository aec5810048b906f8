//! What was typed is seen. Pure.

use super::rendered;

/// The text that a page shows.
fn seen(body: &str) -> String {
    let html = rendered(body)
        .replace("<br>\n", "\n")
        .replace("</p>\n<p>", "\n\n");
    let mut text = String::new();
    let mut rest = html.as_str();
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&")
        .trim_end()
        .to_owned()
}

/// What was typed must be seen.
#[test]
fn a_text_without_marks_that_format_is_seen_letter_by_letter() {
    for body in [
        // Addresses.
        "http://domain.example/foo/bar-_stuff-like-this_-in-it.jpg",
        "https://grafana.example.com/d/x?var-ns=*&var-pod=*",
        "see https://a.example/~~x~~/*y*/__z__ and https://b.example/_q_.",
        "https://a.example/x?a=1&amp;b=2&copy;=3",
        "https://a.example/a\\_b",
        "https://a.example#_top_",
        // Blocks without text.
        "[ERROR]: disk-full",
        "[note]: http://example.com",
        "text\n[note]: http://example.com 'title'",
        "---",
        ">",
        "#",
        "*",
        "-",
        "+",
        "1.",
        "***",
        "```",
        "```\n```",
        "| |\n|-|",
        "text\n\n#",
        "text\n\n>",
        "name\n=",
        "total\n---",
        // Emoji names inside words.
        "root:x:0:0",
        "image: repo:v:1",
        "fe80::on:1",
        "1:100:5",
        "a:b:c",
        "std::x::y",
        ":nothing: \\:tada:",
        // Backslashes.
        "\\\\server\\share",
        "C:\\new\\*x*",
        "copy C:\\a\\*.txt D:\\_b\\*.txt",
        "\\d+\\.\\w \\(x\\) \\[a-z\\]+ a\\|b",
        "¯\\_(ツ)_/¯",
        "curl x \\\n  -H y \\",
        "\\*.txt \\# \\~/x",
        "snake\\_case",
        // Names in code.
        "__init__",
        "__main__.py and self.__dict__",
        "_private_name_",
        "SOME_CONST_NAME and a__b",
        "2*3*4",
        "2**3**4",
        "count(*) … b*c",
        "count(*) and sum(*)",
        "(.*)foo(.*)",
        "**/*.rs and src/**/*.rs",
        "a~~b~~c",
        "int* p, *q; f(*args, **kwargs)",
        "fns[0](x)",
        "[docs](/path)",
        "[](https://a.example)",
        "![](https://a.example/i.png)",
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "<javascript:alert(1)>",
        // Numbers.
        "1986. A great year",
        "See:\n1986. A great year",
        // HTML and XML.
        "<a href=\"x\">\n  <b>y</b> &amp; &lt; &#x41;\n</a>",
        "<!-- note -->\n<?xml version=\"1.0\"?>\n<![CDATA[x]]>",
        "<details>\n<summary>x</summary>\n\ny\n",
        // Spaces.
        "a  b\tc   d",
        "  two before",
        "x\n    y\n  z",
    ] {
        assert_eq!(seen(body), body.trim_end(), "{}", rendered(body));
    }
}
