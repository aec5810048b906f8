//! Renders a message's Markdown as HTML or plain text, and finds its mentions. Pure.
//!
//! Supports a safe subset of CommonMark: emphasis, code, lists, quotes, tables and links. HTML in a message is shown as text,
//! an image becomes a link, a heading a bold line. What was typed is seen: marks vanish only where they format.
//! [`source`] prepares the text, pulldown-cmark parses it, [`events`] fits the result to a chat, and ammonia sanitizes it.

mod blocks;
mod boundary;
mod emoji;
mod events;
mod inline;
mod links;
mod mentions;
mod source;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::LazyLock;

use pulldown_cmark::{Event, Tag, TagEnd};

use self::events::ChatEvents;
use self::source::Source;
use crate::domain::Mention;

/// The message as HTML, with its `mentions` marked.
pub(crate) fn html(body: &str, mentions: &[Mention]) -> String {
    match is_prose(body) {
        true => format!("<p>{body}</p>\n"),
        false => rendered(body, mentions),
    }
}

/// Whether this is one line of Latin words and punctuation in which nothing can format, as most messages are: they need no
/// parser and no sanitizer. A test compares both ways.
fn is_prose(body: &str) -> bool {
    let mut before = ' ';
    for (at, this) in body.char_indices() {
        let is_plain = match this {
            'a'..='z' | 'A'..='Z' | 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ɏ' => before != '.',
            // Not at the beginning, where it may be a list.
            '0'..='9' => at > 0 && before != '.',
            ' ' => before != ' ',
            // Between letters it may be an address.
            '.' | ',' | '!' | '?' | '\'' => at > 0 && before.is_alphanumeric(),
            _ => false,
        };
        if !is_plain {
            return false;
        }
        before = this;
    }
    before != ' '
}

fn rendered(body: &str, mentions: &[Mention]) -> String {
    let source = Source::of(body);
    let mut events = ChatEvents::new(&source, mentions);
    let mut html = String::with_capacity(body.len() * 2);
    pulldown_cmark::html::push_html(&mut html, &mut events);
    if !events.visible() {
        html.clear();
        pulldown_cmark::html::push_html(&mut html, events::typed(body));
    }
    SANITIZER.clean(&html).to_string()
}

/// The message as plain text on one line: for lists, quotes and notifications.
pub(crate) fn plain(body: &str) -> String {
    let source = Source::of(body);
    let mut events = ChatEvents::new(&source, &[]);
    let mut text = String::with_capacity(body.len());
    for event in &mut events {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(&part),
            Event::InlineHtml(_) => {}
            event if is_inline(&event) => {}
            _ => text.push(' '),
        }
    }
    let shown = match events.visible() {
        true => text.as_str(),
        false => body,
    };
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Markdown in which a program escaped every mark, without the backslashes that would be shown since nothing formats there.
pub(crate) fn without_shown_escapes(escaped: &str) -> String {
    Source::of(escaped).without_shown_escapes()
}

/// The names that the message calls: the database decides which of them are members.
pub(crate) fn mentioned_names(body: &str) -> Vec<String> {
    if !body.contains('@') {
        return Vec::new();
    }
    let source = Source::of(body);
    let mut events = ChatEvents::new(&source, &[]);
    events.by_ref().for_each(drop);
    events.called()
}

fn is_inline(event: &Event) -> bool {
    match event {
        Event::Start(tag) => matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Strikethrough),
        Event::End(tag) => matches!(
            tag,
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link
        ),
        _ => false,
    }
}

static SANITIZER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(HashSet::from([
            "a",
            "bdi",
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
            "table",
            "tbody",
            "td",
            "th",
            "thead",
            "tr",
            "ul",
        ]))
        .add_tag_attributes("a", ["href"])
        .add_tag_attributes("li", ["value"])
        .add_tag_attributes("ol", ["start"])
        .add_tag_attributes("span", ["data-user"])
        .add_allowed_classes("span", ["mention", "spaces"])
        .add_allowed_classes("td", ["center", "end"])
        .add_allowed_classes("th", ["center", "end"])
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank");
    builder
});
