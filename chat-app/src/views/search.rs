//! The search for messages. Pure.

use maud::{Markup, html};

use super::assets;
use super::shell::{Pane, Shell};
use super::widgets::{SEARCH_ICON, app_label, avatar, back_link, day, display_name, icon};
use crate::search::Problem;
use crate::search::excerpt::Segment;
use crate::store::search::Hit;
use crate::t;
use crate::text::Text;

/// Examples of queries, each with the id of its explanation. Operators are the same in every language.
const HELP: [(&str, &str); 7] = [
    ("\"release plan\"", "search-help-phrase"),
    ("deploy*", "search-help-prefix"),
    ("-draft", "search-help-exclude"),
    ("from:ada", "search-help-from"),
    ("in:\"Design team\"", "search-help-in"),
    ("before:2026-01-31 after:2025-12-31", "search-help-dates"),
    ("has:link has:file has:image", "search-help-has"),
];

#[derive(Debug, Default)]
pub(crate) struct Results {
    /// Whether there was a query.
    pub(crate) searched: bool,
    /// What is wrong with the query, or which part of it was ignored.
    pub(crate) problems: Vec<Problem>,
    /// Newest first.
    pub(crate) found: Vec<FoundMessage>,
    /// Whether newer results are on an earlier page.
    pub(crate) continued: bool,
    /// Where the next page starts.
    pub(crate) older_than: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct FoundMessage {
    pub(crate) hit: Hit,
    /// The excerpt.
    pub(crate) segments: Vec<Segment>,
}

pub(crate) fn page(shell: &Shell, q: &str, results: &Results) -> Markup {
    let text = shell.text;
    let title = t!(text, "search-title");
    let refused = !results.problems.is_empty();
    shell.page(&Pane {
        title: &title,
        layout: "at-page",
        live: None,
        current: None,
        content: html! {
            link rel="stylesheet" href=(assets::url("search.css"));
            header.bar { (back_link(text)) h1 { (title) } }
            div.scroller.top tabindex="-1" {
                div.track {
                    form.search method="get" action="/search" role="search" data-testid="message-search" {
                        label.visually-hidden for="q" { (t!(text, "search-label")) }
                        input #q type="search" name="q" value=(q) placeholder=(t!(text, "search-placeholder")) dir="auto"
                            maxlength=(crate::search::MAX_CHARS) autocomplete="off" autocapitalize="none" spellcheck="false"
                            autofocus aria-invalid=[refused.then_some("true")] aria-describedby="search-problems";
                        button type="submit" {
                            (icon(SEARCH_ICON))
                            span.visually-hidden { (t!(text, "search-submit")) }
                        }
                    }
                    (results_section(text, q, results))
                }
            }
        },
    })
}

/// Everything below the field. The script replaces it while a person types.
fn results_section(text: Text, q: &str, results: &Results) -> Markup {
    html! {
        div #results aria-live="polite" {
            div #search-problems {
                @for problem in &results.problems {
                    p.field-error data-testid="field-error" { (problem.sentence(text)) }
                }
            }
            @if !results.found.is_empty() {
                h2.caption { (t!(text, "search-found")) }
                ol.hits { @for found in &results.found { (item(text, found)) } }
                @if let Some(number) = results.older_than {
                    a.button.older-hits data-testid="older-hits" href=(older(q, number)) { (t!(text, "search-older")) }
                }
            } @else if results.searched && results.continued {
                div.empty { h2 { (t!(text, "search-no-more")) } }
            } @else if results.searched {
                div.empty data-testid="nothing-found" {
                    h2 { (t!(text, "search-nothing")) }
                    p { (t!(text, "search-nothing-advice")) }
                }
            } @else {
                (help(text))
            }
        }
    }
}

fn older(q: &str, number: i64) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("q", q)
        .append_pair("older", &number.to_string())
        .finish();
    format!("/search?{query}")
}

fn item(text: Text, FoundMessage { hit, segments }: &FoundMessage) -> Markup {
    html! {
        li data-testid="hit" data-conversation=(hit.conversation) data-seq=(hit.seq) data-sender=(hit.sender) {
            a.hit href={ "/c/" (hit.conversation) "?at=" (hit.seq) "#m" (hit.seq) } {
                (avatar(&hit.sender_name, hit.sender_avatar))
                span.about {
                    bdi.sender { (display_name(text, &hit.sender_name)) }
                    " "
                    @if hit.integration { (app_label(None)) " " }
                    span.place { (t!(text, "search-in", place = conversation_name(text, hit))) }
                    " "
                    (day(hit.at))
                }
                // The style sheet folds the inner element if the reader has blocked the sender.
                span.text dir="auto" data-sender=(hit.sender) {
                    span { @for segment in segments {
                        @if segment.marked { mark { (segment.text) } } @else { (segment.text) }
                    } }
                }
            }
        }
    }
}

fn conversation_name(text: Text, hit: &Hit) -> String {
    match hit.place.as_str() {
        "" => t!(text, "just-you"),
        place => display_name(text, place),
    }
}

fn help(text: Text) -> Markup {
    html! {
        section.search-help {
            p { (t!(text, "search-help")) }
            dl {
                @for (example, id) in HELP {
                    div {
                        dt dir="ltr" { @for part in split(example) { code { (part) } " " } }
                        dd { (text.get(id)) }
                    }
                }
            }
        }
    }
}

/// Splits an example into its parts, unless it has quotes.
fn split(example: &'static str) -> Vec<&'static str> {
    if example.contains('"') {
        vec![example]
    } else {
        example.split(' ').collect()
    }
}
