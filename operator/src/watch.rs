//! What triggers a reconcile: changes of ChatDeployments and of their children. I/O: watches on the API server.
//!
//! Only ChatDeployments are kept in memory. Of children the API server sends metadata alone, which is dropped once it has
//! shown whose child changed. Secrets are not watched.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt, future, stream};
use kube::core::{DynamicObject, PartialObjectMeta};
use kube::runtime::controller::Config;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::{self, Event, watcher};
use kube::runtime::{Controller, Predicate, WatchStreamExt, predicates};
use kube::{Api, Resource, ResourceExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tracing::warn;

use crate::children::{Installed, Kind, Watch, kinds};
use crate::context::{Cached, Context};
use crate::installed::wait_for;
use crate::names::MANAGED_BY;
use crate::reconcile::{self, error_policy};
use crate::teardown::report_retained;
use crate::topic::ChatName;

/// Changes within this time are one reconcile.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// How many ChatDeployments are reconciled at the same time.
const CONCURRENCY: u16 = 16;
/// Objects of one answer to a list: bounds the memory of a start.
const PAGE: u32 = 50;

/// Runs until `stop` resolves, and then until the reconciles in progress are done. `topics` are changes in Kafka, which no watch
/// reports.
pub(crate) async fn run(
    ctx: Arc<Context>,
    cache: Writer<Cached>,
    mut topics: UnboundedReceiver<ChatName>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let (relist, mut relisted) = unbounded_channel();
    let watches = Watches {
        ctx: ctx.clone(),
        relist,
    };
    let mut controller = Controller::for_stream(chats(&ctx, cache), ctx.chats.clone()).with_config(
        Config::default()
            .debounce(DEBOUNCE)
            .concurrency(CONCURRENCY),
    );
    for kind in kinds() {
        if kind.watch != Watch::Nothing {
            let changes = changes(&watches, kind);
            controller = controller.owns_stream_with(changes, kind.resource.clone());
        }
    }
    controller
        .reconcile_all_on(stream::poll_fn(move |cx| relisted.poll_recv(cx)))
        .reconcile_on(stream::poll_fn(move |cx| topics.poll_recv(cx)).map(chat_of))
        .graceful_shutdown_on(stop)
        .run(reconcile::run, error_policy, ctx.clone())
        .for_each(|_| future::ready(()))
        .await;
}

fn chat_of(name: ChatName) -> ObjectRef<Cached> {
    ObjectRef::new(&name.name).within(&name.namespace)
}

/// ChatDeployments whose spec or finalizers changed, or that are being deleted. Their status is this operator's own.
/// They are watched in the whole cluster even where this operator reconciles some namespaces alone: a right that is
/// bound in a namespace is gone before the last ChatDeployment of a namespace that is being deleted. And no chat takes the host
/// or the topics of another, whichever operator that one has.
fn chats(
    ctx: &Arc<Context>,
    cache: Writer<Cached>,
) -> impl Stream<Item = watcher::Result<Cached>> + Send + 'static {
    let api: Api<Cached> = Api::all(ctx.client.clone());
    let (at_end, filter, own) = (ctx.clone(), ctx.clone(), ctx.clone());
    watcher(api, watcher::Config::default().page_size(PAGE))
        .default_backoff()
        .modify(|chat| chat.managed_fields_mut().clear())
        .reflect(cache)
        .try_filter(move |event| future::ready(concerns(&filter, event)))
        .inspect_ok(move |event| {
            if let Event::Delete(kube::core::DeserializeGuard(Ok(gone))) = event {
                let (ctx, gone) = (at_end.clone(), gone.clone());
                tokio::spawn(async move { report_retained(&ctx.events, &gone).await });
            }
        })
        .applied_objects()
        .predicate_filter(
            predicates::generation.combine(predicates::finalizers),
            Default::default(),
        )
        .filter_map(without_errors)
        .try_filter(move |chat| future::ready(!own.own_writes.take(chat.meta())))
}

