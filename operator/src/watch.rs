//! What wakes the operator: changes of ChatDeployments, and of their children. I/O: watches on the API server.
//!
//! Only ChatDeployments are kept in memory. Of children, metadata alone is sent, and it is dropped once it has
//! told whose child changed. Secrets are not watched.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, TryStreamExt, future, stream};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::core::PartialObjectMeta;
use kube::runtime::controller::Config;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::{self, Event, watcher};
use kube::runtime::{Controller, Predicate, WatchStreamExt, predicates, reflector};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::UnboundedReceiver;
use tracing::warn;

use crate::desired::MANAGED_BY;
use crate::reconcile::{Cached, Context, error_policy, reconcile};
use crate::teardown::farewell;
use crate::topic::ChatName;

/// Changes within this time are one pass.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// How many ChatDeployments are worked on at the same time.
const CONCURRENCY: u16 = 16;
/// Objects of one answer to a list: bounds the memory of a start.
const PAGE: u32 = 50;

/// Works until `stop` comes, and then until the passes under way are done. `news` are of Kafka, which no watch tells of.
pub async fn run(
    ctx: Arc<Context>,
    mut news: UnboundedReceiver<ChatName>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let client = &ctx.client;
    let (reader, chats) = chats(&ctx);
    Controller::for_stream(chats, reader)
        .with_config(
            Config::default()
                .debounce(DEBOUNCE)
                .concurrency(CONCURRENCY),
        )
        .owns_stream(changes::<Deployment>(Api::all(client.clone())))
        .owns_stream(changes::<StatefulSet>(Api::all(client.clone())))
        .owns_stream(changes::<Job>(Api::all(client.clone())))
        .owns_stream(changes::<Ingress>(Api::all(client.clone())))
        .owns_stream(spec_changes::<Service>(Api::all(client.clone())))
        .owns_stream(spec_changes::<ServiceAccount>(Api::all(client.clone())))
        .owns_stream(spec_changes::<ConfigMap>(Api::all(client.clone())))
        .owns_stream(spec_changes::<PodDisruptionBudget>(Api::all(
            client.clone(),
        )))
        .owns_stream(spec_changes::<HorizontalPodAutoscaler>(Api::all(
            client.clone(),
        )))
        .reconcile_on(stream::poll_fn(move |cx| news.poll_recv(cx)).map(chat_of))
        .graceful_shutdown_on(stop)
        .run(reconcile, error_policy, ctx.clone())
        .for_each(|result| {
            if let Err(kube::runtime::controller::Error::QueueError(error)) = result {
                warn!(error = %error, "a watch was cut; it is taken up again");
            }
            future::ready(())
        })
        .await;
}

fn chat_of(name: ChatName) -> ObjectRef<Cached> {
    ObjectRef::new(&name.name).within(&name.namespace)
}

/// ChatDeployments whose spec or finalizers changed, or that are being deleted. Their status is this operator's own.
fn chats(
    ctx: &Arc<Context>,
) -> (
    reflector::Store<Cached>,
    impl Stream<Item = watcher::Result<Cached>> + Send + 'static,
) {
    let (reader, writer) = reflector::store();
    let api: Api<Cached> = Api::all(ctx.client.clone());
    let goodbye = ctx.clone();
    let stream = watcher(api, watcher::Config::default().page_size(PAGE))
        .default_backoff()
        .modify(|chat| chat.managed_fields_mut().clear())
        .reflect(writer)
        .inspect_ok(move |event| {
            if let Event::Delete(kube::core::DeserializeGuard(Ok(gone))) = event {
                let (ctx, gone) = (goodbye.clone(), gone.clone());
                tokio::spawn(async move { farewell(&ctx.recorder, &gone).await });
            }
        })
        .applied_objects()
        .predicate_filter(
            predicates::generation.combine(predicates::finalizers),
            Default::default(),
        );
    (reader, stream)
}

fn of_ours() -> watcher::Config {
    watcher::Config::default()
        .labels(&format!("app.kubernetes.io/managed-by={MANAGED_BY}"))
        .page_size(PAGE)
}

/// A child.
trait Child:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
}
impl<K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static> Child
    for K
{
}

/// Every change of children whose status matters, and their end.
fn changes<K: Child>(
    api: Api<PartialObjectMeta<K>>,
) -> impl Stream<Item = watcher::Result<PartialObjectMeta<K>>> + Send + 'static {
    watcher(api, of_ours())
        .default_backoff()
        .touched_objects()
        .predicate_filter(predicates::resource_version, Default::default())
}

/// Changes of children whose status does not matter, and their end. A HorizontalPodAutoscaler's status changes
/// every 15 seconds.
fn spec_changes<K: Child>(
    api: Api<PartialObjectMeta<K>>,
) -> impl Stream<Item = watcher::Result<PartialObjectMeta<K>>> + Send + 'static {
    watcher(api, of_ours())
        .default_backoff()
        .map_ok(|event| match event {
            Event::Delete(mut gone) => {
                // Its end would pass for what was seen last.
                gone.metadata.generation = Some(-1);
                Event::Delete(gone)
            }
            other => other,
        })
        .touched_objects()
        .predicate_filter(
            predicates::generation.fallback(predicates::resource_version),
            Default::default(),
        )
}
