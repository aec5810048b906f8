//! Pages of a conversation, several at a time, as browsers load them. Does I/O.

use std::time::{Duration, Instant};

use confab_tests::wait::seconds;
use confab_tests::{Error, Result, ensure};
use tokio::task::JoinSet;

use super::{Figures, Size};
use crate::client::wire::body;
use crate::measure::Measure;
use crate::stats::quantile;
use crate::system::System;

const AT_A_TIME: usize = 4;
/// More than a page shows.
const MESSAGES: u32 = 120;
const WARM_UP: Duration = seconds(1);

pub(super) async fn run(system: &mut System, size: Size) -> Result<Figures> {
    system.people(2).await?;
    let conversation = system.pair([0, 1]).await?;
    let Some(page) = system.page(0, conversation) else {
        return Ok(Figures::new());
    };
    let mut sender = system.sender(0, 1).await?;
    for number in 0..MESSAGES {
        sender.send(conversation, &body(number)).await?;
    }
    load(system, &page, WARM_UP).await?;
    let (before, start) = (system.usage()?, Instant::now());
    let times = load(system, &page, size.load).await?;
    let (used, wall) = (system.usage()? - before, start.elapsed().as_secs_f64());
    let pages = times.len() as f64;
    Ok(vec![
        (Measure::Pages, pages / wall),
        (Measure::PageP50, quantile(&times, 0.5)),
        (Measure::PageAppCpu, used.app / pages * 1_000.0),
        (Measure::PageDatabaseCpu, used.database / pages * 1_000.0),
    ])
}

/// Loads pages for so long; returns how long each took, in milliseconds.
async fn load(
    system: &System,
    (path, cookie): &(String, String),
    time: Duration,
) -> Result<Vec<f64>> {
    let until = Instant::now() + time;
    let mut loading = JoinSet::new();
    for number in 0..AT_A_TIME {
        let mut browser = system.browser(number % 2).await?;
        let (path, cookie) = (path.clone(), cookie.clone());
        loading.spawn_local(async move {
            let mut times = Vec::new();
            while Instant::now() < until {
                let start = Instant::now();
                let answer = browser.get_compressed(&path, &cookie).await?;
                ensure!(
                    answer.status == 200,
                    "{path} was answered {}",
                    answer.status
                );
                times.push(start.elapsed().as_secs_f64() * 1_000.0);
            }
            Ok::<_, Error>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(own) = loading.join_next().await {
        times.extend(own??);
    }
    Ok(times)
}
