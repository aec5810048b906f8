//! The operator is killed before and after every request that it sends to the API server and to Kafka, and restarted: the result
//! is always the same as undisturbed. A lane is a chat with an operator of its own. It repeats five steps of a chat's life, each
//! time with other requests at which the operator is killed.

mod lane;

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Instant, UNIX_EPOCH};

use confab_tests::nodeless::{AuditLog, Crash, Side};
use confab_tests::{Result, anyhow, ensure, eventually};

use futures_util::future::try_join_all;

use crate::world::LIMIT;
use lane::{Lane, Reference, STEPS};

/// How many chats live at the same time.
const LANES: usize = 6;
/// Requests beyond those of the undisturbed run, in case a run needs more.
const BEYOND: usize = 3;

/// One in this many points is tried by default.
const SAMPLE: usize = 12;

/// Where the operator is killed.
#[derive(Clone, Copy, Debug)]
pub enum Point {
    Api(Crash),
    Kafka(Crash),
}

/// Points of one step that are still to be tried, and the results of the others.
#[derive(Debug, Default)]
struct Progress {
    left: VecDeque<Point>,
    crashes: usize,
    not_reached: usize,
}

type Matrix = Mutex<Vec<Progress>>;

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_or_after_any_request_changes_nothing_about_the_result() -> Result<()> {
    let (audit, start) = (AuditLog::from_now()?, Instant::now());
    let mut first = Lane::new(0).await?;
    let references = first.undisturbed().await?;
    let sample = sample()?;
    let points = references.iter().map(|it| Progress::of(it, sample));
    let matrix = Mutex::new(points.collect());
    let mut lanes = vec![first];
    for number in 1..LANES {
        lanes.push(Lane::new(number).await?);
    }
    let lanes = lanes
        .into_iter()
        .map(|lane| work(lane, &references, &matrix));
    let passed = try_join_all(lanes).await?.concat();
    report(&matrix, &references, start);
    all_is_in_the_audit_log(&audit, &passed).await
}

/// Repeats the steps until no point is left. Returns how many requests passed, by the tag of each process.
async fn work(
    mut lane: Lane,
    references: &[Reference],
    matrix: &Matrix,
) -> Result<Vec<(String, usize)>> {
    while matrix
        .lock()
        .expect("not poisoned")
        .iter()
        .any(|step| !step.left.is_empty())
    {
        for (number, step) in STEPS.iter().enumerate() {
            let point = matrix.lock().expect("not poisoned")[number]
                .left
                .pop_front();
            let crashed = lane.run(*step, point, &references[number].after).await?;
            let progress = &mut matrix.lock().expect("not poisoned")[number];
            progress.crashes += usize::from(crashed);
            progress.not_reached += usize::from(point.is_some() && !crashed);
        }
    }
    Ok(lane.passed)
}

impl Progress {
    fn of(reference: &Reference, (step, seed): (usize, usize)) -> Self {
        let (api, kafka) = reference.requests;
        let crashes = |count: usize| {
            // Not every step sends requests to Kafka.
            let last = if count == 0 { 0 } else { count + BEYOND };
            (1..=last).flat_map(|at| [Side::Before, Side::After].map(|side| Crash { at, side }))
        };
        let points = crashes(api)
            .map(Point::Api)
            .chain(crashes(kafka).map(Point::Kafka));
        Self {
            left: points.skip(seed).step_by(step).collect(),
            ..Self::default()
        }
    }
}

/// One in how many points is tried, and the first of them. `CONFAB_CRASH_SAMPLE=1` tries all. The seed that a run prints
/// repeats its points.
fn sample() -> Result<(usize, usize)> {
    let number = |variable: &str, default: usize| match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .map_err(|_| anyhow!("{variable} is no number: {text}")),
        Err(_) => Ok(default),
    };
    let now = UNIX_EPOCH.elapsed()?.as_secs();
    let step = number("CONFAB_CRASH_SAMPLE", SAMPLE)?.max(1);
    let seed = number("CONFAB_CRASH_SEED", usize::try_from(now)?)? % step;
    println!("one point of {step}, CONFAB_CRASH_SEED={seed}");
    Ok((step, seed))
}

fn report(matrix: &Matrix, references: &[Reference], start: Instant) {
    let matrix = matrix.lock().expect("not poisoned");
    for ((step, progress), reference) in STEPS.iter().zip(matrix.iter()).zip(references) {
        let (api, kafka) = reference.requests;
        println!(
            "{step:?}: {api} requests to the API server and {kafka} to Kafka undisturbed; {} crashes, {} runs that ended sooner",
            progress.crashes, progress.not_reached
        );
    }
    let all: usize = matrix.iter().map(|step| step.crashes).sum();
    println!(
        "{all} crashes, all of them came to the same end, in {:.0} s",
        start.elapsed().as_secs_f64()
    );
}

/// That the proxies counted every request.
async fn all_is_in_the_audit_log(audit: &AuditLog, passed: &[(String, usize)]) -> Result<()> {
    eventually(LIMIT, "the audit log has what was counted", async || {
        let mut seen = std::collections::HashMap::<String, usize>::new();
        for entry in audit.entries(lane::TAG)? {
            *seen.entry(entry.user_agent).or_default() += 1;
        }
        for (tag, count) in passed {
            let logged = seen.get(tag).copied().unwrap_or(0);
            ensure!(
                logged == *count,
                "{tag}: {count} requests were passed on, {logged} are in the audit log"
            );
        }
        Ok(())
    })
    .await?;
    let all: usize = passed.iter().map(|(_, count)| count).sum();
    println!(
        "{all} requests of {} processes, as many in the audit log",
        passed.len()
    );
    Ok(())
}
