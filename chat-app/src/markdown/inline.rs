//! Within a line: which marks format, and which are shown as they were typed. Pure.

use std::collections::VecDeque;

use super::boundary::{Sides, is_word};
use super::links::Address;
use super::source::Writer;

/// Marks that format what is between two of them.
const PAIRED: [char; 3] = ['*', '_', '~'];
const SPECIAL: [char; 8] = ['*', '_', '~', '\\', '`', '<', '&', ']'];

/// The state that carries over from line to line.
#[derive(Default)]
pub(super) struct Inline {
    /// Not written yet.
    addresses: VecDeque<Address>,
    /// Where the last one ended.
    address_end: usize,
    /// How many runs of each of [`PAIRED`] wait for their partner.
    open: [usize; PAIRED.len()],
    /// Whether a backslash keeps one from being an opening mark.
    escaped: [bool; PAIRED.len()],
}

/// The part of a line that is being written, and the mark in it.
#[derive(Clone, Copy)]
struct Spot<'a> {
    body: &'a str,
    start: usize,
    at: usize,
    end: usize,
}

impl<'a> Spot<'a> {
    fn before(self) -> &'a str {
        &self.body[self.start..self.at]
    }

    /// From the mark on.
    fn rest(self) -> &'a str {
        &self.body[self.at..self.end]
    }

    /// What is beside the `length` bytes from the mark on.
    fn sides(self, length: usize) -> Sides {
        Sides {
            before: self.before().chars().next_back(),
            after: self.rest()[length..].chars().next(),
        }
    }
}

impl Inline {
    pub(super) fn new(addresses: Vec<Address>) -> Self {
        Self {
            addresses: addresses.into(),
            ..Self::default()
        }
    }

    pub(super) fn end_paragraph(&mut self) {
        self.open = Default::default();
        self.escaped = Default::default();
    }

    pub(super) fn write(&mut self, out: &mut Writer<'_>, start: usize, end: usize) {
        let body = out.body();
        let mut at = start;
        while at < end {
            while self
                .addresses
                .front()
                .is_some_and(|address| address.range.start < at)
            {
                self.addresses.pop_front();
            }
            let address = self.addresses.front().map(|address| address.range.start);
            let limit = address.map_or(end, |start| start.min(end));
            let next = body[at..limit]
                .find(SPECIAL)
                .map_or(limit, |next| at + next);
            out.plain(at, next);
            let spot = Spot {
                body,
                start,
                at: next,
                end,
            };
            at = match () {
                () if next == end => end,
                () if address == Some(next) => self.address(out, spot),
                () => self.mark(out, spot),
            };
        }
    }

    /// Writes the next address, without the marks behind it that end a format from before it.
    fn address(&mut self, out: &mut Writer<'_>, spot: Spot<'_>) -> usize {
        let Some(Address { range, mut href }) = self.addresses.pop_front() else {
            return spot.end;
        };
        let mut end = range.end.min(spot.end);
        while let Some(last) = spot.body[range.start..end].chars().next_back()
            && PAIRED
                .iter()
                .position(|mark| *mark == last)
                .is_some_and(|mark| self.open[mark] > 0)
        {
            end -= 1;
        }
        href.truncate(href.len() - (range.end - end));
        out.link(&out.body()[range.start..end], href);
        self.address_end = end;
        end
    }

    /// Writes the mark, and what belongs to it.
    fn mark(&mut self, out: &mut Writer<'_>, spot: Spot<'_>) -> usize {
        let rest = spot.rest();
        let mut chars = rest.chars();
        let (mark, next) = (chars.next(), chars.next());
        let (length, kept) = match mark {
            Some('\\') => self.backslash(spot),
            Some('`') => (code(rest), false),
            Some('<') if self.is_autolink(spot) => (rest.find('>').map_or(1, |end| end + 1), false),
            // Not HTML, whatever follows.
            Some('<') => (
                1,
                next.is_some_and(|c| c.is_ascii_alphabetic() || "/!?".contains(c)),
            ),
            Some('&') => (1, is_entity(rest)),
            // Not the definition of a reference, which would vanish.
            Some(']') if next == Some(':') => (2, true),
            Some(mark @ ('*' | '_' | '~')) => self.run(mark, spot),
            _ => (1, false),
        };
        match kept {
            true => out.piece(&out.body()[spot.at..spot.at + length]),
            false => out.plain(spot.at, spot.at + length),
        }
        spot.at + length
    }

    /// The length of a run of marks, and whether it is shown as it was typed.
    fn run(&mut self, mark: char, spot: Spot<'_>) -> (usize, bool) {
        let rest = spot.rest();
        let length = rest.len() - rest.trim_start_matches(mark).len();
        let mut sides = spot.sides(length);
        if spot.at == self.address_end {
            // Whatever an address ends with, it is one word.
            sides.before = sides.before.map(|_| 'a');
        }
        if mark == '_' && sides.inside() {
            return (length, true);
        }
        if let Some(name) =
            surrounded_name(rest).filter(|_| mark == '_' && !sides.before.is_some_and(is_word))
        {
            return (name.len(), true);
        }
        let open = &mut self.open[index(mark)];
        if *open > 0 && (sides.closes() || sides.inside()) {
            *open -= 1;
            return (length, false);
        }
        *open += usize::from(sides.opens());
        (length, !sides.opens())
    }

