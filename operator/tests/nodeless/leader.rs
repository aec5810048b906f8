//! Only one of several operators reconciles, also when that one is cut off.

use std::time::{Duration, Instant};

use confab_tests::nodeless::{ApiProxy, Behavior, Operator, OperatorProcess, Settings};
use confab_tests::{Result, ensure, eventually, unique};
use serde_json::json;

use crate::world::{LIMIT, World};

/// A second operator, for the namespace of `world`.
struct Second {
    api: ApiProxy,
    process: OperatorProcess,
    settings: Settings,
    tag: String,
}

async fn second(world: &World) -> Result<Second> {
    let process = OperatorProcess::default();
    let api = ApiProxy::start(world.cluster.operator_client(None).await?, &process).await?;
    let tag = unique("second");
    api.begin(&tag);
    let settings = Settings {
        server: api.address().to_owned(),
        identity: Some("second".into()),
        ..world.settings.clone()
    };
    Ok(Second {
        api,
        process,
        settings,
        tag,
    })
}

async fn elected() -> Result<World> {
    let mut world = World::new("leader").await?;
    world.cluster.allow_election(&world.namespace).await?;
    world.settings.identity = Some("first".into());
    Ok(world)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_loses_the_lease_exits_before_another_starts() -> Result<()> {
    let world = elected().await?;
    let (first, chat) = world.settled().await?;
    let second = second(&world).await?;
    let stand_by = Operator::start(&second.settings, &second.process).await?;
    stand_by
        .wait_for_readyz(LIMIT, 200, "standby: first holds the Lease")
        .await?;

    // Cut off from the Lease alone, it could still write everything else.
    world.api.on_request(|call| {
        if call.uri.contains("/leases/") {
            Behavior::Hang
        } else {
            Behavior::Pass
        }
    });
    let cut = Instant::now();
    eventually(Duration::from_secs(14), "the first ends", async || {
        ensure!(first.has_exited().await, "it goes on");
        Ok(())
    })
    .await?;
    let took = cut.elapsed();
    chat.change(json!({"replicas": 4})).await?;
    chat.ready(LIMIT).await?;
    let of = |tag: &str| {
        world.audit.entries(tag).map(|all| {
            all.into_iter()
                .filter(|it| it.writes() && !it.of_lease())
                .collect::<Vec<_>>()
        })
    };
    let (of_first, of_second) = (of(&world.tag)?, of(&second.tag)?);
    let last = of_first.iter().map(|it| &it.at).max();
    let next = of_second.iter().map(|it| &it.at).min();
    ensure!(
        last.is_some() && next.is_some() && last < next,
        "the first wrote until {last:?}, the second from {next:?}"
    );
    println!("cut off, it ended after {took:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_is_stopped_releases_the_lease() -> Result<()> {
    let world = elected().await?;
    let (first, chat) = world.settled().await?;
    let second = second(&world).await?;
    let stand_by = Operator::start(&second.settings, &second.process).await?;
    stand_by.wait_for_readyz(LIMIT, 200, "standby").await?;
    first.stop().await?;
    stand_by
        .wait_for_readyz(Duration::from_secs(8), 200, "working")
        .await?;
    chat.change(json!({"replicas": 1})).await?;
    chat.ready(LIMIT).await?;
    ensure!(second.api.counts().0 > 0, "the second works");
    Ok(())
}

/// As a person starts one on a host, while another runs in the cluster.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_beside_another_with_a_lease_of_its_own_writes_nothing_and_ends() -> Result<()>
{
    let world = elected().await?;
    let (_first, chat) = world.settled().await?;
    let mut second = second(&world).await?;
    second.settings.lease = world.cluster.namespace("lease").await?;
    world.cluster.allow_election(&second.settings.lease).await?;
    let operator = Operator::start(&second.settings, &second.process).await?;
    eventually(LIMIT, "the second ends", async || {
        ensure!(operator.has_exited().await, "it still runs");
        Ok(())
    })
    .await?;
    let log = operator.log();
    let says = format!(
        "another operator (first, with the Lease confab-operator in namespace {})",
        world.namespace
    );
    ensure!(log.contains(&says), "{log}");
    ensure!(
        log.contains("--watch-namespaces"),
        "it says what to do: {log}"
    );
    let written = world.audit.entries(&second.tag)?;
    let written: Vec<_> = written
        .iter()
        .filter(|it| it.writes() && !it.of_lease())
        .collect();
    ensure!(written.is_empty(), "it wrote {written:#?}");
    chat.change(json!({"replicas": 4})).await?;
    chat.ready(LIMIT).await
}
