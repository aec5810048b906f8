//! Two people, two browsers, two replicas.

use confab_tests::wait::seconds;
use confab_tests::{Result, ensure, eventually, example};

use crate::Pair;

#[tokio::test]
async fn two_people_on_different_replicas_chat_both_ways_and_a_reload_keeps_all() -> Result<()> {
    let chat = example::shared().await?;
    let pair = Pair::on_two_replicas().await?;
    let pods = chat.pods().await?;
    for replica in [&pair.ada_replica, &pair.bo_replica] {
        let is_a_pod = pods
            .iter()
            .any(|pod| pod["metadata"]["name"] == replica.as_str());
        assert!(is_a_pod, "{replica} is no pod of the chat");
    }

    pair.ada.say("Hello, are you there?").await?;
    pair.bo.reads(&["Hello, are you there?"]).await?;
    pair.bo.say("Yes, on the other replica.").await?;
    pair.ada.say("Fine <b>&amp;</b> good").await?;
    let all = [
        "Hello, are you there?",
        "Yes, on the other replica.",
        "Fine <b>&amp;</b> good",
    ];
    // The last two were sent at the same time, so the server decides their order; both browsers must agree.
    let order = pair
        .bo
        .sees("all three messages", |page| {
            let bodies = page.bodies()?;
            ensure!(
                all.iter().all(|m| bodies.iter().any(|b| b == m)),
                "{bodies:?}"
            );
            Ok(bodies)
        })
        .await?;
    assert_eq!(order.len(), 3, "{order:?}");
    let order: Vec<&str> = order.iter().map(String::as_str).collect();
    pair.ada.reads(&order).await?;

    for browser in [&pair.ada, &pair.bo] {
        browser.reload().await?;
        browser.reads(&order).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_message_that_arrives_live_is_the_item_that_the_page_would_have() -> Result<()> {
    let _chat = example::shared().await?;
    let pair = Pair::on_two_replicas().await?;
    pair.ada.say("Some *words* & `code`").await?;
    for browser in [&pair.ada, &pair.bo] {
        browser.reads(&["Some words & code"]).await?;
        // Ada's own is replaced when it is sent.
        browser
            .until(
                "that it is sent",
                "document.querySelector('#m1 strong, #m1 em')",
            )
            .await?;
        browser
            .script("sessionStorage.live = document.querySelector('#m1').outerHTML")
            .await?;
        browser.reload().await?;
        browser.reads(&["Some words & code"]).await?;
        let same = "(() => { const live = document.createElement('template');
            live.innerHTML = sessionStorage.live;
            return live.content.firstElementChild.isEqualNode(document.querySelector('#m1')); })()";
        browser.until("that both are the same", same).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_killed_replica_costs_no_message_and_its_browser_reconnects_to_another() -> Result<()> {
    let chat = example::exclusive().await?;
    let pair = Pair::on_two_replicas().await?;
    pair.ada.say("before").await?;
    pair.bo.reads(&["before"]).await?;

    let kill = format!("delete pod {} --grace-period=0 --force", pair.ada_replica);
    chat.kubectl.run(&kill).await?;
    pair.bo.say("while one replica is gone").await?;
    pair.ada
        .reads(&["before", "while one replica is gone"])
        .await?;
    let gone = &pair.ada_replica;
    eventually(
        seconds(60),
        "a socket on a replica that lives",
        async || {
            let here = pair.ada.live().await?;
            ensure!(here != *gone, "the page still says {here}");
            Ok(())
        },
    )
    .await?;
    pair.ada.say("after").await?;
    let all = ["before", "while one replica is gone", "after"];
    pair.bo.reads(&all).await?;
    pair.ada.reads(&all).await?;
    chat.kubectl.wait_ready(example::NAME, seconds(120)).await
}

#[tokio::test]
async fn an_open_window_goes_to_the_login_when_its_session_ends_elsewhere() -> Result<()> {
    let _chat = example::shared().await?;
    let pair = Pair::on_two_replicas().await?;
    // As another window of the same browser would; the page itself is not notified.
    let log_out = "fetch('/logout', {method: 'POST'})";
    pair.ada.script(log_out).await?;
    eventually(seconds(10), "the login page", async || {
        let path = pair.ada.path().await?;
        ensure!(path == "/login", "it is {path}");
        Ok(())
    })
    .await?;
    pair.ada.log_in(&pair.ada_name).await?;
    pair.ada.open_conversation(pair.conversation).await?;
    pair.ada.say("Back again").await?;
    pair.bo.reads(&["Back again"]).await?;
    pair.bo.say("Good").await?;
    pair.ada.reads(&["Back again", "Good"]).await
}
