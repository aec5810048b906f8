//! What wakes the operator: changes of ChatDeployments, and of their children. I/O: watches on the API server.
//!
//! Only ChatDeployments are kept in memory. Of children, metadata alone is sent, and it is dropped once it has
//! told whose child changed. Secrets are not watched.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
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
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::warn;

use crate::desired::MANAGED_BY;
use crate::kinds::{HTTPRoute, KafkaTopic, Kinds, known};
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
    let (anew, mut listed_anew) = unbounded_channel();
    let watches = Watches {
        ctx: ctx.clone(),
        anew,
    };
    Controller::for_stream(chats(&ctx, cache), ctx.chats.clone())
        .with_config(
            Config::default()
                .debounce(DEBOUNCE)
                .concurrency(CONCURRENCY),
        )
        .owns_stream(everywhere(&watches, changes::<Deployment>))
        .owns_stream(everywhere(&watches, changes::<StatefulSet>))
        .owns_stream(everywhere(&watches, changes::<Job>))
        .owns_stream(everywhere(&watches, changes::<Ingress>))
        .owns_stream(when_known::<HTTPRoute>(&watches, |_| {}))
        .owns_stream(when_known::<KafkaTopic>(&watches, |kinds| {
            kinds.kafka_topic.raise();
        }))
        .owns_stream(everywhere(&watches, spec_changes::<Service>))
        .owns_stream(everywhere(&watches, spec_changes::<ServiceAccount>))
        .owns_stream(everywhere(&watches, spec_changes::<ConfigMap>))
        .owns_stream(everywhere(&watches, spec_changes::<NetworkPolicy>))
        .owns_stream(everywhere(&watches, spec_changes::<PodDisruptionBudget>))
        .owns_stream(everywhere(
            &watches,
            spec_changes::<HorizontalPodAutoscaler>,
        ))
        .reconcile_all_on(stream::poll_fn(move |cx| listed_anew.poll_recv(cx)))
        .reconcile_on(stream::poll_fn(move |cx| news.poll_recv(cx)).map(chat_of))
        .graceful_shutdown_on(stop)
        .run(reconcile, error_policy, ctx.clone())
        .for_each(|_| future::ready(()))
        .await;
}

fn chat_of(name: ChatName) -> ObjectRef<Cached> {
    ObjectRef::new(&name.name).within(&name.namespace)
}

/// ChatDeployments whose spec or finalizers changed, or that are being deleted. Their status is this operator's own.
/// They are watched in the whole cluster even where this operator looks after some namespaces alone: a right that is
/// bound in a namespace is gone before the last ChatDeployment of a namespace that is being deleted.
fn chats(
    ctx: &Arc<Context>,
    cache: Writer<Cached>,
) -> impl Stream<Item = watcher::Result<Cached>> + Send + 'static {
    let api: Api<Cached> = Api::all(ctx.client.clone());
    let (goodbye, here, own) = (ctx.clone(), ctx.clone(), ctx.clone());
    watcher(api, watcher::Config::default().page_size(PAGE))
        .default_backoff()
        .try_filter(move |event| future::ready(concerns(&here.watched, event)))
        .modify(|chat| chat.managed_fields_mut().clear())
        .reflect(cache)
        .inspect_ok(move |event| {
            if let Event::Delete(kube::core::DeserializeGuard(Ok(gone))) = event {
                let (ctx, gone) = (goodbye.clone(), gone.clone());
                tokio::spawn(async move { farewell(&ctx.events, &gone).await });
            }
        })
        .applied_objects()
        .predicate_filter(
            predicates::generation.combine(predicates::finalizers),
            Default::default(),
        )
        .filter_map(cut_is_told)
        .try_filter(move |chat| future::ready(!own.echoes.knows(chat.meta())))
}

fn concerns<K: Resource>(namespaces: &[String], event: &Event<K>) -> bool {
    let (Event::Apply(object) | Event::InitApply(object) | Event::Delete(object)) = event else {
        return true;
    };
    namespaces.is_empty() || namespaces.contains(&object.namespace().unwrap_or_default())
}

/// Takes an error out of a watch, which begins anew after it. The Controller would hold all watches back after an error of
/// one, longer each time: ten that are cut at once would make it deaf for minutes.
fn cut_is_told<T>(event: watcher::Result<T>) -> future::Ready<Option<watcher::Result<T>>> {
    if let Err(error) = &event {
        warn!(error = %error, "watch interrupted; restarting it");
    }
    future::ready(event.is_ok().then_some(event))
}

