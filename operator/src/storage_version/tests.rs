//! On a real API server, with a definition of another group than that of the other tests. I/O.

use std::time::Duration;

use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;

use super::*;

const NAME: &str = "chatdeployments.storage-version.example";

async fn client() -> Client {
    let path = std::env::var("TEST_KUBECONFIG").expect("tests/services/up writes TEST_KUBECONFIG");
    let file = Kubeconfig::read_from(path).unwrap();
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(file, &options).await;
    Client::try_from(config.unwrap()).unwrap()
}

/// The definition of this operator in another group, with these versions; the last one is stored.
fn definition(versions: &[&str]) -> CustomResourceDefinition {
    let mut definition = serde_json::to_value(crate::crd::definition()).unwrap();
    definition["metadata"] = json!({"name": NAME});
    definition["spec"]["group"] = json!("storage-version.example");
    let one = definition["spec"]["versions"][0].take();
    let versions = versions.iter().map(|name| {
        let mut version = one.clone();
        version["name"] = json!(name);
        version["storage"] = json!(Some(name) == versions.last());
        version
    });
    definition["spec"]["versions"] = versions.collect();
    serde_json::from_value(definition).unwrap()
}

fn resource(version: &str) -> ApiResource {
    let kind = GroupVersionKind::gvk("storage-version.example", version, "ChatDeployment");
    ApiResource::from_gvk_with_plural(&kind, "chatdeployments")
}

async fn stored_versions(client: &Client) -> Vec<String> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let status = api.get(NAME).await.unwrap().status.unwrap();
    status.stored_versions.unwrap()
}

/// Names and resource versions.
async fn objects(client: &Client, version: &str) -> Vec<(String, Option<String>)> {
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource(version));
    let list = api.list(&ListParams::default()).await.unwrap();
    let objects = list.iter();
    objects
        .map(|it| (it.name_any(), it.resource_version()))
        .collect()
}

async fn apply(client: &Client, definition: &CustomResourceDefinition) {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let params = PatchParams::apply("test").force();
    let patch = Patch::Apply(definition);
    api.patch(NAME, &params, &patch).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a Kubernetes API server: tests/services/up, then tests/cargo test -- --include-ignored"]
async fn what_is_stored_in_an_earlier_version_is_rewritten_so_that_it_can_be_dropped() {
    let client = client().await;
    apply(&client, &definition(&["v1beta1"])).await;
    let api: Api<DynamicObject> =
        Api::namespaced_with(client.clone(), "default", &resource("v1beta1"));
    for name in ["one", "two"] {
        let object: Value = json!({"apiVersion": "storage-version.example/v1beta1",
            "kind": "ChatDeployment", "metadata": {"name": name}, "spec": {}});
        let object = serde_json::from_value(object).unwrap();
        // The kind exists soon after its definition.
        while let Err(error) = api.create(&PostParams::default(), &object).await {
            assert!(
                !matches!(&error, kube::Error::Api(it) if it.code != 404),
                "{error}"
            );
            sleep(Duration::from_millis(200)).await;
        }
    }
    migrate(&client, NAME).await.unwrap();
    let before = objects(&client, "v1beta1").await;

    apply(&client, &definition(&["v1beta1", "v1"])).await;
    assert_eq!(stored_versions(&client).await, ["v1beta1", "v1"]);
    // The API server serves a new version soon.
    while let Err(error) = migrate(&client, NAME).await {
        assert!(
            matches!(&error, kube::Error::Api(it) if it.code == 404),
            "{error}"
        );
        sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(stored_versions(&client).await, ["v1"]);
    let after = objects(&client, "v1beta1").await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.0, after.0);
        assert_ne!(before.1, after.1, "{} was not rewritten", before.0);
    }
    // What is stored in the present version already is left alone.
    migrate(&client, NAME).await.unwrap();
    assert_eq!(objects(&client, "v1beta1").await, after);

    apply(&client, &definition(&["v1"])).await;
    assert_eq!(objects(&client, "v1").await.len(), 2);
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    definitions.delete(NAME, &Default::default()).await.unwrap();
}
