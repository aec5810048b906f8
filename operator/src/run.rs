//! `operator run`: starts and stops the operator. I/O.
//!
//! Logging, the admin port, the CustomResourceDefinition, the Lease, and then the watches, which reconcile until the process is
//! stopped. The Lease is released last, so that no other operator writes at the same time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use kube::api::ListParams;
use kube::client::ClientBuilder;
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{self, Store};
use kube::{Api, Client, Config};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::limit::ConcurrencyLimitLayer;
use tracing::info;

use crate::backoff::Backoffs;
use crate::config::RunArgs;
use crate::context::{Cached, Context};
use crate::crd::ChatDeployment;
use crate::existing::ExistingChildren;
use crate::installed::InstalledKinds;
use crate::leader::{Election, Leadership, Rivals};
use crate::own_writes::OwnWrites;
use crate::status::Events;
use crate::telemetry::{self, Health, Metrics};
use crate::topic::{ChatName, Topics};
use crate::{storage_version, watch};

/// For reconciles in progress when the process is stopped.
const LAST_RECONCILES: Duration = Duration::from_secs(8);

/// Requests at a time; an answer that is a stream, as a watch's, counts until it begins. Twice as many as reconciles, so that one
/// request of each that is never answered does not hold the others up.
const REQUESTS: usize = 32;

/// For an answer of the API server before the first reconcile.
const ANSWER: Duration = Duration::from_secs(10);

/// Why the operator does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "no Kubernetes cluster: found neither a service account of a pod nor a kubeconfig (KUBECONFIG): {0}"
    )]
    NoCluster(#[source] kube::config::InferConfigError),
    #[error(
        "outside a pod, --namespace (POD_NAMESPACE) is required: the namespace of the Lease of the operator in the cluster of {server}, so that the two take turns, or any other if there is none"
    )]
    NoNamespace { server: String },
    #[error("{0}")]
    Rival(String),
    #[error("cannot connect to the cluster: {0}")]
    Client(#[source] kube::Error),
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] io::Error),
    #[error(transparent)]
    Telemetry(#[from] telemetry::Error),
}

/// Runs until SIGTERM or SIGINT.
pub(crate) async fn run(args: RunArgs) -> Result<(), Error> {
    telemetry::log(&args.log, args.log_format)?;
    let stop = stop_on_signal()?;
    let config = Config::infer().await.map_err(Error::NoCluster)?;
    let server = config.cluster_url.to_string();
    let Some(namespace) = args.namespace() else {
        return Err(Error::NoNamespace { server });
    };
    let client = client(config.clone())?;
    // The Lease never waits behind other requests.
    let lease = Client::try_from(config).map_err(Error::Client)?;
    let (notify, topics) = unbounded_channel();
    let (chats, cache) = reflector::store();
    let rivals = Rivals::new(client.clone(), &namespace, stop.clone());
    let context = Arc::new(context(&args, client, rivals, notify, chats));
    let health = Arc::new(Health::default());
    let admin =
        telemetry::serve(args.admin_listen, health.clone(), context.metrics.clone()).await?;
    info!(
        version = env!("CARGO_PKG_VERSION"),
        chat_app = context.images.chat_app,
        server,
        namespace,
        %admin,
        "starting"
    );
    if let Some(leadership) = stop
        .run_until_cancelled(ready(&args, lease, &context, &health))
        .await
    {
        work(&context, (cache, topics), leadership, stop).await;
    }
    info!("stopped");
    match context.rivals.found() {
        Some(rival) => Err(Error::Rival(rival.to_owned())),
        None => Ok(()),
    }
}

/// For everything but the Lease. Each request in progress has a connection with TLS and buffers of its own.
fn client(config: Config) -> Result<Client, Error> {
    let builder = ClientBuilder::try_from(config).map_err(Error::Client)?;
    let limit = ConcurrencyLimitLayer::new(REQUESTS);
    Ok(builder.with_layer(&limit).build())
}

fn context(
    args: &RunArgs,
    client: Client,
    rivals: Rivals,
    notify: UnboundedSender<ChatName>,
    chats: Store<Cached>,
) -> Context {
    let watched = args.watch_namespaces.clone();
    let metrics = Metrics::new().with_chats(chats.clone(), watched.clone());
    Context {
        events: Events::new(client.clone(), &args.identity()),
        images: args.images(),
        chats,
        installed: InstalledKinds::default(),
        watched,
        rivals,
        existing: ExistingChildren::default(),
        own_writes: OwnWrites::default(),
        topics: Arc::new(Topics::new(notify, metrics.topic_reconcile_duration())),
        backoffs: Backoffs::default(),
        metrics: Arc::new(metrics),
        client,
    }
}

/// Waits for everything that reconciling needs. The Lease is the last of it.
async fn ready(
    args: &RunArgs,
    lease: Client,
    context: &Context,
    health: &Health,
) -> Option<Leadership> {
    definition_exists(&context.client, health).await;
    let leadership = if args.leader_election {
        let election = Election::new(lease, context.rivals.namespace(), args.identity());
        Some(election.acquire(health).await)
    } else {
        None
    };
    context.metrics.leading(true);
    health.ready("working");
    leadership
}

/// Reconciles until `stop`. The Lease is released only once no reconcile is in progress; else it expires by itself.
async fn work(
    context: &Arc<Context>,
    (cache, topics): (Writer<Cached>, UnboundedReceiver<ChatName>),
    leadership: Option<Leadership>,
    stop: CancellationToken,
) {
    let migration = tokio::spawn(storage_version::keep_current(context.client.clone()));
    let late = async {
        stop.cancelled().await;
        sleep(LAST_RECONCILES).await;
    };
    let (leadership, done) = tokio::select! {
        () = watch::run(context.clone(), cache, topics, stop.clone().cancelled_owned()) => (leadership, true),
        () = late => (leadership, false),
    };
    migration.abort();
    match leadership {
        Some(leadership) if done => leadership.release().await,
        _ => {}
    }
}

/// Waits until the API server knows ChatDeployments.
async fn definition_exists(client: &Client, health: &Health) {
    let api: Api<ChatDeployment> = Api::all(client.clone());
    loop {
        let one = ListParams::default().limit(1);
        match timeout(ANSWER, api.list_metadata(&one)).await {
            Ok(Ok(_)) => return,
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => {
                health.waits_for("the CustomResourceDefinition chatdeployments.confab.dev: install the chart or apply crds/");
            }
            Ok(Err(error)) => health.waits_for(format!("the API server: {error}")),
            Err(_) => health.waits_for("the API server, which does not respond"),
        }
        sleep(Duration::from_secs(2)).await;
    }
}

fn stop_on_signal() -> Result<CancellationToken, Error> {
    let listen = |kind| signal(kind).map_err(Error::Signals);
    let (mut terminate, mut interrupt) = (
        listen(SignalKind::terminate())?,
        listen(SignalKind::interrupt())?,
    );
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("stopping");
        stopped.cancel();
    });
    Ok(stop)
}
