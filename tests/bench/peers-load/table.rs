//! The tables of docs/performance.md: medians, ratios, versions. Pure.

use crate::measure::{Better, Measure};
use crate::results::Results;

/// The medians of all systems, then what Confab's are of the others'.
pub(crate) fn tables(results: &Results, names: &[String], rounds: usize) -> String {
    let medians = table(
        &format!("Medians of {rounds} rounds"),
        names,
        results.measures().into_iter().map(|measure| {
            let cells = (0..names.len()).map(|system| match results.median(system, measure) {
                Some(value) => measure.show(value),
                None => "–".into(),
            });
            (measure, cells.collect())
        }),
    );
    let others = &names[1..];
    if others.is_empty() {
        return medians;
    }
    let compared = results.measures().into_iter();
    let compared = compared.filter(|measure| measure.better() != Better::Neither);
    let ratios = table(
        &format!("{} over the other", names[0]),
        others,
        compared.filter_map(|measure| {
            let own = results.median(0, measure)?;
            let cells = (1..names.len()).map(|system| match results.median(system, measure) {
                Some(other) => ratio(measure, own / other),
                None => "–".into(),
            });
            let cells: Vec<String> = cells.collect();
            let some = cells.iter().any(|cell| cell != "–");
            some.then_some((measure, cells))
        }),
    );
    format!("{medians}\n{ratios}")
}

/// Bold where Confab is behind.
fn ratio(measure: Measure, ratio: f64) -> String {
    let behind = match measure.better() {
        Better::Lower => ratio > 1.0,
        Better::Higher => ratio < 1.0,
        Better::Neither => false,
    };
    match (ratio.is_finite(), behind) {
        (false, _) => "–".into(),
        (true, true) => format!("**{ratio:.2}**"),
        (true, false) => format!("{ratio:.2}"),
    }
}

fn table(
    title: &str,
    columns: &[String],
    rows: impl Iterator<Item = (Measure, Vec<String>)>,
) -> String {
    let mut text = format!("| {title} | {} |\n", columns.join(" | "));
    text += &format!("|---|{}\n", "---|".repeat(columns.len()));
    for (measure, cells) in rows {
        text += &format!("| {measure} | {} |\n", cells.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_bold_where_confab_is_behind() {
        let mut results = Results::new(2);
        results.add(
            0,
            vec![(Measure::LatencyP50, 8.0), (Measure::Messages(64), 900.0)],
        );
        results.add(
            1,
            vec![(Measure::LatencyP50, 2.0), (Measure::Messages(64), 600.0)],
        );
        let names = ["Confab".to_owned(), "another".into()];
        let text = tables(&results, &names, 1);
        assert!(
            text.contains("| messages/s, 64 under way | 900 | 600 |"),
            "{text}"
        );
        assert!(
            text.contains("frame at the other: p50 | **4.00** |"),
            "{text}"
        );
        assert!(
            text.contains("| messages/s, 64 under way | 1.50 |"),
            "{text}"
        );
    }
}
