//! OpenMetrics → the text format of Prometheus, version 0.0.4. No I/O.
//!
//! The samples are the same. OpenMetrics describes a counter `x` whose sample is `x_total`; the older format describes `x_total`
//! itself, and has no type for information.

/// The page in the older format.
pub(crate) fn prometheus_text(open_metrics: &str) -> String {
    let mut page = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        if let Some(described) = line.strip_prefix("# HELP ") {
            help = described.split_once(' ');
        } else if let Some((name, type_)) = type_of(line) {
            let (suffix, type_) = match type_ {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                same => ("", same),
            };
            if let Some((_, text)) = help.take().filter(|(described, _)| *described == name) {
                page += &format!("# HELP {name}{suffix} {text}\n");
            }
            page += &format!("# TYPE {name}{suffix} {type_}\n");
        } else if !line.starts_with('#') {
            page += line;
            page.push('\n');
        }
    }
    page
}

fn type_of(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("# TYPE ")?.split_once(' ')
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::gauge::Gauge;
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::metrics::info::Info;
    use prometheus_client::registry::{Registry, Unit};

    use super::*;

    #[test]
    fn descriptions_name_the_samples_and_samples_stay() {
        let mut registry = Registry::default();
        let sends = Counter::<u64>::default();
        sends.inc();
        let took = Histogram::new([0.5]);
        took.observe(0.25);
        registry.register("sends", "Sends", sends);
        registry.register("build", "Build", Info::new([("version", "1")]));
        registry.register_with_unit("age", "Age", Unit::Seconds, Gauge::<i64>::default());
        registry.register("took", "Time", took);
        let mut open_metrics = String::new();
        encode(&mut open_metrics, &registry).expect("a String takes all");
        let expected = "# HELP sends_total Sends.\n# TYPE sends_total counter\nsends_total 1\n\
            # HELP build_info Build.\n# TYPE build_info gauge\nbuild_info{version=\"1\"} 1\n\
            # HELP age_seconds Age.\n# TYPE age_seconds gauge\nage_seconds 0\n\
            # HELP took Time.\n# TYPE took histogram\ntook_sum 0.25\ntook_count 1\n\
            took_bucket{le=\"0.5\"} 1\ntook_bucket{le=\"+Inf\"} 1\n";
        assert_eq!(prometheus_text(&open_metrics), expected);
    }
}
