//! source → pulldown-cmark → events: the parser's events, changed for a chat. Pure.

mod links;
mod tables;
mod words;

use std::collections::{BTreeSet, VecDeque};
use std::iter::Peekable;
use std::ops::Range;

use pulldown_cmark::{
    CodeBlockKind, Event, LinkType, OffsetIter, Options, Parser, Tag, TagEnd, TextMergeWithOffset,
};

use self::links::Link;
use self::tables::Table;
use super::source::{Source, has_placeholder};
use crate::domain::Mention;

const OPTIONS: Options = Options::ENABLE_STRIKETHROUGH
    .union(Options::ENABLE_TABLES)
    .union(Options::ENABLE_TASKLISTS);

type Parsed<'s> = Peekable<TextMergeWithOffset<'s, OffsetIter<'s>>>;

pub(super) struct ChatEvents<'s> {
    parsed: Parsed<'s>,
    source: &'s Source<'s>,
    mentions: &'s [Mention],
    pending: VecDeque<Event<'s>>,
    called: BTreeSet<String>,
    calls: usize,
    visible: bool,
    in_code: bool,
    line_start: bool,
    link: Option<Link>,
    /// The number of the next item of each list around; `None` in one of bullets.
    numbers: Vec<Option<u64>>,
    table: Table,
}

impl<'s> ChatEvents<'s> {
    pub(super) fn new(source: &'s Source<'s>, mentions: &'s [Mention]) -> Self {
        let parser = Parser::new_ext(&source.text, OPTIONS).into_offset_iter();
        Self {
            parsed: TextMergeWithOffset::new(parser).peekable(),
            source,
            mentions,
            pending: VecDeque::new(),
            called: BTreeSet::new(),
            calls: 0,
            visible: false,
            in_code: false,
            line_start: true,
            link: None,
            numbers: Vec::new(),
            table: Table::default(),
        }
    }

    /// Whether the events so far show anything.
    pub(super) fn visible(&self) -> bool {
        self.visible
    }

    /// The names that the text so far calls, in lower case.
    pub(super) fn called(self) -> Vec<String> {
        self.called.into_iter().collect()
    }

    fn push(&mut self, event: Event<'s>) {
        self.pending.push_back(event);
    }

    fn push_text(&mut self, text: String) {
        self.visible |= text.contains(|c: char| !c.is_whitespace());
        self.push(Event::Text(text.into()));
    }

    fn push_tag(&mut self, tag: &'static str) {
        self.push(Event::InlineHtml(tag.into()));
    }

