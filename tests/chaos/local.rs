//! A chat of local processes, of this run alone: PostgreSQL, Kafka, replicas, and a proxy on each way between. Does I/O.

pub mod front;
pub mod kafka;
pub mod plain;
pub mod postgres;
pub mod process;
pub mod replica;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, free_port};
use tokio::process::Command;

use self::front::Front;
use self::kafka::{Door, Kafka};
use self::postgres::Postgres;
use self::process::Signal;
use self::replica::Replica;
use crate::proxy::Proxy;

/// The most replicas that a run has at a time.
pub const REPLICAS: usize = 5;
/// How many it has but for the fault that scales.
pub const USUAL: usize = 2;
/// What Kafka's directory may hold where it is a file system of its own.
const KAFKA_ROOM: &str = "size=2g";

pub struct Local {
    /// The database that the proxies lead to.
    pub postgres: Postgres,
    pub kafka: Kafka,
    pub front: Front,
    /// All replicas that there may be.
    pub replicas: Vec<Replica>,
    pub directory: Directory,
}

/// Counts what a replica reads from Kafka.
const RELAYED: &str = "confab_relay_records_total";

impl Local {
    /// Starts everything; the logs go to `logs`.
    pub async fn start(programs: &Programs, logs: &Path) -> Result<Self> {
        let directory = Directory::make(logs).await?;
        let postgres = Postgres::create(&programs.postgres, &directory.places, free_port()?);
        let mut doors = Vec::new();
        let mut ways = Vec::new();
        for _ in 0..REPLICAS {
            let inside = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
            let way = Proxy::start(vec![inside]).await?;
            doors.push(Door {
                inside,
                outside: way.address,
            });
            ways.push(way);
        }
        let ports = [free_port()?, free_port()?];
        let kafka = Kafka::create(&programs.kafka, &directory.places, ports, &doors);
        let (postgres, kafka) = tokio::try_join!(postgres, kafka)?;
        migrate(&programs.chat_app, &postgres).await?;
        let mut replicas = Vec::new();
        for (number, to_kafka) in ways.into_iter().enumerate() {
            let to_postgres = Proxy::start(vec![postgres.address]).await?;
            let ports = [free_port()?, free_port()?];
            let ways = [to_postgres, to_kafka];
            replicas.push(Replica::new(
                number,
                &programs.chat_app,
                &directory.places,
                ports,
                ways,
            ));
        }
        let mut local = Self {
            postgres,
            kafka,
            front: Front::start().await?,
            replicas,
            directory,
        };
        local.scale(USUAL).await?;
        Ok(local)
    }

    /// Where clients find the chat.
    pub fn url(&self) -> String {
        format!("http://chat.localhost:{}", self.front.address().port())
    }

    /// Starts a replica, and leads clients to it.
    pub async fn start_replica(&mut self, number: usize) -> Result<()> {
        let replica = &mut self.replicas[number];
        replica.start().await?;
        self.front.join(replica.address, replica.admin);
        Ok(())
    }

    /// Asks a replica to go, as Kubernetes does: no new connection is led to it from now on.
    pub async fn retire_replica(&mut self, number: usize) -> Result<String> {
        self.front.leave(self.replicas[number].address);
        self.replicas[number].stop(Signal::Term).await
    }

