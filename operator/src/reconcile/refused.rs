//! A request that the API server refused: retried as an error while it may pass by itself, and otherwise reported. I/O through
//! [`report`].

use kube::core::DynamicObject;
use kube::core::error_boundary::InvalidObject;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};

use super::{Error, report::report};
use crate::context::Context;
use crate::crd::{ChatDeployment, ChatDeploymentSpec};
use crate::refusal::Refusal;
use crate::status::Outcome;
use crate::validate::Rejection;

/// What may pass by itself is reported once this many reconciles in a row failed over it, which takes three seconds.
const PATIENCE: u32 = 2;

/// An error if one of the refusals may pass by itself and did not have the time to.
pub(super) fn expect_to_stay<'a>(
    ctx: &Context,
    object: &ChatDeployment,
    refusals: impl IntoIterator<Item = &'a Refusal>,
) -> Result<(), Error> {
    let failures = ctx.backoffs.failures(&object.uid().unwrap_or_default());
    let mut passing = refusals.into_iter().filter(|refusal| refusal.may_pass());
    match passing.next() {
        Some(refusal) if failures < PATIENCE => Err(Error::Refused(refusal.clone())),
        _ => Ok(()),
    }
}

/// Reports a refusal that ended the reconcile: it could not continue without what was refused.
pub(super) async fn or_refused(
    ctx: &Context,
    object: &ChatDeployment,
    result: Result<Action, Error>,
) -> Result<Action, Error> {
    let refusal = match &result {
        Err(Error::Api(error)) => error.refusal(),
        Err(Error::Teardown(error)) => error.refusal(),
        _ => None,
    };
    let Some(refusal) = refusal else {
        return result;
    };
    expect_to_stay(ctx, object, [&refusal])?;
    report(ctx, object, Outcome::Refused(refusal)).await
}

/// Reports on a ChatDeployment that this version of the operator cannot read.
pub(super) async fn unreadable(ctx: &Context, invalid: InvalidObject) -> Result<Action, Error> {
    let InvalidObject { error, metadata } = invalid;
    let (namespace, name) = (metadata.namespace.as_deref(), metadata.name.as_deref());
    let api: Api<DynamicObject> = Api::namespaced_with(
        ctx.client.clone(),
        namespace.unwrap_or_default(),
        &kube::api::ApiResource::erase::<ChatDeployment>(&()),
    );
    let raw = api.get_opt(name.unwrap_or_default()).await;
    let status = raw.map_err(Error::Read)?.and_then(|raw| {
        let status = raw.data.get("status")?.clone();
        serde_json::from_value(status).ok()
    });
    let object = ChatDeployment {
        metadata,
        spec: ChatDeploymentSpec::default(),
        status,
    };
    let rejection = Rejection::Unreadable(error);
    report(ctx, &object, Outcome::Rejected(rejection)).await
}
