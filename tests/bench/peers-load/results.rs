//! The numbers of all rounds. Pure.

use std::collections::BTreeMap;

use crate::measure::Measure;
use crate::scenario::Figures;
use crate::stats::median;

/// By system, in the order in which they run, and by measure. Each has the values of its rounds.
#[derive(Debug, Default)]
pub(crate) struct Results(Vec<BTreeMap<Measure, Vec<f64>>>);

impl Results {
    pub(crate) fn new(systems: usize) -> Self {
        Self(vec![BTreeMap::new(); systems])
    }

    pub(crate) fn add(&mut self, system: usize, figures: Figures) {
        for (measure, value) in figures {
            self.0[system].entry(measure).or_default().push(value);
        }
    }

    pub(crate) fn values(&self, system: usize, measure: Measure) -> &[f64] {
        self.0[system].get(&measure).map_or(&[], Vec::as_slice)
    }

    /// The median of the rounds, if it was measured.
    pub(crate) fn median(&self, system: usize, measure: Measure) -> Option<f64> {
        self.0[system].get(&measure).map(|values| median(values))
    }

    /// Everything that some system measured, in the order of the table.
    pub(crate) fn measures(&self) -> Vec<Measure> {
        let mut all: Vec<_> = self.0.iter().flat_map(BTreeMap::keys).copied().collect();
        all.sort();
        all.dedup();
        all
    }

    /// Every value, one line for each measure and system, for a person or another program.
    pub(crate) fn lines(&self, names: &[String]) -> String {
        let mut text = String::new();
        for (name, own) in std::iter::zip(names, &self.0) {
            for (measure, values) in own {
                let values: Vec<_> = values.iter().map(f64::to_string).collect();
                text += &format!("{name}\t{measure}\t{}\n", values.join("\t"));
            }
        }
        text
    }
}
