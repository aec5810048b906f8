//! What the operator says about itself: log lines, figures, probes. I/O: standard error and one HTTP port.

mod admin;
mod metrics;

pub use admin::{Health, serve};
pub use metrics::Metrics;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;

/// Starts logging. The error is one line about the filter.
pub fn log(filter: &str, format: LogFormat) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| format!("--log (CONFAB_OPERATOR_LOG) is not a valid filter: {error}"))?;
    // The controller library's own span repeats what each pass's span says.
    let quiet = "kube_runtime::controller=warn"
        .parse()
        .expect("a directive");
    let filter = if filter.to_string().contains("kube_runtime") {
        filter
    } else {
        filter.add_directive(quiet)
    };
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => registry.with(layer.with_target(false)).init(),
        LogFormat::Json => registry
            .with(
                layer
                    .json()
                    .flatten_event(true)
                    .with_current_span(true)
                    .with_span_list(false),
            )
            .init(),
    }
    Ok(())
}
