//! What begins and ends the blocks of a message, line by line. Pure.

/// The fence that a line opens.
pub(super) fn fence(content: &str) -> Option<&str> {
    let mark = content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = content.len() - content.trim_start_matches(mark).len();
    let info = &content[length..];
    (length >= 3 && !(mark == '`' && info.contains('`'))).then(|| &content[..length])
}

/// The marker of a list item with the space after it.
pub(super) fn marker(content: &str) -> Option<&str> {
    let digits = content.len()
        - content
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    let mark = match content.as_bytes().get(digits)? {
        b'.' | b')' if (1..=9).contains(&digits) => digits + 1,
        b'-' | b'*' | b'+' if digits == 0 => 1,
        _ => return None,
    };
    let rest = &content[mark..];
    let spaces = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    (spaces > 0 || rest.is_empty()).then(|| &content[..mark + spaces])
}

/// What begins a block, before its text: markers of quotes, lists and headings; a whole line of a rule.
pub(super) fn block_lead(content: &str) -> usize {
    let mut lead = 0;
    loop {
        let rest = &content[lead..];
        if is_rule(rest) {
            return content.len();
        }
        let step = match rest.chars().next() {
            Some(' ' | '\t' | '>') => 1,
            _ => marker(rest).map_or(0, str::len),
        };
        if step == 0 {
            return lead;
        }
        lead += step;
    }
}

/// Whether a line is one of `***`, `---` and `___`, with spaces or more marks.
fn is_rule(line: &str) -> bool {
    let mark = line.chars().next().filter(|c| matches!(c, '*' | '-' | '_'));
    mark.is_some_and(|mark| {
        line.matches(mark).count() >= 3 && line.chars().all(|c| c == mark || c.is_whitespace())
    })
}

/// The number signs at the end of a heading, which the parser would drop.
pub(super) fn closing_hashes(content: &str) -> Option<&str> {
    let text = content.trim_start_matches('#');
    let heading = text.len() < content.len() && text.starts_with(' ');
    let end = content.trim_end_matches('#').len();
    (heading && end < content.len() && end > content.len() - text.len()).then(|| &content[end..])
}

/// The start of the only line with a number, as in "1986. A great year": one item is no list.
pub(super) fn lone_number(body: &str) -> Option<usize> {
    let mut start = 0;
    let mut found = None;
    for line in body.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let content = line.trim();
        if marker(content).is_some_and(|marker| marker.as_bytes()[0].is_ascii_digit()) {
            if found.is_some() {
                return None;
            }
            found = Some((start + indent, content));
        }
        start += line.len();
    }
    found
        .filter(|(_, content)| !content.starts_with("1.") && !content.starts_with("1)"))
        .map(|(start, _)| start)
}
