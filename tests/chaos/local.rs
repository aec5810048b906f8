//! A chat of local processes: PostgreSQL, Kafka, replicas, and proxies between them. Does I/O.
//!
//! [`Local`] owns all processes and their data; everything ends and is removed when it is dropped.

pub(crate) mod load_balancer;
pub(crate) mod replica;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

pub(crate) use confab_tests::local::{http, kafka, postgres, process};

use confab_tests::local::{Packages, Paths};
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, free_port};
use tokio::process::Command;

use self::kafka::{Kafka, ReplicaListener};
use self::load_balancer::LoadBalancer;
use self::postgres::Postgres;
use self::process::Signal;
use self::replica::Replica;
use crate::proxy::Proxy;

/// The maximum number of replicas.
pub(crate) const REPLICAS: usize = 5;
/// The number of replicas, except in the fault that scales.
pub(crate) const DEFAULT_REPLICAS: usize = 2;
/// Of each topic, so that records overtake each other.
const PARTITIONS: usize = 3;
/// The size of Kafka's file system, if it has its own.
const KAFKA_SIZE: &str = "size=2g";

pub(crate) struct Local {
    /// The database behind the proxies.
    pub postgres: Postgres,
    pub kafka: Kafka,
    pub load_balancer: LoadBalancer,
    /// All replicas, running or not.
    pub replicas: Vec<Replica>,
    pub directory: Directory,
}

/// The metric that counts what a replica reads from Kafka.
const RELAYED: &str = "confab_relay_records_total";

impl Local {
    /// Starts everything; logs go to `logs`.
    pub(crate) async fn start(programs: &Programs, logs: &Path) -> Result<Self> {
        let directory = Directory::create(logs).await?;
        let postgres =
            Postgres::create(&programs.packages.postgres, &directory.paths, free_port()?);
        let mut listeners = Vec::new();
        let mut to_kafka = Vec::new();
        for _ in 0..REPLICAS {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
            let proxy = Proxy::start(vec![address]).await?;
            listeners.push(ReplicaListener {
                address,
                advertised: proxy.address,
            });
            to_kafka.push(proxy);
        }
        let ports = [free_port()?, free_port()?];
        let kafka = Kafka::create(
            &programs.packages.kafka,
            &directory.paths,
            ports,
            &listeners,
        );
        let (postgres, kafka) = tokio::try_join!(postgres, kafka)?;
        kafka.set_partitions(PARTITIONS).await?;
        migrate(&programs.chat_app, &postgres).await?;
        let mut replicas = Vec::new();
        for (number, to_kafka) in to_kafka.into_iter().enumerate() {
            let to_postgres = Proxy::start(vec![postgres.address]).await?;
            let ports = [free_port()?, free_port()?];
            let proxies = [to_postgres, to_kafka];
            replicas.push(Replica::new(
                number,
                &programs.chat_app,
                &directory.paths,
                ports,
                proxies,
            ));
        }
        let mut local = Self {
            postgres,
            kafka,
            load_balancer: LoadBalancer::start().await?,
            replicas,
            directory,
        };
        local.scale(DEFAULT_REPLICAS).await?;
        Ok(local)
    }

    /// The URL for clients.
    pub(crate) fn url(&self) -> String {
        format!(
            "http://chat.localhost:{}",
            self.load_balancer.address().port()
        )
    }

    /// Starts a replica and adds it to the load balancer.
    pub(crate) async fn start_replica(&mut self, number: usize) -> Result<()> {
        let replica = &mut self.replicas[number];
        replica.start().await?;
        self.load_balancer.add(replica.address, replica.admin);
        Ok(())
    }

    /// Removes a replica from the load balancer and shuts it down, as Kubernetes does.
    pub(crate) async fn retire_replica(&mut self, number: usize) -> Result<String> {
        self.load_balancer.remove(self.replicas[number].address);
        self.replicas[number].stop(Signal::Term).await
    }

    /// Starts or retires replicas, all at once, until this many are running.
    pub(crate) async fn scale(&mut self, to: usize) -> Result<()> {
        let load_balancer = &self.load_balancer;
        let changes = self.replicas.iter_mut().map(async |replica| {
            match (replica.is_running(), replica.number < to) {
                (false, true) => {
                    replica.start().await?;
                    load_balancer.add(replica.address, replica.admin);
                }
                (true, false) => {
                    load_balancer.remove(replica.address);
                    replica.stop(Signal::Term).await?;
                }
                _ => {}
            }
            Ok(())
        });
        futures_util::future::try_join_all(changes)
            .await
            .map(|_| ())
    }

