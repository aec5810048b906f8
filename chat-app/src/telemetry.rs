//! Logs, health and metrics, for the operators of a deployment. Does I/O (a port of its own).

mod admin;
mod log_throttle;
mod metrics;
mod outcomes;
mod readiness;
mod requests;

use tracing_subscriber::EnvFilter;

pub use self::admin::router;
pub(crate) use self::log_throttle::LogThrottle;
pub use self::metrics::Metrics;
pub use self::outcomes::{LoginOutcome, PushOutcome, RelayOutcome, WebhookOutcome};
pub use self::readiness::Readiness;
use crate::config::{Log, LogFormat};

/// Starts logging to standard error. Fails if the filter cannot be parsed.
pub fn init(log: &Log) -> Result<(), String> {
    let filter = EnvFilter::try_new(&log.filter).map_err(|error| format!("CONFAB_LOG: {error}"))?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match log.format {
        LogFormat::Json => logs.json().flatten_event(true).init(),
        LogFormat::Text => logs.init(),
    }
    Ok(())
}
