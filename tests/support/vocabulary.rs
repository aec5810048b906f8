//! Keeps texts that people read free of words that docs/glossary.md has replaced: messages, conditions, Events, `--help`, metric
//! help, pages, the CRD, the chart and the docs. Reads files of the checkout; no other I/O.
//!
//! A text is a list of words with the lines they are on. A banned phrase matches whole words with nothing but white space between
//! them, in any case, so that a wrapped line hides nothing and `a hole` is not found in `whole`.

mod rust;
pub(crate) mod sources;

use sources::{Text, texts};

/// What not to write, and what to write instead. Only phrases that are wrong wherever they occur: a person may still be "away".
const BANNED: &[(&str, &str)] = &[
    ("a hole", "a gap"),
    ("a pass", "a reconciliation"),
    ("anew", "again, or a verb: reload, recreate, reset"),
    ("another history", "another epoch"),
    ("as asked for", "up to date, as the spec says"),
    ("as wanted", "up to date, as the spec says"),
    ("as you asked", "as the spec says"),
    ("at work", "running"),
    ("behaviour", "behavior"),
    ("broken off", "failed, canceled"),
    ("cancelled", "canceled"),
    ("centre", "center"),
    ("colour", "color"),
    ("colours", "colors"),
    ("favour", "favor"),
    ("for ever", "forever"),
    ("go by", "follow, use"),
    ("go on", "continue"),
    ("goes by", "follows, uses"),
    ("goes on", "continues"),
    ("handed out", "delivered"),
    ("hands out", "delivers"),
    ("hole", "gap"),
    ("holes", "gaps"),
    ("in no hurry", "at low priority"),
    ("in the clear", "unencrypted"),
    ("is well", "is healthy, has recovered"),
    ("kafka is away", "Kafka is unreachable"),
    ("lest", "so that … not"),
    ("let in", "add"),
    ("let out", "remove"),
    ("lets in", "adds"),
    ("licence", "license"),
    ("licences", "licenses"),
    ("look after", "manage"),
    ("look at", "check, read"),
    ("look elsewhere", "an active sentence"),
    ("looked after", "managed"),
    ("looked at", "checked, read"),
    ("looking at", "checking, reading"),
    ("looks after", "manages"),
    ("looks at", "checks, reads"),
    ("looks elsewhere", "an active sentence"),
    ("neighbour", "neighbor"),
    ("neighbours", "neighbors"),
    ("of its own accord", "automatically"),
    ("of one's own", "your own, external"),
    ("postgresql is away", "PostgreSQL is unreachable"),
    ("put right", "corrected"),
    ("puts right", "corrects"),
    ("seat", "membership"),
    ("seats", "memberships"),
    ("somebody", "someone"),
    ("stand still", "hang, stop"),
    ("stands in the way", "blocks"),
    ("stands still", "hangs, has stopped"),
    ("stood still", "hung, had stopped"),
    ("taken up", "adopted, resumed"),
    ("tell of", "report"),
    ("tells", "reports, shows, notifies"),
    ("the pass", "the reconciliation"),
    ("told", "notified, reported"),
    ("tried again", "retried"),
    ("waits for a person", "no action needed, or says what to do"),
    ("what you asked", "what the spec says"),
    ("whoever", "anyone who, the person who"),
    ("whom to tell", "whom to notify"),
];

/// `FILE:LINE: "phrase", write …` for each banned phrase in the text.
fn hits(text: &Text) -> Vec<String> {
    let words = words(&text.body);
    let mut hits = Vec::new();
    for (phrase, instead) in BANNED {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        for run in words.windows(phrase.len()) {
            let same = run
                .iter()
                .map(|word| word.text.as_str())
                .eq(phrase.iter().copied());
            if same && run[1..].iter().all(|word| word.joined) {
                let (file, line) = (&text.file, text.line + run[0].line);
                hits.push(format!(
                    "{file}:{line}: \"{}\", write: {instead}",
                    phrase.join(" ")
                ));
            }
        }
    }
    hits
}

struct Word {
    /// Lines after the text's first.
    line: usize,
    text: String,
    /// Nothing but white space is between it and the word before.
    joined: bool,
}

fn words(body: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut open = false;
    for (line, tokens) in body.lines().enumerate() {
        for token in tokens.split_whitespace() {
            let bare = token.trim_matches(|c: char| !c.is_alphanumeric());
            let start = token.find(bare).unwrap_or_default();
            let text = bare.trim_end_matches("'s").trim_end_matches("’s");
            if !text.is_empty() {
                let (text, joined) = (text.to_lowercase(), open && start == 0);
                words.push(Word { line, text, joined });
            }
            open = !bare.is_empty() && start + bare.len() == token.len();
        }
    }
    words
}

#[test]
fn no_text_that_people_read_has_a_word_that_the_glossary_replaced() {
    let texts = texts();
    assert!(texts.len() > 1000, "only {} texts were found", texts.len());
    let hits: Vec<_> = texts.iter().flat_map(hits).collect();
    assert!(hits.is_empty(), "{} hits:\n{}", hits.len(), hits.join("\n"));
}

#[test]
fn a_banned_phrase_is_found_across_lines_and_in_any_case_but_not_in_another_word_or_across_a_sentence()
 {
    let found = |body: &str| hits(&Text::new("a.md", 7, body));
    assert_eq!(
        found("Kafka\nis away"),
        [r#"a.md:7: "kafka is away", write: Kafka is unreachable"#]
    );
    assert_eq!(found("fine\n(Whoever's it is)").len(), 1);
    assert!(found("whole, wholes, retold; the go. On it goes, by and by").is_empty());
}
