//! Logs, metrics and probes of the operator itself. I/O: standard error and one HTTP port.

mod admin;
mod conditions;
mod metrics;

pub(crate) use admin::{Health, serve};
pub(crate) use metrics::Metrics;

use std::io::{self, IsTerminal};
use std::net::SocketAddr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;

/// What cannot be used of the settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("--log (CONFAB_OPERATOR_LOG) is not a valid filter: {0}")]
    Filter(#[source] ParseError),
    #[error("--admin-listen (CONFAB_OPERATOR_ADMIN_LISTEN): cannot listen on {address}: {source}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
}

/// Starts logging.
pub(crate) fn log(filter: &str, format: LogFormat) -> Result<(), Error> {
    let filter = EnvFilter::try_new(filter).map_err(Error::Filter)?;
    // The controller library's span repeats what the span of each reconcile says.
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
