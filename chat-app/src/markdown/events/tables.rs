//! Cells of a table: their alignment without inline styles, and all that a row has. Pure.

use pulldown_cmark::{Alignment, Event, Tag};

use super::ChatEvents;

#[derive(Default)]
pub(super) struct Table {
    alignments: Vec<Alignment>,
    head: bool,
    cell: usize,
    /// Where the last cell ends.
    end: usize,
}

impl Table {
    pub(super) fn new(alignments: Vec<Alignment>) -> Self {
        Self {
            alignments,
            ..Self::default()
        }
    }

    pub(super) fn start_row(&mut self, head: bool) {
        (self.head, self.cell) = (head, 0);
    }

    pub(super) fn end_cell(&mut self, end: usize) {
        self.end = end;
    }
}

impl ChatEvents<'_> {
    pub(super) fn start_cell(&mut self) {
        let table = &mut self.table;
        let alignment = table.alignments.get(table.cell);
        table.cell += 1;
        let class = match alignment {
            Some(Alignment::Center) => "center",
            Some(Alignment::Right) => "end",
            _ => return self.push(Event::Start(Tag::TableCell)),
        };
        let cell = if table.head { "th" } else { "td" };
        self.push(Event::Html(format!("<{cell} class=\"{class}\">").into()));
    }

    /// Cells beyond those of the head, which the parser drops.
    pub(super) fn more_cells(&mut self, end: usize) {
        let source = self.source;
        let Some(rest) = source.text.get(self.table.end..end) else {
            return;
        };
        let rest = rest.trim().trim_start_matches('|').trim_end_matches('|');
        for cell in rest.split('|').filter(|_| !rest.is_empty()) {
            self.push(Event::Html("<td>".into()));
            self.inline(cell.trim());
            self.push(Event::Html("</td>".into()));
        }
    }
}
