//! `serve`: from settings to a running replica, and back. Does I/O.

mod drain;
mod listen;

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::{App, SettingError, Workers};
use crate::config::{Config, NotAUrl};
use crate::kafka::Link;
use crate::poller::{Poller, upkeep};
use crate::publisher::sweeper;
use crate::relay::Relay;
use crate::store::schema::{self, Compatibility};
use crate::telemetry::{self, Readiness};
use crate::workers::Group;
use crate::{files, housekeeping, http, hub, push, store};

/// How long a handler waits for a connection.
const POOL_PATIENCE: Duration = Duration::from_secs(3);

/// Why the replica could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting can't be used.
    #[error(transparent)]
    DatabaseUrl(#[from] NotAUrl),
    /// An address can't be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, std::io::Error),
    /// A setting can't be worked with.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The schema is older than this release needs.
    #[error(
        "the schema has version {applied}, but this release requires {needed}: run chat-app migrate"
    )]
    Schema {
        applied: i64,
        /// What this release needs.
        needed: i64,
    },
    /// `migrate` was killed after the migrations, or not run.
    #[error("the SQL functions are older than this release needs: run chat-app migrate")]
    Functions,
}

/// Serves until SIGTERM or an interrupt.
pub async fn run(config: Config) -> Result<(), StartError> {
    let database = config.database.options()?;
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be handled");
    let mut workers = Workers::new(&database);
    let pool = workers
        .postgres
        .pool(config.database_pool_size, POOL_PATIENCE)
        .connect_lazy_with(database.clone().application_name("confab-readers"));
    let app = App::start(config, &database, pool, &mut workers)?;
    let readiness = Readiness::default();
    let admin = listen_at(app.config.admin_listen)?;
    let admin = axum::serve(
        admin,
        telemetry::router(readiness.clone(), app.metrics.clone()),
    );
    let admin = tokio::spawn(admin.into_future());

    tokio::select! {
        found = schema_found(&app) => found?,
        _ = terminate.recv() => return Ok(()),
    }
    readiness.database_seen();
    warn_of_another_language(&app).await;
    start_workers(&app, &database, &readiness, &mut workers);
    let listener = listen::tuned(listen_at(app.config.listen)?);
    tracing::info!(address = %app.config.listen, replica = app.config.replica, "serving");
    let closing = CancellationToken::new();
    let server = axum::serve(listener, http::router(app.clone()))
        .with_graceful_shutdown(closing.clone().cancelled_owned());
    let server = tokio::spawn(server.into_future());

    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    readiness.stopping();
    tracing::info!(
        seconds = app.config.drain_seconds,
        "stopping: serving until load balancers stop sending requests"
    );
    tokio::time::sleep(Duration::from_secs(app.config.drain_seconds)).await;
    drain::drain(app, workers, closing, server).await;
    admin.abort();
    tracing::info!("stopped");
    Ok(())
}

fn listen_at(address: std::net::SocketAddr) -> Result<TcpListener, StartError> {
    listen::listen(address).map_err(|error| StartError::Listen(address, error))
}

/// Waits for PostgreSQL; fails on a schema that this release can't work with.
async fn schema_found(app: &App) -> Result<(), StartError> {
    let mut told = false;
    loop {
        match schema::check(&app.pool).await {
            Ok(Compatibility::Compatible) => return Ok(()),
            Ok(Compatibility::OldMigrations { applied, needed }) => {
                return Err(StartError::Schema { applied, needed });
            }
            Ok(Compatibility::OldFunctions) => return Err(StartError::Functions),
            Err(error) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(%error, "waiting for PostgreSQL");
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// The search goes by the language of its index; that the setting is another one means that `migrate` was not told.
async fn warn_of_another_language(app: &App) {
    let wanted = &app.config.search_language;
    match store::search::language(&app.pool).await {
        Ok(language) if language == *wanted => {}
        Ok(language) => tracing::warn!(
            language,
            wanted,
            "the language of the search index differs from CONFAB_SEARCH_LANGUAGE; run chat-app migrate with it"
        ),
        Err(error) => tracing::warn!(%error, "could not read the language of the search index"),
    }
}

/// Starts what follows changes, reads Kafka and publishes what waits.
pub fn start_workers(
    app: &App,
    database: &PgConnectOptions,
    readiness: &Readiness,
    workers: &mut Workers,
) {
    let stop = &workers.stop;
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
    workers.tasks.spawn(relay.run(stop.clone()));
    if app.config.presence {
        workers.tasks.spawn(hub::signals::run(
            app.hub.clone(),
            app.signals.clone(),
            app.config.replica.clone(),
            stop.clone(),
        ));
    }
    let poller = Poller::new(
        database,
        workers.postgres.clone(),
        app.hub.clone(),
        app.metrics.clone(),
    );
    workers.tasks.spawn(poller.run(stop.clone()));
    workers.tasks.spawn(upkeep::run(
        app.hub.clone(),
        workers.pool.clone(),
        app.metrics.clone(),
        stop.clone(),
    ));
    workers.tasks.spawn(hub::reader::run(
        app.hub.clone(),
        workers.pool.clone(),
        app.metrics.clone(),
        stop.clone(),
    ));
    workers.tasks.spawn(housekeeping::run(
        database.clone(),
        app.config.message_retention_days,
        stop.clone(),
    ));
    workers.tasks.spawn(sweeper::run(
        database.clone(),
        workers.pool.clone(),
        app.publisher.clone(),
        stop.clone(),
    ));
    workers.tasks.spawn(files::sweeper::run(
        database.clone(),
        app.files.clone(),
        stop.clone(),
    ));
    start_push(app, workers);
}

/// Starts what notifies devices, where there is a key for it.
fn start_push(app: &App, workers: &mut Workers) {
    let Some(push) = &app.push else { return };
    let stop = &workers.stop;
    let group = Group {
        kafka: app.config.kafka.clone(),
        name: format!("{}.workers", app.config.instance),
        pool: app.pool.clone(),
        link: Link::default(),
        metrics: app.metrics.clone(),
    };
    workers.tasks.spawn(group.run(stop.clone()));
    workers.tasks.spawn(push::sender::run(
        push.clone(),
        app.pool.clone(),
        app.metrics.clone(),
        stop.clone(),
    ));
}
