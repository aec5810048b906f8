//! Finds elements in HTML that is well formed: what the chat-app renders and what a browser writes out. No I/O.

use std::collections::BTreeMap;

/// Elements that have no end tag.
const VOID: [&str; 8] = ["area", "br", "hr", "img", "input", "link", "meta", "source"];

/// One element with its attributes and what it holds.
#[derive(Debug, Clone)]
pub struct Element {
    attributes: BTreeMap<String, String>,
    inner: String,
}

impl Element {
    /// The value of an attribute; empty for one without a value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// The HTML between its tags.
    pub fn inner(&self) -> &str {
        &self.inner
    }

    /// Its text, as a person reads it, without space around it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut rest = self.inner.as_str();
        while let Some(start) = rest.find('<') {
            text.push_str(&rest[..start]);
            rest = rest[start..]
                .find('>')
                .map_or("", |end| &rest[start + end + 1..]);
        }
        text.push_str(rest);
        unescape(&text).trim().to_owned()
    }
}

/// All elements, nested ones too, for which `wanted` says yes to tag name and attributes; in the page's order. What a `template`
/// holds is not on the page.
pub fn elements(
    html: &str,
    wanted: impl Fn(&str, &BTreeMap<String, String>) -> bool,
) -> Vec<Element> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(tag) = next_tag(html, at) {
        at = tag.end;
        if tag.name == "template" && !tag.closing {
            at = closing_tag(html, &tag);
            continue;
        }
        if tag.closing || !wanted(tag.name, &tag.attributes) {
            continue;
        }
        let inner = html[tag.end..closing_tag(html, &tag)].to_owned();
        found.push(Element {
            attributes: tag.attributes,
            inner,
        });
    }
    found
}

/// The elements that carry this `data-testid`.
pub fn by_testid(html: &str, testid: &str) -> Vec<Element> {
    elements(html, |_, attributes| {
        attributes.get("data-testid").is_some_and(|id| id == testid)
    })
}

/// The elements whose `class` has this one in it.
pub fn by_class(html: &str, class: &str) -> Vec<Element> {
    elements(html, |_, attributes| {
        attributes
            .get("class")
            .is_some_and(|all| all.split_whitespace().any(|one| one == class))
    })
}

struct Tag<'a> {
    name: &'a str,
    closing: bool,
    attributes: BTreeMap<String, String>,
    /// The byte after its `>`.
    end: usize,
}

/// The first tag at or after `from`; comments and the doctype are passed over.
fn next_tag(html: &str, from: usize) -> Option<Tag<'_>> {
    let mut start = from + html[from..].find('<')?;
    while html[start..].starts_with("<!") {
        let skip = if html[start..].starts_with("<!--") {
            "-->"
        } else {
            ">"
        };
        start += html[start..].find(skip)?;
        start += html[start..].find('<')?;
    }
    let closing = html[start + 1..].starts_with('/');
    let rest = &html[start + 1 + usize::from(closing)..];
    let name_end = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
    let (attributes, left) = attributes(&rest[name_end..])?;
    Some(Tag {
        name: &rest[..name_end],
        closing,
        attributes,
        end: html.len() - left.len(),
    })
}

/// Reads ` a="1" b>` and returns what comes after the `>`.
fn attributes(mut rest: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut attributes = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return Some((attributes, after));
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/'))?;
        let name = rest[..end].to_owned();
        rest = &rest[end..];
        let mut value = "";
        if let Some(quoted) = rest.strip_prefix("=\"") {
            (value, rest) = quoted.split_once('"')?;
        }
        attributes.insert(name, unescape(value));
    }
}

/// Where the end tag that belongs to `tag` starts; the end of the page if there is none.
fn closing_tag(html: &str, tag: &Tag<'_>) -> usize {
    if VOID.contains(&tag.name) {
        return tag.end;
    }
    let mut depth = 1;
    let mut at = tag.end;
    while let Some(next) = next_tag(html, at) {
        if next.name == tag.name {
            depth = if next.closing { depth - 1 } else { depth + 1 };
        }
        if depth == 0 {
            return next.end - next.name.len() - "</>".len();
        }
        at = next.end;
    }
    html.len()
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!DOCTYPE html><html data-replica="team-app-1"><head><meta charset="utf-8"></head><body>
        <!-- <li data-testid="message">not one</li> -->
        <ul><li data-testid="message" data-seq="1"><span class="body first">a &lt; b &amp;amp; c</span><ul><li>nested</li></ul></li>
        <li data-testid="message" data-seq="2" hidden><input name="user" value="7"/><span class="body">two<br>lines</span></li></ul>
        <template><li data-testid="message"></li></template></body></html>"#;

    #[test]
    fn elements_are_found_with_attributes_and_nested_content() {
        let messages = by_testid(PAGE, "message");
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].attribute("data-seq"), Some("1"));
        assert!(messages[0].inner().ends_with("</ul>"));
        assert_eq!(messages[1].attribute("hidden"), Some(""));
    }

    #[test]
    fn text_is_what_a_person_reads() {
        let bodies = by_class(PAGE, "body");
        assert_eq!(bodies[0].text(), "a < b &amp; c");
        assert_eq!(bodies[1].text(), "twolines");
    }

    #[test]
    fn an_element_without_an_end_tag_holds_nothing() {
        let inputs = elements(PAGE, |tag, _| tag == "input");
        assert_eq!(inputs.len(), 1);
        assert_eq!(inputs[0].attribute("value"), Some("7"));
        assert_eq!(inputs[0].inner(), "");
    }
}
