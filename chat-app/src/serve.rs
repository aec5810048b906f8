//! `serve`: from settings to a running replica, and back. Does I/O.

use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::{App, SettingError, Workers};
use crate::config::Config;
use crate::kafka::Link;
use crate::publisher::sweeper;
use crate::relay::Relay;
use crate::store::schema::{self, Standing};
use crate::telemetry::{self, Readiness};
use crate::workers::Group;
use crate::{files, housekeeping, http, hub, poller, push, socket, store};

/// Browsers are asked to come back elsewhere within this time, spread evenly.
const RECONNECT_SPREAD: Duration = Duration::from_secs(3);
/// Requests under way, the last batch and the last records have this long each.
const STEP_LIMIT: Duration = Duration::from_secs(4);

/// A connection that was idle for longer may have died meanwhile.
const TRUSTED: Duration = Duration::from_millis(500);

/// Why the replica could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting can't be used.
    #[error(
        "CONFAB_DATABASE_URL is not a PostgreSQL URL, as in postgres://user:password@host:5432/database"
    )]
    DatabaseUrl,
    /// An address can't be listened on.
    #[error("can't listen on {0}: {1}")]
    Listen(std::net::SocketAddr, std::io::Error),
    /// A setting can't be worked with.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The schema is older than this release needs.
    #[error(
        "the schema is at version {applied}, this release needs {needed}: run chat-app migrate"
    )]
    Schema {
        /// What PostgreSQL has.
        applied: i64,
        /// What this release needs.
        needed: i64,
    },
}

/// Serves until SIGTERM or an interrupt.
pub async fn run(config: Config) -> Result<(), StartError> {
    let database: PgConnectOptions = config
        .database
        .url
        .parse()
        .map_err(|_| StartError::DatabaseUrl)?;
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be handled");
    let pool =
        readers(&config).connect_lazy_with(database.clone().application_name("confab-readers"));
    let mut workers = Workers::new(&database);
    let app = App::start(config, &database, pool, &mut workers)?;
    let readiness = Readiness::default();
    let admin = listen(app.config.admin_listen).await?;
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
    let listener = listen(app.config.listen).await?;
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
        "stopping: serving on while load balancers learn of it"
    );
    tokio::time::sleep(Duration::from_secs(app.config.drain_seconds)).await;
    drain(app, workers, closing, server).await;
    admin.abort();
    tracing::info!("stopped");
    Ok(())
}

/// A connection that has just served is handed on as it is: to ask each time whether it lives would be one more round trip
/// for every query, half of what a pool can do where PostgreSQL is far or slow.
fn readers(config: &Config) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(config.database_pool_size)
        .acquire_timeout(Duration::from_secs(3))
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for >= TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

async fn listen(address: std::net::SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| StartError::Listen(address, error))
}

/// Waits for PostgreSQL; fails on a schema that this release can't work with.
async fn schema_found(app: &App) -> Result<(), StartError> {
    let mut told = false;
    loop {
        match schema::standing(&app.pool).await {
            Ok(Standing::Serves) => return Ok(()),
            Ok(Standing::Older { applied, needed }) => {
                return Err(StartError::Schema { applied, needed });
            }
            Err(error) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(%error, "waiting for PostgreSQL to answer");
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
            "the search index is in another language than CONFAB_SEARCH_LANGUAGE; run chat-app migrate with it"
        ),
        Err(error) => tracing::warn!(%error, "the language of the search index can't be read"),
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
    workers.tasks.spawn(poller::run(
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

/// Browsers go elsewhere, then requests under way end, then what was taken is committed and published. Each step is
/// bounded: what it leaves undone, another replica does.
async fn drain(
    app: App,
    mut workers: Workers,
    closing: CancellationToken,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
) {
    app.hub.drain();
    app.hub.broadcast(|| {
        let share = f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX);
        socket::reconnect_frame((RECONNECT_SPREAD.as_millis() as f64 * share) as u64)
    });
    closing.cancel();
    tokio::time::sleep(RECONNECT_SPREAD).await;
    app.hub.close_all();
    if app.config.presence {
        app.signals.presence(&app.config.replica, app.hub.goodbye());
        within(
            "Kafka did not take that nobody is here any more",
            app.signals.flush(STEP_LIMIT),
        )
        .await;
    }
    within("requests under way did not end", server).await;
    let publisher = app.publisher.clone();
    drop(app);
    within("sends were not answered", async {
        while workers.lanes.join_next().await.is_some() {}
    })
    .await;
    within(
        "records were not taken by Kafka",
        publisher.flush(STEP_LIMIT),
    )
    .await;
    workers.stop.cancel();
    within("workers did not stop", async {
        while workers.tasks.join_next().await.is_some() {}
    })
    .await;
}

async fn within<T>(otherwise: &str, step: impl Future<Output = T>) {
    if tokio::time::timeout(STEP_LIMIT, step).await.is_err() {
        tracing::warn!("{otherwise} within {} s; going on", STEP_LIMIT.as_secs());
    }
}
