//! The NetworkPolicies: which connections the pods accept and open. Pure.
//!
//! External services have no labels, so that the port alone restricts connections to them.

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeMap;
use url::Url;

use super::meta;
use crate::access::Access;
use crate::crd::{AttachmentStore, Kafka, Postgres, S3Store};
use crate::names::Role;
use crate::validate::Chat;

/// No push service has one of these addresses, and no receiver of a webhook that the spec does not list.
const PRIVATE_V4: &[&str] = &[
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
];
const PRIVATE_V6: &[&str] = &["::1/128", "fc00::/7", "fe80::/10"];

/// For the replicas, migrations and backups.
pub(super) fn app(chat: &Chat, access: &Access) -> Option<NetworkPolicy> {
    let mut egress = vec![dns(), kafka(chat, access)];
    egress.extend(postgres(chat, access));
    egress.extend(buckets(chat));
    egress.extend(login_providers(chat));
    let outgoing = chat.webhooks.outgoing.on();
    egress.extend((chat.push.on() || outgoing).then(public_addresses));
    egress.extend(private_receivers(chat).filter(|_| outgoing));
    let ingress = vec![
        NetworkPolicyIngressRule {
            from: None,
            ports: Some(vec![port("TCP", 8080)]),
        },
        // No policy keeps out probes, which come from the node. Prometheus reads metrics from inside the cluster.
        NetworkPolicyIngressRule {
            from: Some(vec![NetworkPolicyPeer {
                namespace_selector: Some(LabelSelector::default()),
                ..NetworkPolicyPeer::default()
            }]),
            ports: Some(vec![port("TCP", 9090)]),
        },
    ];
    policy(chat, Role::App, users_of_postgres(chat), ingress, egress)
}

/// Embedded Kafka accepts this chat's replicas, and the operator, which manages the topics.
pub(super) fn embedded_kafka(chat: &Chat, operator: &str) -> Option<NetworkPolicy> {
    let own = matches!(chat.kafka, Kafka::Embedded(_));
    let from = vec![
        pods(meta::label_selector(chat, Role::App)),
        NetworkPolicyPeer {
            namespace_selector: Some(labelled("kubernetes.io/metadata.name", operator)),
            pod_selector: Some(labelled("app.kubernetes.io/name", "confab-operator")),
            ip_block: None,
        },
    ];
    let selector = meta::label_selector(chat, Role::Kafka);
    let ingress = vec![rule(from, 9092)];
    // It resolves its own name.
    policy(chat, Role::Kafka, selector, ingress, vec![dns()]).filter(|_| own)
}

/// Embedded PostgreSQL accepts this chat's replicas, migrations and backups.
pub(super) fn embedded_postgres(chat: &Chat) -> Option<NetworkPolicy> {
    let own = matches!(chat.postgres, Postgres::Embedded(_));
    let from = vec![pods(users_of_postgres(chat))];
    let selector = meta::label_selector(chat, Role::Postgres);
    let ingress = vec![rule(from, 5432)];
    policy(chat, Role::Postgres, selector, ingress, Vec::new()).filter(|_| own)
}

fn policy(
    chat: &Chat,
    role: Role,
    pod_selector: LabelSelector,
    ingress: Vec<NetworkPolicyIngressRule>,
    egress: Vec<NetworkPolicyEgressRule>,
) -> Option<NetworkPolicy> {
    let spec = NetworkPolicySpec {
        pod_selector: Some(pod_selector),
        policy_types: Some(["Ingress", "Egress"].map(str::to_owned).to_vec()),
        ingress: Some(ingress),
        egress: (!egress.is_empty()).then_some(egress),
    };
    chat.network_policy.on().then(|| NetworkPolicy {
        metadata: meta::child(chat, role),
        spec: Some(spec),
    })
}

fn users_of_postgres(chat: &Chat) -> LabelSelector {
    let mut labels = meta::selector(chat, Role::App);
    labels.remove("app.kubernetes.io/component");
    let roles = [Role::App, Role::Migrate, Role::Backup].map(|role| role.as_str().to_owned());
    LabelSelector {
        match_labels: Some(labels),
        match_expressions: Some(vec![LabelSelectorRequirement {
            key: "app.kubernetes.io/component".to_owned(),
            operator: "In".to_owned(),
            values: Some(roles.to_vec()),
        }]),
    }
}

fn kafka(chat: &Chat, access: &Access) -> NetworkPolicyEgressRule {
    if matches!(chat.kafka, Kafka::Embedded(_)) {
        return to_pods(meta::label_selector(chat, Role::Kafka), 9092);
    }
    let servers = access.kafka.bootstrap_servers.iter();
    let mut ports: Vec<i32> = servers
        .filter_map(|server| server.rsplit_once(':')?.1.parse().ok())
        .collect();
    ports.sort_unstable();
    ports.dedup();
    to_anywhere(ports)
}