    /// A backslash stays unless it stands before a mark that would otherwise format.
    fn backslash(&mut self, spot: Spot<'_>) -> (usize, bool) {
        let Some(mark) = spot.rest()[1..].chars().next() else {
            return (1, true);
        };
        if !mark.is_ascii_punctuation() {
            return (1, false);
        }
        let (before, after) = (spot.before(), &spot.rest()[2..]);
        let at_start = before.is_empty() && (after.is_empty() || after.starts_with(' '));
        let formats = match mark {
            '*' if at_start => true,
            '*' | '_' | '-' | '~' if before.is_empty() && is_line_of(mark, after) => true,
            '*' | '_' | '~' => self.escapes(mark, spot),
            '`' => before.contains('`') || after.contains('`'),
            '[' => after.contains("](") || after.contains("\\]("),
            ']' => before.contains('[') && (after.starts_with('(') || after.contains("](")),
            '!' => after.starts_with('[') && after.contains("]("),
            '#' => before.is_empty() && after.trim_start_matches('#').starts_with(' '),
            '>' => before.is_empty(),
            '-' | '+' => at_start,
            '.' | ')' => {
                let number = !before.is_empty() && before.bytes().all(|b| b.is_ascii_digit());
                number && after.starts_with(' ')
            }
            '|' => before.starts_with('|'),
            _ => false,
        };
        (2, !formats)
    }

    /// Whether a backslash before a paired mark is an escape: without it, this one and another would format.
    fn escapes(&mut self, mark: char, spot: Spot<'_>) -> bool {
        let sides = spot.sides(2);
        let escaped = &mut self.escaped[index(mark)];
        let closes = sides.closes() || sides.inside();
        if (*escaped || self.open[index(mark)] > 0) && closes {
            return true;
        }
        let later = |(at, _): (usize, &str)| {
            let at = spot.at + 2 + at;
            let later = Spot { at, ..spot };
            let before = later.before();
            let sides = Sides {
                // It may be escaped too.
                before: before
                    .strip_suffix('\\')
                    .unwrap_or(before)
                    .chars()
                    .next_back(),
                ..later.sides(1)
            };
            sides.closes()
        };
        let opens =
            sides.escapes() && sides.opens() && spot.rest()[2..].match_indices(mark).any(later);
        *escaped |= opens;
        opens
    }

    /// Whether `<` begins `<https://…>` or `<name@host>`.
    fn is_autolink(&self, spot: Spot<'_>) -> bool {
        self.addresses.front().is_some_and(|address| {
            address.range.start == spot.at + 1
                && spot.body[address.range.end..].starts_with('>')
                && (address.href.starts_with("mailto:")
                    || spot.body[address.range.clone()].contains("://"))
        })
    }
}

/// Whether a line is made of this mark alone, which is a rule or begins a block of code. More of them may be escaped.
fn is_line_of(mark: char, after: &str) -> bool {
    after.matches(mark).count() > 1
        && after
            .chars()
            .all(|c| c == mark || c == '\\' || c.is_whitespace())
}

fn index(mark: char) -> usize {
    PAIRED
        .iter()
        .position(|paired| *paired == mark)
        .unwrap_or_default()
}

/// The length of a code span; that of its marks if nothing closes it on this line.
fn code(rest: &str) -> usize {
    let text = rest.trim_start_matches('`');
    let marks = rest.len() - text.len();
    let mut at = marks;
    while let Some(next) = rest[at..].find('`') {
        let run = &rest[at + next..];
        let length = run.len() - run.trim_start_matches('`').len();
        at += next + length;
        if length == marks {
            return at;
        }
    }
    marks
}

/// Such as `&amp;`, which would be shown as `&`.
fn is_entity(rest: &str) -> bool {
    let name = rest[1..].split(';').next().unwrap_or_default();
    rest[1..].len() > name.len()
        && !name.is_empty()
        && name.len() <= 32
        && name
            .trim_start_matches('#')
            .bytes()
            .all(|b| b.is_ascii_alphanumeric())
}

/// An identifier between underscores, such as `__init__` or `_private_name_`.
fn surrounded_name(rest: &str) -> Option<&str> {
    let end = rest
        .find(|c: char| !is_word(c) && c != '_')
        .unwrap_or(rest.len());
    let name = &rest[..end];
    let inner = name.trim_matches('_');
    let dunder = name.starts_with("__") && name.ends_with("__");
    (!inner.is_empty() && (dunder || name.ends_with('_') && inner.contains('_'))).then_some(name)
}
