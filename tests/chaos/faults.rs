//! The table of faults: what each does, where it can run, and the guarantees for it. Pure.

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

/// One cycle: injects the fault, repairs it, and returns in a sentence the proof that it took effect.
pub(crate) type Cycle<'a> = Pin<Box<dyn Future<Output = Result<String>> + 'a>>;
type OnLocal = for<'a> fn(&'a mut Local, &'a mut Pace) -> Cycle<'a>;
type OnCluster = for<'a> fn(&'a mut Cluster, &'a mut Pace) -> Cycle<'a>;

/// The guarantees while a fault lasts and after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guarantee {
    /// Sends succeed, perhaps after a retry, and 99% are delivered within this time of when they were due. None: sends may be
    /// refused, with Retry-After.
    pub delivered_within: Option<Duration>,
    /// Within this time after the fault, the chat accepts sends, every page is complete and nothing is overdue.
    pub recovery: Duration,
    /// The highest rate of sends per second for which this holds. None: any rate.
    pub rate: Option<f64>,
}

impl Guarantee {
    const fn up_to(mut self, rate: f64) -> Self {
        self.rate = Some(rate);
        self
    }
}

pub(crate) struct Fault {
    /// The name on the command line and in the report.
    pub name: &'static str,
    pub what: &'static str,
    pub guarantee: Guarantee,
    pub local: Option<OnLocal>,
    pub cluster: Option<OnCluster>,
    /// Whether it needs root (it mounts a file system).
    pub root: bool,
}

/// Both in seconds.
const fn available(delivered_within: u64, recovery: u64) -> Guarantee {
    Guarantee {
        delivered_within: Some(seconds(delivered_within)),
        recovery: seconds(recovery),
        rate: None,
    }
}

const fn may_refuse(recovery: u64) -> Guarantee {
    Guarantee {
        delivered_within: None,
        recovery: seconds(recovery),
        rate: None,
    }
}

