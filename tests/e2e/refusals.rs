//! Invalid ChatDeployments: the API server refuses them with a message about the field.

use confab_tests::example::{self, NAMESPACE};
use confab_tests::kubectl::{Kubectl, require_cluster};
use confab_tests::manifest::{chat, namespace};
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, bail, ensure, eventually, unique};
use serde_json::{Value, json};

#[tokio::test]
async fn an_invalid_spec_is_refused_with_a_message_about_the_field() -> Result<()> {
    require_cluster().await?;
    let external = json!({"bootstrapServers": ["kafka.example.com:9092"]});
    let bucket = json!({"bucket": "files", "credentialsSecret": {"name": "s"}});
    let wrong = [
        ("replicas", json!({"replicas": -1})),
        (
            "minReplicas",
            json!({"autoscaling": {"minReplicas": 5, "maxReplicas": 2}, "resources": {"requests": {"cpu": "100m"}}}),
        ),
        ("url", json!({"url": "chat.example.com"})),
        ("url", json!({"url": "ftp://chat.example.com"})),
        ("url", json!({"url": "https://chat.example.com/a/path"})),
        ("url", json!({"exposure": {"ingress": {}}})),
        (
            "kafka",
            json!({"kafka": {"embedded": {}, "external": external}}),
        ),
        (
            "kafka",
            json!({"kafka": {"external": {"bootstrapServers": []}}}),
        ),
        ("postgres", json!({"postgres": {}})),
        ("partitions", json!({"topics": {"partitions": 0}})),
        ("deletionPolicy", json!({"deletionPolicy": "Maybe"})),
        (
            "registration",
            json!({"chat": {"registration": "Sometimes"}}),
        ),
        (
            "retentionHours",
            json!({"chat": {"messageRetentionDays": 6}}),
        ),
        (
            "segment.ms",
            json!({"chat": {"messageRetentionDays": 7}, "topics": {"config": {"segment.ms": "1"}}}),
        ),
        (
            "messageRetentionDays",
            json!({"chat": {"messageRetentionDays": 0}}),
        ),
        (
            "searchLanguage",
            json!({"chat": {"searchLanguage": "Klingon"}}),
        ),
        ("presence", json!({"chat": {"presence": true}})),
        ("maxBytes", json!({"attachments": {"maxBytes": -1}})),
        (
            "maxBytes",
            json!({"attachments": {"maxBytes": 1_073_741_825}}),
        ),
        ("types", json!({"attachments": {"types": ["image"]}})),
        ("types", json!({"attachments": {"types": []}})),
        ("store", json!({"attachments": {"store": {}}})),
        (
            "store",
            json!({"attachments": {"store": {"postgres": {}, "s3": bucket}}}),
        ),
        (
            "bucket",
            json!({"attachments": {"store": {"s3": {"credentialsSecret": {"name": "s"}}}}}),
        ),
        ("push", json!({"push": "Maybe"})),
        (
            "exactly one of postgres",
            json!({"postgres": {"cloudNativePg": {"cluster": "a"}, "embedded": {}}}),
        ),
        ("urlSecret", json!({"postgres": {"external": {}}})),
        (
            "passwordSecret",
            json!({"postgres": {"external": {"host": "h", "database": "d", "user": "u"}}}),
        ),
        (
            "omit these fields",
            json!({"postgres": {"external": {"urlSecret": {"name": "s"}, "port": 1}}}),
        ),
        (
            "host",
            json!({"postgres": {"external": {"host": "h:5432/x?sslmode=disable", "database": "d", "user": "u", "passwordSecret": {"name": "s"}}}}),
        ),
        (
            "caSecret",
            json!({"postgres": {"external": {"urlSecret": {"name": "s"}, "tls": {"mode": "require", "caSecret": {"name": "c"}}}}}),
        ),
        (
            "mode",
            json!({"postgres": {"external": {"urlSecret": {"name": "s"}, "tls": {"mode": "verify-ca"}}}}),
        ),
        (
            "namespace",
            json!({"postgres": {"external": {"urlSecret": {"name": "s", "namespace": "kube-system"}}}}),
        ),
        (
            "name",
            json!({"postgres": {"external": {"urlSecret": {"name": "kube-system/s"}}}}),
        ),
        (
            "key",
            json!({"postgres": {"external": {"urlSecret": {"name": "s", "key": "../x"}}}}),
        ),
        (
            "exactly one of kafka",
            json!({"kafka": {"strimzi": {"cluster": "a"}, "embedded": {}}}),
        ),
        (
            "Tls requires",
            json!({"kafka": {"strimzi": {"cluster": "a", "user": {"name": "u", "authentication": "Tls"}}}}),
        ),
        ("cluster", json!({"kafka": {"strimzi": {"cluster": "a.b"}}})),
        ("prefix", json!({"topics": {"prefix": "a;b"}})),
        ("prefix", json!({"topics": {"prefix": "../x"}})),
        (
            "partitions",
            json!({"topics": {"partitions": 2147483648_i64}}),
        ),
        (
            "exactly one of exposure",
            json!({"url": "http://a.b", "exposure": {"ingress": {}, "gateway": {"parentRefs": [{"name": "g"}]}}}),
        ),
        (
            "parentRefs",
            json!({"url": "http://a.b", "exposure": {"gateway": {"parentRefs": []}}}),
        ),
        (
            "keys must have a name",
            json!({"url": "http://a.b", "exposure": {"ingress": {"annotations": {"a b": "c"}}}}),
        ),
        (
            "reserved for the operator",
            json!({"podMetadata": {"labels": {"app.kubernetes.io/component": "kafka"}}}),
        ),
        (
            "labels",
            json!({"podMetadata": {"labels": {"a": "not a value"}}}),
        ),
        (
            "operator: Exists",
            json!({"scheduling": {"tolerations": [{}]}}),
        ),
        (
            "effect",
            json!({"scheduling": {"tolerations": [{"operator": "Exists", "effect": "Never"}]}}),
        ),
        (
            "tolerationSeconds",
            json!({"scheduling": {"tolerations": [{"operator": "Exists", "tolerationSeconds": 1}]}}),
        ),
        ("networkPolicy", json!({"networkPolicy": true})),
        ("paused", json!({"paused": "yes"})),
        (
            "imagePullSecrets",
            json!({"imagePullSecrets": ["registry"]}),
        ),
        ("replica", json!({"replica": 2})),
        ("colour", json!({"chat": {"colour": "blue"}})),
    ];
    for (word, spec) in wrong {
        refused(&chat(NAMESPACE, "wrong", spec), word).await?;
    }
    let long = "a".repeat(41);
    refused(&chat(NAMESPACE, &long, json!({})), "40").await?;
    refused(&chat(NAMESPACE, "two.labels", json!({})), "name").await
}

