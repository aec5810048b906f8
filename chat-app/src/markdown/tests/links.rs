//! Addresses and links. Pure.

use super::{rendered, short};

#[test]
fn addresses_are_links_letter_by_letter() {
    for (body, address, href) in [
        (
            "at www.example.com.",
            "www.example.com",
            "https://www.example.com",
        ),
        (
            "mail ada@mail.example now",
            "ada@mail.example",
            "mailto:ada@mail.example",
        ),
        (
            "<ada@mail.example>",
            "ada@mail.example",
            "mailto:ada@mail.example",
        ),
        (
            "<https://a.example/_b_>",
            "https://a.example/_b_",
            "https://a.example/_b_",
        ),
        (
            "http://[::1]:80/x?y",
            "http://[::1]:80/x?y",
            "http://[::1]:80/x?y",
        ),
        (
            "見て https://a.example/x。次",
            "https://a.example/x",
            "https://a.example/x",
        ),
        (
            "“https://a.example/x”",
            "https://a.example/x",
            "https://a.example/x",
        ),
        (
            "https://a.example/?v=*&w=*",
            "https://a.example/?v=*&amp;w=*",
            "https://a.example/?v=*&amp;w=*",
        ),
        (
            "https://a.example/x_(y)_z",
            "https://a.example/x_(y)_z",
            "https://a.example/x_(y)_z",
        ),
        (
            "https://a.example#top.",
            "https://a.example#top",
            "https://a.example#top",
        ),
        (
            "<a>\nhttps://a.example\n</a>",
            "https://a.example",
            "https://a.example",
        ),
        ("[x](www.example.com)", "x", "https://www.example.com"),
        (
            "[x](https://a.example/_b_ \"t\")",
            "x",
            "https://a.example/_b_",
        ),
        (
            "[a.example](https://www.a.example/x)",
            "a.example",
            "https://www.a.example/x",
        ),
        (
            "| x |\n|---|\n| https://a.example/_b_ |",
            "https://a.example/_b_",
            "https://a.example/_b_",
        ),
    ] {
        let html = short(body);
        let link = format!("<a href=\"{href}\">{address}</a>");
        assert!(html.contains(&link), "{body}: {html}");
        assert_eq!(html.matches("<a").count(), 1, "{body}: {html}");
    }
    for body in [
        "example.com",
        "main.rs",
        "v1.2.3",
        "ftp://a.example",
        "a@b",
        "://x",
        "http://",
    ] {
        assert!(!short(body).contains("href"), "{body}: {}", short(body));
    }
}

#[test]
fn a_link_whose_text_is_another_address_says_where_it_leads() {
    assert_eq!(
        short("[https://bank.example](https://other.example)"),
        "<p><a href=\"https://other.example\">https://bank.example</a> (other.example)</p>"
    );
    assert!(short("[bank.example](https://other.example)").ends_with("(other.example)</p>"));
    for body in [
        "[see bank.example](https://other.example)",
        "[https://www.a.example/x](https://a.example/y)",
        "[text](https://a.example)",
    ] {
        assert!(short(body).ends_with("</a></p>"), "{body}: {}", short(body));
    }
}

#[test]
fn only_safe_addresses_become_links() {
    let rel = "rel=\"noopener noreferrer nofollow\"";
    assert_eq!(
        rendered("see (https://example.com/a?b=1&c=2)."),
        format!(
            "<p>see (<a href=\"https://example.com/a?b=1&amp;c=2\" target=\"_blank\" {rel}>https://example.com/a?b=1&amp;c=2</a>).</p>"
        )
    );
    assert!(rendered("[x](https://a.example/)").contains("href=\"https://a.example/\""));
    assert!(
        rendered("![x](https://a.example/i.png)").contains(">x</a>"),
        "an image from another site is a link"
    );
    for body in [
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "[x](/logout)",
        "<javascript:alert(1)>",
        "[x](JAVASCRIPT:alert(1))",
        "[x](vbscript:x)",
    ] {
        assert!(
            !rendered(body).contains("href"),
            "{body}: {}",
            rendered(body)
        );
    }
}
