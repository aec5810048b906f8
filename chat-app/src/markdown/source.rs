//! body → source → pulldown-cmark: what is to be shown as it was typed, out of the parser's sight. Pure.
//!
//! CommonMark gives a meaning to many a character that a person typed as itself: an underscore in an address, a backslash in
//! a path, an asterisk between factors. Each such piece becomes one placeholder, which the parser takes for a letter; the
//! events get the piece back, in code too. So one thing decides what formats, and nothing that was typed is lost.

use std::borrow::Cow;

use super::blocks::{block_lead, closing_hashes, fence, lone_number, marker};
use super::inline::Inline;
use super::links;

/// Placeholders: private use, which no font and no keyboard has. A message with one of them is parsed as it is.
const FIRST: u32 = 0x10_0000;
const LAST: u32 = 0x10_fffd;

/// A message for the parser.
pub(super) struct Source<'a> {
    pub(super) text: Cow<'a, str>,
    pieces: Vec<Piece<'a>>,
}

pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// Where it leads, for an address.
    pub(super) href: Option<String>,
}

impl Piece<'_> {
    fn push_unescaped(&self, body: &mut String) {
        if self.href.is_none() && !self.text.starts_with('\\') {
            return body.push_str(self.text);
        }
        let mut chars = self.text.chars();
        while let Some(c) = chars.next() {
            let escaped = chars.as_str().chars().next();
            match escaped.filter(|next| c == '\\' && next.is_ascii_punctuation()) {
                Some(next) => {
                    chars.next();
                    body.push(next);
                }
                None => body.push(c),
            }
        }
    }
}

impl<'a> Source<'a> {
    pub(super) fn of(body: &'a str) -> Self {
        let untouched = |c: char| c.is_ascii_alphanumeric() || " .,!?'\"()/".contains(c);
        let plain = !body.starts_with(' ')
            && !body.contains("www.")
            && !body.starts_with(|c: char| c.is_ascii_digit())
            && body.chars().all(untouched);
        match plain || has_placeholder(body) {
            true => Self {
                text: Cow::Borrowed(body),
                pieces: Vec::new(),
            },
            false => Writer::new(body).write(),
        }
    }

    /// The piece behind a placeholder.
    pub(super) fn piece(&self, c: char) -> Option<&Piece<'a>> {
        let index = (c as u32).checked_sub(FIRST)?;
        self.pieces.get(index as usize)
    }

    /// The message without the escapes that are shown with their backslash, also in addresses.
    pub(super) fn without_shown_escapes(&self) -> String {
        let mut body = String::with_capacity(self.text.len());
        for c in self.text.chars() {
            match self.piece(c) {
                Some(piece) => piece.push_unescaped(&mut body),
                None => body.push(c),
            }
        }
        body
    }

    /// A part of the source as it was typed.
    pub(super) fn typed<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !has_placeholder(text) {
            return Cow::Borrowed(text);
        }
        let mut typed = String::with_capacity(text.len() * 2);
        for c in text.chars() {
            match self.piece(c) {
                Some(piece) => typed.push_str(piece.text),
                None => typed.push(c),
            }
        }
        Cow::Owned(typed)
    }
}

fn is_placeholder(c: char) -> bool {
    (FIRST..=LAST).contains(&(c as u32))
}

/// Whether a text may have some: their first byte begins no other character that is assigned.
pub(super) fn has_placeholder(text: &str) -> bool {
    text.as_bytes().contains(&0xf4)
}

/// What kind of line was before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Blank,
    Quote,
    /// Part of a list, or indented below one.
    List,
    Text,
}

/// Writes the source, line by line.
pub(super) struct Writer<'a> {
    body: &'a str,
    out: String,
    pieces: Vec<Piece<'a>>,
    /// The fence that closes the code block.
    fence: Option<&'a str>,
    before: Before,
    /// The only line that begins with a number and a dot, unless the number is 1.
    lone_number: Option<usize>,
    inline: Inline,
}

