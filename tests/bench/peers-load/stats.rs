//! Percentiles and medians. Pure.

/// The value below which this share of the values is; 0 if there are none.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1) as f64;
    sorted
        .get((share * last).round() as usize)
        .copied()
        .unwrap_or_default()
}

/// The middle value, or the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => (sorted[even / 2 - 1] + sorted[even / 2]) / 2.0,
    }
}

/// How far the values are apart, as a share of their median.
pub(crate) fn spread(values: &[f64]) -> f64 {
    let most = values.iter().copied().fold(f64::MIN, f64::max);
    let least = values.iter().copied().fold(f64::MAX, f64::min);
    match median(values) {
        0.0 => 0.0,
        middle => (most - least) / middle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_medians_and_spreads_need_no_order() {
        let values = [5.0, 1.0, 3.0, 2.0, 4.0];
        assert_eq!((quantile(&values, 0.5), quantile(&values, 1.0)), (3.0, 5.0));
        assert_eq!((median(&values), median(&values[..4])), (3.0, 2.5));
        assert_eq!(spread(&values), 4.0 / 3.0);
        assert_eq!((quantile(&[], 0.5), median(&[])), (0.0, 0.0));
    }
}
