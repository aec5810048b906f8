//! The faults in one table: what each does, where it can, and what the promise says meanwhile. Pure.

mod clients;
mod cluster;
mod kafka;
mod postgres;
mod replicas;

use std::pin::Pin;
use std::time::Duration;

use confab_tests::Result;
use confab_tests::wait::seconds;

use crate::cluster::Cluster;
use crate::local::Local;
use crate::pace::Pace;

/// One cycle: disturbs, proves in a sentence that it did, and puts all right.
pub type Cycle<'a> = Pin<Box<dyn Future<Output = Result<String>> + 'a>>;
type OnLocal = for<'a> fn(&'a mut Local, &'a mut Pace) -> Cycle<'a>;
type OnCluster = for<'a> fn(&'a mut Cluster, &'a mut Pace) -> Cycle<'a>;

/// What is promised while a fault lasts and after it.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    /// Sends go on, if need be after a retry, and are shown within this time of when they were due to 99 of 100. None:
    /// sends may be refused meanwhile, with a hint to come back.
    pub shown: Option<Duration>,
    /// After the fault sends are taken, everybody is complete and nothing is overdue within this time.
    pub recovery: Duration,
    /// Up to so many sends a second. None: up to whatever the run was asked for.
    pub rate: Option<f64>,
}

impl Promise {
    const fn up_to(mut self, rate: f64) -> Self {
        self.rate = Some(rate);
        self
    }
}

pub struct Fault {
    /// What it is called on the command line and in the report.
    pub name: &'static str,
    pub what: &'static str,
    pub promise: Promise,
    pub local: Option<OnLocal>,
    pub cluster: Option<OnCluster>,
    /// Whether it needs root (it mounts a file system).
    pub root: bool,
}

/// Both in seconds.
const fn goes_on(shown: u64, recovery: u64) -> Promise {
    Promise {
        shown: Some(seconds(shown)),
        recovery: seconds(recovery),
        rate: None,
    }
}

const fn may_refuse(recovery: u64) -> Promise {
    Promise {
        shown: None,
        recovery: seconds(recovery),
        rate: None,
    }
}

