//! Measures what Confab's operator and a minimal one on controller-runtime need to settle hundreds of ChatDeployments, one
//! after the other on an API server without nodes. `tests/bench/operator` runs it and writes the table into
//! docs/performance.md. Does I/O.
//!
//! usage: bench-operator OPERATOR CONTROLLER_RUNTIME_OPERATOR [CHATS]

#![warn(unreachable_pub)]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use confab_tests::nodeless::{AuditLog, Chat, Cluster, Controllers, namespaced};
use confab_tests::{Context, Result, ensure, eventually, unique};
use tokio::process::{Child, Command};
use tokio::time::sleep;

/// The limit for all chats to settle.
const LIMIT: Duration = Duration::from_secs(600);
/// Without a write for this long, the operator is done.
const QUIET: Duration = Duration::from_secs(5);

/// The measurements of one operator.
struct Figures {
    requests: usize,
    writes: usize,
    cpu: f64,
    resident: u64,
    peak: u64,
    wall: Duration,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let mut path = || {
        args.next()
            .map(PathBuf::from)
            .context("usage: bench-operator OPERATOR CONTROLLER_RUNTIME_OPERATOR [CHATS]")
    };
    let (confab, other) = (path()?, path()?);
    let chats = args.next().map_or(Ok(500), |text| text.parse())?;
    let cluster = Cluster::connect().await?;
    let kafka =
        std::env::var("CONFAB_KAFKA_BOOTSTRAP_SERVERS").context("run `tests/services/up`")?;
    let ours = measure(&cluster, chats, &kafka, "confab-operator", |it| {
        let mut command = Command::new(&confab);
        command
            .env("MALLOC_ARENA_MAX", "1") // as in the chart
            .args([
                "run",
                "--leader-election=false",
                "--admin-listen=127.0.0.1:0",
            ])
            .args([
                format!("--namespace={it}"),
                format!("--watch-namespaces={it}"),
            ]);
        command
    });
    let ours = ours.await?;
    let theirs = measure(&cluster, chats, &kafka, "cluster-admin", |it| {
        let mut command = Command::new(&other);
        command
            .arg(format!("--namespace={it}"))
            .arg(format!("--kafka={kafka}"));
        command
    });
    let theirs = theirs.await?;
    print(chats, &ours, &theirs);
    Ok(())
}

async fn measure(
    cluster: &Cluster,
    chats: usize,
    kafka: &str,
    role: &str,
    command: impl Fn(&str) -> Command,
) -> Result<Figures> {
    let namespace = cluster.namespace("bench").await?;
    let account = unique("bench");
    cluster.account(&account, role).await?;
    let _controllers = Controllers::start(cluster, &namespace);
    for number in 0..chats {
        let chat = Chat::outside(cluster, &namespace, &format!("chat{number}")).await?;
        let mut spec = Chat::spec(kafka);
        spec["topics"]["partitions"] = 1.into();
        spec["deletionPolicy"] = "Retain".into();
        chat.create(&spec).await?;
    }
    let kubeconfig = std::env::temp_dir().join(&account);
    std::fs::write(&kubeconfig, cluster.kubeconfig(&account).await?)?;
    let (audit, start) = (AuditLog::from_now()?, Instant::now());
    let process = start_process(command(&namespace), &kubeconfig)?;
    let pid = process.id().context("it has ended at once")?;
    let chats_path = namespaced("apis/confab.dev/v1beta1", &namespace, "chatdeployments");
    eventually(LIMIT, "all chats are ready", async || {
        sleep(Duration::from_millis(500)).await;
        let all = cluster.list(&chats_path).await?;
        let ready = all.iter().filter(|chat| is_ready(chat)).count();
        ensure!(ready == chats, "{ready} of {chats}");
        Ok(())
    })
    .await?;
    let wall = start.elapsed();
    let user = format!("system:serviceaccount:confab-system:{account}");
    let mut before = 0;
    eventually(LIMIT, "it is quiet", async || {
        let last = std::mem::replace(&mut before, audit.entries(&user)?.len());
        sleep(QUIET).await;
        ensure!(last == before, "{before} requests");
        Ok(())
    })
    .await?;
    let entries = audit.entries(&user)?;
    let figures = Figures {
        requests: entries.len(),
        writes: entries.iter().filter(|entry| entry.writes()).count(),
        cpu: cpu_seconds(pid)?,
        resident: memory(pid, "VmRSS")?,
        peak: memory(pid, "VmHWM")?,
        wall,
    };
    drop(process);
    let path = format!("/api/v1/namespaces/{namespace}");
    cluster.delete(&path).await?;
    eventually(LIMIT, "the namespace is gone", async || {
        ensure!(cluster.find(&path).await?.is_none(), "it is there");
        Ok(())
    })
    .await?;
    Ok(figures)
}

fn start_process(mut command: Command, kubeconfig: &Path) -> Result<Child> {
    let log = std::fs::File::create(kubeconfig.with_extension("log"))?;
    command
        .env("KUBECONFIG", kubeconfig)
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true);
    Ok(command.spawn()?)
}

fn is_ready(chat: &serde_json::Value) -> bool {
    let conditions = chat["status"]["conditions"].as_array();
    conditions.is_some_and(|all| {
        all.iter()
            .any(|it| it["type"] == "Ready" && it["status"] == "True")
    })
}

/// User and system time (proc(5), /proc/pid/stat, fields 14 and 15, in hundredths of a second on Linux).
fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<u64> = after_name
        .split_whitespace()
        .map(|text| text.parse().unwrap_or(0))
        .collect();
    ensure!(fields.len() > 12, "/proc/{pid}/stat is {stat}");
    Ok((fields[11] + fields[12]) as f64 / 100.0)
}

/// In KiB.
fn memory(pid: u32, field: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with(field))
        .context("it has such a line")?;
    Ok(line
        .split_whitespace()
        .nth(1)
        .context("with a number")?
        .parse()?)
}

fn print(chats: usize, ours: &Figures, theirs: &Figures) {
    let row = |what: &str, ours: String, theirs: String, ratio: f64| {
        println!("| {what} | {ours} | {theirs} | {ratio:.2} |")
    };
    let mib = |kib: u64| format!("{:.0} MiB", kib as f64 / 1024.0);
    println!(
        "| To settle {chats} ChatDeployments | Confab | controller-runtime | Ratio |\n|---|---|---|---|"
    );
    row(
        "requests to the API server",
        ours.requests.to_string(),
        theirs.requests.to_string(),
        ours.requests as f64 / theirs.requests as f64,
    );
    row(
        "of them writes",
        ours.writes.to_string(),
        theirs.writes.to_string(),
        ours.writes as f64 / theirs.writes as f64,
    );
    row(
        "CPU",
        format!("{:.1} s", ours.cpu),
        format!("{:.1} s", theirs.cpu),
        ours.cpu / theirs.cpu,
    );
    row(
        "memory afterwards",
        mib(ours.resident),
        mib(theirs.resident),
        ours.resident as f64 / theirs.resident as f64,
    );
    row(
        "memory at most",
        mib(ours.peak),
        mib(theirs.peak),
        ours.peak as f64 / theirs.peak as f64,
    );
    let seconds = |it: Duration| it.as_secs_f64();
    row(
        "until all are ready",
        format!("{:.0} s", seconds(ours.wall)),
        format!("{:.0} s", seconds(theirs.wall)),
        seconds(ours.wall) / seconds(theirs.wall),
    );
}
