//! The children of whole specs, compared with snapshots. Pure.

use super::*;
use crate::access::{Named, access};
use crate::children::{Child, ChildKind, table};
use crate::credentials::{KafkaLogin, Keys, PostgresLogin};
use crate::kinds::{HTTPRoute, KafkaTopic};
use crate::migration::JobMark;
use crate::names::MANAGED_BY;
use crate::validate::fixtures::{chat_of, object};
use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use secrecy::SecretString;
use serde_json::{Value, json};

fn credentials() -> Credentials {
    let password = |text: &str| SecretString::from(text.to_owned());
    Credentials {
        kafka: KafkaLogin {
            username: "confab".into(),
            password: password("kafkapassword"),
            cluster_id: "C0nfabC0nfabC0nfabC0nA".into(),
        },
        postgres: PostgresLogin {
            username: "confab".into(),
            password: password("postgrespassword"),
            database: "confab".into(),
        },
        keys: Keys {
            setup_token: password("setuptoken"),
            vapid_private_key: password("vapidkey"),
            encryption_key: password("encryptionkey"),
        },
    }
}

fn children(spec: Value) -> Children {
    let chat = chat_of(spec);
    let credentials = credentials();
    let secrets = ["login", "ca", "db", "bucket"].map(|name| {
        let keys = [
            "username",
            "password",
            "ca.crt",
            "uri",
            "access-key-id",
            "secret-access-key",
        ];
        let data = keys.map(|key| (key.to_owned(), ByteString(b"p".to_vec())));
        let secret = Secret {
            data: Some(data.into()),
            ..Secret::default()
        };
        (name.to_owned(), secret)
    });
    let named = Named {
        secrets: secrets.into(),
        cluster: None,
    };
    let access = access(&chat, &credentials, &named);
    let release = Release {
        image: chat.images.chat_app.clone(),
        database: "d1".into(),
        search_language: chat.settings.search_language.name(),
        secrets: access.secrets.clone().unwrap_or_default(),
    };
    desired(
        &chat,
        &BuildInput {
            credentials: &credentials,
            access: &access,
            release: Some(&release),
            schema: None,
            volume: None,
            operator: "confab-system",
        },
    )
}

/// The children as `kubectl apply` would take them, in the order of the table.
fn yaml(children: &Children) -> String {
    let documents = children
        .rows()
        .map(|(_, object)| serde_yaml::to_string(&object.json()).unwrap());
    documents.collect::<Vec<_>>().join("---\n")
}

/// Those of the children that `chosen` names.
fn only(children: &Children, chosen: impl Fn(&Child) -> bool) -> Children {
    let rows = children.rows().filter(|(child, _)| chosen(child));
    rows.map(|(child, object)| (child, Some(object.clone())))
        .collect()
}

fn is<K: ChildKind>(child: &Child) -> bool {
    child.kind.is::<K>()
}

#[test]
fn an_empty_spec_makes_kafka_postgres_and_two_replicas_without_a_route() {
    insta::assert_snapshot!(yaml(&children(json!({}))));
}

#[test]
fn a_schedule_makes_a_cron_job_whose_traffic_the_policies_allow() {
    let all = children(json!({
        "networkPolicy": "Enabled",
        "backup": {
            "schedule": "0 3 * * *",
            "timeZone": "Europe/Berlin",
            "keep": 30,
            "encryption": "AES256",
            "destination": {"endpoint": "http://s3.example.com:9000", "bucket": "backups", "credentialsSecret": {"name": "bucket"}},
        },
    }));
    let chosen = |child: &Child| {
        is::<CronJob>(child) || is::<NetworkPolicy>(child) && child.role != Role::Kafka
    };
    insta::assert_snapshot!(yaml(&only(&all, chosen)));
}

