//! The blob store of the settings. Reads the file of the certificate authority, no other I/O.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::{Certificate, ClientOptions, RetryConfig};
use secrecy::ExposeSecret;
use url::Url;

use super::blob::{BlobStore, Bucket};
use crate::config::{Files, S3, StoreKind};
use crate::store::Pool;
use crate::store::attachments::Backend;

/// How long a request is retried.
const RETRY: Duration = Duration::from_secs(10);
/// How long to wait for the response to a request.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why the bucket of the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    #[error("invalid CONFAB_S3_ settings: {0}")]
    Settings(#[from] object_store::Error),
    /// Missing, or not a certificate.
    #[error("cannot read CONFAB_S3_CA_FILE {0}: {1}")]
    Authority(PathBuf, std::io::Error),
}

/// A bucket that is named is also used for old files when new ones go to PostgreSQL.
pub(super) fn blobs(settings: &Files, pool: Pool) -> Result<BlobStore, BucketError> {
    Ok(BlobStore {
        pool,
        bucket: bucket(&settings.s3)?,
        backend: match settings.store {
            StoreKind::Postgres => Backend::Postgres,
            StoreKind::S3 => Backend::S3,
        },
    })
}

fn bucket(settings: &S3) -> Result<Option<Bucket>, BucketError> {
    let (Some(name), Some(key), Some(secret)) = (
        &settings.s3_bucket,
        &settings.s3_access_key_id,
        &settings.s3_secret_access_key,
    ) else {
        return Ok(None);
    };
    // For TLS. A provider that was installed before stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(name)
        .with_region(&settings.s3_region)
        .with_access_key_id(key.expose_secret())
        .with_secret_access_key(secret.expose_secret())
        .with_virtual_hosted_style_request(!settings.s3_path_style)
        .with_client_options(client(settings)?)
        .with_retry(RetryConfig {
            retry_timeout: RETRY,
            ..RetryConfig::default()
        });
    if let Some(endpoint) = &settings.s3_endpoint {
        builder = builder.with_endpoint(address(endpoint, name, settings.s3_path_style));
    }
    Ok(Some(Bucket {
        client: Arc::new(builder.build()?),
        prefix: settings.s3_prefix.trim_matches('/').to_owned(),
    }))
}

/// The bucket is part of the path or of the host name.
fn address(endpoint: &Url, bucket: &str, path_style: bool) -> String {
    let text = endpoint.as_str().trim_end_matches('/');
    match (path_style, text.split_once("://")) {
        (false, Some((scheme, rest))) => format!("{scheme}://{bucket}.{rest}"),
        _ => text.to_owned(),
    }
}

/// The image has no system certificates: the public authorities are compiled in.
fn client(settings: &S3) -> Result<ClientOptions, BucketError> {
    let plain = settings
        .s3_endpoint
        .as_ref()
        .is_some_and(|endpoint| endpoint.scheme() == "http");
    let mut options = ClientOptions::new()
        .with_allow_http(plain)
        .with_timeout(TIMEOUT)
        .with_no_system_certificates(true);
    for authority in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        options = options.with_root_certificate(Certificate::from_der(authority)?);
    }
    if let Some(path) = &settings.s3_ca_file {
        let pem = std::fs::read(path).map_err(|e| BucketError::Authority(path.clone(), e))?;
        for authority in Certificate::from_pem_bundle(&pem)? {
            options = options.with_root_certificate(authority);
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_is_in_the_path_or_in_the_host() {
        let endpoint = Url::parse("https://s3.example.com:9000/").unwrap();
        assert_eq!(
            address(&endpoint, "files", true),
            "https://s3.example.com:9000"
        );
        assert_eq!(
            address(&endpoint, "files", false),
            "https://files.s3.example.com:9000"
        );
    }
}
