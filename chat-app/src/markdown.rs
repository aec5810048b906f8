//! Renders a message's Markdown as HTML or plain text, and finds its mentions. Pure.
//!
//! Supports a safe subset of CommonMark: emphasis, code, lists, quotes and links. HTML in a message is shown as text, an
//! image becomes a link, a heading a bold line. pulldown-cmark parses, linkify finds bare URLs, and ammonia sanitizes the
//! result.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use linkify::{LinkFinder, LinkKind};
use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream};

use crate::domain::Mention;

const MAX_MENTIONS: usize = 50;

/// The message as HTML, with its `mentions` marked.
pub(crate) fn html(body: &str, mentions: &[Mention]) -> String {
    let mut html = String::with_capacity(body.len() * 2);
    pulldown_cmark::html::push_html(&mut html, ChatEvents::new(body, mentions));
    SANITIZER.clean(&html).to_string()
}

/// The message as plain text on one line: for lists, quotes and notifications.
pub(crate) fn plain(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    for event in events(body) {
        match event {
            Event::Text(part) => text.push_str(&with_emoji(&part)),
            Event::Code(part) | Event::Html(part) | Event::InlineHtml(part) => text.push_str(&part),
            Event::SoftBreak | Event::HardBreak | Event::End(_) if !inline_end(&event) => {
                text.push(' ');
            }
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The names after an `@` outside of code. The database decides which of them are members.
pub(crate) fn mentioned_names(body: &str) -> Vec<String> {
    let mut names = BTreeSet::new();
    let mut code = false;
    for event in events(body) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::Text(text) if !code => {
                names.extend(at_names(&text).map(|(_, name)| name.to_lowercase()));
            }
            _ => {}
        }
    }
    names.into_iter().take(MAX_MENTIONS).collect()
}

fn events(body: &str) -> impl Iterator<Item = Event<'_>> {
    TextMergeStream::new(Parser::new_ext(body, Options::ENABLE_STRIKETHROUGH))
}

fn inline_end(event: &Event) -> bool {
    matches!(
        event,
        Event::End(
            TagEnd::Emphasis
                | TagEnd::Strong
                | TagEnd::Strikethrough
                | TagEnd::Link
                | TagEnd::Image
        )
    )
}

/// Each `@name` with its position. A dot, dash or underscore at its end belongs to the sentence.
fn at_names(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices('@').filter_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '@') {
            return None;
        }
        let rest = &text[at + 1..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c))
            .unwrap_or(rest.len());
        let name = rest[..end].trim_end_matches(['.', '-', '_']);
        (name.len() >= 2).then_some((at, name))
    })
}

/// Replaces `:tada:` by 🎉; leaves an unknown name as it is.
pub(crate) fn with_emoji(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(':') {
        out.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        let emoji = after.find(':').and_then(|end| {
            let emoji = emojis::get_by_shortcode(&after[..end])?;
            Some((emoji, &after[end + 1..]))
        });
        match emoji {
            Some((emoji, left)) => {
                out.push_str(emoji.as_str());
                rest = left;
            }
            None => {
                out.push(':');
                rest = after;
            }
        }
    }
    out + rest
}

/// The parser's events, changed for a chat.
struct ChatEvents<'a, I> {
    events: I,
    mentions: &'a [Mention],
    pending: std::vec::IntoIter<Event<'a>>,
    in_code: bool,
    in_link: usize,
}

impl<'a> ChatEvents<'a, ()> {
    fn new(
        body: &'a str,
        mentions: &'a [Mention],
    ) -> ChatEvents<'a, impl Iterator<Item = Event<'a>>> {
        ChatEvents {
            events: events(body),
            mentions,
            pending: Vec::new().into_iter(),
            in_code: false,
            in_link: 0,
        }
    }
}

impl<'a, I: Iterator<Item = Event<'a>>> Iterator for ChatEvents<'a, I> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if let Some(event) = self.pending.next() {
            return Some(event);
        }
        Some(match self.events.next()? {
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
            // In a chat a line break is a line break.
            Event::SoftBreak => Event::HardBreak,
            Event::Start(Tag::Heading { .. }) => {
                self.emit_both(Event::Start(Tag::Paragraph), Event::Start(Tag::Strong))
            }
            Event::End(TagEnd::Heading(_)) => {
                self.emit_both(Event::End(TagEnd::Strong), Event::End(TagEnd::Paragraph))
            }
            Event::Start(Tag::Image { dest_url, .. }) => self.link(dest_url),
            Event::Start(Tag::Link { dest_url, .. }) => self.link(dest_url),
            Event::End(TagEnd::Image | TagEnd::Link) => {
                self.in_link = self.in_link.saturating_sub(1);
                Event::End(TagEnd::Link)
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                self.in_code = true;
                Event::Start(Tag::CodeBlock(kind))
            }
            Event::End(TagEnd::CodeBlock) => {
                self.in_code = false;
                Event::End(TagEnd::CodeBlock)
            }
            Event::Text(text) if !self.in_code => {
                self.pending = self.inline(&text).into_iter();
                return self.next();
            }
            event => event,
        })
    }
}