#[test]
fn a_backup_is_restored_before_the_migration() {
    let chat = chat_of(json!({
        "restore": {"from": "20261130T030001Z", "source": {"bucket": "backups", "prefix": "old.team", "credentialsSecret": {"name": "bucket"}}},
    }));
    let access = access(&chat, &credentials(), &Default::default());
    let mark = JobMark {
        fingerprint: "f".into(),
        generation: 1,
        attempt: 1,
        changes: 0,
    };
    let job = serde_json::to_value(job(&chat, &access, &mark)).unwrap();
    let pod = &job["spec"]["template"]["spec"];
    insta::assert_snapshot!(serde_yaml::to_string(&pod["initContainers"]).unwrap());
    assert_eq!(pod["containers"][0]["args"], json!(["migrate"]));
}

#[test]
fn external_services_a_route_and_autoscaling_create_only_the_replicas_and_their_route() {
    let spec = json!({
        "url": "https://chat.example.com",
        "replicas": 3,
        "autoscaling": {"minReplicas": 2, "maxReplicas": 5},
        "kafka": {"external": {
            "bootstrapServers": ["kafka-0.example.com:9093", "kafka-1.example.com:9093"],
            "tls": {"caSecret": {"name": "ca"}},
            "sasl": {"credentialsSecret": {"name": "login"}},
        }},
        "postgres": {"external": {"urlSecret": {"name": "db", "key": "uri"}}},
        "exposure": {"ingress": {"className": "traefik", "tlsSecret": {"name": "tls"}, "annotations": {"cert-manager.io/cluster-issuer": "le"}}},
        "chat": {
            "title": "Team", "registration": "Invite", "maxMessageCharacters": 4096, "messageRetentionDays": 30,
            "searchLanguage": "German", "presence": "Disabled", "typing": "Disabled", "readReceipts": "Disabled",
        },
        "attachments": {"maxBytes": 1048576, "types": ["image/*", "application/pdf"], "store": {"s3": {
            "endpoint": "https://s3.example.com", "bucket": "files", "credentialsSecret": {"name": "bucket"},
        }}},
        "push": "Disabled",
        "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "512Mi"}},
        "deletionPolicy": "Delete",
    });
    insta::assert_snapshot!(yaml(&children(spec)));
}

/// The pods of Kafka, PostgreSQL and the replicas.
fn pods_of(children: &Children) -> Vec<k8s_openapi::api::core::v1::PodTemplateSpec> {
    let sets = [Role::Kafka, Role::Postgres].map(|role| children.get::<StatefulSet>(role));
    let sets = sets.into_iter().flatten();
    let embedded = sets.map(|set| set.spec.as_ref().unwrap().template.clone());
    let replicas = children.get::<Deployment>(Role::App).into_iter();
    let replicas = replicas.map(|deployment| deployment.spec.as_ref().unwrap().template.clone());
    embedded.chain(replicas).collect()
}

/// How the kubelet expands a plain value: `$(NAME)` becomes the variable's value where there is one, `$$` becomes `$`.
/// As `Expand` of k8s.io/kubernetes/third_party/forked/golang/expansion does.
fn expanded(value: &str, variables: &[String]) -> String {
    let mut result = String::new();
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let reference = rest.strip_prefix('(').and_then(|name| name.split_once(')'));
        match reference {
            Some((name, after)) => {
                let known = variables.iter().any(|variable| variable == name);
                result.push_str(&if known {
                    "SECRET".to_owned()
                } else {
                    format!("$({name})")
                });
                rest = after;
            }
            None => {
                result.push('$');
                rest = rest.strip_prefix('$').unwrap_or(rest);
            }
        }
    }
    result + rest
}

