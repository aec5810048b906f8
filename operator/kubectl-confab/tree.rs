//! A tree of lines, as text. Pure.

/// How a line is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Good,
    /// Under way, or by choice.
    Neutral,
    Bad,
    None,
}

impl Mark {
    fn symbol(self) -> &'static str {
        match self {
            Self::Good => "✓ ",
            Self::Neutral => "· ",
            Self::Bad => "✗ ",
            Self::None => "",
        }
    }

    /// The code of SGR (ECMA-48).
    fn color(self) -> Option<u8> {
        match self {
            Self::Good => Some(32),
            Self::Bad => Some(31),
            Self::Neutral | Self::None => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Tree {
    mark: Mark,
    text: String,
    children: Vec<Tree>,
}

impl Tree {
    pub(crate) fn new(mark: Mark, text: impl Into<String>) -> Self {
        Self {
            mark,
            text: text.into(),
            children: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, children: impl IntoIterator<Item = Tree>) -> Self {
        self.children.extend(children);
        self
    }

    pub(crate) fn render(&self, colors: bool) -> String {
        let mut out = self.line(colors);
        self.render_children("", colors, &mut out);
        out
    }

    fn line(&self, colors: bool) -> String {
        let symbol = self.mark.symbol();
        match self.mark.color().filter(|_| colors) {
            Some(color) => format!("\x1b[{color}m{symbol}\x1b[0m{}\n", self.text),
            None => format!("{symbol}{}\n", self.text),
        }
    }

    fn render_children(&self, indent: &str, colors: bool, out: &mut String) {
        for (at, child) in self.children.iter().enumerate() {
            let last = at + 1 == self.children.len();
            let (branch, below) = if last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            out.push_str(indent);
            out.push_str(branch);
            out.push_str(&child.line(colors));
            child.render_children(&format!("{indent}{below}"), colors, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_show_what_belongs_to_what() {
        let leaf = |text: &str| Tree::new(Mark::Good, text);
        let tree = Tree::new(Mark::None, "chat").with([
            leaf("one").with([leaf("deep"), leaf("deeper")]),
            Tree::new(Mark::Bad, "two").with([leaf("last")]),
        ]);
        let text = "chat\n├─ ✓ one\n│  ├─ ✓ deep\n│  └─ ✓ deeper\n└─ ✗ two\n   └─ ✓ last\n";
        assert_eq!(tree.render(false), text);
        assert!(tree.render(true).contains("\x1b[31m✗ \x1b[0mtwo"));
    }
}
