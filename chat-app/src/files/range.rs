//! The `Range` header (RFC 9110, section 14). Pure.

use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ByteRange {
    Whole,
    Of(Range<u64>),
    /// The range is outside the file.
    Unsatisfiable,
}

/// The part of a file of `length` bytes that the header requests. Anything but one well-formed range of bytes is ignored,
/// as servers may.
pub fn requested(header: Option<&str>, length: u64) -> ByteRange {
    match header.and_then(|header| parse(header, length)) {
        None => ByteRange::Whole,
        Some(range) if range.is_empty() => ByteRange::Unsatisfiable,
        Some(range) => ByteRange::Of(range),
    }
}

/// The requested range; empty if it is outside the file.
fn parse(header: &str, length: u64) -> Option<Range<u64>> {
    let (first, last) = header.strip_prefix("bytes=")?.trim().split_once('-')?;
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| !text.starts_with('+'));
    match (first, last) {
        ("", suffix) => Some(length.saturating_sub(number(suffix)?)..length),
        (first, "") => Some(number(first)?..length),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| first..last.saturating_add(1).min(length))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_within_the_file() {
        for (header, expected) in [
            ("bytes=0-0", ByteRange::Of(0..1)),
            ("bytes=2-", ByteRange::Of(2..10)),
            ("bytes=-3", ByteRange::Of(7..10)),
            ("bytes=-99", ByteRange::Of(0..10)),
            ("bytes=5-18446744073709551615", ByteRange::Of(5..10)),
            ("bytes=10-", ByteRange::Unsatisfiable),
            ("bytes=10-12", ByteRange::Unsatisfiable),
            ("bytes=-0", ByteRange::Unsatisfiable),
        ] {
            assert_eq!(requested(Some(header), 10), expected, "{header}");
        }
    }

    #[test]
    fn an_unsupported_range_is_ignored() {
        for header in [
            "bytes=3-2",
            "bytes=a-",
            "bytes=0-1,3-4",
            "lines=0-1",
            "bytes=-",
            "bytes=+1-2",
        ] {
            assert_eq!(requested(Some(header), 10), ByteRange::Whole, "{header}");
        }
        assert_eq!(requested(None, 10), ByteRange::Whole);
    }
}
