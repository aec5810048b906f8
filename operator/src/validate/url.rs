//! The public address of a chat: scheme, host, port, and nothing else. Pure.

use std::fmt;

use url::Url;

use super::InvalidSpec;

/// `http://` or `https://`, a host and, if needed, a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SiteUrl(Url);

impl SiteUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidSpec> {
        let invalid = || InvalidSpec::Url(text.to_owned());
        let url = Url::parse(text).map_err(|_| invalid())?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && !text.ends_with('/');
        let plain = url.username().is_empty() && url.password().is_none();
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        if bare && plain && web {
            Ok(Self(url))
        } else {
            Err(invalid())
        }
    }

    pub(crate) fn host(&self) -> &str {
        self.0
            .host_str()
            .expect("parse() rejects a URL without a host")
    }

    /// Whether the host is an IP address, which an Ingress does not accept.
    pub(crate) fn host_is_address(&self) -> bool {
        !matches!(self.0.host(), Some(url::Host::Domain(_)))
    }
}

/// Whether a URL can name the host of a server.
pub(super) fn check_host(text: &str) -> Result<(), InvalidSpec> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let fits = !text.is_empty() && text.len() <= 253 && text.chars().all(plain);
    let mut url = Url::parse("postgres://host").expect("it is a URL");
    (fits && url.set_host(Some(text)).is_ok())
        .then_some(())
        .ok_or_else(|| InvalidSpec::PostgresHost(text.to_owned()))
}

impl fmt::Display for SiteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_scheme_host_and_port_only() {
        for good in [
            "http://chat.localhost:8080",
            "https://chat.example.com",
            "http://10.0.0.1",
        ] {
            assert_eq!(SiteUrl::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "chat.example.com",
            "ftp://x",
            "https://a/b",
            "https://a/",
            "https://u@a",
            "https://a?q",
            "https://a#f",
        ] {
            assert!(SiteUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
