//! What wakes the operator: changes of ChatDeployments, and of their children. I/O: watches on the API server.
//!
//! Only ChatDeployments are kept in memory. Of children, metadata alone is sent, and it is dropped once it has
//! told whose child changed. Secrets are not watched.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, TryStreamExt, future, stream};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::core::PartialObjectMeta;
use kube::runtime::controller::Config;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::{self, Event, watcher};
use kube::runtime::{Controller, Predicate, WatchStreamExt, predicates};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::UnboundedReceiver;
use tracing::warn;

use crate::desired::MANAGED_BY;
use crate::kinds::{Flag, HTTPRoute, KafkaTopic, Kinds, known};
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
    cache: Writer<Cached>,
    mut news: UnboundedReceiver<ChatName>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    Controller::for_stream(chats(&ctx, cache), ctx.chats.clone())
        .with_config(
            Config::default()
                .debounce(DEBOUNCE)
                .concurrency(CONCURRENCY),
        )
        .owns_stream(changes::<Deployment>(&ctx))
        .owns_stream(changes::<StatefulSet>(&ctx))
        .owns_stream(changes::<Job>(&ctx))
        .owns_stream(changes::<Ingress>(&ctx))
        .owns_stream(when_known::<HTTPRoute>(&ctx, |kinds| &kinds.http_route))
        .owns_stream(when_known::<KafkaTopic>(&ctx, |kinds| &kinds.kafka_topic))
        .owns_stream(spec_changes::<Service>(&ctx))
        .owns_stream(spec_changes::<ServiceAccount>(&ctx))
        .owns_stream(spec_changes::<ConfigMap>(&ctx))
        .owns_stream(spec_changes::<NetworkPolicy>(&ctx))
        .owns_stream(spec_changes::<PodDisruptionBudget>(&ctx))
        .owns_stream(spec_changes::<HorizontalPodAutoscaler>(&ctx))
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
    cache: Writer<Cached>,
) -> impl Stream<Item = watcher::Result<Cached>> + Send + 'static {
    let api: Api<Cached> = Api::all(ctx.client.clone());
    let (goodbye, watched) = (ctx.clone(), ctx.watched.clone());
    watcher(api, watcher::Config::default().page_size(PAGE))
        .default_backoff()
        .try_filter(move |event| future::ready(concerns(&watched, event)))
        .modify(|chat| chat.managed_fields_mut().clear())
        .reflect(cache)
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
        )
}

/// ChatDeployments are watched in the whole cluster: a right in one namespace goes before a finalizer there does.
fn concerns(watched: &[String], event: &Event<Cached>) -> bool {
    match event {
        Event::Apply(chat) | Event::InitApply(chat) | Event::Delete(chat) => {
            let namespace = chat.namespace().unwrap_or_default();
            watched.is_empty() || watched.contains(&namespace)
        }
        Event::Init | Event::InitDone => true,
    }
}

fn of_ours() -> watcher::Config {
    watcher::Config::default()
        .labels(&format!("app.kubernetes.io/managed-by={MANAGED_BY}"))
        .page_size(PAGE)
}

/// A child.
trait Child:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
}
impl<
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
> Child for K
{
}

/// A watch on all namespaces, or one on each of those that this operator is for: its rights end there.
fn in_each_namespace<K: Child>(
    ctx: &Arc<Context>,
) -> impl Stream<Item = watcher::Result<Event<PartialObjectMeta<K>>>> + Send + 'static + use<K> {
    let client = || ctx.client.clone();
    let namespaces = ctx.watched.iter();
    let mut apis: Vec<Api<PartialObjectMeta<K>>> = namespaces
        .map(|namespace| Api::namespaced(client(), namespace))
        .collect();
    if apis.is_empty() {
        apis.push(Api::all(client()));
    }
    let watch = |api| watcher(api, of_ours()).default_backoff().boxed();
    stream::select_all(apis.into_iter().map(watch))
}

/// Every change of children whose status matters, and their end.
fn changes<K: Child>(
    ctx: &Arc<Context>,
) -> impl Stream<Item = watcher::Result<PartialObjectMeta<K>>> + Send + 'static + use<K> {
    in_each_namespace(ctx)
        .touched_objects()
        .predicate_filter(predicates::resource_version, Default::default())
}

/// The same of a kind that the cluster may get later, or never.
fn when_known<K: Child>(
    ctx: &Arc<Context>,
    flag: fn(&Kinds) -> &Flag,
) -> impl Stream<Item = watcher::Result<PartialObjectMeta<K>>> + Send + 'static {
    let ctx = ctx.clone();
    let wait = async move {
        known::<K>(&ctx.client).await;
        flag(&ctx.kinds).raise();
        changes::<K>(&ctx)
    };
    stream::once(wait).flatten()
}

/// Changes of children whose status does not matter, and their end. A HorizontalPodAutoscaler's status changes
/// every 15 seconds.
fn spec_changes<K: Child>(
    ctx: &Arc<Context>,
) -> impl Stream<Item = watcher::Result<PartialObjectMeta<K>>> + Send + 'static + use<K> {
    in_each_namespace(ctx)
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
