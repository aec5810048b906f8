//! Settings of attachments. Pure.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use secrecy::SecretString;
use url::Url;

use crate::bucket::{Bucket, BucketError, Location};

/// Settings of attachments: what is accepted and where it is stored.
#[derive(Clone, Debug, Args)]
pub struct Files {
    /// Where they are stored.
    #[command(flatten)]
    pub place: FilePlace,
    /// Maximum size of a file, in bytes; 0 disables attachments
    #[arg(id = "attachments_max_bytes", long = "attachments-max-bytes", env = "CONFAB_ATTACHMENTS_MAX_BYTES", default_value = "16777216", value_name = "BYTES", value_parser = clap::value_parser!(u64).range(..=10 << 30))]
    pub max_bytes: u64,
    /// Accepted media types, detected from the content, such as image/*,application/pdf
    #[arg(
        id = "attachments_types",
        long = "attachments-types",
        env = "CONFAB_ATTACHMENTS_TYPES",
        default_value = "*",
        value_delimiter = ',',
        value_name = "TYPES"
    )]
    pub types: Vec<MediaRange>,
}

impl Files {
    /// Whether attachments are enabled.
    pub fn allowed(&self) -> bool {
        self.max_bytes > 0
    }
}

/// Where files are stored.
#[derive(Clone, Debug, Args)]
pub struct FilePlace {
    /// Where files are stored
    #[arg(
        id = "attachments_store",
        long = "attachments-store",
        env = "CONFAB_ATTACHMENTS_STORE",
        default_value = "postgres"
    )]
    pub store: StoreKind,
    /// The bucket, if files are stored in one.
    #[command(flatten)]
    pub s3: S3,
}

impl FilePlace {
    /// The bucket of the settings, also if new files go to PostgreSQL: it may have old ones.
    pub fn bucket(&self) -> Result<Option<Bucket>, BucketError> {
        let S3 {
            s3_endpoint: endpoint,
            s3_region: region,
            s3_bucket: Some(bucket),
            s3_prefix: prefix,
            s3_path_style: path_style,
            s3_access_key_id: Some(access_key_id),
            s3_secret_access_key: Some(secret_access_key),
            s3_ca_file: ca_file,
        } = &self.s3
        else {
            return Ok(None);
        };
        Bucket::open(&Location {
            bucket,
            prefix,
            endpoint: endpoint.as_ref(),
            region,
            path_style: *path_style,
            access_key_id,
            secret_access_key,
            ca_file: ca_file.as_deref(),
            encryption: None,
        })
        .map(Some)
    }
}

/// The two stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    /// The database.
    Postgres,
    /// A bucket of Amazon S3 or an S3-compatible server.
    S3,
}

/// A bucket.
#[derive(Clone, Debug, Args)]
pub struct S3 {
    /// URL of the S3 server, such as https://s3.example.com; Amazon S3 in the region by default
    #[arg(long, env = "CONFAB_S3_ENDPOINT", value_name = "URL", value_parser = endpoint)]
    pub s3_endpoint: Option<Url>,
    /// Region of the bucket
    #[arg(
        long,
        env = "CONFAB_S3_REGION",
        default_value = "us-east-1",
        value_name = "REGION"
    )]
    pub s3_region: String,
    /// Bucket that stores the files
    #[arg(
        long,
        env = "CONFAB_S3_BUCKET",
        value_name = "BUCKET",
        required_if_eq("attachments_store", "s3")
    )]
    pub s3_bucket: Option<String>,
    /// Prefix of the object keys, so that a bucket can be shared
    #[arg(
        long,
        env = "CONFAB_S3_PREFIX",
        default_value = "",
        value_name = "PREFIX"
    )]
    pub s3_prefix: String,
    /// Put the bucket name in the path instead of the host name, as most S3-compatible servers require
    #[arg(long, env = "CONFAB_S3_PATH_STYLE", default_value = "false", value_name = "BOOL", action = clap::ArgAction::Set)]
    pub s3_path_style: bool,
    /// Access key ID
    #[arg(
        long,
        env = "CONFAB_S3_ACCESS_KEY_ID",
        hide_env_values = true,
        value_name = "ID",
        required_if_eq("attachments_store", "s3")
    )]
    pub s3_access_key_id: Option<SecretString>,
    /// Secret access key
    #[arg(
        long,
        env = "CONFAB_S3_SECRET_ACCESS_KEY",
        hide_env_values = true,
        value_name = "KEY",
        required_if_eq("attachments_store", "s3")
    )]
    pub s3_secret_access_key: Option<SecretString>,
    /// Additional certificate authority to trust besides the public ones, in PEM format
    #[arg(long, env = "CONFAB_S3_CA_FILE", value_name = "FILE")]
    pub s3_ca_file: Option<PathBuf>,
}

/// A media type or a range of them: `*`, `image/*` or `application/pdf`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRange(String);

impl MediaRange {
    pub fn contains(&self, media_type: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => media_type.starts_with(start),
            None => media_type == self.0,
        }
    }
}

impl FromStr for MediaRange {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().to_ascii_lowercase();
        let token = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
        };
        let well_formed = match text.split_once('/') {
            Some((kind, "*")) => token(kind),
            Some((kind, subtype)) => token(kind) && token(subtype),
            None => text == "*",
        };
        match (well_formed, text.as_str()) {
            (true, "*/*") => Ok(Self("*".into())),
            (true, _) => Ok(Self(text)),
            (false, _) => Err("must be media types such as image/*,application/pdf, or * for all"),
        }
    }
}

impl fmt::Display for MediaRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn endpoint(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && (url.query(), url.fragment(), url.username(), url.password())
                == (None, None, "", None)
    });
    url.ok_or("must be a URL such as https://s3.example.com")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::serve;

    fn range(text: &str) -> MediaRange {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_contains_its_media_types() {
        assert!(range("*").contains("text/plain"));
        assert!(range("image/*").contains("image/png"));
        assert!(!range("image/*").contains("imagery/png"));
        assert!(range("Application/PDF ").contains("application/pdf"));
        assert!(!range("application/pdf").contains("application/pdf2"));
    }

    #[test]
    fn an_invalid_media_type_is_refused() {
        for text in ["", "png", "image/", "/png", "*/png", "a/b/c", "a b/c"] {
            assert!(text.parse::<MediaRange>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_bucket_needs_its_name_and_its_keys() {
        let error = serve(&["--attachments-store", "s3", "--s3-bucket", "b"]).unwrap_err();
        let line = crate::config::environment::missing_settings(&error).unwrap();
        assert_eq!(
            line,
            "chat-app: set CONFAB_S3_ACCESS_KEY_ID (or --s3-access-key-id) and CONFAB_S3_SECRET_ACCESS_KEY \
             (or --s3-secret-access-key); see chat-app --help"
        );
        assert!(serve(&["--s3-endpoint", "s3.example.com"]).is_err());
    }

    #[test]
    fn the_keys_of_a_bucket_are_not_in_debug_output() {
        let keys = [
            "--s3-access-key-id",
            "hunter2",
            "--s3-secret-access-key",
            "hunter3",
        ];
        let text = format!("{:?}", serve(&keys).unwrap());
        assert!(!text.contains("hunter"), "{text}");
    }
}
