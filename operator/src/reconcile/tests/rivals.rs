//! Scenarios with another operator under another Lease. No I/O.

use super::*;

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/elsewhere/leases/confab-operator";

/// A chat that is ready, and whose Service another operator wrote since.
async fn written_by_another() -> World {
    let world = World::ready(json!({})).await;
    let lease = json!({"metadata": {"annotations": {"confab.dev/lease": "elsewhere"}}, "spec": {"selector": null}});
    world.server.merge(SERVICE, lease);
    world
}

fn renew(world: &World, holder: Option<&str>, version: &str) {
    let metadata = json!({"name": "confab-operator", "resourceVersion": version});
    let spec = json!({"holderIdentity": holder, "leaseDurationSeconds": 15});
    world
        .server
        .put(LEASE, json!({"metadata": metadata, "spec": spec}));
}

#[tokio::test]
async fn beside_an_operator_that_renews_another_lease_this_one_writes_nothing_and_stops() {
    let world = written_by_another().await;
    renew(&world, Some("other-0"), "1");
    world.reconcile().await;
    assert!(!world.stop.is_cancelled(), "it may have been left long ago");
    renew(&world, Some("other-0"), "2");
    world.reconcile().await;
    assert!(world.stop.is_cancelled());
    assert_eq!(world.server.writes(), Vec::<String>::new());
    let found = world.ctx.rivals.found().unwrap();
    for part in [
        "other-0",
        "namespace elsewhere",
        "chat/team",
        "--namespace=elsewhere",
    ] {
        assert!(found.contains(part), "{found}");
    }
}

#[tokio::test]
async fn what_an_operator_left_is_taken_over_when_its_lease_is_free_or_gone() {
    for free in [true, false] {
        let world = written_by_another().await;
        if free {
            renew(&world, None, "1");
        }
        world.reconcile().await;
        let annotations = world.server.get(SERVICE).unwrap()["metadata"]["annotations"].clone();
        assert_eq!(annotations["confab.dev/lease"], "confab-system");
        assert!(!world.stop.is_cancelled());
    }
}
