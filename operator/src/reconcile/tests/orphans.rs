//! Scenarios with children that lost their owner. No I/O.

use super::*;

/// The Deployment of a chat that is ready, after `kubectl delete --cascade=orphan`; and the chat as it was before.
async fn orphaned() -> (World, ChatDeployment) {
    let world = World::ready(json!({})).await;
    let before = serde_json::from_value(world.server.get(CHAT).unwrap()).unwrap();
    let ownerless = json!({"metadata": {"ownerReferences": null}});
    world.server.merge(DEPLOYMENT, ownerless);
    (world, before)
}

fn owners(world: &World) -> Value {
    world.server.get(DEPLOYMENT).unwrap()["metadata"]["ownerReferences"].take()
}

#[tokio::test]
async fn a_reconcile_that_began_before_the_deletion_adopts_no_orphan_of_it() {
    let (world, before) = orphaned().await;
    let deleted = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
    world.server.merge(CHAT, deleted);
    reconcile(&world.ctx, &before).await.unwrap();
    assert_eq!(world.server.writes(), Vec::<String>::new());
    assert_eq!(owners(&world), Value::Null);
}

#[tokio::test]
async fn the_orphans_of_a_predecessor_are_adopted() {
    let (world, before) = orphaned().await;
    reconcile(&world.ctx, &before).await.unwrap();
    assert_eq!(owners(&world)[0]["name"], "team");
}
