//! Slack's rich text, which has no marks but styles, as Markdown. Pure.

use serde_json::Value;

use super::blocks::{items, string};
use super::markdown::{code, code_block, guarded, link, paragraphs, push_text, quoted};

/// The elements of a `rich_text` block.
pub(super) fn markdown(elements: &Value) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut in_list = false;
    for element in items(elements) {
        let is_list = string(element, "type") == "rich_text_list";
        let part = block(element);
        match parts.last_mut() {
            // The levels of a list come one by one.
            Some(last) if is_list && in_list => *last = format!("{last}\n{part}"),
            _ => parts.push(part),
        }
        in_list = is_list;
    }
    paragraphs(parts)
}

fn block(element: &Value) -> String {
    match string(element, "type") {
        "rich_text_list" => list(element),
        "rich_text_preformatted" => code_block(&raw(element)),
        "rich_text_quote" => quoted(&section(element)),
        _ => section(element),
    }
}

fn list(list: &Value) -> String {
    let level = list["indent"].as_u64().unwrap_or(0).min(8) as usize;
    let mark = match string(list, "style") {
        "ordered" => "1.",
        _ => "-",
    };
    let indent = " ".repeat(4 * level);
    let entries = items(&list["elements"])
        .iter()
        .map(|entry| format!("{indent}{mark} {}", section(entry).replace('\n', " ")));
    entries.collect::<Vec<_>>().join("\n")
}

fn section(section: &Value) -> String {
    let text: String = items(&section["elements"]).iter().map(inline).collect();
    let lines: Vec<String> = text.lines().map(guarded).collect();
    lines.join("\n")
}

/// What an inline element says, without its style.
fn said(element: &Value) -> String {
    match string(element, "type") {
        "text" => string(element, "text").to_owned(),
        "emoji" => format!(":{}:", string(element, "name")),
        "user" => format!("@{}", string(element, "user_id")),
        "usergroup" => format!("@{}", string(element, "usergroup_id")),
        "channel" => format!("#{}", string(element, "channel_id")),
        "broadcast" => format!("@{}", string(element, "range")),
        "color" => string(element, "value").to_owned(),
        "link" => match string(element, "text") {
            "" => string(element, "url").to_owned(),
            text => text.to_owned(),
        },
        _ => match string(element, "fallback") {
            "" => string(element, "text").to_owned(),
            fallback => fallback.to_owned(),
        },
    }
}

fn raw(section: &Value) -> String {
    items(&section["elements"]).iter().map(said).collect()
}

fn inline(element: &Value) -> String {
    let said = said(element);
    if string(element, "type") == "link" {
        return link(string(element, "url"), string(element, "text"));
    }
    let inner = said.trim();
    let style = |name: &str| element["style"][name] == Value::Bool(true);
    if inner.is_empty() || !["bold", "italic", "strike", "code"].into_iter().any(style) {
        let mut text = String::new();
        push_text(&mut text, &said);
        return text;
    }
    let mut text = match style("code") {
        true => code(inner),
        false => {
            let mut text = String::new();
            push_text(&mut text, inner);
            text
        }
    };
    for (name, mark) in [("italic", "*"), ("bold", "**"), ("strike", "~~")] {
        if style(name) {
            text = format!("{mark}{text}{mark}");
        }
    }
    // Marks stand at the edges of words.
    let (before, after) = (
        &said[..said.len() - said.trim_start().len()],
        &said[said.trim_end().len()..],
    );
    format!("{before}{text}{after}")
}
