//! Scenarios in which embedded PostgreSQL loses its volume. No I/O.

use super::*;

const SECRET: &str = "/api/v1/namespaces/chat/secrets/team-postgres";

#[tokio::test]
async fn a_lost_volume_is_reported_and_nothing_is_migrated_until_a_person_accepts_the_new_one() {
    let world = World::ready(json!({})).await;
    let recorded = || world.server.get(SECRET).unwrap()["metadata"]["annotations"].clone();
    assert_eq!(recorded()["confab.dev/volume"], "one");
    world.server.remove(JOB);
    world.volume("two");
    for spec in [json!({}), json!({"image": "confab/chat-app:2"})] {
        world.edit_spec(spec);
        world.reconcile().await;
        for (type_, is) in [
            ("SchemaReady", "False"),
            ("Available", "False"),
            ("Ready", "False"),
            ("Stalled", "True"),
        ] {
            assert_eq!(world.condition(type_), format!("{is} DatabaseReplaced"));
        }
        assert_eq!(world.server.get(JOB), None);
    }
    let message = world.message("Ready");
    let command = "kubectl -n chat annotate secret team-postgres confab.dev/volume-";
    assert!(
        message.contains("restore it now") && message.ends_with(command),
        "{message}"
    );

    let without = json!({"metadata": {"annotations": {"confab.dev/volume": null}}});
    world.server.merge(SECRET, without);
    world.reconcile().await;
    assert_eq!(world.condition("SchemaReady"), "False Migrating");
    assert_eq!(recorded()["confab.dev/volume"], "two");
    world.job_ends("Complete");
    world.reconcile().await;
    world.rolls_out();
    world.reconcile().await;
    assert_eq!(world.condition("Ready"), "True UpToDate");
}

#[tokio::test]
async fn a_volume_that_comes_back_ends_the_alarm() {
    let world = World::ready(json!({})).await;
    world.volume("two");
    world.reconcile().await;
    assert_eq!(world.condition("Stalled"), "True DatabaseReplaced");
    world.volume("one");
    world.reconcile().await;
    assert_eq!(world.condition("Ready"), "True UpToDate");
}