/// None while the Secret with its address is missing: then no pod starts either.
fn postgres(chat: &Chat, access: &Access) -> Option<NetworkPolicyEgressRule> {
    if matches!(chat.postgres, Postgres::Embedded(_)) {
        return Some(to_pods(meta::label_selector(chat, Role::Postgres), 5432));
    }
    let (_, port) = access.database.as_ref().ok()?.address;
    Some(to_anywhere(vec![i32::from(port)]))
}

/// Those of attachments and of backups.
fn buckets(chat: &Chat) -> Option<NetworkPolicyEgressRule> {
    let attachments = match &chat.attachments.store {
        AttachmentStore::S3(bucket) => Some(bucket),
        AttachmentStore::Postgres(_) => None,
    };
    let backups = chat.backup.as_ref().map(|backup| &backup.destination);
    let restored = chat.restore.as_ref().map(|restore| &restore.source);
    let buckets = [attachments, backups, restored].into_iter().flatten();
    let mut ports: Vec<i32> = buckets.map(bucket_port).collect();
    ports.sort_unstable();
    ports.dedup();
    (!ports.is_empty()).then(|| to_anywhere(ports))
}

fn bucket_port(bucket: &S3Store) -> i32 {
    let endpoint = bucket.endpoint.as_ref().and_then(|at| Url::parse(at).ok());
    let port = endpoint.and_then(|at| at.port_or_known_default());
    port.map_or(443, i32::from)
}

/// Their other addresses are mostly at the port of the issuer, or at that of https.
fn login_providers(chat: &Chat) -> Option<NetworkPolicyEgressRule> {
    let issuers = chat.auth.oidc.iter().map(|provider| &provider.issuer_url);
    let issuers = issuers.filter_map(|issuer| Url::parse(issuer).ok()?.port_or_known_default());
    let mut ports: Vec<i32> = issuers.map(i32::from).chain([443]).collect();
    ports.sort_unstable();
    ports.dedup();
    (!chat.auth.oidc.is_empty()).then(|| to_anywhere(ports))
}

/// Of push services and of receivers of webhooks.
fn public_addresses() -> NetworkPolicyEgressRule {
    let internet = |all: &str, private: &[&str]| NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: all.to_owned(),
            except: Some(private.iter().map(|&block| block.to_owned()).collect()),
        }),
        ..NetworkPolicyPeer::default()
    };
    NetworkPolicyEgressRule {
        to: Some(vec![
            internet("0.0.0.0/0", PRIVATE_V4),
            internet("::/0", PRIVATE_V6),
        ]),
        ports: Some(vec![port("TCP", 443)]),
    }
}

/// Receivers of webhooks inside the cluster or beside it, at any port.
fn private_receivers(chat: &Chat) -> Option<NetworkPolicyEgressRule> {
    let networks = chat.webhooks.private_networks.iter();
    let peers: Vec<_> = networks
        .map(|network| NetworkPolicyPeer {
            ip_block: Some(IPBlock {
                cidr: network.clone(),
                except: None,
            }),
            ..NetworkPolicyPeer::default()
        })
        .collect();
    (!peers.is_empty()).then(|| NetworkPolicyEgressRule {
        to: Some(peers),
        ports: None,
    })
}

fn dns() -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule {
        to: None,
        ports: Some(vec![port("UDP", 53), port("TCP", 53)]),
    }
}

fn to_pods(selector: LabelSelector, number: i32) -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule {
        to: Some(vec![pods(selector)]),
        ports: Some(vec![port("TCP", number)]),
    }
}

fn to_anywhere(ports: Vec<i32>) -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule {
        to: None,
        ports: Some(
            ports
                .into_iter()
                .map(|number| port("TCP", number))
                .collect(),
        ),
    }
}

fn rule(from: Vec<NetworkPolicyPeer>, number: i32) -> NetworkPolicyIngressRule {
    NetworkPolicyIngressRule {
        from: Some(from),
        ports: Some(vec![port("TCP", number)]),
    }
}

fn pods(selector: LabelSelector) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        pod_selector: Some(selector),
        ..NetworkPolicyPeer::default()
    }
}

fn labelled(key: &str, value: &str) -> LabelSelector {
    LabelSelector {
        match_labels: Some(BTreeMap::from([(key.to_owned(), value.to_owned())])),
        ..LabelSelector::default()
    }
}

fn port(protocol: &str, number: i32) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(IntOrString::Int(number)),
        protocol: Some(protocol.to_owned()),
        end_port: None,
    }
}
