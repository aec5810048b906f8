//! Which format the header `Accept` prefers. No I/O.

/// Whether OpenMetrics is named, and text is not named with a higher quality. A wildcard accepts the older text format, which every
/// scraper and every person can read.
pub(crate) fn prefers_open_metrics<'a>(accept: impl Iterator<Item = &'a str>) -> bool {
    let (mut open_metrics, mut text) = (0.0_f32, 0.0_f32);
    for range in accept.flat_map(|header| header.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let type_ = parts.next().unwrap_or_default();
        let parameters: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
        let parameter = |name| {
            let found = parameters
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim_matches('"'))
        };
        let quality = parameter("q").map_or(1.0, |q| q.parse().unwrap_or(0.0));
        match (type_.to_ascii_lowercase().as_str(), parameter("version")) {
            ("application/openmetrics-text", None | Some("1.0.0")) => {
                open_metrics = open_metrics.max(quality);
            }
            ("text/plain", None | Some("0.0.4")) => text = text.max(quality),
            _ => {}
        }
    }
    open_metrics > 0.0 && open_metrics >= text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_metrics_is_served_to_those_who_prefer_it() {
        // As Prometheus 3 asks.
        const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
            application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
            text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        for (accept, expected) in [
            ("", false),
            ("*/*", false),
            ("text/plain", false),
            ("text/html,application/xhtml+xml,*/*;q=0.8", false),
            ("application/openmetrics-text", true),
            ("Application/OpenMetrics-Text; Version=\"1.0.0\"", true),
            ("application/openmetrics-text;version=0.0.1", false),
            ("application/openmetrics-text;q=0", false),
            ("application/openmetrics-text;q=much", false),
            (
                "application/openmetrics-text;q=0.4,text/plain;version=0.0.4;q=0.5",
                false,
            ),
            ("text/plain,application/openmetrics-text", true),
            (PROMETHEUS, true),
        ] {
            assert_eq!(
                prefers_open_metrics([accept].into_iter()),
                expected,
                "{accept}"
            );
        }
        let two = ["text/plain;q=0.1", "application/openmetrics-text;q=0.2"];
        assert!(prefers_open_metrics(two.into_iter()), "two headers");
    }
}