/// Every fault, in the order in which they run.
pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "replica-killed",
        what: "A replica is killed (SIGKILL) and restarted",
        guarantee: available(2, 5),
        local: Some(|local, pace| Box::pin(replicas::killed(local, pace))),
        cluster: Some(|cluster, pace| Box::pin(cluster::replica_killed(cluster, pace))),
        root: false,
    },
    Fault {
        name: "replica-paused",
        what: "A replica is paused for some seconds (SIGSTOP, SIGCONT)",
        guarantee: may_refuse(10),
        local: Some(|local, pace| Box::pin(replicas::paused(local, pace))),
        cluster: Some(|cluster, pace| Box::pin(cluster::replica_paused(cluster, pace))),
        root: false,
    },
    Fault {
        name: "replicas-rolled",
        what: "Every replica is replaced in turn, as in a rollout",
        guarantee: available(2, 5),
        local: Some(|local, pace| Box::pin(replicas::rolled(local, pace))),
        cluster: Some(|cluster, pace| Box::pin(cluster::rolled(cluster, pace))),
        root: false,
    },
    Fault {
        name: "replicas-scaled",
        what: "The number of replicas changes: 2, 5, 1, 2",
        guarantee: available(2, 5),
        local: Some(|local, pace| Box::pin(replicas::scaled(local, pace))),
        cluster: Some(|cluster, pace| Box::pin(cluster::scaled(cluster, pace))),
        root: false,
    },
    Fault {
        name: "replica-without-kafka",
        what: "One replica loses its connections to Kafka",
        guarantee: available(2, 5),
        local: Some(|local, pace| Box::pin(replicas::without_kafka(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "replica-without-postgres",
        what: "One replica loses its connections to PostgreSQL",
        guarantee: may_refuse(10),
        local: Some(|local, pace| Box::pin(replicas::without_postgres(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "kafka-restarted",
        what: "Kafka shuts down and is restarted",
        guarantee: available(2, 5),
        local: Some(|local, pace| Box::pin(kafka::restarted(local, pace))),
        cluster: Some(|cluster, pace| Box::pin(cluster::kafka_restarted(cluster, pace))),
        root: false,
    },
    Fault {
        name: "kafka-down",
        what: "Kafka is killed and down for a minute (8 s with --brief)",
        guarantee: available(2, 5),
        local: Some(|local, pace| Box::pin(kafka::down(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "kafka-topics-recreated",
        what: "Both topics are deleted and recreated",
        guarantee: available(2, 5),
        local: Some(|local, pace| Box::pin(kafka::topics_recreated(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "kafka-partitions-added",
        what: "A partition is added to both topics",
        guarantee: available(2, 5),
        local: Some(|local, pace| Box::pin(kafka::partitions_added(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "kafka-disk-full",
        what: "Kafka's disk is full until Kafka exits; then there is space again, and Kafka is restarted",
        guarantee: available(2, 5),
        local: Some(|local, pace| Box::pin(kafka::disk_full(local, pace))),
        cluster: None,
        root: true,
    },
    Fault {
        name: "postgres-restarted",
        what: "PostgreSQL shuts down or is killed, and is restarted",
        guarantee: may_refuse(10),
        local: Some(|local, pace| Box::pin(postgres::restarted(local, pace))),
        cluster: Some(|cluster, pace| Box::pin(cluster::postgres_restarted(cluster, pace))),
        root: false,
    },
    Fault {
        name: "postgres-failed-over",
        what: "PostgreSQL is killed; a synchronous standby that has not replayed everything is promoted",
        guarantee: may_refuse(10),
        local: Some(|local, pace| Box::pin(postgres::failed_over(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "postgres-old-snapshot",
        what: "A transaction of another client stays open",
        guarantee: available(2, 5),
        local: Some(|local, pace| Box::pin(postgres::old_snapshot(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "postgres-commits-cut",
        what: "Connections are cut between a commit and its answer",
        guarantee: available(2, 5),
        local: Some(|local, pace| Box::pin(postgres::commits_cut(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "postgres-slow",
        what: "Each answer of PostgreSQL is delayed by 200 ms",
        // Two replicas with eight connections for reads each make eighty queries per second then.
        guarantee: available(5, 5).up_to(60.0),
        local: Some(|local, pace| Box::pin(postgres::slow(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "postgres-connections-exhausted",
        what: "Other clients take all connections of PostgreSQL",
        guarantee: may_refuse(10),
        local: Some(|local, pace| Box::pin(postgres::connections_exhausted(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "clients-repeat",
        what: "Every send is made three times at once, to each replica",
        guarantee: available(2, 5),
        local: Some(|local, pace| Box::pin(clients::repeat(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "clients-stalled",
        what: "A hundred and twenty live connections read nothing",
        guarantee: available(2, 5),
        local: Some(|local, pace| Box::pin(clients::stalled(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "clients-herd",
        what: "Two thousand live connections reconnect at once",
        // They, their proxies and all servers share two cores, so messages wait.
        guarantee: available(5, 5).up_to(20.0),
        local: Some(|local, pace| Box::pin(clients::herd(local, pace))),
        cluster: None,
        root: false,
    },
    Fault {
        name: "node-drained",
        what: "A node is drained of its replicas",
        guarantee: available(2, 5),
        local: None,
        cluster: Some(|cluster, pace| Box::pin(cluster::node_drained(cluster, pace))),
        root: false,
    },
    Fault {
        name: "node-killed",
        what: "A node is killed and restarted",
        guarantee: may_refuse(60),
        local: None,
        cluster: Some(|cluster, pace| Box::pin(cluster::node_killed(cluster, pace))),
        root: false,
    },
    Fault {
        name: "operator-killed",
        what: "The operator is killed during a rollout",
        guarantee: available(2, 5),
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
    fn each_fault_has_a_unique_name_and_runs_somewhere() {
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