fn concerns<K: Resource>(ctx: &Context, event: &Event<K>) -> bool {
    let (Event::Apply(object) | Event::InitApply(object) | Event::Delete(object)) = event else {
        return true;
    };
    ctx.watches(&object.namespace().unwrap_or_default())
}

/// Logs the errors of a watch, which restarts after each. The Controller would hold all watches back after an error of
/// one, longer each time: ten that are cut at once would make it deaf for minutes.
fn without_errors<T>(event: watcher::Result<T>) -> future::Ready<Option<watcher::Result<T>>> {
    if let Err(error) = &event {
        warn!(error = %error, "watch interrupted; restarting it");
    }
    future::ready(event.is_ok().then_some(event))
}

/// What the watches of children have in common.
#[derive(Clone)]
struct Watches {
    ctx: Arc<Context>,
    /// Receives a message when a watch had to list again: what was deleted in between is in no list.
    relist: UnboundedSender<()>,
}

type Metadata = PartialObjectMeta<DynamicObject>;
type Changes = BoxStream<'static, watcher::Result<Metadata>>;

/// Changes of a kind's objects, once the cluster has the kind.
fn changes(watches: &Watches, kind: &'static Kind) -> Changes {
    let watches = watches.clone();
    let wait = async move {
        if kind.installed == Installed::Perhaps {
            wait_for(&watches.ctx.client, kind).await;
            watches.ctx.installed.add(kind);
        }
        everywhere(&watches, kind)
    };
    stream::once(wait).flatten().boxed()
}

/// One stream of the watches in all namespaces that this operator reconciles.
fn everywhere(watches: &Watches, kind: &'static Kind) -> Changes {
    let client = || watches.ctx.client.clone();
    let namespaces = &watches.ctx.watched;
    let apis: Vec<Api<Metadata>> = if namespaces.is_empty() {
        vec![Api::all_with(client(), &kind.resource)]
    } else {
        let one = |namespace: &String| Api::namespaced_with(client(), namespace, &kind.resource);
        namespaces.iter().map(one).collect()
    };
    let own = watches.ctx.clone();
    let streams = apis.into_iter().map(|api| watched(watches, kind, api));
    stream::select_all(streams)
        .try_filter(move |child| future::ready(!own.own_writes.take(child.meta())))
        .boxed()
}

fn watched(watches: &Watches, kind: &'static Kind, api: Api<Metadata>) -> Changes {
    let (relist, mut lists) = (watches.relist.clone(), 0);
    let ctx = watches.ctx.clone();
    let events = watcher(api, managed_by_us())
        .default_backoff()
        .filter_map(without_errors)
        .inspect_ok(move |event| {
            match event {
                Event::Apply(child) | Event::InitApply(child) => {
                    ctx.existing.insert(kind, child.meta());
                }
                Event::Delete(child) => ctx.existing.remove(kind, child.meta()),
                Event::Init | Event::InitDone => {}
            }
            lists += u32::from(matches!(event, Event::InitDone));
            if matches!(event, Event::InitDone) && lists > 1 {
                // Without a receiver the operator is about to end.
                let _ = relist.send(());
            }
        });
    match kind.watch {
        Watch::Spec => spec_changes(events).boxed(),
        Watch::Status | Watch::Nothing => status_changes(events).boxed(),
    }
}

fn managed_by_us() -> watcher::Config {
    watcher::Config::default()
        .labels(&format!("app.kubernetes.io/managed-by={MANAGED_BY}"))
        .page_size(PAGE)
}

/// Changes of spec and status, and deletions.
fn status_changes(
    events: impl Stream<Item = watcher::Result<Event<Metadata>>> + Send + 'static,
) -> impl Stream<Item = watcher::Result<Metadata>> + Send + 'static {
    events
        .touched_objects()
        .predicate_filter(predicates::resource_version, Default::default())
}

/// Changes of the spec, and deletions.
fn spec_changes(
    events: impl Stream<Item = watcher::Result<Event<Metadata>>> + Send + 'static,
) -> impl Stream<Item = watcher::Result<Metadata>> + Send + 'static {
    events
        .map_ok(|event| match event {
            Event::Delete(mut gone) => {
                // With its last generation, the deletion would look unchanged.
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
