//! The public address of a chat: scheme, host, port, and nothing else. Pure.

use std::fmt;
use std::net::IpAddr;

use url::Url;

use super::InvalidSpec;

/// `http://` or `https://`, a host and, if needed, a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SiteUrl(Url);

impl SiteUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidSpec> {
        Self::parsed(text).ok_or_else(|| InvalidSpec::Url(text.to_owned()))
    }

    fn parsed(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && !text.ends_with('/');
        let plain = url.username().is_empty() && url.password().is_none();
        let web = matches!(url.scheme(), "http" | "https") && url.port() != Some(0);
        // The parser writes a host such as 1.2.3 in another form.
        let (host, after) = (url.host_str()?, text.split_once("://")?.1);
        let written = after.starts_with(host) && is_host(host.trim_matches(['[', ']']));
        if bare && plain && web && written {
            Some(Self(url))
        } else {
            None
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

/// Whether it is an IP address, or a name as DNS has it that nobody reads as an IPv4 address.
pub(super) fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let fits = (1..=63).contains(&label.len()) && label.chars().all(plain);
        fits && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or(last.strip_prefix("0X"));
    let number = last.bytes().all(|b| b.is_ascii_digit())
        || hexadecimal.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    let name = text.len() <= 253 && text.split('.').all(label) && !number;
    name || text.parse::<IpAddr>().is_ok()
}

/// Whether it is `host:port`.
pub(super) fn is_server(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let address = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let host = match address {
        Some(address) => address.parse::<IpAddr>().is_ok(),
        None => is_host(host) && !host.contains(':'),
    };
    host && port.parse::<u16>().is_ok_and(|port| port > 0)
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
            "http://[2001:db8::1]:8080",
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
            "https://x:0",
            "https://x:65536",
            "http://1.2.3",
            "http://0x7f.1",
        ] {
            assert!(SiteUrl::parse(bad).is_err(), "{bad}");
        }
        let label = "a".repeat(64);
        assert!(SiteUrl::parse(&format!("https://{label}.example")).is_err());
    }

    #[test]
    fn a_server_is_a_host_and_a_port_that_exist() {
        for good in ["kafka:9092", "10.0.0.1:1", "[::1]:65535", "a.B-c.d:9092"] {
            assert!(is_server(good), "{good}");
        }
        for bad in [
            "kafka",
            "kafka:0",
            "kafka:99999",
            "::1:9092",
            "1.2.3:9092",
            "-a:1",
            "[a]:1",
            ":1",
        ] {
            assert!(!is_server(bad), "{bad}");
        }
    }
}
