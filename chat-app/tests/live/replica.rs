//! Replicas of one chat in this process, each on a port of its own, with topics of the chat.

use std::net::SocketAddr;
use std::time::Duration;

use chat_app::app::App;
use chat_app::config::{Cli, Command, Config};
use chat_app::lifecycle::Lifecycle;
use chat_app::postgres::{Connections, Postgres};
use chat_app::telemetry::Readiness;
use chat_app::{http, serve};
use clap::Parser;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;
use sqlx::ConnectOptions;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use crate::proxy::Proxy;

/// An address without a broker.
pub const NO_KAFKA: &str = "127.0.0.1:1";

/// A chat with a database and topics for one test.
pub struct Chat {
    pub pool: PgPool,
    pub kafka: String,
    pub topics: String,
}

impl Chat {
    /// With the broker of the environment, and new topics.
    pub async fn new(pool: PgPool) -> Self {
        let kafka = std::env::var("CONFAB_KAFKA_BOOTSTRAP_SERVERS")
            .expect("run tests/services/up and load its env file, as make test-rust does");
        let topics = format!("test-{}", Uuid::new_v4().simple());
        make_topics(&kafka, &topics).await.unwrap();
        Self {
            pool,
            kafka,
            topics,
        }
    }

    /// Whose broker never answers.
    pub fn without_kafka(pool: PgPool) -> Self {
        Self {
            pool,
            kafka: NO_KAFKA.into(),
            topics: "nowhere".into(),
        }
    }

    /// The same chat with PostgreSQL behind a proxy.
    pub async fn behind_a_proxy(&self) -> (Proxy, Self) {
        let options = self.pool.connect_options();
        let target = format!("{}:{}", options.get_host(), options.get_port());
        let proxy = Proxy::to(target.parse().expect("an address")).await;
        let options = (*options).clone().port(proxy.address.port());
        let chat = Self {
            pool: PgPoolOptions::new()
                .acquire_timeout(Duration::from_secs(3))
                .connect_lazy_with(options),
            kafka: self.kafka.clone(),
            topics: self.topics.clone(),
        };
        (proxy, chat)
    }

    /// The URL of the database, for a process.
    pub fn database_url(&self) -> String {
        self.pool.connect_options().to_url_lossy().to_string()
    }

    pub async fn replica(&self, name: &str) -> Replica {
        self.replica_with(name, &[]).await
    }

    /// With these flags besides the usual ones.
    pub async fn replica_with(&self, name: &str, more: &[&str]) -> Replica {
        let flags = [
            "chat-app",
            "serve",
            "--database-url",
            "postgres://unused",
            "--kafka-bootstrap-servers",
            &self.kafka,
            "--topic-prefix",
            &self.topics,
            "--instance",
            &self.topics,
            "--replica",
            name,
        ];
        let flags = flags.iter().chain(more);
        let Command::Serve(config) = Cli::try_parse_from(flags).unwrap().command else {
            unreachable!()
        };
        Replica::start(*config, self.pool.clone()).await
    }
}

/// Creates the topics of a chat. Fails while topics with these names are being deleted.
pub async fn make_topics(kafka: &str, prefix: &str) -> Result<(), RDKafkaErrorCode> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", kafka)
        .create()
        .unwrap();
    let names = ["events", "signals"].map(|name| format!("{prefix}.{name}"));
    let topics = names
        .each_ref()
        .map(|name| NewTopic::new(name, 3, TopicReplication::Fixed(1)));
    for outcome in admin
        .create_topics(&topics, &AdminOptions::new())
        .await
        .unwrap()
    {
        outcome.map_err(|(_, code)| code)?;
    }
    Ok(())
}

/// One replica, running.
pub struct Replica {
    pub app: App,
    pub address: SocketAddr,
    pub readiness: Readiness,
    lifecycle: Lifecycle,
    connections: Connections,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Replica {
    async fn start(config: Config, pool: PgPool) -> Self {
        let options = (*pool.connect_options()).clone();
        let connections = Connections::with_readers(options, Postgres::default(), pool);
        let lifecycle = Lifecycle::default();
        let app = App::start(config, &connections, &lifecycle).unwrap();
        let readiness = Readiness::default();
        readiness.database_seen();
        serve::start_background(&app, &connections, &readiness, &lifecycle);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(axum::serve(listener, http::router(app.clone())).into_future());
        Self {
            app,
            address,
            readiness,
            lifecycle,
            connections,
            server,
        }
    }

    /// Waits until Kafka has assigned partitions.
    pub async fn reads_kafka(self) -> Self {
        crate::browser::eventually("Kafka assigns partitions", async || {
            (self.readiness.check().1 == "ready").then_some(())
        })
        .await;
        self
    }

    /// Stops it and closes its connections, so that the database of the test can be dropped.
    pub async fn stop(self) {
        self.lifecycle.shut_down_hard();
        self.app.hub.close_all();
        self.server.abort();
        let _ = self.server.await;
        drop(self.app);
        self.lifecycle.writer_ended().await;
        self.lifecycle.background_ended().await;
        self.connections.background.close().await;
    }
}
