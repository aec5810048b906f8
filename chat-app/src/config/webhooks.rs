//! Settings of outgoing webhooks. Pure.

use clap::Args;
use secrecy::SecretString;

use super::Networks;

/// Settings of outgoing webhooks.
#[derive(Clone, Debug, Args)]
pub struct Webhooks {
    /// Key from which the secrets of outgoing webhooks are derived: 32 random bytes as base64url; if omitted, there are no
    /// outgoing webhooks
    #[arg(
        long,
        env = "CONFAB_WEBHOOK_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub webhook_key: Option<SecretString>,
    /// Private addresses that outgoing webhooks may post to, also without TLS, as CIDR ranges separated by commas; if omitted,
    /// receivers need public addresses
    #[arg(
        long,
        env = "CONFAB_WEBHOOK_PRIVATE_NETWORKS",
        default_value = "",
        hide_default_value = true,
        value_name = "CIDRS"
    )]
    pub webhook_private_networks: Networks,
}

#[cfg(test)]
mod tests {
    use super::super::tests::serve;

    #[test]
    fn private_networks_are_ranges_separated_by_commas() {
        let networks = |value: &str| {
            let config = serve(&["--webhook-private-networks", value]);
            config.map(|config| config.webhooks.webhook_private_networks.0)
        };
        assert_eq!(networks("10.96.0.0/12,fd00::/8").unwrap().len(), 2);
        assert!(networks("").unwrap().is_empty());
        assert!(networks("example.com").is_err());
        assert!(serve(&[]).unwrap().webhooks.webhook_key.is_none());
    }
}
