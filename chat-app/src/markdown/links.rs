//! Finds addresses in text, and says where they lead. Pure.

use std::net::Ipv6Addr;
use std::ops::Range;

use linkify::{LinkFinder, LinkKind};
use url::{Host, Url};

use crate::domain::is_invisible;

/// An address in a text that nobody marked as a link.
pub(super) struct Address {
    pub(super) range: Range<usize>,
    /// Where it leads.
    pub(super) href: String,
}

/// The web and mail addresses in a text, from its start to its end.
pub(super) fn find(text: &str) -> Vec<Address> {
    if !text.contains("://") && !text.contains("www.") && !text.contains('@') {
        return Vec::new();
    }
    let masked = mask_ipv6(text);
    let text_to_scan = masked.as_deref().unwrap_or(text);
    let mut found: Vec<Address> = Vec::new();
    for link in finder().links(text_to_scan) {
        let after = found.last().map_or(0, |address| address.range.end);
        if link.start() < after {
            continue;
        }
        let end = end_of(text, link.start()..link.end(), link.kind());
        let written = &text[link.start()..end];
        if let Some(href) = href(written, link.kind()) {
            let range = link.start()..end;
            found.push(Address { range, href });
        }
    }
    found
}

/// The address of a link that a person marked, if it is one that pages may lead to.
pub(super) fn checked(address: &str) -> Option<String> {
    match find(address).as_slice() {
        [whole] if whole.range == (0..address.len()) => return Some(whole.href.clone()),
        _ => {}
    }
    let url = Url::parse(address).ok()?;
    matches!(url.scheme(), "http" | "https" | "mailto").then(|| address.to_owned())
}

/// Where a link leads, if its text names another place.
pub(super) fn misleading(label: &str, href: &str) -> Option<String> {
    let real = host(href)?;
    let label = label.trim();
    let named = finder().links(label).next()?;
    // A sentence may mention a file or another site; a text that is an address promises one.
    if named.start() > 0 || *named.kind() == LinkKind::Email {
        return None;
    }
    let named = named.as_str();
    let shown = host(named).or_else(|| host(&format!("https://{named}")))?;
    (shown != real).then_some(real)
}

fn host(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?;
    Some(host.strip_prefix("www.").unwrap_or(host).to_owned())
}

fn finder() -> LinkFinder {
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    finder
}

fn href(written: &str, kind: &LinkKind) -> Option<String> {
    let whole = match kind {
        LinkKind::Email => format!("mailto:{written}"),
        _ if starts_with_www(written) => format!("https://{written}"),
        _ => written.to_owned(),
    };
    let url = Url::parse(&whole).ok()?;
    let known = match kind {
        LinkKind::Email => true,
        _ => {
            matches!(url.scheme(), "http" | "https")
                && matches!(url.host(), Some(host) if is_place(&host))
        }
    };
    known.then_some(whole)
}

fn is_place(host: &Host<&str>) -> bool {
    !matches!(host, Host::Domain(""))
}

fn starts_with_www(written: &str) -> bool {
    written
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("www."))
}

/// The end of an address: before what belongs to the sentence in another script, after asterisks and a fragment, which
/// linkify leaves out.
fn end_of(text: &str, range: Range<usize>, kind: &LinkKind) -> usize {
    let written = &text[range.clone()];
    let foreign = |c: char| is_sentence_mark(c) || is_invisible(c);
    if let Some(at) = written.find(foreign) {
        return range.start + at;
    }
    if *kind == LinkKind::Email {
        return range.end;
    }
    let rest = &text[range.end..];
    if rest.starts_with('#') && !written.contains('#') {
        let stop = |c: char| c.is_whitespace() || "<>\"`|".contains(c) || foreign(c);
        let fragment = &rest[..rest.find(stop).unwrap_or(rest.len())];
        return range.end
            + fragment
                .trim_end_matches(".,;:!?)]}'#".chars().collect::<Vec<_>>().as_slice())
                .len();
    }
    let stars = rest.len() - rest.trim_start_matches('*').len();
    range.end + stars
}

/// Punctuation that is no part of an address: of East Asia, and quotation marks.
fn is_sentence_mark(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}'
        | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}' | '“' | '”' | '„' | '«' | '»' | '…' | '؟' | '،')
}

/// The text with a name of the same length in place of each IPv6 address, which linkify does not know.
fn mask_ipv6(text: &str) -> Option<String> {
    let mut masked: Option<String> = None;
    for (at, mark) in text.match_indices("://[") {
        let start = at + mark.len();
        let Some(length) = text[start..].find(']') else {
            continue;
        };
        if text[start..start + length].parse::<Ipv6Addr>().is_ok() {
            masked
                .get_or_insert_with(|| text.to_owned())
                .replace_range(start - 1..=start + length, &"x".repeat(length + 2));
        }
    }
    masked
}
