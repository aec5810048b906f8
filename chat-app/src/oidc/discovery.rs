//! What a provider says about itself and with which keys it signs: fetched when needed, kept, and fetched anew. Does I/O.
//!
//! One request at a time fetches; the others wait for it. After a failure nobody asks the provider for a few seconds, so that
//! many people who try at once do not all wait for their time to run out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{ConstantBuilder, Retryable};
use openidconnect::IssuerUrl;
use tokio::sync::Mutex;

use super::http::Http;
use super::{Metadata, OidcError};
use crate::config::OidcProvider;
use crate::error::Chain;

/// How long what was fetched is used without asking again.
pub(super) const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long the provider is left alone after a failure.
const PAUSE: Duration = Duration::from_secs(5);
const RETRIES: usize = 1;
const RETRY_DELAY: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Discovery {
    issuer: IssuerUrl,
    ca_file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    found: Option<(Instant, Arc<Discovered>)>,
    failed: Option<(Instant, String)>,
}

#[derive(Debug)]
pub(super) struct Discovered {
    pub(super) metadata: Metadata,
    pub(super) http: Http,
}

impl Discovery {
    pub(super) fn of(settings: &OidcProvider) -> Self {
        Self {
            issuer: settings.issuer_url.clone(),
            ca_file: settings.ca_file.clone(),
            state: Mutex::default(),
        }
    }

    /// What is at most so old; or older, while the provider does not answer.
    pub(super) async fn get(&self, max_age: Duration) -> Result<Arc<Discovered>, OidcError> {
        let mut state = self.state.lock().await;
        if let Some((at, found)) = &state.found
            && at.elapsed() < max_age
        {
            return Ok(found.clone());
        }
        let error = match &state.failed {
            Some((at, error)) if at.elapsed() < PAUSE => error.clone(),
            _ => match self.fetch().await {
                Ok(fetched) => {
                    let fetched = Arc::new(fetched);
                    *state = State {
                        found: Some((Instant::now(), fetched.clone())),
                        failed: None,
                    };
                    return Ok(fetched);
                }
                Err(error) => {
                    let issuer = self.issuer.as_str();
                    tracing::error!(issuer, error, "a login provider cannot be used");
                    state.failed = Some((Instant::now(), error.clone()));
                    error
                }
            },
        };
        let old = state.found.as_ref().map(|(_, old)| old.clone());
        old.ok_or(OidcError::Unavailable(error))
    }

    async fn fetch(&self) -> Result<Discovered, String> {
        let http = Http::new(self.ca_file.as_deref()).await;
        let http = http.map_err(|error| error.to_string())?;
        let retry = ConstantBuilder::default()
            .with_delay(RETRY_DELAY)
            .with_max_times(RETRIES);
        // It fails where the document names another issuer.
        let discover = || Metadata::discover_async(self.issuer.clone(), &http);
        let metadata = discover.retry(retry).await;
        let metadata = metadata.map_err(|error| Chain(&error).to_string())?;
        Ok(Discovered { metadata, http })
    }
}
