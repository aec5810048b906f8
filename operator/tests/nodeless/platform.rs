//! A platform with its own rules for pods: like OpenShift, it assigns their users and refuses those that a template fixes.

use confab_tests::nodeless::namespaced;
use confab_tests::{Result, ensure, eventually};
use serde_json::{Value, json};

use crate::world::{LIMIT, World};

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmission";

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_runs_where_the_platform_assigns_the_users_of_pods() -> Result<()> {
    let world = World::new("platform").await?;
    let created = refuse_fixed_users(&world).await?;
    let (chat, mut spec) = world.chat("team").await?;
    spec["podSecurityContext"] =
        json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    chat.create(&spec).await?;
    let _operator = world.operator().await?;
    chat.ready(LIMIT).await?;
    let deployment = world.cluster.get(&chat.deployment()).await?;
    let pod = &deployment["spec"]["template"]["spec"];
    ensure!(pod["securityContext"]["runAsNonRoot"] == true, "{pod:#}");
    let container = &pod["containers"][0]["securityContext"];
    ensure!(container["readOnlyRootFilesystem"] == true, "{container:#}");
    for path in created {
        world.cluster.delete(&path).await?;
    }
    Ok(())
}

/// Returns what was created.
async fn refuse_fixed_users(world: &World) -> Result<Vec<String>> {
    let name = &world.namespace;
    let rule = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": resources});
    let here = json!({"matchLabels": {"kubernetes.io/metadata.name": name}});
    let context = "object.spec.template.spec.?securityContext";
    let expression = format!("!{context}.?runAsUser.hasValue() && !{context}.?fsGroup.hasValue()");
    let policy = json!({
        "matchConstraints": {"namespaceSelector": here, "resourceRules": [
            rule("apps", &["deployments", "statefulsets"]), rule("batch", &["jobs"])]},
        "validations": [{"expression": expression, "message": "users are assigned"}],
    });
    let binding = json!({"policyName": name, "validationActions": ["Deny"]});
    let mut created = Vec::new();
    for (kind, plural, spec) in [
        ("Policy", "policies", policy),
        ("PolicyBinding", "policybindings", binding),
    ] {
        let object = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": format!("ValidatingAdmission{kind}"),
            "metadata": {"name": name}, "spec": spec});
        let path = format!("{POLICIES}{plural}");
        world.cluster.create(&path, &object).await?;
        created.push(format!("{path}/{name}"));
    }
    let path = namespaced("apis/apps/v1", name, "deployments?dryRun=All");
    eventually(LIMIT, "a fixed user is refused", async || {
        let taken = world.cluster.create(&path, &with_a_fixed_user()).await;
        ensure!(taken.is_err(), "not yet");
        Ok(())
    })
    .await?;
    Ok(created)
}

fn with_a_fixed_user() -> Value {
    let labels = json!({"app": "it"});
    let pod = json!({"securityContext": {"runAsUser": 1000}, "containers": [{"name": "it", "image": "it:1"}]});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "it"}, "spec": {
        "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}})
}
