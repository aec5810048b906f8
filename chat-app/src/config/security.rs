//! Settings that protect accounts. Pure.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use secrecy::SecretString;

use crate::store::sessions::Limits;

/// Limits of attempts and of sessions.
#[derive(Clone, Debug, Args)]
pub struct Security {
    /// Addresses of the proxies in front of the chat, as CIDR ranges separated by commas. Limits count the addresses that they
    /// name in X-Forwarded-For; if omitted, addresses are ignored, because clients could name any
    #[arg(
        long,
        env = "CONFAB_TRUSTED_PROXIES",
        default_value = "",
        hide_default_value = true,
        value_name = "CIDRS"
    )]
    pub trusted_proxies: TrustedProxies,
    /// Sign-ups that the chat accepts in a minute, after the first twenty; others wait
    #[arg(
        long,
        env = "CONFAB_SIGN_UPS_PER_MINUTE",
        default_value = "60",
        value_name = "N"
    )]
    pub sign_ups_per_minute: NonZeroU32,
    /// Hours after which people have to log in again, whatever they do
    #[arg(long, env = "CONFAB_SESSION_LIFETIME_HOURS", default_value = "720", value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub session_lifetime_hours: u32,
    /// Hours after which people have to log in again in a browser that they have not used
    #[arg(long, env = "CONFAB_SESSION_IDLE_HOURS", default_value = "336", value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub session_idle_hours: u32,
    /// Key that encrypts the secrets of second factors in PostgreSQL: 32 bytes as base64url without padding; if omitted, nobody can set
    /// one up
    #[arg(
        long,
        env = "CONFAB_ENCRYPTION_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub encryption_key: Option<SecretString>,
}

impl Security {
    /// When sessions end.
    pub fn session_limits(&self) -> Limits {
        let hours = |hours: u32| Duration::from_secs(u64::from(hours) * 60 * 60);
        Limits {
            lifetime: hours(self.session_lifetime_hours),
            idle: hours(self.session_idle_hours),
        }
    }
}

/// Ranges of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(pub Vec<IpNet>);

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ranges = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let parse = |range: &str| {
            let wrong = |_| format!("{range} is not a CIDR range such as 10.0.0.0/8");
            range.parse().map_err(wrong)
        };
        ranges.map(parse).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::serve;

    #[test]
    fn proxies_are_ranges_separated_by_commas() {
        let proxies = |value: &str| {
            serve(&["--trusted-proxies", value]).map(|config| config.security.trusted_proxies.0)
        };
        assert_eq!(proxies("10.0.0.0/8, fd00::/8").unwrap().len(), 2);
        assert!(proxies("").unwrap().is_empty());
        for wrong in ["10.0.0.0/33", "10.0.0.0/8;fd00::/8", "ingress"] {
            assert!(proxies(wrong).is_err(), "{wrong}");
        }
    }
}
