//! The addresses that requests may go to. Does I/O: resolves names and connects.
//!
//! A user chooses the endpoint, so it must not reach hosts that only this network can reach, unless the settings allow their
//! network. The check is made on the address that is then connected to.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http::Uri;
use hyper_util::rt::TokioIo;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use tokio::net::TcpStream;
use tower::Service;

/// Longer than any that is in use.
const MAX_ENDPOINT_BYTES: usize = 1024;

/// The networks whose addresses are allowed besides the public ones, also without TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct PrivateNetworks(Arc<[IpNet]>);

impl PrivateNetworks {
    pub(crate) fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    /// Every address is allowed.
    pub(crate) fn all() -> Self {
        Self::new(&[Ipv4Net::default().into(), Ipv6Net::default().into()])
    }

    fn allow(&self, ip: IpAddr, tls: bool) -> bool {
        let ip = ip.to_canonical();
        self.0.iter().any(|network| network.contains(&ip)) || (tls && is_public(ip))
    }
}

/// Parses an endpoint. `None` if its text alone shows that it is not allowed.
pub(crate) fn endpoint(text: &str, private: &PrivateNetworks) -> Option<Uri> {
    if text.len() > MAX_ENDPOINT_BYTES {
        return None;
    }
    // Parsed as browsers do, so that unusual forms of an address (0x7f.1) become the address they stand for.
    let url = url::Url::parse(text).ok()?;
    let tls = url.scheme() == "https";
    let scheme = tls || (url.scheme() == "http" && !private.0.is_empty());
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let allowed = match url.host()? {
        url::Host::Domain(_) => true,
        url::Host::Ipv4(ip) => private.allow(ip.into(), tls),
        url::Host::Ipv6(ip) => private.allow(ip.into(), tls),
    };
    (scheme && bare && allowed)
        .then(|| url.as_str().parse().ok())
        .flatten()
}

/// The endpoint's name resolves to no address that is allowed.
#[derive(Debug, thiserror::Error)]
#[error("the endpoint has no public address")]
pub(crate) struct NotPublic;

/// Connects only to allowed addresses, and to the very address that was checked: a second lookup of the name could return
/// another one.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(super) private: PrivateNetworks,
}

type Connecting = Pin<Box<dyn Future<Output = io::Result<TokioIo<TcpStream>>> + Send>>;

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Connecting {
        let private = self.private.clone();
        Box::pin(async move {
            let stream = TcpStream::connect(&*addresses(&uri, &private).await?).await?;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(stream))
        })
    }
}

async fn addresses(uri: &Uri, private: &PrivateNetworks) -> io::Result<Vec<SocketAddr>> {
    let tls = uri.scheme_str() != Some("http");
    let default = if tls { 443 } else { 80 };
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::net::lookup_host((host, uri.port_u16().unwrap_or(default))).await?;
    let usable: Vec<_> = found
        .filter(|address| private.allow(address.ip(), tls))
        .collect();
    if usable.is_empty() {
        return Err(io::Error::other(NotPublic));
    }
    Ok(usable)
}

/// Whether the address is globally reachable, by the IANA special-purpose address registries.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let special = match ip.octets() {
        // This network, shared (carrier-grade NAT), protocol assignments, 6to4 relays, benchmarking, reserved.
        [0, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [240..=255, ..] => true,
        [100, second, ..] => second & 0b1100_0000 == 64,
        _ => false,
    };
    !(special
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        // NAT64 and 6to4 embed the IPv4 address that they lead to.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
        }
        // Protocol assignments (Teredo among them) and documentation.
        [0x2001, ..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, ..=0xfff, ..] => false,
        // Global unicast; all others are local, mapped, multicast or unassigned.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_globally_reachable_addresses_are_public() {
        let public = ["8.8.8.8", "172.15.0.1", "100.128.0.1", "2606:4700::1111"];
        let nat = ["64:ff9b::808:808", "2002:808:808::1"];
        for address in public.iter().chain(&nat) {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        let private = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.19.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:a00:1::1",
            "2001:0:1::1",
            "2001:db8::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in private {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_endpoint_is_https_at_a_name_or_a_public_address() {
        let none = PrivateNetworks::default();
        for good in ["https://push.example/a?b=c", "https://8.8.8.8/x"] {
            assert!(endpoint(good, &none).is_some(), "{good}");
        }
        let bad = [
            "",
            "push.example",
            "http://push.example/",
            "ftp://push.example/",
            "https://u@push.example/",
            "https://u:p@push.example/",
            "https://push.example/#f",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://10.1/",
        ];
        for bad in bad {
            assert!(endpoint(bad, &none).is_none(), "{bad}");
        }
        let long = format!("https://push.example/{}", "x".repeat(MAX_ENDPOINT_BYTES));
        assert!(endpoint(&long, &none).is_none());
        assert!(endpoint("http://127.0.0.1:1/", &PrivateNetworks::all()).is_some());
    }

    #[test]
    fn a_network_that_is_allowed_needs_no_tls_and_allows_no_other() {
        let private = PrivateNetworks::new(&["10.96.0.0/12".parse().unwrap()]);
        for good in [
            "http://10.96.0.1/",
            "https://10.97.0.1:8443/",
            "https://8.8.8.8/",
            "http://bot.apps.svc/",
            "https://[::ffff:10.96.0.1]/",
        ] {
            assert!(endpoint(good, &private).is_some(), "{good}");
        }
        for bad in [
            "http://10.0.0.1/",
            "https://127.0.0.1/",
            "http://8.8.8.8/",
            "ftp://10.96.0.1/",
        ] {
            assert!(endpoint(bad, &private).is_none(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_loopback_is_not_connected_to() {
        let uri: Uri = "https://localhost:1/".parse().unwrap();
        let elsewhere = PrivateNetworks::new(&["10.96.0.0/12".parse().unwrap()]);
        for private in [PrivateNetworks::default(), elsewhere] {
            let error = addresses(&uri, &private).await.unwrap_err();
            assert!(error.get_ref().is_some_and(|inner| inner.is::<NotPublic>()));
        }
        let all = PrivateNetworks::all();
        assert!(!addresses(&uri, &all).await.unwrap().is_empty());
    }
}
