//! Sanitizes file names. Pure.

use crate::domain::is_invisible;

/// The longest name that file systems allow, in bytes.
const LIMIT: usize = 255;

/// The last part of a path, on one line, without characters that are invisible or reverse the text (`exe.gpj`), and at most
/// 255 bytes long, with its extension kept.
pub fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|&c| !is_invisible(c)).collect();
    let words: Vec<&str> = shown.split_whitespace().collect();
    match words.join(" ") {
        name if name.trim_matches('.').is_empty() => "file".into(),
        name => shortened(&name),
    }
}

fn shortened(name: &str) -> String {
    if name.len() <= LIMIT {
        return name.into();
    }
    let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
    let ending = if ending.len() <= 16 { ending } else { "" };
    let mut end = LIMIT - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_last_part_of_a_path_on_one_line() {
        for (name, expected) in [
            ("photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\ada\\cv.pdf", "cv.pdf"),
            ("a\r\nSet-Cookie: b\0.txt", "aSet-Cookie: b.txt"),
            ("  two   words ", "two words"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("ملف.pdf", "ملف.pdf"),
        ] {
            assert_eq!(clean(name), expected);
        }
        for name in ["", "..", "/", "a/", "\u{202e}", " . "] {
            assert_eq!(clean(name), "file", "{name:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = clean(&format!("{}.jpeg", "ä".repeat(300)));
        assert!(
            name.len() <= 255 && name.ends_with("ä.jpeg"),
            "{}",
            name.len()
        );
        assert!(clean(&format!("a.{}", "x".repeat(300))).len() <= 255);
    }
}