impl<'a, I> ChatEvents<'a, I> {
    fn emit_both(&mut self, first: Event<'a>, second: Event<'a>) -> Event<'a> {
        self.pending = vec![second].into_iter();
        first
    }

    fn link(&mut self, address: CowStr<'a>) -> Event<'a> {
        self.in_link += 1;
        start_link(address)
    }

    /// Links bare URLs, marks mentions and replaces emoji names.
    fn inline(&self, text: &str) -> Vec<Event<'a>> {
        if self.in_link > 0 {
            return vec![owned(with_emoji(text))];
        }
        let mut finder = LinkFinder::new();
        finder.kinds(&[LinkKind::Url]).url_must_have_scheme(true);
        let mut events = Vec::new();
        for span in finder.spans(text) {
            if span.kind().is_some() && is_web(span.as_str()) {
                events.push(start_link(span.as_str().to_owned().into()));
                events.push(owned(span.as_str().to_owned()));
                events.push(Event::End(TagEnd::Link));
            } else {
                self.mark_mentions(span.as_str(), &mut events);
            }
        }
        events
    }

    fn mark_mentions(&self, text: &str, events: &mut Vec<Event<'a>>) {
        let mut done = 0;
        for (at, name) in at_names(text) {
            let Some(mention) = self
                .mentions
                .iter()
                .find(|m| m.name.eq_ignore_ascii_case(name))
            else {
                continue;
            };
            events.push(owned(with_emoji(&text[done..at])));
            events.push(Event::InlineHtml(
                // A constraint of the database keeps names free of HTML's special characters.
                format!(
                    "<span class=\"mention\" data-user=\"{}\">@{}</span>",
                    mention.user, mention.name
                )
                .into(),
            ));
            done = at + 1 + name.len();
        }
        events.push(owned(with_emoji(&text[done..])));
    }
}

fn owned<'a>(text: String) -> Event<'a> {
    Event::Text(text.into())
}

fn start_link(address: CowStr<'_>) -> Event<'_> {
    Event::Start(Tag::Link {
        link_type: LinkType::Inline,
        dest_url: address,
        title: CowStr::Borrowed(""),
        id: CowStr::Borrowed(""),
    })
}

fn is_web(address: &str) -> bool {
    url::Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

static SANITIZER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(HashSet::from([
            "a",
            "blockquote",
            "br",
            "code",
            "del",
            "em",
            "hr",
            "li",
            "ol",
            "p",
            "pre",
            "span",
            "strong",
            "ul",
        ]))
        .add_tag_attributes("a", ["href"])
        .add_tag_attributes("ol", ["start"])
        .add_tag_attributes("span", ["data-user"])
        .add_allowed_classes("span", ["mention"])
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank");
    builder
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;

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
    fn html_is_shown_as_text() {
        assert_eq!(
            rendered("<script>alert(1)</script> a <b onclick=x>b</b>"),
            "&lt;script&gt;alert(1)&lt;/script&gt; a &lt;b onclick=x&gt;b&lt;/b&gt;".to_owned()
        );
        assert_eq!(
            rendered("a <img src=x onerror=alert(1)>"),
            "<p>a &lt;img src=x onerror=alert(1)&gt;</p>"
        );
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

    #[test]
    fn only_known_names_are_mentions() {
        let mentions = [Mention {
            user: UserId(7),
            name: "ada.l".into(),
        }];
        assert_eq!(
            html("@Ada.L, @bob and `@ada.l` but x@ada.l. @ada.l.", &mentions).trim_end(),
            "<p><span class=\"mention\" data-user=\"7\">@ada.l</span>, @bob and <code>@ada.l</code> but x@ada.l. \
             <span class=\"mention\" data-user=\"7\">@ada.l</span>.</p>"
        );
    }

    #[test]
    fn mentions_are_found_outside_of_code() {
        assert_eq!(
            mentioned_names("@ada and (@bob-b), @Ada `@eve`\n\n```\n@mallory\n```\na@mail.example"),
            ["ada", "bob-b"]
        );
    }

    #[test]
    fn plain_text_has_no_marks() {
        assert_eq!(
            plain("**Hello** :wave:\n\n- a\n- b\n\n> c `d`\n<b>x</b>"),
            "Hello 👋 a b c d <b>x</b>"
        );
    }
}
