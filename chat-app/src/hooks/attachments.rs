//! Slack's attachments, the form of messages before blocks that most programs still send, as Markdown. Pure.

use serde_json::Value;
use time::OffsetDateTime;

use super::blocks::{blocks, element, items, string};
use super::markdown::{bold, escaped_line, is_address, link, one_line, paragraphs, quoted};
use super::{mrkdwn, time_of};

pub(super) fn attachment(attachment: &Value) -> String {
    let text = |field| mrkdwn::markdown(string(attachment, field));
    let parts = [
        linked(attachment, "author_name", "author_link", false),
        linked(attachment, "title", "title_link", true),
        text("text"),
        fields(&attachment["fields"]),
        blocks(&attachment["blocks"]),
        image(attachment),
        actions(&attachment["actions"]),
    ];
    let mut said = parts;
    let is_empty = said.iter().all(|part| part.trim().is_empty());
    let pretext = text("pretext");
    if is_empty && pretext.is_empty() {
        said[2] = mrkdwn::markdown(string(attachment, "fallback"));
    }
    let mut content = paragraphs(said.into_iter().chain([footer(attachment)]));
    if let (false, Some(sign)) = (content.is_empty(), color(string(attachment, "color"))) {
        content = format!("{sign} {content}");
    }
    paragraphs([pretext, quoted(&content)])
}

/// A text that may be a link.
fn linked(attachment: &Value, text: &str, address: &str, is_title: bool) -> String {
    let (text, address) = (string(attachment, text), string(attachment, address));
    if text.is_empty() {
        return String::new();
    }
    let shown = match is_address(address) {
        true => link(address, &mrkdwn::decoded(text)),
        false => escaped_line(&mrkdwn::decoded(text)),
    };
    if is_title { bold(&shown) } else { shown }
}

fn fields(fields: &Value) -> String {
    let lines = items(fields).iter().map(|field| {
        let title = escaped_line(&mrkdwn::decoded(string(field, "title")));
        let value = match &field["value"] {
            Value::String(value) => mrkdwn::markdown(value),
            Value::Null => String::new(),
            other => escaped_line(&other.to_string()),
        };
        match (title.as_str(), value.contains('\n')) {
            ("", _) => value,
            (title, true) => format!("{}\n{value}", bold(&format!("{title}:"))),
            (title, false) => format!("{} {value}", bold(&format!("{title}:"))),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn image(attachment: &Value) -> String {
    match string(attachment, "image_url") {
        "" => String::new(),
        address => link(address, ""),
    }
}

fn actions(actions: &Value) -> String {
    let links = items(actions).iter().map(element);
    links.collect::<Vec<_>>().join(" · ")
}

fn footer(attachment: &Value) -> String {
    let mut parts = vec![mrkdwn::markdown(&one_line(string(attachment, "footer")))];
    parts.extend(timestamp(&attachment["ts"]));
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

/// Seconds since 1970, as a number or as text.
fn timestamp(ts: &Value) -> Option<String> {
    let seconds = match ts {
        Value::String(text) => text.parse::<f64>().ok()?,
        ts => ts.as_f64()?,
    };
    let at = OffsetDateTime::from_unix_timestamp(seconds as i64).ok()?;
    (seconds > 0.0).then(|| time_of(at))
}

/// The color of an attachment's edge as a sign, which says whether something is well.
fn color(color: &str) -> Option<&'static str> {
    match color {
        "good" => return Some("🟢"),
        "warning" => return Some("🟡"),
        "danger" => return Some("🔴"),
        _ => {}
    }
    let hex = color.strip_prefix('#').unwrap_or(color);
    let value = u32::from_str_radix(hex, 16)
        .ok()
        .filter(|_| hex.len() == 6)?;
    let [_, red, green, blue] = value.to_be_bytes().map(i32::from);
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    if most - least < 48 {
        return Some(if most < 128 { "⚫" } else { "⚪" });
    }
    // The angle on the wheel of colors.
    let range = most - least;
    let hue = match most {
        _ if most == red => 60 * (green - blue) / range,
        _ if most == green => 120 + 60 * (blue - red) / range,
        _ => 240 + 60 * (red - green) / range,
    };
    Some(match hue.rem_euclid(360) {
        0..20 | 330.. => "🔴",
        20..42 => "🟠",
        42..70 => "🟡",
        70..170 => "🟢",
        170..255 => "🔵",
        _ => "🟣",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_color_is_the_sign_that_looks_like_it() {
        for (name, sign) in [
            ("danger", Some("🔴")),
            ("#D63232", Some("🔴")),
            ("E96D76", Some("🔴")),
            ("#f2c744", Some("🟡")),
            ("#FF7F00", Some("🟠")),
            ("#2eb886", Some("🟢")),
            ("#18be52", Some("🟢")),
            ("#439FE0", Some("🔵")),
            ("#7b2fbe", Some("🟣")),
            ("#dddddd", Some("⚪")),
            ("#24292f", Some("⚫")),
            ("", None),
            ("#12", None),
            ("blue", None),
        ] {
            assert_eq!(color(name), sign, "{name}");
        }
    }
}
