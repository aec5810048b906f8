//! Links that a person marked: where they may lead, and what their text promises. Pure.

use std::ops::Range;

use pulldown_cmark::{Event, TagEnd};

use super::ChatEvents;
use crate::markdown::links;

/// The link around the text.
pub(super) struct Link {
    href: String,
    pub(super) label: String,
    /// How many images and links are in it, itself included.
    depth: usize,
}

impl ChatEvents<'_> {
    /// A link that leads nowhere, or has no text, is shown as it was typed.
    pub(super) fn start_link(&mut self, address: &str, empty: bool, range: Range<usize>) {
        if let Some(link) = &mut self.link {
            link.depth += 1;
            return;
        }
        match self.href(address).filter(|_| !empty) {
            Some(href) => {
                self.push(link_tag(&href));
                self.link = Some(Link {
                    href,
                    label: String::new(),
                    depth: 1,
                });
            }
            None => self.as_typed(range),
        }
    }

    fn href(&self, address: &str) -> Option<String> {
        let mut chars = address.chars();
        if let (Some(c), None) = (chars.next(), chars.next())
            && let Some(href) = self.source.piece(c).and_then(|piece| piece.href.clone())
        {
            return Some(href);
        }
        links::checked(&self.source.typed(address))
    }

    pub(super) fn end_link(&mut self) {
        let Some(mut link) = self.link.take() else {
            return;
        };
        link.depth -= 1;
        if link.depth > 0 {
            self.link = Some(link);
            return;
        }
        self.push(Event::End(TagEnd::Link));
        if let Some(host) = links::misleading(&link.label, &link.href) {
            self.push_text(format!(" ({host})"));
        }
    }
}

/// Not an event of the parser, whose writer would encode the brackets around an IPv6 address.
pub(super) fn link_tag<'s>(href: &str) -> Event<'s> {
    let href = href.replace('&', "&amp;").replace('"', "&quot;");
    Event::InlineHtml(format!("<a href=\"{href}\">").into())
}
