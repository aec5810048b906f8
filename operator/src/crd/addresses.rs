//! CEL rules for addresses, which several fields share. No I/O.
//!
//! Hosts are IP addresses or names as DNS has them. A name whose last label is a number would be read as an IPv4 address by
//! some clients: `1.2.3` as 1.2.0.3. All of it is regular expressions: CEL's own functions for URLs return strings of any length,
//! for which the API server's cost limit has no room.

macro_rules! name {
    () => {
        "([A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?[.])*[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?"
    };
}

macro_rules! number_at_the_end {
    () => {
        "([-A-Za-z0-9.]*[.])?([0-9]+|0[xX][0-9a-fA-F]*)"
    };
}

macro_rules! ipv4 {
    () => {
        "((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])[.]){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
    };
}

macro_rules! ipv6 {
    () => {
        "[[][0-9a-fA-F:]+[0-9a-fA-F:.]*[]]"
    };
}

macro_rules! port {
    () => {
        "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
    };
}

/// CEL: a host between what comes before and after it.
macro_rules! has_host {
    ($text:literal, $before:literal, $after:literal) => {
        concat!(
            $text,
            ".matches('^",
            $before,
            "(",
            name!(),
            "|",
            ipv6!(),
            ")",
            $after,
            "$') && (!",
            $text,
            ".matches('^",
            $before,
            number_at_the_end!(),
            $after,
            "$') || ",
            $text,
            ".matches('^",
            $before,
            ipv4!(),
            $after,
            "$'))"
        )
    };
}

/// A host alone.
pub(super) const HOST: &str = concat!("isIP(self) || (", has_host!("self", "", ""), ")");

/// `http://` or `https://`, a host and, if needed, a port, and nothing after it.
pub(super) const SITE: &str =
    "self.matches('^https?://([-a-z0-9.]+|[[][0-9a-f:.]+[]])(:[0-9]{1,5})?$')";
pub(super) const SITE_HOST: &str = concat!(
    "!self.contains('://') || (",
    has_host!("self", "[a-z]+://", "([:/?#].*)?"),
    ")"
);
pub(super) const SITE_HOST_MESSAGE: &str = "the host must be a domain name with labels of at most 63 letters, digits and dashes, or a complete IP address";
pub(super) const SITE_PORT: &str = concat!(
    "!self.matches(':[0-9]+$') || self.matches(':",
    port!(),
    "$')"
);
pub(super) const SITE_PORT_MESSAGE: &str = "the port must be between 1 and 65535";

/// All items are `host:port`.
pub(super) const SERVERS: &str = concat!(
    "self.all(server, server.matches(':",
    port!(),
    "$') && ",
    has_host!("server", "", ":[0-9]+"),
    ")"
);
pub(super) const SERVERS_MESSAGE: &str = "bootstrapServers must be addresses of the form host:port with a port between 1 and 65535, such as kafka.example.com:9092 or [2001:db8::1]:9092";