#[test]
fn what_a_spec_says_reaches_each_container_unchanged() {
    let hostile = "A $$ B $(CONFAB_DATABASE_URL) $(CONFAB_SETUP_TOKEN) $";
    let spec = json!({
        "kafka": {"external": {"bootstrapServers": ["k:9092"], "sasl": {"credentialsSecret": {"name": "login"}}, "tls": {"caSecret": {"name": "ca", "key": hostile}}}},
        "postgres": {"external": {
            "host": "db.example", "database": hostile, "user": hostile,
            "passwordSecret": {"name": "db", "key": hostile}, "tls": {"mode": "verify-full", "caSecret": {"name": "ca", "key": hostile}},
        }},
        "topics": {"prefix": hostile},
        "chat": {"title": hostile},
        "attachments": {"types": [hostile], "store": {"s3": {
            "endpoint": hostile, "region": hostile, "bucket": hostile, "prefix": hostile, "credentialsSecret": {"name": "bucket"},
        }}},
    });
    let children = children(spec);
    let job = children
        .get::<Job>(Role::Migrate)
        .map(|job| job.spec.as_ref().unwrap().template.clone());
    let pods = pods_of(&children).into_iter().chain(job);
    let containers = pods.flat_map(|pod| {
        let spec = pod.spec.unwrap();
        spec.containers
            .into_iter()
            .chain(spec.init_containers.into_iter().flatten())
    });
    let mut literal = 0;
    for container in containers {
        let variables = container.env.unwrap_or_default();
        let names: Vec<_> = variables
            .iter()
            .map(|variable| variable.name.clone())
            .collect();
        let texts = variables.into_iter().filter_map(|variable| variable.value);
        let texts = texts
            .chain(container.command.into_iter().flatten())
            .chain(container.args.into_iter().flatten());
        for text in texts {
            let text = expanded(&text, &names);
            assert!(!text.contains("SECRET"), "{text}");
            literal += usize::from(text.contains(hostile));
        }
    }
    assert!(literal >= 8, "{literal} values hold what the spec says");
}

#[test]
fn what_a_platform_requires_of_pods_reaches_all_of_them() {
    let spec = json!({
        "podSecurityContext": {"runAsNonRoot": true},
        "containerSecurityContext": {"allowPrivilegeEscalation": false},
        "scheduling": {"affinity": {"nodeAffinity": {}}},
    });
    let children = children(spec);
    let pods = pods_of(&children);
    assert_eq!(pods.len(), 3);
    for pod in pods {
        let spec = pod.spec.unwrap();
        let of_pod = spec.security_context.unwrap();
        assert_eq!(
            (of_pod.run_as_non_root, of_pod.run_as_user, of_pod.fs_group),
            (Some(true), None, None)
        );
        let of_container = spec.containers[0].security_context.clone().unwrap();
        assert_eq!(
            of_container.read_only_root_filesystem, None,
            "a value replaces the defaults"
        );
        let affinity = spec.affinity.unwrap();
        assert!(affinity.node_affinity.is_some() && affinity.pod_affinity.is_none());
    }
}

#[test]
fn additional_variables_and_annotations_reach_replicas_and_migrations() {
    let spec = json!({
        "extraEnv": [{"name": "TZ", "value": "Asia/Aden"}, {"name": "CONFAB_LOG", "value": "debug"}],
        "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn"}},
    });
    let chat = chat_of(spec.clone());
    let all = children(spec);
    let account = all.get::<ServiceAccount>(Role::App).unwrap();
    assert_eq!(
        account.metadata.annotations.as_ref().unwrap()["eks.amazonaws.com/role-arn"],
        "arn"
    );
    let access = access(&chat, &credentials(), &Default::default());
    let mark = JobMark {
        fingerprint: "f1".into(),
        generation: 1,
        attempt: 1,
        changes: 0,
    };
    let job = job(&chat, &access, &mark)
        .spec
        .unwrap()
        .template
        .spec
        .unwrap();
    let replica = all
        .get::<Deployment>(Role::App)
        .unwrap()
        .spec
        .clone()
        .unwrap();
    for pod in [job, replica.template.spec.unwrap()] {
        let env = pod.containers[0].env.clone().unwrap();
        let last = &env[env.len() - 2..];
        assert_eq!(
            (last[0].name.as_str(), last[1].name.as_str()),
            ("TZ", "CONFAB_LOG")
        );
    }
}

