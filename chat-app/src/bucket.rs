//! Opens buckets of Amazon S3 and S3-compatible servers. Reads the file of the certificate authority, no other I/O.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{Certificate, ClientOptions, RetryConfig};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// How long a request is retried.
const RETRY: Duration = Duration::from_secs(10);
/// How long to wait for the response to a request.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why the bucket of the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    #[error("invalid settings of the bucket: {0}")]
    Settings(#[from] object_store::Error),
    /// Missing, or not a certificate.
    #[error("cannot read the bucket's certificate authority {0}: {1}")]
    Authority(PathBuf, std::io::Error),
}

/// Where a bucket is, and who may use it.
#[derive(Clone, Copy, Debug)]
pub struct Location<'a> {
    pub bucket: &'a str,
    /// Of the object keys.
    pub prefix: &'a str,
    /// Amazon S3 in the region by default.
    pub endpoint: Option<&'a Url>,
    pub region: &'a str,
    /// The bucket is part of the path and not of the host name.
    pub path_style: bool,
    pub access_key_id: &'a SecretString,
    pub secret_access_key: &'a SecretString,
    /// Trusted besides the public authorities, in PEM format.
    pub ca_file: Option<&'a Path>,
    /// Server-side encryption, as in the header `x-amz-server-side-encryption`.
    pub encryption: Option<&'a str>,
}

/// A bucket, and the prefix of the objects in it.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub client: Arc<AmazonS3>,
    pub prefix: String,
}

impl Bucket {
    pub fn open(location: &Location<'_>) -> Result<Self, BucketError> {
        // For TLS. A provider that was installed before stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(location.bucket)
            .with_region(location.region)
            .with_access_key_id(location.access_key_id.expose_secret())
            .with_secret_access_key(location.secret_access_key.expose_secret())
            .with_virtual_hosted_style_request(!location.path_style)
            .with_client_options(client(location)?)
            .with_retry(RetryConfig {
                retry_timeout: RETRY,
                ..RetryConfig::default()
            });
        if let Some(endpoint) = location.endpoint {
            builder =
                builder.with_endpoint(address(endpoint, location.bucket, location.path_style));
        }
        if let Some(encryption) = location.encryption {
            let key = "aws_server_side_encryption".parse()?;
            builder = builder.with_config(key, encryption);
        }
        Ok(Self {
            client: Arc::new(builder.build()?),
            prefix: location.prefix.trim_matches('/').to_owned(),
        })
    }
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
fn client(location: &Location<'_>) -> Result<ClientOptions, BucketError> {
    let plain = location
        .endpoint
        .is_some_and(|endpoint| endpoint.scheme() == "http");
    let mut options = ClientOptions::new()
        .with_allow_http(plain)
        .with_timeout(TIMEOUT)
        .with_no_system_certificates(true);
    for authority in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        options = options.with_root_certificate(Certificate::from_der(authority)?);
    }
    if let Some(path) = location.ca_file {
        let pem = std::fs::read(path).map_err(|e| BucketError::Authority(path.into(), e))?;
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
