//! Detects the media type of a file by its contents; the type that the browser sends is ignored. Pure.

use crate::config::MediaRange;

/// The bytes needed to detect a type: office documents need most.
pub const HEAD: usize = 8 * 1024;

pub const UNKNOWN: &str = "application/octet-stream";

/// The media type of a file with this beginning.
pub fn media_type(head: &[u8]) -> &'static str {
    if is_svg(head) {
        return "image/svg+xml";
    }
    match infer::get(head) {
        Some(found) => found.mime_type(),
        None if is_text(head) => "text/plain",
        None => UNKNOWN,
    }
}

/// An SVG may start with a declaration and comments.
fn is_svg(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&head[..head.len().min(1024)]);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.starts_with('<') && text.to_ascii_lowercase().contains("<svg")
}

/// UTF-8 without control characters; the last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            let (valid, _) = head.split_at(error.valid_up_to());
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !valid.is_empty() && !valid.contains(|c: char| c.is_control() && !"\n\r\t\u{c}".contains(c))
}

/// Whether it may be attached.
pub fn is_allowed(media_type: &str, types: &[MediaRange]) -> bool {
    types.iter().any(|range| range.contains(media_type))
}

/// The images that pages show. All other files are only offered for download.
pub fn is_shown(media_type: &str) -> bool {
    matches!(
        media_type,
        "image/png" | "image/jpeg" | "image/gif" | "image/webp"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contents_decide_the_type() {
        for (head, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"GIF89a", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"%PDF-1.7", "application/pdf"),
            (b"<!DOCTYPE html><script>", "text/html"),
            (
                b"<?xml version='1.0'?><!-- x --><svg onload='x'>",
                "image/svg+xml",
            ),
            (b"\xef\xbb\xbf <SVG>", "image/svg+xml"),
            (b"caf\xc3\xa9, caf\xc3", "text/plain"),
            (b"\0\x01\x02", UNKNOWN),
            (b"", UNKNOWN),
        ] {
            assert_eq!(
                media_type(head),
                expected,
                "{}",
                String::from_utf8_lossy(head)
            );
        }
    }

    #[test]
    fn only_listed_types_may_be_attached() {
        let types = ["image/*".parse().unwrap(), "text/plain".parse().unwrap()];
        assert!(is_allowed("image/png", &types));
        assert!(is_allowed("text/plain", &types));
        assert!(!is_allowed("text/html", &types));
    }

    #[test]
    fn an_svg_is_never_shown() {
        assert!(is_shown("image/png"));
        assert!(!is_shown("image/svg+xml"));
    }
}
