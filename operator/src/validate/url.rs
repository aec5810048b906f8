//! The address people use: scheme, host, port, and nothing else. Pure.

use std::fmt;

use url::Url;

/// `http://` or `https://`, a host and perhaps a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteUrl(Url);

impl SiteUrl {
    /// Reads it; the error says what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let help = || {
            format!(
                "spec.url is {text:?}: it must be http:// or https:// with a host and, if needed, a port, and nothing after it, such as https://chat.example.com"
            )
        };
        let url = Url::parse(text).map_err(|_| help())?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && !text.ends_with('/');
        let plain = url.username().is_empty() && url.password().is_none();
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        if bare && plain && web {
            Ok(Self(url))
        } else {
            Err(help())
        }
    }

    pub fn host(&self) -> &str {
        self.0
            .host_str()
            .expect("parse() refuses a URL without a host")
    }

    /// Whether the host is an IP address, which an Ingress does not take.
    pub fn host_is_address(&self) -> bool {
        !matches!(self.0.host(), Some(url::Host::Domain(_)))
    }
}

/// The host of a server, if a URL can name it; else what was written.
pub(super) fn host(text: &str) -> Result<(), &str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let fits = !text.is_empty() && text.len() <= 253 && text.chars().all(plain);
    let mut url = Url::parse("postgres://host").map_err(|_| text)?;
    (fits && url.set_host(Some(text)).is_ok())
        .then_some(())
        .ok_or(text)
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