    /// The number of records that Kafka has delivered to each replica.
    pub(crate) async fn relayed(&self) -> Result<Vec<f64>> {
        let running = self.replicas.iter().filter(|replica| replica.is_running());
        let counts = running.map(|replica| http::metric(replica.admin, RELAYED));
        futures_util::future::try_join_all(counts).await
    }

    /// The numbers of the running replicas.
    pub(crate) fn running(&self) -> Vec<usize> {
        let running = self.replicas.iter().filter(|replica| replica.is_running());
        running.map(|replica| replica.number).collect()
    }
}

/// The programs that a run starts.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub chat_app: PathBuf,
    pub packages: Packages,
}

impl Programs {
    /// Finds the chat-app that was built with this program, and the packages that tests/services/up fetched.
    pub(crate) fn find() -> Result<Self> {
        let own = std::env::current_exe()?;
        let chat_app = own.with_file_name("chat-app");
        ensure!(
            chat_app.is_file(),
            "{} is not there: tests/cargo build",
            chat_app.display()
        );
        let packages = Packages::find()?;
        Ok(Self { chat_app, packages })
    }
}

async fn migrate(chat_app: &Path, postgres: &Postgres) -> Result<()> {
    let mut migrate = Command::new(chat_app);
    migrate.arg("migrate");
    migrate.env("CONFAB_DATABASE_URL", Postgres::url(postgres.address));
    process::finish(migrate).await.map(|_| ())
}

/// The data of a run, removed when dropped. As root, Kafka's data is on its own file system, so that it can be filled.
#[derive(Debug)]
pub(crate) struct Directory {
    paths: Paths,
    mounted: bool,
}

impl Directory {
    async fn create(logs: &Path) -> Result<Self> {
        // Not in root's home, which the service user cannot read, and not in /tmp, which may be in memory: fsync matters.
        let path = Path::new("/var/tmp").join(confab_tests::unique("confab-chaos"));
        tokio::fs::create_dir(&path).await?;
        let mut directory = Self {
            paths: Paths {
                data: path,
                logs: logs.to_owned(),
            },
            mounted: false,
        };
        let kafka = directory.paths.data.join("kafka");
        tokio::fs::create_dir(&kafka).await?;
        if process::is_root() {
            mount(&["-t", "tmpfs", "-o", KAFKA_SIZE, "confab-chaos"], &kafka).await?;
            directory.mounted = true;
        }
        process::chown(&kafka).await?;
        process::chown(&directory.paths.data).await?;
        Ok(directory)
    }

    /// Shrinks the file system to what Kafka uses now.
    pub(crate) async fn fill(&self) -> Result<()> {
        let kafka = self.kafka()?;
        // The kernel refuses less than what is used by then, and Kafka writes meanwhile.
        eventually(seconds(10), "Kafka's disk is full", async || {
            let mut df = Command::new("df");
            df.args(["--output=used", "--block-size=1"]).arg(&kafka);
            let output = process::finish(df).await?;
            let used = output.lines().nth(1).context("df prints nothing")?.trim();
            mount(&["-o", &format!("remount,size={used}")], &kafka).await
        })
        .await
    }

    /// Restores the size of the file system.
    pub(crate) async fn free(&self) -> Result<()> {
        mount(&["-o", &format!("remount,{KAFKA_SIZE}")], &self.kafka()?).await
    }

    fn kafka(&self) -> Result<PathBuf> {
        ensure!(self.mounted, "only root can fill a disk");
        Ok(self.paths.data.join("kafka"))
    }
}

async fn mount(options: &[&str], at: &Path) -> Result<()> {
    let mut mount = Command::new("mount");
    mount.args(options).arg(at);
    process::finish(mount).await.map(|_| ())
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Errors leave something in /var/tmp, where a person finds it.
        if self.mounted {
            let kafka = self.paths.data.join("kafka");
            let _ = std::process::Command::new("umount")
                .arg("--lazy")
                .arg(kafka)
                .status();
        }
        let _ = std::fs::remove_dir_all(&self.paths.data);
    }
}