impl<'a> Writer<'a> {
    fn new(body: &'a str) -> Self {
        Self {
            body,
            out: String::with_capacity(body.len() + body.len() / 4),
            pieces: Vec::new(),
            fence: None,
            before: Before::Blank,
            lone_number: lone_number(body),
            inline: Inline::new(links::find(body)),
        }
    }

    fn write(mut self) -> Source<'a> {
        let mut start = 0;
        for line in self.body.split_inclusive('\n') {
            let text = line.strip_suffix('\n').unwrap_or(line);
            self.line(start, text);
            if text.len() < line.len() {
                self.out.push('\n');
            }
            start += line.len();
        }
        Source {
            text: Cow::Owned(self.out),
            pieces: self.pieces,
        }
    }

    fn line(&mut self, start: usize, line: &'a str) {
        if let Some(fence) = self.fence {
            if line.trim_start().starts_with(fence)
                && line.trim().chars().all(|c| fence.starts_with(c))
            {
                self.fence = None;
                self.before = Before::Blank;
            }
            return self.out.push_str(line);
        }
        let content = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - content.len();
        if content.is_empty() {
            self.before = match self.before {
                Before::List => Before::List,
                _ => Before::Blank,
            };
            self.inline.end_paragraph();
            return self.out.push_str(line);
        }
        let quote = content.starts_with('>');
        // An answer right below a quote is no part of it.
        if self.before == Before::Quote && !quote {
            self.out.push('\n');
            self.before = Before::Blank;
        }
        self.fence = fence(content);
        let list = marker(content);
        let in_list = list.is_some() || self.before == Before::List && indent > 0;
        if self.is_underline(content) {
            self.piece(line);
        } else if self.fence.is_some() {
            self.out.push_str(line);
        } else {
            self.indent(&line[..indent], content, in_list);
            self.content(start + indent, content);
        }
        self.before = match () {
            () if quote => Before::Quote,
            () if in_list => Before::List,
            () => Before::Text,
        };
    }

    fn content(&mut self, start: usize, content: &'a str) {
        let lead = block_lead(content);
        match self.lone_number == Some(start) {
            true => self.piece(&content[..lead]),
            false => self.out.push_str(&content[..lead]),
        }
        let end = content.len() - closing_hashes(content).map_or(0, str::len);
        self.inline(start + lead, start + end);
        self.piece(&content[end..]);
    }

    /// Spaces before a line stay, where they have no meaning for the parser.
    fn indent(&mut self, spaces: &'a str, content: &str, in_list: bool) {
        let block = in_list || content.starts_with(['>', '#', '|']);
        let code = self.before == Before::Blank && (spaces.len() > 3 || spaces.contains('\t'));
        match block || code {
            true => self.out.push_str(spaces),
            false => self.piece(spaces),
        }
    }

    /// Dashes or equals signs below a line would make it a heading, and vanish.
    fn is_underline(&self, content: &str) -> bool {
        let content = content.trim_end();
        self.before == Before::Text
            && (content.bytes().all(|b| b == b'=') || content.bytes().all(|b| b == b'-'))
    }

    fn inline(&mut self, start: usize, end: usize) {
        let mut inline = std::mem::take(&mut self.inline);
        inline.write(self, start, end);
        self.inline = inline;
    }

    pub(super) fn body(&self) -> &'a str {
        self.body
    }

    /// Leaves a part to the parser.
    pub(super) fn plain(&mut self, start: usize, end: usize) {
        self.out.push_str(&self.body[start..end]);
    }

    /// Shows a text as it was typed.
    pub(super) fn piece(&mut self, text: &'a str) {
        self.shown(text, None);
    }

    /// Shows a text as it was typed, as a link.
    pub(super) fn link(&mut self, text: &'a str, href: String) {
        self.shown(text, Some(href));
    }

    fn shown(&mut self, text: &'a str, href: Option<String>) {
        let placeholder = char::from_u32(FIRST + self.pieces.len() as u32);
        match placeholder.filter(|&c| is_placeholder(c)) {
            _ if text.is_empty() => {}
            Some(placeholder) => {
                self.out.push(placeholder);
                self.pieces.push(Piece { text, href });
            }
            None => self.out.push_str(text),
        }
    }
}
