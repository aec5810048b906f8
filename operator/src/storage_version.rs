//! Storage migration: rewrites ChatDeployments that are stored in a version which the CustomResourceDefinition no longer stores.
//! I/O: the API server.
//!
//! Kubernetes leaves objects in the version in which they were written last. A release can drop a version from the definition only
//! once `status.storedVersions` does not name it.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client, CustomResourceExt, ResourceExt};
use serde_json::json;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::backoff::Backoff;
use crate::crd::ChatDeployment;

/// Objects of one answer to a list.
const PAGE: u32 = 100;

/// Returns once every ChatDeployment is stored in the version that the definition stores, or if this operator may not see to that.
pub(crate) async fn keep_current(client: Client) {
    let mut backoff = Backoff::default();
    while let Err(error) = migrate(&client, ChatDeployment::crd_name()).await {
        let forbidden = matches!(&error, kube::Error::Api(status) if status.code == 403);
        warn!(%error, "could not rewrite ChatDeployments in the version that is stored now");
        if forbidden {
            return;
        }
        sleep(backoff.next()).await;
    }
}

async fn migrate(client: &Client, name: &str) -> kube::Result<()> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let definition = definitions.get(name).await?;
    let mut versions = definition.spec.versions.iter();
    let Some(version) = versions.find(|version| version.storage) else {
        return Ok(());
    };
    let stored = definition.status.as_ref();
    let stored = stored.and_then(|status| status.stored_versions.as_deref());
    if stored.is_none_or(|stored| stored == [version.name.as_str()]) {
        return Ok(());
    }
    let spec = &definition.spec;
    let kind = GroupVersionKind::gvk(&spec.group, &version.name, &spec.names.kind);
    let resource = ApiResource::from_gvk_with_plural(&kind, &spec.names.plural);
    let objects = rewrite_all(client, &resource).await?;
    // Only if the definition is still the one that was read: another one may store another version.
    let done = json!({
        "metadata": {"resourceVersion": definition.resource_version()},
        "status": {"storedVersions": [version.name]},
    });
    let (params, done) = (PatchParams::default(), Patch::Merge(&done));
    definitions.patch_status(name, &params, &done).await?;
    info!(
        version = version.name,
        objects, "every ChatDeployment is stored in this version"
    );
    Ok(())
}

/// A patch that changes nothing makes the API server write an object that is stored in another version. Returns how many objects
/// there are.
async fn rewrite_all(client: &Client, resource: &ApiResource) -> kube::Result<usize> {
    let all: Api<DynamicObject> = Api::all_with(client.clone(), resource);
    let mut page = ListParams::default().limit(PAGE);
    let (params, nothing) = (PatchParams::default(), Patch::Merge(json!({})));
    let mut rewritten = 0;
    loop {
        let list = all.list_metadata(&page).await?;
        for object in &list.items {
            let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
            let api: Api<DynamicObject> =
                Api::namespaced_with(client.clone(), &namespace, resource);
            match api.patch_metadata(&name, &params, &nothing).await {
                Ok(_) => rewritten += 1,
                // It has been deleted.
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                Err(error) => return Err(error),
            }
        }
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(rewritten),
        }
    }
}

#[cfg(test)]
mod tests;