/// What the watches of children have in common.
#[derive(Clone)]
struct Watches {
    ctx: Arc<Context>,
    /// Told when a watch had to list anew: what was deleted in between is in no list.
    anew: UnboundedSender<()>,
}

type Metadata<K> = PartialObjectMeta<K>;

/// One stream of what `interesting` leaves of the watches in all namespaces that this operator looks after.
fn everywhere<K: Child, S, F>(
    watches: &Watches,
    interesting: F,
) -> impl Stream<Item = watcher::Result<Metadata<K>>> + Send + 'static + use<K, S, F>
where
    F: Fn(BoxStream<'static, watcher::Result<Event<Metadata<K>>>>) -> S,
    S: Stream<Item = watcher::Result<Metadata<K>>> + Send + 'static,
{
    let client = || watches.ctx.client.clone();
    let namespaces = &watches.ctx.watched;
    let apis = if namespaces.is_empty() {
        vec![Api::<Metadata<K>>::all(client())]
    } else {
        let one = |namespace: &String| Api::namespaced(client(), namespace);
        namespaces.iter().map(one).collect()
    };
    let own = watches.ctx.clone();
    let streams = apis.into_iter().map(|api| {
        let (anew, mut lists) = (watches.anew.clone(), 0);
        let ctx = watches.ctx.clone();
        let events = watcher(api, of_ours())
            .default_backoff()
            .filter_map(cut_is_told)
            .inspect_ok(move |event| {
                match event {
                    Event::Apply(child) | Event::InitApply(child) => {
                        ctx.seen.there::<K>(child.meta());
                    }
                    Event::Delete(child) => ctx.seen.gone::<K>(child.meta()),
                    Event::Init | Event::InitDone => {}
                }
                lists += u32::from(matches!(event, Event::InitDone));
                if matches!(event, Event::InitDone) && lists > 1 {
                    // Without a receiver the operator is about to end.
                    let _ = anew.send(());
                }
            });
        interesting(events.boxed()).boxed()
    });
    stream::select_all(streams)
        .try_filter(move |child| future::ready(!own.echoes.knows(child.meta())))
}

fn of_ours() -> watcher::Config {
    watcher::Config::default()
        .labels(&format!("app.kubernetes.io/managed-by={MANAGED_BY}"))
        .page_size(PAGE)
}

trait Child:
    Resource<Scope = NamespaceResourceScope, DynamicType = ()>
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
}
impl<K> Child for K where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static
{
}

/// Every change of children whose status matters, and their end.
fn changes<K: Child>(
    events: BoxStream<'static, watcher::Result<Event<Metadata<K>>>>,
) -> impl Stream<Item = watcher::Result<Metadata<K>>> + Send + 'static {
    events
        .touched_objects()
        .predicate_filter(predicates::resource_version, Default::default())
}

/// The same of a kind that the cluster may get later, or never.
fn when_known<K: Child>(
    watches: &Watches,
    found: fn(&Kinds),
) -> impl Stream<Item = watcher::Result<Metadata<K>>> + Send + 'static {
    let watches = watches.clone();
    let wait = async move {
        known::<K>(&watches.ctx.client).await;
        found(&watches.ctx.kinds);
        everywhere(&watches, changes::<K>)
    };
    stream::once(wait).flatten()
}

/// Changes of children whose status does not matter, and their end. A HorizontalPodAutoscaler's status changes
/// every 15 seconds.
fn spec_changes<K: Child>(
    events: BoxStream<'static, watcher::Result<Event<Metadata<K>>>>,
) -> impl Stream<Item = watcher::Result<Metadata<K>>> + Send + 'static {
    events
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crd::ChatDeployment;
    use crate::validate::fixtures::object;
    use serde_json::json;

    #[test]
    fn a_chat_of_another_namespace_is_not_looked_after() {
        let of = |names: &[&str], event: &Event<ChatDeployment>| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            concerns(&names, event)
        };
        let applied = Event::Apply(object(json!({})));
        assert!(of(&[], &applied) && of(&["other", "chat"], &applied));
        assert!(!of(&["other"], &applied));
        assert!(!of(&["other"], &Event::Delete(object(json!({})))));
        assert!(of(&["other"], &Event::InitDone), "the list is complete");
    }
}
