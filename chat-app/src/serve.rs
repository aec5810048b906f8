//! `serve`: from the settings to a running replica, and its end. Does I/O.
//!
//! Start: parts and writer → admin port → schema found → background tasks → HTTP. Until the schema is found, only
//! `/livez`, `/readyz` and `/metrics` answer. End: a signal → not ready, serving on while load balancers notice → drain.
//! [`Lifecycle`] owns every task that is started here.

mod drain;
mod listen;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use backon::{ConstantBuilder, Retryable};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::app::{App, SettingError};
use crate::config::{Config, NotAUrl};
use crate::kafka::Link;
use crate::lifecycle::{Lifecycle, ShutdownSignals};
use crate::poller::{Poller, maintenance};
use crate::postgres::Connections;
use crate::publisher::sweeper;
use crate::relay::Relay;
use crate::store::schema::{self, Compatibility};
use crate::store::search::index;
use crate::telemetry::{self, Readiness};
use crate::workers::WorkerConsumer;
use crate::{files, housekeeping, http, hub, indexer, push, webhooks};

/// How often to look for the schema while PostgreSQL does not answer.
const SCHEMA_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Why the replica could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    DatabaseUrl(#[from] NotAUrl),
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    #[error("cannot handle SIGTERM: {0}")]
    Signals(std::io::Error),
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error("cannot read from PostgreSQL: {0}")]
    Database(#[from] sqlx::Error),
    #[error(
        "the schema has version {applied}, but this release requires {needed}: run chat-app migrate"
    )]
    Schema { applied: i64, needed: i64 },
    /// `migrate` was killed after the migrations, or not run.
    #[error("the SQL functions are older than this release requires: run chat-app migrate")]
    Functions,
}

/// Serves until SIGTERM or SIGINT.
pub async fn run(config: Config) -> Result<(), StartError> {
    let mut signals = ShutdownSignals::new().map_err(StartError::Signals)?;
    let connections = Connections::new(config.database.options()?, config.database_pool_size);
    let lifecycle = Lifecycle::default();
    let app = App::start(config, &connections, &lifecycle)?;
    let readiness = Readiness::default();
    let admin = listen_at(app.config.admin_listen)?;
    let admin = axum::serve(
        admin,
        telemetry::router(readiness.clone(), app.metrics.clone()),
    );
    // Not tracked: it answers until the process ends.
    let admin = tokio::spawn(admin.into_future());

    tokio::select! {
        found = schema_found(&app) => found?,
        () = signals.received() => return Ok(()),
    }
    readiness.database_seen();
    warn_of_another_language(&app).await;
    start_background(&app, &connections, &readiness, &lifecycle);
    serve_http(&app, &lifecycle)?;

    signals.received().await;
    readiness.stopping();
    tracing::info!(
        seconds = app.config.drain_seconds,
        "stopping: serving until load balancers stop sending requests"
    );
    tokio::time::sleep(Duration::from_secs(app.config.drain_seconds)).await;
    drain::drain(app, &lifecycle).await;
    admin.abort();
    tracing::info!("stopped");
    Ok(())
}

fn listen_at(address: SocketAddr) -> Result<TcpListener, StartError> {
    listen::listen(address).map_err(|error| StartError::Listen(address, error))
}

fn serve_http(app: &App, lifecycle: &Lifecycle) -> Result<(), StartError> {
    let listener = listen::tuned(listen_at(app.config.listen)?);
    tracing::info!(address = %app.config.listen, replica = app.config.replica, "serving");
    // Made once: axum would prepare a Router given as it is, with all its routes, again for each connection.
    let service = http::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service)
        .with_graceful_shutdown(lifecycle.soft_token().cancelled_owned());
    lifecycle.spawn_server(async {
        if let Err(error) = server.await {
            tracing::error!(%error, "the HTTP server has failed");
        }
    });
    Ok(())
}