#[tokio::test]
async fn an_empty_spec_is_accepted() -> Result<()> {
    require_cluster().await?;
    try_to_apply(&chat(NAMESPACE, "empty", json!({}))).await
}

#[tokio::test]
async fn a_chat_without_its_secret_reports_it_and_keeps_its_partitions_and_its_store() -> Result<()>
{
    require_cluster().await?;
    let name = unique("refusals");
    let kubectl = Kubectl::new(&name);
    kubectl.apply(&namespace(&name)).await?;
    let tested = reports_what_is_missing(&kubectl).await;
    // Without waiting: nothing else depends on it.
    kubectl
        .run(&format!("delete namespace {name} --wait=false"))
        .await?;
    tested
}

async fn reports_what_is_missing(kubectl: &Kubectl) -> Result<()> {
    let spec = |partitions: u32| {
        json!({
            "topics": {"partitions": partitions},
            "kafka": {"external": {"bootstrapServers": ["kafka.invalid:9092"]}},
            "postgres": {"external": {"urlSecret": {"name": "no-such-secret", "key": "url"}}},
        })
    };
    let object = |partitions| chat(kubectl.namespace(), "outside", spec(partitions));
    kubectl.apply(&object(6)).await?;
    eventually(seconds(60), "a condition names the Secret", async || {
        let conditions = kubectl.get("chat outside").await?["status"]["conditions"].take();
        let conditions = conditions.as_array().context("no conditions")?;
        let ready = conditions
            .iter()
            .find(|c| c["type"] == "Ready")
            .context("no Ready")?;
        ensure!(ready["status"] == "False", "{ready}");
        let named = |c: &Value| {
            c["message"]
                .as_str()
                .is_some_and(|m| m.contains("no-such-secret"))
        };
        ensure!(conditions.iter().any(named), "{conditions:#?}");
        Ok(())
    })
    .await?;
    refused(&object(3), "partitions").await?;
    let mut moved = object(6);
    let bucket = json!({"bucket": "files", "credentialsSecret": {"name": "s"}});
    moved["spec"]["attachments"] = json!({"store": {"s3": bucket}});
    refused(&moved, "attachments.store is immutable").await?;
    try_to_apply(&object(12)).await
}

/// Applies the object as a dry run.
async fn try_to_apply(object: &Value) -> Result<()> {
    let kubectl = Kubectl::new(
        object["metadata"]["namespace"]
            .as_str()
            .context("namespaced")?,
    );
    let apply = "apply --dry-run=server --validate=strict -f -";
    kubectl.with_input(apply, &object.to_string()).await?;
    Ok(())
}

async fn refused(object: &Value, word: &str) -> Result<()> {
    let Err(error) = try_to_apply(object).await else {
        bail!("accepted: {object}");
    };
    let message = format!("{error:#}");
    let reason = message
        .split_once("apply --dry-run")
        .map_or("", |(_, reason)| reason);
    ensure!(
        reason.contains(word),
        "the refusal of {object} does not mention {word}: {message}"
    );
    Ok(())
}

#[tokio::test]
async fn the_operator_knows_the_fields_kubectl_explains() -> Result<()> {
    require_cluster().await?;
    let kubectl = Kubectl::new(example::NAMESPACE);
    let explained = kubectl.run("explain chat.spec --recursive").await?;
    for field in [
        "image",
        "replicas",
        "bootstrapServers",
        "urlSecret",
        "deletionPolicy",
    ] {
        assert!(explained.contains(field), "{field} is not in\n{explained}");
    }
    Ok(())
}