/// Every fault, in the order in which they run.
pub const FAULTS: &[Fault] = &[
    Fault {
        name: "replica-killed",
        what: "A replica ends by SIGKILL, and is started again",
        promise: goes_on(2, 5),
        local: Some(|local, pace| Box::pin(replicas::killed(local, pace))),
        cluster: Some(|cluster, pace| Box::pin(cluster::replica_killed(cluster, pace))),
        root: false,
    },
    Fault {
        name: "replica-stopped",
        what: "A replica stands still for some seconds (SIGSTOP, SIGCONT)",
        promise: may_refuse(10),
        local: Some(|local, pace| Box::pin(replicas::stopped(local, pace))),
        cluster: Some(|cluster, pace| Box::pin(cluster::replica_stopped(cluster, pace))),
        root: false,
    },
    Fault {
        name: "replicas-rolled",
        what: "Every replica is replaced in turn, as by a new image",
        promise: goes_on(2, 5),
        local: Some(|local, pace| Box::pin(replicas::rolled(local, pace))),
        cluster: Some(|cluster, pace| Box::pin(cluster::rolled(cluster, pace))),
        root: false,
    },
    Fault {
        name: "replicas-scaled",
        what: "Replicas: 2, 5, 1, 2",
        promise: goes_on(2, 5),
        local: Some(|local, pace| Box::pin(replicas::scaled(local, pace))),
        cluster: Some(|cluster, pace| Box::pin(cluster::scaled(cluster, pace))),
        root: false,
    },
    Fault {
        name: "replica-without-kafka",
        what: "One replica is cut off from Kafka alone",
        promise: goes_on(2, 5),
        local: Some(|local, pace| Box::pin(replicas::without_kafka(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "replica-without-postgres",
        what: "One replica is cut off from PostgreSQL alone",
        promise: may_refuse(10),
        local: Some(|local, pace| Box::pin(replicas::without_postgres(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "kafka-restarted",
        what: "Kafka is stopped in order and started again",
        promise: goes_on(2, 5),
        local: Some(|local, pace| Box::pin(kafka::restarted(local, pace))),
        cluster: Some(|cluster, pace| Box::pin(cluster::kafka_restarted(cluster, pace))),
        root: false,
    },
    Fault {
        name: "kafka-away",
        what: "Kafka is killed, and stays away for a minute (8 s with --brief)",
        promise: goes_on(2, 5),
        local: Some(|local, pace| Box::pin(kafka::away(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "kafka-topics-remade",
        what: "Both topics are deleted, and made again",
        promise: goes_on(2, 5),
        local: Some(|local, pace| Box::pin(kafka::topics_remade(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "kafka-partitions-grown",
        what: "Both topics get one more partition",
        promise: goes_on(2, 5),
        local: Some(|local, pace| Box::pin(kafka::partitions_grown(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "kafka-disk-full",
        what: "Kafka's disk is full until it ends; then there is room, and it is started again",
        promise: goes_on(2, 5),
        local: Some(|local, pace| Box::pin(kafka::disk_full(local, pace))),
        cluster: None,
        root: true,
    },
    Fault {
        name: "postgres-restarted",
        what: "PostgreSQL is stopped in order or killed, and started again",
        promise: may_refuse(10),
        local: Some(|local, pace| Box::pin(postgres::restarted(local, pace))),
        cluster: Some(|cluster, pace| Box::pin(cluster::postgres_restarted(cluster, pace))),
        root: false,
    },
    Fault {
        name: "postgres-failed-over",
        what: "PostgreSQL is killed; a synchronous standby that has not applied everything takes over",
        promise: may_refuse(10),
        local: Some(|local, pace| Box::pin(postgres::failed_over(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "postgres-old-snapshot",
        what: "A transaction of somebody else stays open",
        promise: goes_on(2, 5),
        local: Some(|local, pace| Box::pin(postgres::old_snapshot(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "postgres-commits-cut",
        what: "Connections are cut between a commit and its answer",
        promise: goes_on(2, 5),
        local: Some(|local, pace| Box::pin(postgres::commits_cut(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "postgres-slow",
        what: "Each answer of PostgreSQL comes 200 ms late",
        // Two replicas with eight connections for reading each make eighty queries a second then.
        promise: goes_on(5, 5).up_to(60.0),
        local: Some(|local, pace| Box::pin(postgres::slow(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "postgres-connections-used-up",
        what: "Somebody else takes every connection that PostgreSQL has",
        promise: may_refuse(10),
        local: Some(|local, pace| Box::pin(postgres::connections_used_up(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "clients-repeat",
        what: "Every send is made three times at once, by each replica",
        promise: goes_on(2, 5),
        local: Some(|local, pace| Box::pin(clients::repeat(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "clients-deaf",
        what: "Two hundred live connections read nothing",
        promise: goes_on(2, 5),
        local: Some(|local, pace| Box::pin(clients::deaf(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "clients-herd",
        what: "Two thousand live connections come back at once",
        // They, their proxies and all servers share two cores: what they take, messages wait for.
        promise: goes_on(5, 5).up_to(20.0),
        local: Some(|local, pace| Box::pin(clients::herd(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "node-drained",
        what: "A node is drained of its replicas",
        promise: goes_on(2, 5),
        local: None,
        cluster: Some(|cluster, pace| Box::pin(cluster::node_drained(cluster, pace))),
        root: false,
    },
    Fault {
        name: "node-killed",
        what: "A node is lost, and comes back",
        promise: may_refuse(60),
        local: None,
        cluster: Some(|cluster, pace| Box::pin(cluster::node_killed(cluster, pace))),
        root: false,
    },
    Fault {
        name: "operator-killed",
        what: "The operator is killed while it replaces the replicas",
        promise: goes_on(2, 5),
        local: None,
        cluster: Some(|cluster, pace| Box::pin(cluster::operator_killed(cluster, pace))),
        root: false,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_fault_has_a_name_of_its_own_and_runs_somewhere() {
        let names: BTreeSet<_> = FAULTS.iter().map(|fault| fault.name).collect();
        assert_eq!(names.len(), FAULTS.len());
        for fault in FAULTS {
            assert!(
                fault.local.is_some() || fault.cluster.is_some(),
                "{}",
                fault.name
            );
        }
    }
}
