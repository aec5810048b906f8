//! The HTTP client of the load and of the proxy. No I/O.

/// A builder of a client whose TLS is ring's: reqwest itself comes without a provider of cryptography, and asks for one even
/// for `http:`.
pub(crate) fn client_builder() -> reqwest::ClientBuilder {
    // A provider that is installed already stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}
