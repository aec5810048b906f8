//! Text between the marks: addresses, mentions, emoji and spaces. Pure.

use pulldown_cmark::{Event, TagEnd};

use super::ChatEvents;
use super::links::link_tag;
use crate::markdown::emoji::with_emoji;
use crate::markdown::mentions;
use crate::markdown::source::has_placeholder;

/// The most people that a message calls.
const MAX_MENTIONS: usize = 50;

impl ChatEvents<'_> {
    /// Puts back what was kept from the parser, and links addresses.
    pub(super) fn inline(&mut self, text: &str) {
        if !has_placeholder(text) {
            return self.words(text);
        }
        let source = self.source;
        let mut words = String::with_capacity(text.len() * 2);
        for c in text.chars() {
            match source.piece(c) {
                Some(piece) => match &piece.href {
                    Some(href) if self.link.is_none() => {
                        self.words(&std::mem::take(&mut words));
                        self.push(link_tag(href));
                        self.push_text(piece.text.to_owned());
                        self.push(Event::End(TagEnd::Link));
                    }
                    _ => words.push_str(piece.text),
                },
                None => words.push(c),
            }
        }
        self.words(&words);
    }

    /// Marks mentions and replaces emoji names, except in a link.
    fn words(&mut self, text: &str) {
        if let Some(link) = &mut self.link {
            link.label.push_str(text);
            return self.spaced(text);
        }
        let mut done = 0;
        for call in mentions::calls(text) {
            if self.calls >= MAX_MENTIONS {
                break;
            }
            self.calls += 1;
            let marked = self.mentions;
            let known = |name: &&str| marked.iter().find(|m| m.name.eq_ignore_ascii_case(name));
            let found = call
                .names
                .iter()
                .find_map(|name| Some((name.len(), known(name)?)));
            self.called
                .extend(call.names.iter().map(|name| name.to_lowercase()));
            let Some((length, mention)) = found else {
                continue;
            };
            // A constraint of the database keeps names free of HTML's special characters.
            let mark = format!("<span class=\"mention\" data-user=\"{}\">", mention.user);
            self.spaced(&with_emoji(&text[done..call.at]));
            self.push(Event::InlineHtml(mark.into()));
            self.push_text(format!("@{}", mention.name));
            self.push_tag("</span>");
            self.line_start = false;
            done = call.at + 1 + length;
        }
        self.spaced(&with_emoji(&text[done..]));
    }

    /// Keeps several spaces, and text that changes its direction to itself.
    fn spaced(&mut self, text: &str) {
        let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let isolated = !text.is_ascii() && text.contains(turns);
        if isolated {
            self.push_tag("<bdi>");
        }
        let mut rest = text;
        while let Some(at) = self.spaces(rest) {
            let after = rest[at..].trim_start_matches([' ', '\t']);
            let spaces = &rest[at..rest.len() - after.len()];
            if at > 0 {
                self.push_text(rest[..at].to_owned());
            }
            self.push_tag("<span class=\"spaces\">");
            self.push_text(spaces.to_owned());
            self.push_tag("</span>");
            self.line_start = false;
            rest = after;
        }
        if !rest.is_empty() {
            self.line_start = false;
            self.push_text(rest.to_owned());
        }
        if isolated {
            self.push_tag("</bdi>");
        }
    }

    /// Where spaces begin that a page would collapse.
    fn spaces(&self, text: &str) -> Option<usize> {
        if self.line_start && text.starts_with([' ', '\t']) {
            return Some(0);
        }
        let double = text.find("  ");
        let tab = text.find('\t');
        let at = double.into_iter().chain(tab).min()?;
        Some(text[..at].trim_end_matches([' ', '\t']).len())
    }
}
