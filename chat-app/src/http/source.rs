//! Where a request comes from, as far as that can be known. No I/O.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderName;
use axum::http::request::Parts;

use crate::app::App;
use crate::config::Networks;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client, as a trusted proxy names it; of an IPv6 address the network, of which a client has many.
/// `None` for a request that came another way: anyone can write the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source(pub(super) Option<IpAddr>);

impl FromRequestParts<App> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let ConnectInfo(peer) = match parts.extensions.get::<ConnectInfo<SocketAddr>>() {
            Some(peer) => peer,
            None => return Ok(Self(None)),
        };
        let headers = parts.headers.get_all(FORWARDED_FOR);
        let forwarded: Vec<&str> = headers
            .iter()
            .flat_map(|value| value.to_str().unwrap_or_default().split(','))
            .collect();
        let client = client(&app.config.security.trusted_proxies, peer.ip(), &forwarded);
        Ok(Self(client.map(network)))
    }
}

/// The last address that is not a trusted proxy's: each proxy appends the one that it was called from.
fn client(proxies: &Networks, peer: IpAddr, forwarded: &[&str]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| {
        let address = address.to_canonical();
        proxies.0.iter().any(|range| range.contains(&address))
    };
    if !is_trusted(peer) {
        return None;
    }
    let mut addresses = forwarded.iter().rev().map(|text| parse(text.trim()));
    let first = addresses.find(|address| address.is_none_or(|address| !is_trusted(address)));
    first.flatten()
}

/// Some proxies append the port.
fn parse(text: &str) -> Option<IpAddr> {
    let address = text.parse().ok();
    address.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let host = u128::from(u64::MAX);
            Ipv6Addr::from_bits(address.to_bits() & !host).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_last_one_that_no_trusted_proxy_has() {
        let proxies: Networks = "10.0.0.0/8,fd00::/8".parse().unwrap();
        for (peer, forwarded, expected) in [
            ("10.1.1.1", &["1.2.3.4"][..], Some("1.2.3.4")),
            ("::ffff:10.1.1.1", &["1.2.3.4:5678"], Some("1.2.3.4")),
            // The client wrote the first one.
            (
                "10.1.1.1",
                &["9.9.9.9", " 1.2.3.4", "10.2.2.2"],
                Some("1.2.3.4"),
            ),
            ("10.1.1.1", &["9.9.9.9", "forged"], None),
            ("10.1.1.1", &[], None),
            ("10.1.1.1", &["10.3.3.3"], None),
            ("1.2.3.4", &["9.9.9.9"], None),
            ("fd00::1", &["2001:db8::7"], Some("2001:db8::7")),
        ] {
            let found = client(&proxies, peer.parse().unwrap(), forwarded);
            assert_eq!(
                found,
                expected.map(|text| text.parse().unwrap()),
                "{forwarded:?}"
            );
        }
        let nobody = Networks::default();
        assert_eq!(
            client(&nobody, "10.1.1.1".parse().unwrap(), &["1.2.3.4"]),
            None
        );
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:1.2.3.4"), "1.2.3.4");
    }
}
