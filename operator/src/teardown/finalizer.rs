//! Step finalizer: keeps a ChatDeployment until its topics are deleted. I/O: writes the finalizer.

use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::Error;
use crate::context::Context;
use crate::crd::{ChatDeployment, DeletionPolicy, Kafka};
use crate::validate::Chat;

pub(crate) const FINALIZER: &str = "confab.dev/topics";

/// Adds or removes the finalizer, as the spec wants it.
pub(crate) async fn sync_finalizer(
    ctx: &Context,
    object: &ChatDeployment,
    chat: &Chat,
) -> Result<(), Error> {
    let wanted =
        chat.deletion_policy == DeletionPolicy::Delete && matches!(chat.kafka, Kafka::External(_));
    match (wanted, is_set(object)) {
        (true, false) => {
            let all = [object.finalizers(), &[FINALIZER.to_owned()]].concat();
            set(ctx, object, all).await
        }
        (false, true) => remove(ctx, object).await,
        _ => Ok(()),
    }
}

pub(super) fn is_set(object: &ChatDeployment) -> bool {
    let mut finalizers = object.finalizers().iter();
    finalizers.any(|finalizer| finalizer == FINALIZER)
}

pub(super) async fn remove(ctx: &Context, object: &ChatDeployment) -> Result<(), Error> {
    let others = object
        .finalizers()
        .iter()
        .filter(|finalizer| *finalizer != FINALIZER)
        .cloned()
        .collect();
    set(ctx, object, others).await
}

async fn set(ctx: &Context, object: &ChatDeployment, finalizers: Vec<String>) -> Result<(), Error> {
    let api: Api<ChatDeployment> =
        Api::namespaced(ctx.client.clone(), &object.namespace().unwrap_or_default());
    // With the version that was read, so that a finalizer that another adds meanwhile is not lost.
    let patch = json!({"metadata": {"finalizers": finalizers, "resourceVersion": object.resource_version()}});
    match api
        .patch(
            &object.name_any(),
            &PatchParams::default(),
            &Patch::Merge(patch),
        )
        .await
    {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(source) => Err(Error {
            doing: "writing the finalizer",
            source,
        }),
        Ok(written) => {
            ctx.own_writes.add(&written.metadata);
            Ok(())
        }
    }
}
