//! Where a word begins and ends, and so where a mark may format. Pure.

/// Part of a word, in a script that separates words by spaces.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() && !is_unspaced(c)
}

/// Scripts that write words without spaces, or endings right behind a word: marks format inside their words too.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}' | '\u{20000}'..='\u{3ffff}')
}

/// What is beside a run of marks such as `**`; `None` at the ends of a line.
#[derive(Clone, Copy)]
pub(super) struct Sides {
    pub(super) before: Option<char>,
    pub(super) after: Option<char>,
}

impl Sides {
    /// Inside a word.
    pub(super) fn inside(self) -> bool {
        self.before.is_some_and(is_word) && self.after.is_some_and(is_word)
    }

    /// Whether formatted text may begin here.
    pub(super) fn opens(self) -> bool {
        let begins = |c: char| !c.is_whitespace() && !")]}>.,;!?/%|=\\".contains(c);
        !self.before.is_some_and(is_word) && self.after.is_some_and(begins)
    }

    /// Whether formatted text may end here.
    pub(super) fn closes(self) -> bool {
        let ends = |c: char| !c.is_whitespace() && !"([{</\\".contains(c);
        self.before.is_some_and(ends)
            && self
                .after
                .is_none_or(|c| !is_word(c) && !"([{/\\".contains(c))
    }

    /// Whether a backslash here is one that a person typed to keep the mark after it: not inside a path or a picture
    /// such as ¯\_(ツ)_/¯.
    pub(super) fn escapes(self) -> bool {
        self.before
            .is_none_or(|c| c.is_whitespace() || "([{\"'“‘„«*_~>|".contains(c))
    }
}