/// Waits for PostgreSQL. Fails if the schema is older than this release needs.
async fn schema_found(app: &App) -> Result<(), StartError> {
    let mut logged = false;
    let forever = ConstantBuilder::default()
        .with_delay(SCHEMA_RETRY_DELAY)
        .without_max_times();
    let compatibility = (|| schema::check(&app.pool))
        .retry(forever)
        .notify(|error, _| {
            if !std::mem::replace(&mut logged, true) {
                tracing::warn!(%error, "waiting for PostgreSQL");
            }
        })
        .await?;
    match compatibility {
        Compatibility::Compatible => Ok(()),
        Compatibility::OldMigrations { applied, needed } => {
            Err(StartError::Schema { applied, needed })
        }
        Compatibility::OldFunctions => Err(StartError::Functions),
    }
}

/// Searches use the language of the index. If the setting is another one, `migrate` was run without it.
async fn warn_of_another_language(app: &App) {
    let wanted = app.config.search_language;
    match index::language(&app.pool).await {
        Ok(language) if language == wanted => {}
        Ok(language) => tracing::warn!(
            language = language.name(),
            wanted = wanted.name(),
            "the language of the search index differs from CONFAB_SEARCH_LANGUAGE; run chat-app migrate with it"
        ),
        Err(error) => tracing::warn!(%error, "could not read the language of the search index"),
    }
}

/// Starts the tasks that run beside the handlers. They end with the hard shutdown.
pub fn start_background(
    app: &App,
    connections: &Connections,
    readiness: &Readiness,
    lifecycle: &Lifecycle,
) {
    let stop = lifecycle.hard_token();
    let relay = Relay {
        kafka: app.config.kafka.clone(),
        group: format!(
            "{}.relay.{}.{}",
            app.config.instance,
            app.config.replica,
            uuid::Uuid::new_v4().simple()
        ),
        hub: app.hub.clone(),
        link: Link::default(),
        readiness: readiness.clone(),
        metrics: app.metrics.clone(),
    };
    lifecycle.spawn(relay.run(stop.clone()));
    if app.config.presence {
        lifecycle.spawn(hub::presence::broadcast::run(
            app.hub.clone(),
            app.signals.clone(),
            app.config.replica.clone(),
            stop.clone(),
        ));
    }
    let changed = Arc::new(Notify::new());
    lifecycle.spawn(Poller::new(connections, app, changed.clone()).run(stop.clone()));
    lifecycle.spawn(indexer::run(
        connections.background.clone(),
        changed,
        stop.clone(),
    ));
    lifecycle.spawn(maintenance::run(
        app.hub.clone(),
        connections.background.clone(),
        app.metrics.clone(),
        stop.clone(),
    ));
    lifecycle.spawn(hub::gap_reader::run(
        app.hub.clone(),
        connections.background.clone(),
        app.metrics.clone(),
        stop.clone(),
    ));
    lifecycle.spawn(housekeeping::run(
        connections.options.clone(),
        app.config.message_retention_days,
        stop.clone(),
    ));
    lifecycle.spawn(sweeper::run(
        connections.options.clone(),
        connections.background.clone(),
        app.publisher.clone(),
        stop.clone(),
    ));
    lifecycle.spawn(files::sweeper::run(
        connections.options.clone(),
        app.files.clone(),
        stop,
    ));
    start_workers(app, lifecycle);
}

/// Starts the tasks that send push notifications and webhooks, where the settings have the keys.
fn start_workers(app: &App, lifecycle: &Lifecycle) {
    let consumer = WorkerConsumer {
        kafka: app.config.kafka.clone(),
        group: format!("{}.workers", app.config.instance),
        pool: app.pool.clone(),
        push: app.push.is_some(),
        link: Link::default(),
        metrics: app.metrics.clone(),
    };
    lifecycle.spawn(consumer.run(lifecycle.hard_token()));
    if let Some(push) = &app.push {
        lifecycle.spawn(push::sender::run(
            push.clone(),
            app.pool.clone(),
            app.metrics.clone(),
            lifecycle.hard_token(),
        ));
    }
    if let Some(client) = &app.webhooks {
        lifecycle.spawn(webhooks::sender::run(
            client.clone(),
            app.pool.clone(),
            app.metrics.clone(),
            lifecycle.hard_token(),
        ));
    }
}