    /// Starts or retires replicas, all at once, until this many run.
    pub async fn scale(&mut self, to: usize) -> Result<()> {
        let front = &self.front;
        let changes = self.replicas.iter_mut().map(async |replica| {
            match (replica.is_running(), replica.number < to) {
                (false, true) => {
                    replica.start().await?;
                    front.join(replica.address, replica.admin);
                }
                (true, false) => {
                    front.leave(replica.address);
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

    /// How many records Kafka has brought each replica.
    pub async fn relayed(&self) -> Result<Vec<f64>> {
        let running = self.replicas.iter().filter(|replica| replica.is_running());
        let counts = running.map(|replica| plain::metric(replica.admin, RELAYED));
        futures_util::future::try_join_all(counts).await
    }

    /// The numbers of the replicas that run.
    pub fn running(&self) -> Vec<usize> {
        let running = self.replicas.iter().filter(|replica| replica.is_running());
        running.map(|replica| replica.number).collect()
    }
}

/// The programs that a run starts.
#[derive(Clone, Debug)]
pub struct Programs {
    pub chat_app: PathBuf,
    /// PostgreSQL's directory.
    pub postgres: PathBuf,
    pub kafka: PathBuf,
}

impl Programs {
    /// The chat-app that was built with this program, and the packages that tests/services/up fetched.
    pub fn found() -> Result<Self> {
        let own = std::env::current_exe()?;
        let chat_app = own.with_file_name("chat-app");
        ensure!(
            chat_app.is_file(),
            "{} is not there: cargo build --release --workspace",
            chat_app.display()
        );
        let package = |name: &str| {
            let path = std::env::var_os(name).map(PathBuf::from);
            path.with_context(|| format!("{name} is not set: run tests/services/up --fetch and load its env file, as make chaos-fast does"))
        };
        Ok(Self {
            chat_app,
            postgres: package("TEST_POSTGRES_HOME")?,
            kafka: package("TEST_KAFKA_HOME")?,
        })
    }
}

async fn migrate(chat_app: &Path, postgres: &Postgres) -> Result<()> {
    let mut migrate = Command::new(chat_app);
    migrate.arg("migrate");
    migrate.env("CONFAB_DATABASE_URL", Postgres::url(postgres.address));
    process::finish(migrate).await.map(|_| ())
}

/// The run's data, removed when dropped. Kafka's are on a file system of their own where this program is root, so that it
/// can be made full.
#[derive(Debug)]
pub struct Directory {
    places: Places,
    mounted: bool,
}

/// Where a run keeps things.
#[derive(Clone, Debug)]
pub struct Places {
    /// Data and settings, the service user's own.
    pub data: PathBuf,
    pub logs: PathBuf,
}

impl Directory {
    async fn make(logs: &Path) -> Result<Self> {
        // Not below root's home, which the service user can't read, and not in /tmp, which may be memory: fsync counts.
        let path = Path::new("/var/tmp").join(confab_tests::unique("confab-chaos"));
        tokio::fs::create_dir(&path).await?;
        let mut directory = Self {
            places: Places {
                data: path,
                logs: logs.to_owned(),
            },
            mounted: false,
        };
        let kafka = directory.places.data.join("kafka");
        tokio::fs::create_dir(&kafka).await?;
        if process::is_root() {
            mount(&["-t", "tmpfs", "-o", KAFKA_ROOM, "confab-chaos"], &kafka).await?;
            directory.mounted = true;
        }
        process::give(&kafka).await?;
        process::give(&directory.places.data).await?;
        Ok(directory)
    }

    /// Leaves Kafka as good as no room: what it holds and a little.
    pub async fn fill(&self) -> Result<()> {
        let kafka = self.kafka()?;
        // The kernel refuses less than what it holds by then, and Kafka writes on meanwhile.
        eventually(seconds(10), "Kafka's disk is full", async || {
            let mut df = Command::new("df");
            df.args(["--output=used", "--block-size=1"]).arg(&kafka);
            let said = process::finish(df).await?;
            let used = said.lines().nth(1).context("df tells nothing")?.trim();
            mount(&["-o", &format!("remount,size={used}")], &kafka).await
        })
        .await
    }

    /// Gives Kafka its room back.
    pub async fn free(&self) -> Result<()> {
        mount(&["-o", &format!("remount,{KAFKA_ROOM}")], &self.kafka()?).await
    }

    fn kafka(&self) -> Result<PathBuf> {
        ensure!(self.mounted, "a disk can be made full by root alone");
        Ok(self.places.data.join("kafka"))
    }
}

async fn mount(options: &[&str], at: &Path) -> Result<()> {
    let mut mount = Command::new("mount");
    mount.args(options).arg(at);
    process::finish(mount).await.map(|_| ())
}

impl Drop for Directory {
    fn drop(&mut self) {
        // In vain where the run broke off; what is left is seen in /var/tmp.
        if self.mounted {
            let kafka = self.places.data.join("kafka");
            let _ = std::process::Command::new("umount")
                .arg("--lazy")
                .arg(kafka)
                .status();
        }
        let _ = std::fs::remove_dir_all(&self.places.data);
    }
}
