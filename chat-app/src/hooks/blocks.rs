//! Slack's Block Kit as Markdown. Pure.
//!
//! Payloads are read leniently: what is missing or has another type is left out. Of a block that is not known, its texts are
//! shown.

use serde_json::Value;

use super::markdown::{bold, escaped, escaped_line, link, one_line, paragraphs};
use super::{mrkdwn, rich_text};

pub(super) fn blocks(blocks: &Value) -> String {
    paragraphs(items(blocks).iter().map(block))
}

fn block(block: &Value) -> String {
    match string(block, "type") {
        "header" => bold(&escaped_line(&raw(&block["text"]))),
        "section" => section(block),
        "context" => spaced(&block["elements"], " ", context_element),
        "divider" => "---".to_owned(),
        "image" => image(block),
        "actions" => spaced(&block["elements"], " · ", element),
        "rich_text" => rich_text::markdown(&block["elements"]),
        // Slack's block of Markdown as CommonMark has it.
        "markdown" => string(block, "text").to_owned(),
        _ => fallback(block),
    }
}

fn section(block: &Value) -> String {
    let mut parts = vec![text(&block["text"])];
    parts.extend(items(&block["fields"]).iter().map(text));
    let accessory = &block["accessory"];
    parts.push(match string(accessory, "type") {
        "" => String::new(),
        "image" => image(accessory),
        _ => element(accessory),
    });
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn context_element(value: &Value) -> String {
    match string(value, "type") {
        // An icon: its text says what it shows.
        "image" => escaped_line(string(value, "alt_text")),
        _ => text(value),
    }
}

/// Browsers load no pictures of other sites, so a picture is a link.
pub(super) fn image(image: &Value) -> String {
    let title = match &image["title"] {
        Value::Null => string(image, "alt_text").to_owned(),
        title => raw(title),
    };
    let of_file = string(&image["slack_file"], "url");
    let address = [string(image, "image_url"), of_file];
    match address.iter().find(|address| !address.is_empty()) {
        Some(address) => link(address, &title),
        None => escaped(&title),
    }
}

/// An interactive element: a link if it has an address, otherwise its texts.
pub(super) fn element(element: &Value) -> String {
    let options = items(&element["options"]).iter();
    let linked = |value: &Value| match string(value, "url") {
        "" => None,
        address => Some(link(address, &raw(&value["text"]))),
    };
    let mut links: Vec<String> = linked(element).into_iter().collect();
    links.extend(options.filter_map(linked));
    match links.is_empty() {
        true => fallback(element),
        false => links.join(" · "),
    }
}

/// A text object, or a plain string.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => mrkdwn::markdown(text),
        _ if string(value, "type") == "plain_text" => mrkdwn::plain(string(value, "text")),
        _ if string(value, "type") == "mrkdwn" => mrkdwn::markdown(string(value, "text")),
        _ => fallback(value),
    }
}

/// The text of a text object or a string, without marks.
fn raw(value: &Value) -> String {
    let text = value.as_str().unwrap_or_else(|| string(value, "text"));
    one_line(&mrkdwn::decoded(text))
}

/// All texts within something unknown; its type if there are none.
fn fallback(value: &Value) -> String {
    let mut texts = Vec::new();
    collect(value, &mut texts);
    match (texts.is_empty(), string(value, "type")) {
        (true, "") => String::new(),
        (true, kind) => escaped_line(&format!("[{kind}]")),
        _ => texts.join("\n"),
    }
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    const TEXTS: [&str; 6] = [
        "title",
        "text",
        "label",
        "description",
        "alt_text",
        "fallback",
    ];
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if TEXTS.contains(&name.as_str()) && !text.is_empty() => {
                        texts.push(mrkdwn::markdown(text));
                    }
                    field => collect(field, texts),
                }
            }
        }
        _ => {}
    }
}

fn spaced(values: &Value, between: &str, render: fn(&Value) -> String) -> String {
    let parts: Vec<String> = items(values).iter().map(render).collect();
    parts.join(between)
}

pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The text of this field; empty if it is something else.
pub(super) fn string<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
