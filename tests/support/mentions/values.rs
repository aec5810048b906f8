//! Checks the values of the chart: each has a row on the chart's page, and what a command sets exists. Reads files.

use std::collections::BTreeSet;

use crate::links::pages;
use crate::vocabulary::sources::read;

/// Every value of the chart that has a default, as `a.b.c`, with the maps above it.
fn chart_values() -> BTreeSet<String> {
    let mut values = BTreeSet::new();
    let mut path: Vec<String> = Vec::new();
    for line in read("charts/confab/values.yaml").lines() {
        let name = line.trim_start();
        let Some((name, _)) = name.split_once(':').filter(|_| !name.starts_with('#')) else {
            continue;
        };
        path.truncate((line.len() - line.trim_start().len()) / 2);
        path.push(name.to_owned());
        values.insert(path.join("."));
    }
    values
}

#[test]
fn the_page_of_the_chart_has_a_row_for_every_value_and_no_other() {
    let values = chart_values();
    let page = read("charts/confab/README.md");
    let rows: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
        .flat_map(|cell| cell.split(['`', ',', ' ']).filter(|name| !name.is_empty()))
        .collect();
    let above = |value: &str| {
        let mut above = value.match_indices('.').map(|(end, _)| &value[..end]);
        above.any(|name| rows.contains(name))
    };
    let is_map = |value: &str| {
        let inner = format!("{value}.");
        values.iter().any(|name| name.starts_with(&inner))
    };
    let undocumented: Vec<_> = values
        .iter()
        .filter(|value| !is_map(value) && !rows.contains(value.as_str()) && !above(value))
        .collect();
    assert!(undocumented.is_empty(), "without a row: {undocumented:?}");
    let unknown: Vec<_> = rows.iter().filter(|row| !values.contains(**row)).collect();
    assert!(unknown.is_empty(), "not in values.yaml: {unknown:?}");
}

#[test]
fn every_value_of_the_chart_that_a_command_sets_exists() {
    let values = chart_values();
    // `a.annotations.KEY` and `a.labels.KEY` set one entry of a map that is empty by default.
    let known = |key: &str| {
        let parts: Vec<_> = key.split('.').collect();
        (1..=parts.len()).any(|end| {
            let name = parts[..end].join(".");
            let is_entry = name.ends_with("annotations") || name.ends_with("labels");
            values.contains(&name) && (end == parts.len() || is_entry)
        })
    };
    let mut seen = 0;
    for page in pages() {
        for rest in read(&page).split("--set").skip(1) {
            let setting = rest
                .trim_start_matches("-string")
                .trim_start_matches("-json");
            let Some((key, _)) = setting.trim_start_matches([' ', '\'']).split_once('=') else {
                continue;
            };
            let (key, _index) = key.split_once('[').unwrap_or((key, ""));
            assert!(known(key), "{page}: --set {key}");
            seen += 1;
        }
    }
    assert!(seen > 5, "only {seen} were found");
}
