//! How many connections to PostgreSQL the replicas may open. Pure.

use crate::crd::SchemaStatus;
use crate::validate::Chat;

/// Connections of a replica beside its pool (`chat-app serve --help`): the writer's lanes, the workers, and one for each
/// task that a single replica leads.
const BESIDE_THE_POOL: i32 = 9;
/// Sizes of a replica's pool. There are few, so that scaling rarely changes it: a change replaces the replicas.
const POOLS: [i32; 3] = [8, 4, 2];
/// For a migration, a backup, and a person with psql.
const KEPT_FREE: i32 = 5;

/// Connections of all replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Connections {
    pub pool: i32,
    /// What all replicas may open, during a rollout with a quarter more of them.
    pub needed: i32,
    /// What PostgreSQL accepted when the schema was migrated. None: not known.
    pub accepted: Option<i32>,
}

/// The largest pool with which all replicas together fit, else the smallest.
pub(crate) fn connections(chat: &Chat, schema: Option<SchemaStatus>) -> Connections {
    let most = chat
        .autoscaling
        .as_ref()
        .map_or(chat.replicas, |limits| limits.max_replicas);
    let peak = most.saturating_add(most / 4 + i32::from(most % 4 > 0));
    let accepted = schema.and_then(|schema| schema.max_connections);
    let all = POOLS.map(|pool| Connections {
        pool,
        needed: peak.saturating_mul(pool + BESIDE_THE_POOL),
        accepted,
    });
    let [.., smallest] = all;
    all.into_iter().find(Connections::fit).unwrap_or(smallest)
}

impl Connections {
    /// Whether PostgreSQL accepts all of them, as far as is known.
    pub(crate) fn fit(&self) -> bool {
        self.accepted
            .is_none_or(|accepted| self.needed.saturating_add(KEPT_FREE) <= accepted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::fixtures::chat_of;
    use serde_json::{Value, json};

    fn of(spec: Value, max_connections: Option<i32>) -> Connections {
        let schema = SchemaStatus {
            max_connections,
            ..SchemaStatus::default()
        };
        connections(&chat_of(spec), Some(schema))
    }

    #[test]
    fn the_pool_shrinks_in_steps_as_replicas_are_added() {
        let pools = [2, 4, 5, 6, 7, 20].map(|n| of(json!({"replicas": n}), Some(97)).pool);
        assert_eq!(pools, [8, 8, 4, 2, 2, 2]);
        assert_eq!(of(json!({"replicas": 20}), None).pool, 8);
    }

    #[test]
    fn replicas_that_do_not_fit_even_with_the_smallest_pool_are_noticed() {
        assert!(of(json!({"replicas": 6}), Some(97)).fit());
        let many = of(json!({"replicas": 20}), Some(97));
        assert_eq!((many.fit(), many.needed), (false, 275));
        assert!(of(json!({"replicas": 0}), Some(10)).fit());
    }

    #[test]
    fn under_autoscaling_the_maximum_of_replicas_counts_so_that_scaling_replaces_none() {
        let at = |replicas| {
            of(
                json!({"replicas": replicas, "autoscaling": {"minReplicas": 1, "maxReplicas": 5}}),
                Some(97),
            )
        };
        assert_eq!(at(1), at(5));
        assert_eq!(at(1).pool, 4);
    }

    #[test]
    fn huge_numbers_do_not_overflow() {
        assert!(!of(json!({"replicas": i32::MAX}), Some(1000)).fit());
    }
}
