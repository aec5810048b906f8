//! `operator run`: logging, the admin port, the CustomResourceDefinition, the Lease, the work. I/O.

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
use crate::crd::ChatDeployment;
use crate::echo::Echoes;
use crate::kinds::Kinds;
use crate::leader::{Election, Leadership};
use crate::reconcile::{Cached, Context};
use crate::seen::Seen;
use crate::status::Events;
use crate::telemetry::{self, Health, Metrics};
use crate::topic::{ChatName, Topics};
use crate::watch;

/// For passes under way when the process is stopped.
const LAST_PASSES: Duration = Duration::from_secs(8);

/// Requests under way at a time; an answer that goes on, as a watch's, counts until it begins. Twice as many as passes, so that
/// one request of each that is never answered does not hold the others up.
const REQUESTS: usize = 32;

/// For an answer of the API server before the work begins.
const ANSWER: Duration = Duration::from_secs(10);

/// Runs until SIGTERM or SIGINT. The error is one line for the person who started it.
pub async fn run(args: RunArgs) -> Result<(), String> {
    telemetry::log(&args.log, args.log_format)?;
    let stop = stop_on_signal()?;
    let config = Config::infer().await.map_err(|error| {
        format!("no Kubernetes cluster: found neither a service account of a pod nor a kubeconfig (KUBECONFIG): {error}")
    })?;
    let client = client(config.clone())?;
    // The Lease never waits behind other requests.
    let lease = Client::try_from(config).map_err(unusable)?;
    let (tell, news) = unbounded_channel();
    let (chats, cache) = reflector::store();
    let context = Arc::new(context(&args, client, tell, chats));
    let health = Arc::new(Health::default());
    let admin = telemetry::serve(args.admin_listen, health.clone(), context.clone()).await?;
    info!(
        version = env!("CARGO_PKG_VERSION"),
        chat_app = context.images.chat_app,
        %admin,
        "starting"
    );
    if let Some(leadership) = stop
        .run_until_cancelled(begin(&args, lease, &context, &health))
        .await
    {
        work(&context, (cache, news), leadership, stop).await;
    }
    info!("stopped");
    Ok(())
}

/// A client of all that is no Lease. Each request that is under way has a connection with TLS and buffers of its own.
fn client(config: Config) -> Result<Client, String> {
    let builder = ClientBuilder::try_from(config).map_err(unusable)?;
    let limit = ConcurrencyLimitLayer::new(REQUESTS);
    Ok(builder.with_layer(&limit).build())
}

fn unusable(error: kube::Error) -> String {
    format!("cannot connect to the cluster: {error}")
}

fn context(
    args: &RunArgs,
    client: Client,
    tell: UnboundedSender<ChatName>,
    chats: Store<Cached>,
) -> Context {
    let metrics = Metrics::new();
    Context {
        events: Events::new(client.clone(), &args.identity()),
        images: args.images(),
        chats,
        kinds: Kinds::default(),
        watched: args.watch_namespaces.clone(),
        namespace: args.namespace.clone(),
        seen: Seen::default(),
        echoes: Echoes::default(),
        topics: Arc::new(Topics::new(tell, metrics.looks())),
        backoffs: Backoffs::default(),
        metrics,
        client,
    }
}

/// Waits for all that the work needs. The Lease is the last of it.
async fn begin(
    args: &RunArgs,
    lease: Client,
    context: &Context,
    health: &Health,
) -> Option<Leadership> {
    definition_exists(&context.client, health).await;
    let leadership = if args.leader_election {
        let election = Election::new(lease, &args.namespace, args.identity());
        Some(election.win(health).await)
    } else {
        None
    };
    context.metrics.leading(true);
    health.ready("working");
    leadership
}

/// Works until told to stop. The Lease is given up only once no pass is under way; else it runs out by itself.
async fn work(
    context: &Arc<Context>,
    (cache, news): (Writer<Cached>, UnboundedReceiver<ChatName>),
    leadership: Option<Leadership>,
    stop: CancellationToken,
) {
    let late = async {
        stop.cancelled().await;
        sleep(LAST_PASSES).await;
    };
    let (leadership, done) = tokio::select! {
        () = watch::run(context.clone(), cache, news, stop.clone().cancelled_owned()) => (leadership, true),
        () = late => (leadership, false),
    };
    match leadership {
        Some(leadership) if done => leadership.resign().await,
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

fn stop_on_signal() -> Result<CancellationToken, String> {
    let listen = |kind| signal(kind).map_err(|error| format!("cannot listen for signals: {error}"));
    let (mut terminate, mut interrupt) = (
        listen(SignalKind::terminate())?,
        listen(SignalKind::interrupt())?,
    );
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("stopping");
        told.cancel();
    });
    Ok(stop)
}
