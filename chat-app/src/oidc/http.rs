//! HTTP to a provider: bounded in time and size, without redirects. Does I/O.

use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use axum::http::{self, Response};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};

use super::OidcError;

const TIMEOUT: Duration = Duration::from_secs(5);
/// Lists of keys and of claims are a hundred times smaller.
const MAX_BYTES: usize = 1024 * 1024;

/// A client that trusts the public authorities and perhaps another one.
#[derive(Clone, Debug)]
pub(super) struct Http(Client);

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("no answer")]
    Request(#[from] reqwest::Error),
    #[error("the answer is longer than {MAX_BYTES} bytes")]
    TooLong,
    #[error("the answer is malformed")]
    Malformed(#[from] http::Error),
}

impl Http {
    /// The image has no system certificates: the public authorities are compiled in.
    pub(super) async fn new(ca_file: Option<&Path>) -> Result<Self, OidcError> {
        // For TLS. A provider of cryptography that was installed before stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let unusable = |error: reqwest::Error| OidcError::Unavailable(error.to_string());
        let public = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        let mut authorities: Vec<_> = public
            .map(|der| Certificate::from_der(der))
            .collect::<Result<_, _>>()
            .map_err(unusable)?;
        if let Some(path) = ca_file {
            let pem = read(path).await?;
            authorities.extend(Certificate::from_pem_bundle(pem.as_bytes()).map_err(unusable)?);
        }
        let client = Client::builder()
            .tls_certs_only(authorities)
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(unusable)?;
        Ok(Self(client))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            *headers = std::mem::take(answer.headers_mut());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err(HttpError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// A file of the settings. Its last newline does not count: a Secret created from a file has one.
pub(super) async fn read(path: &Path) -> Result<String, OidcError> {
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|error| {
        OidcError::Unavailable(format!("cannot read {}: {error}", path.display()))
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