    fn take(&mut self, event: Event<'s>, range: Range<usize>) {
        match event {
            // In a chat a line break is a line break.
            Event::SoftBreak | Event::HardBreak => {
                self.line_start = true;
                self.push(Event::HardBreak);
            }
            Event::Text(text) if self.in_code && !has_placeholder(&text) => {
                self.visible |= !text.trim().is_empty();
                self.push(Event::Text(text));
            }
            Event::Text(text) if self.in_code => {
                self.push_text(self.source.typed(&text).into_owned())
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.inline(&text),
            Event::Code(text) => {
                self.visible = true;
                let text = self.source.typed(&text).into_owned();
                if let Some(link) = &mut self.link {
                    link.label.push_str(&text);
                }
                self.line_start = false;
                self.push(Event::Code(text.into()));
            }
            Event::TaskListMarker(done) => {
                self.push_text(if done { "☑ " } else { "☐ " }.to_owned())
            }
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            event => self.push(event),
        }
    }

    fn start(&mut self, tag: Tag<'s>, range: Range<usize>) {
        let empty = matches!(self.parsed.peek(), Some((Event::End(_), _)));
        self.line_start = match tag {
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough => self.line_start,
            _ => true,
        };
        match tag {
            // Nothing of it would be visible.
            Tag::Heading { .. } | Tag::BlockQuote(_) if empty => {
                self.push(Event::Start(Tag::Paragraph));
                self.as_typed(range);
                self.push(Event::End(TagEnd::Paragraph));
            }
            Tag::Heading { .. } => {
                self.push(Event::Start(Tag::Paragraph));
                self.push(Event::Start(Tag::Strong));
            }
            Tag::Link {
                link_type,
                dest_url,
                ..
            } => {
                let address = match link_type {
                    LinkType::Email => format!("mailto:{dest_url}"),
                    _ => dest_url.into_string(),
                };
                self.start_link(&address, empty, range);
            }
            Tag::Image { dest_url, .. } => self.start_link(&dest_url, empty, range),
            Tag::CodeBlock(kind) => self.start_code(kind),
            Tag::List(first) => {
                self.numbers.push(first);
                self.push(Event::Start(Tag::List(first)));
            }
            Tag::Item => self.start_item(range),
            Tag::Table(alignments) => {
                self.table = Table::new(alignments);
                self.push(Event::Start(Tag::Table(Vec::new())));
            }
            Tag::TableHead | Tag::TableRow => {
                self.table.start_row(tag == Tag::TableHead);
                self.push(Event::Start(tag));
            }
            Tag::TableCell => self.start_cell(),
            tag => self.push(Event::Start(tag)),
        }
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Heading(_) => {
                self.push(Event::End(TagEnd::Strong));
                self.push(Event::End(TagEnd::Paragraph));
            }
            TagEnd::Image | TagEnd::Link => self.end_link(),
            TagEnd::List(_) => {
                self.numbers.pop();
                self.push(Event::End(tag));
            }
            TagEnd::CodeBlock => {
                self.in_code = false;
                self.push(Event::End(tag));
            }
            TagEnd::TableCell => {
                self.table.end_cell(range.end);
                self.push(Event::End(tag));
            }
            TagEnd::TableRow => {
                self.more_cells(range.end);
                self.push(Event::End(tag));
            }
            tag => self.push(Event::End(tag)),
        }
    }

    /// Shows the source of an element that has just started, and skips the element.
    fn as_typed(&mut self, range: Range<usize>) {
        let mut depth = 1;
        while depth > 0
            && let Some((event, _)) = self.parsed.next()
        {
            match event {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                _ => {}
            }
        }
        let source = self.source;
        for (n, line) in source.text[range].trim_end().lines().enumerate() {
            if n > 0 {
                self.push(Event::HardBreak);
            }
            self.inline(line);
        }
    }

    fn start_code(&mut self, kind: CodeBlockKind<'s>) {
        self.in_code = true;
        // One word is the language. More is text that stands in the wrong line.
        let text = match &kind {
            CodeBlockKind::Fenced(info) if info.contains(' ') => {
                Some(self.source.typed(info).into_owned())
            }
            _ => None,
        };
        self.push(Event::Start(Tag::CodeBlock(kind)));
        if let Some(text) = text {
            self.push_text(text + "\n");
        }
    }

    /// An item keeps its number.
    fn start_item(&mut self, range: Range<usize>) {
        let source = self.source;
        let typed = source.text[range]
            .trim_start()
            .split(|c: char| !c.is_ascii_digit())
            .next();
        let Some(Some(number)) = self.numbers.last_mut() else {
            return self.push(Event::Start(Tag::Item));
        };
        let typed: u64 = typed
            .and_then(|typed| typed.parse().ok())
            .unwrap_or(*number);
        let event = match typed == *number {
            true => Event::Start(Tag::Item),
            false => Event::Html(format!("<li value=\"{typed}\">").into()),
        };
        *number = typed + 1;
        self.push(event);
    }
}

impl<'s> Iterator for ChatEvents<'s> {
    type Item = Event<'s>;

    fn next(&mut self) -> Option<Event<'s>> {
        while self.pending.is_empty() {
            let (event, range) = self.parsed.next()?;
            self.take(event, range);
        }
        self.pending.pop_front()
    }
}

/// A text as it was typed, as a paragraph.
pub(super) fn typed(text: &str) -> impl Iterator<Item = Event<'_>> {
    let lines = text.lines().enumerate().flat_map(|(n, line)| {
        let line_break = (n > 0).then_some(Event::HardBreak);
        line_break.into_iter().chain([Event::Text(line.into())])
    });
    [Event::Start(Tag::Paragraph)]
        .into_iter()
        .chain(lines)
        .chain([Event::End(TagEnd::Paragraph)])
}