/// What [`crate::crd`] forbids in `extraEnv` is what the operator sets.
#[test]
fn every_variable_that_the_operator_sets_starts_with_confab() {
    let pods = pods_of(&children(json!({"push": "Enabled"})));
    let containers = pods
        .into_iter()
        .flat_map(|pod| pod.spec.unwrap().containers);
    let names = containers.flat_map(|container| container.env.unwrap_or_default());
    let names: Vec<_> = names.map(|variable| variable.name).collect();
    assert!(
        names.len() > 20 && names.iter().all(|name| name.starts_with("CONFAB_")),
        "{names:?}"
    );
    for free in [
        "CONFAB_LOG",
        "CONFAB_LOG_FORMAT",
        "CONFAB_PUSH_PRIVATE_ADDRESSES",
    ] {
        assert!(!names.iter().any(|name| name == free), "{free}");
    }
}

#[test]
fn embedded_services_have_their_own_class_image_and_resources() {
    let own = |image: &str| json!({"embedded": {"storageClassName": "fast", "image": image, "resources": {"limits": {"memory": "2Gi", "example.com/gpu": 1}}}});
    let all = children(json!({"kafka": own("k:1"), "postgres": own("p:1")}));
    for (role, image) in [(Role::Kafka, "k:1"), (Role::Postgres, "p:1")] {
        let set = all.get::<StatefulSet>(role).unwrap().spec.clone().unwrap();
        let claim = &set.volume_claim_templates.as_ref().unwrap()[0];
        assert_eq!(
            claim.spec.as_ref().unwrap().storage_class_name.as_deref(),
            Some("fast")
        );
        let container = &set.template.spec.as_ref().unwrap().containers[0];
        assert_eq!(container.image.as_deref(), Some(image));
        let resources = container.resources.as_ref().unwrap();
        assert_eq!(
            (
                resources.limits.as_ref().unwrap().len(),
                &resources.requests
            ),
            (2, &None)
        );
        assert!(container.liveness_probe.is_some() && container.startup_probe.is_some());
    }
}

