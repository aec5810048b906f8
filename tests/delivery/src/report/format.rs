//! Numbers and durations as the report shows them. Pure.

use std::time::Duration;

/// `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|part| std::str::from_utf8(part).ok())
        .collect();
    parts.join(",")
}

/// A duration in a suitable unit.
pub(super) fn duration(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 10.0 => format!("{seconds:.1} s"),
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds if seconds >= 0.01 => format!("{:.0} ms", seconds * 1e3),
        seconds => format!("{:.1} ms", seconds * 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!(
            [7, 1234, 1_000_000].map(grouped),
            ["7", "1,234", "1,000,000"]
        );
        let times =
            [1_500, 20_000, 1_234_000, 61_000_000].map(|us| duration(Duration::from_micros(us)));
        assert_eq!(times, ["1.5 ms", "20 ms", "1.23 s", "61.0 s"]);
    }
}