#[test]
fn all_pods_have_the_labels_and_placement_of_the_spec() {
    let spec = json!({
        "podMetadata": {"labels": {"team": "a"}, "annotations": {"example.com/mesh": "on"}},
        "imagePullSecrets": [{"name": "registry"}],
        "scheduling": {
            "nodeSelector": {"disk": "fast"},
            "tolerations": [{"key": "only", "operator": "Exists", "effect": "NoSchedule"}],
            "priorityClassName": "high",
            "topologySpreadConstraints": [{"topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}],
        },
    });
    let pods = pods_of(&children(spec));
    assert_eq!(pods.len(), 3);
    for pod in &pods {
        let (metadata, spec) = (pod.metadata.as_ref().unwrap(), pod.spec.as_ref().unwrap());
        assert_eq!(metadata.labels.as_ref().unwrap()["team"], "a");
        assert_eq!(
            metadata.annotations.as_ref().unwrap()["example.com/mesh"],
            "on"
        );
        assert_eq!(spec.node_selector.as_ref().unwrap()["disk"], "fast");
        assert_eq!(
            spec.tolerations.as_ref().unwrap()[0].key.as_deref(),
            Some("only")
        );
        assert_eq!(spec.priority_class_name.as_deref(), Some("high"));
        assert_eq!(
            spec.image_pull_secrets.as_ref().unwrap()[0].name,
            "registry"
        );
    }
    let spread = pods[2]
        .spec
        .as_ref()
        .unwrap()
        .topology_spread_constraints
        .as_ref()
        .unwrap();
    assert_eq!(spread.len(), 1);
    assert_eq!(
        (
            spread[0].topology_key.as_str(),
            spread[0].when_unsatisfiable.as_str()
        ),
        ("topology.kubernetes.io/zone", "DoNotSchedule")
    );
    assert_eq!(
        pods_of(&children(
            json!({"scheduling": {"topologySpreadConstraints": []}})
        ))[2]
            .spec
            .as_ref()
            .unwrap()
            .topology_spread_constraints,
        Some(Vec::new())
    );
}

#[test]
fn no_label_of_the_spec_overrides_the_operators_own() {
    let spec = json!({"podMetadata": {"labels": {"app.kubernetes.io/component": "kafka"}, "annotations": {"confab.dev/secrets": "none"}}});
    let children = children(spec);
    let replica = &pods_of(&children)[2];
    let metadata = replica.metadata.as_ref().unwrap();
    assert_eq!(
        metadata.labels.as_ref().unwrap()["app.kubernetes.io/component"],
        "app"
    );
    assert_ne!(
        metadata.annotations.as_ref().unwrap()["confab.dev/secrets"],
        "none"
    );
}

fn policies(spec: Value) -> String {
    yaml(&only(&children(spec), is::<NetworkPolicy>))
}

#[test]
fn network_policies_of_embedded_services_let_in_the_chat_and_the_operator_alone() {
    insta::assert_snapshot!(policies(json!({"networkPolicy": "Enabled"})));
}

#[test]
fn network_policies_beside_external_services_name_the_ports_of_what_the_spec_enables() {
    insta::assert_snapshot!(policies(json!({
        "networkPolicy": "Enabled",
        "kafka": {"external": {"bootstrapServers": ["a.example.com:9093", "b.example.com:9094", "c.example.com:9093"]}},
        "postgres": {"external": {"host": "db.example.com", "port": 6432, "database": "chat", "user": "chat", "passwordSecret": {"name": "db"}}},
        "attachments": {"store": {"s3": {"endpoint": "http://s3.example.com:9000", "bucket": "files", "credentialsSecret": {"name": "bucket"}}}},
        "push": "Disabled",
    })));
    assert_eq!(policies(json!({"networkPolicy": "Disabled"})), "");
}

#[test]
fn certificates_and_parts_of_an_address_reach_replicas_and_migrations() {
    let chat = chat_of(json!({
        "kafka": {"external": {"bootstrapServers": ["k:9093"], "tls": {
            "caSecret": {"name": "ca"}, "clientCertificateSecret": {"name": "client", "certificateKey": "user.crt", "privateKeyKey": "user.key"},
        }}},
        "postgres": {"external": {
            "host": "db.example.com", "database": "chat", "user": "chat", "passwordSecret": {"name": "db"}, "tls": {"caSecret": {"name": "db-ca"}},
        }},
    }));
    let credentials = credentials();
    let access = access(&chat, &credentials, &Default::default());
    let release = Release {
        image: "confab/chat-app:1".into(),
        database: "d1".into(),
        search_language: "simple".into(),
        secrets: "s1".into(),
    };
    let input = BuildInput {
        credentials: &credentials,
        access: &access,
        release: Some(&release),
        schema: None,
        volume: None,
        operator: "confab-system",
    };
    let mark = JobMark {
        fingerprint: "f1".into(),
        generation: 1,
        attempt: 1,
        changes: 0,
    };
    let deployment = only(&desired(&chat, &input), is::<Deployment>);
    let children = deployment.with(Role::Migrate, job(&chat, &access, &mark));
    insta::assert_snapshot!(yaml(&children));
}

#[test]
fn a_login_provider_reaches_the_replicas_with_its_secrets_as_files() {
    let children = children(json!({
        "url": "https://chat.example.com",
        "networkPolicy": "Enabled",
        "push": "Disabled",
        "auth": {"password": "AdminsOnly", "secondFactor": "RequiredForAdmins", "oidc": [{
            "name": "sso", "displayName": "A $(HOME) B", "issuerURL": "https://login.example.com:8443/team", "clientID": "confab",
            "clientSecret": {"name": "sso", "key": "secret"}, "caSecret": {"name": "sso-ca"}, "adminGroups": ["ops"],
            "registration": "Disabled",
        }]},
    }));
    let deployment = children.get::<Deployment>(Role::App).unwrap();
    let pod = &serde_json::to_value(deployment).unwrap()["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let variable = |name: &str| {
        let mut all = container["env"].as_array().unwrap().iter();
        all.find(|it| it["name"] == name).unwrap()["value"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(variable("CONFAB_PASSWORD_LOGIN"), "admins-only");
    assert_eq!(variable("CONFAB_SECOND_FACTOR"), "required-for-admins");
    let providers = variable("CONFAB_OIDC_PROVIDERS").replace("$$", "$");
    let providers: serde_json::Value = serde_json::from_str(&providers).unwrap();
    let expected = json!([{
        "name": "sso", "displayName": "A $(HOME) B", "issuerURL": "https://login.example.com:8443/team", "clientID": "confab",
        "clientSecretFile": "/etc/confab/oidc-secret-sso/secret", "caFile": "/etc/confab/oidc-ca-sso/ca.crt",
        "scopes": ["profile", "email"], "adminGroups": ["ops"], "registration": "Disabled",
        "claims": {"username": "preferred_username", "displayName": "name", "email": "email", "groups": "groups"},
    }]);
    assert_eq!(providers, expected);
    for (volume, secret, key) in [
        ("oidc-secret-sso", "sso", "secret"),
        ("oidc-ca-sso", "sso-ca", "ca.crt"),
    ] {
        let mut volumes = pod["volumes"].as_array().unwrap().iter();
        let found = &volumes.find(|it| it["name"] == volume).unwrap()["secret"];
        assert_eq!(
            (&found["secretName"], &found["items"][0]["key"]),
            (&json!(secret), &json!(key))
        );
        let mut mounts = container["volumeMounts"].as_array().unwrap().iter();
        let path = format!("/etc/confab/{volume}");
        assert!(
            mounts.any(|it| it["name"] == volume
                && it["mountPath"] == path
                && it["readOnly"] == true)
        );
    }
    let policy = children.get::<NetworkPolicy>(Role::App).unwrap();
    let policy = serde_json::to_value(policy).unwrap();
    let egress = policy["spec"]["egress"].as_array().unwrap();
    let ports = json!([{"protocol": "TCP", "port": 443}, {"protocol": "TCP", "port": 8443}]);
    assert!(egress.iter().any(|rule| rule["ports"] == ports), "{policy}");
}

#[test]
fn a_gateway_and_strimzi_get_a_route_and_topics() {
    let all = children(json!({
        "url": "https://chat.example.com",
        "exposure": {"gateway": {"parentRefs": [{"name": "way", "namespace": "net", "sectionName": "web"}]}},
        "kafka": {"strimzi": {"cluster": "events"}},
        "topics": {"partitions": 3, "replicationFactor": 2, "config": {"min.insync.replicas": "2"}},
    }));
    assert!(all.get::<Ingress>(Role::App).is_none());
    assert!(all.get::<StatefulSet>(Role::Kafka).is_none());
    let ours = only(&all, |child| {
        is::<HTTPRoute>(child) || is::<KafkaTopic>(child)
    });
    insta::assert_snapshot!(yaml(&ours));
}

#[test]
fn a_migration_is_a_job_that_runs_once() {
    let chat = chat_of(json!({}));
    let access = access(&chat, &credentials(), &Default::default());
    let mark = JobMark {
        fingerprint: "f1".into(),
        generation: 1,
        attempt: 2,
        changes: 0,
    };
    let migration = job(&chat, &access, &mark);
    insta::assert_snapshot!(yaml(&Children::default().with(Role::Migrate, migration)));
}

#[test]
fn nothing_runs_before_a_release_is_migrated() {
    let chat = chat_of(json!({}));
    let credentials = credentials();
    let access = access(&chat, &credentials, &Default::default());
    let children = desired(
        &chat,
        &BuildInput {
            credentials: &credentials,
            access: &access,
            release: None,
            schema: None,
            volume: None,
            operator: "confab-system",
        },
    );
    assert!(children.get::<Deployment>(Role::App).is_none());
    assert!(children.get::<StatefulSet>(Role::Kafka).is_some());
    assert!(children.get::<Service>(Role::App).is_some());
}

#[test]
fn the_service_has_a_port_for_metrics_that_no_route_from_outside_leads_to() {
    let with = |exposure: Value| children(json!({"url": "http://a.b", "exposure": exposure}));
    let ingress = with(json!({"ingress": {}}));
    let gateway = with(json!({"gateway": {"parentRefs": [{"name": "way"}]}}));
    let service = ingress.get::<Service>(Role::App).unwrap();
    let ports = json!(service.spec.as_ref().unwrap().ports);
    let metrics =
        json!({"name": "metrics", "port": 9090, "protocol": "TCP", "targetPort": "admin"});
    assert_eq!(ports[1], metrics);
    for route in [
        json!(ingress.get::<Ingress>(Role::App).unwrap()),
        json!(gateway.get::<HTTPRoute>(Role::App).unwrap()),
    ] {
        let route = route["spec"].to_string();
        assert!(
            !route.contains("metrics") && !route.contains("9090"),
            "{route}"
        );
    }
}

#[test]
fn volumes_and_generated_secrets_are_retained_or_deleted_together() {
    let of = |policy| children(json!({"deletionPolicy": policy}));
    let when_deleted = |children: &Children| {
        let policy = children
            .get::<StatefulSet>(Role::Postgres)
            .unwrap()
            .spec
            .as_ref()
            .unwrap()
            .persistent_volume_claim_retention_policy
            .clone();
        policy.unwrap().when_deleted.unwrap()
    };
    let owned = |children: &Children| {
        let secrets = children.rows().filter(|(child, _)| is::<Secret>(child));
        secrets
            .map(|(_, secret)| secret.metadata().owner_references.is_some())
            .collect::<Vec<_>>()
    };
    let (retain, delete) = (of("Retain"), of("Delete"));
    assert_eq!(
        (when_deleted(&retain).as_str(), owned(&retain)),
        ("Retain", vec![false; 3])
    );
    assert_eq!(
        (when_deleted(&delete).as_str(), owned(&delete)),
        ("Delete", vec![true; 3])
    );
}

#[test]
fn every_child_but_a_retained_secret_has_the_chat_as_owner_and_the_operator_as_manager() {
    let children = children(
        json!({"url": "http://a.b", "exposure": {"ingress": {}}, "autoscaling": {"minReplicas": 1, "maxReplicas": 2}}),
    );
    let there: Vec<_> = children
        .rows()
        .map(|(child, object)| (child.kind.name(), object.metadata().clone()))
        .collect();
    assert_eq!(there.len(), 14);
    for (kind, meta) in there {
        assert_eq!(
            meta.labels.unwrap()["app.kubernetes.io/managed-by"],
            MANAGED_BY,
            "{kind}"
        );
        assert_eq!(meta.owner_references.is_some(), kind != "Secret", "{kind}");
        assert!(meta.name.unwrap().starts_with("team-"), "{kind}");
    }
}

#[test]
fn what_is_built_is_what_the_table_of_children_says_is_wanted() {
    let embedded = json!({
        "networkPolicy": "Enabled", "autoscaling": {"minReplicas": 1, "maxReplicas": 2},
        "url": "http://a.b", "exposure": {"ingress": {}},
    });
    let outside = json!({
        "networkPolicy": "Enabled", "kafka": {"strimzi": {"cluster": "events"}},
        "postgres": {"external": {"urlSecret": {"name": "db"}}},
        "url": "http://a.b", "exposure": {"gateway": {"parentRefs": [{"name": "way"}]}},
    });
    for spec in [json!({}), embedded, outside] {
        let (built, wanted) = (children(spec.clone()), object(spec).spec);
        for child in table().iter().filter(|child| !is::<Job>(child)) {
            let name = (child.kind.name(), child.role);
            assert_eq!(
                built.object(child).is_some(),
                child.wanted(&wanted),
                "{name:?}"
            );
        }
        assert_eq!(built.len(), built.rows().count(), "each has a row");
    }
}

#[test]
fn no_password_is_in_anything_but_a_secret() {
    let children = only(&children(json!({})), |child| !is::<Secret>(child));
    let text = yaml(&children);
    for secret in [
        "kafkapassword",
        "postgrespassword",
        "setuptoken",
        "vapidkey",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn the_scripts_use_only_what_every_image_has() {
    for script in [include_str!("postgres.sh"), include_str!("kafka.sh")] {
        for word in ["grep", "sed", "awk", "bash", "[[", "mktemp", "su "] {
            assert!(
                !script.lines().any(|line| line
                    .split(['(', '|', ' ', ';'])
                    .any(|part| part == word.trim())),
                "{word}"
            );
        }
    }
}
