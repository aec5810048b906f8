//! A chat is backed up while people write, lost with its namespace, and restored elsewhere.

use std::net::{SocketAddr, UdpSocket};

use confab_tests::client::ChatClient;
use confab_tests::kubectl::Kubectl;
use confab_tests::wait::seconds;
use confab_tests::{Context, Result, ensure, eventually, manifest, unique};
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::own_namespace::{condition, in_own_namespace};
use crate::traffic::{Traffic, has_in_order};

/// What must survive.
struct Kept {
    /// Signed in before the backup.
    reader: ChatClient,
    conversation: i64,
    /// What each side had sent when the backup began.
    acknowledged: Vec<Vec<String>>,
    photo: (String, Vec<u8>),
    prefix: String,
}

#[tokio::test]
async fn a_chat_that_is_lost_with_its_namespace_is_restored_elsewhere() -> Result<()> {
    let endpoint = bucket_for_pods().await?;
    let bucket = |prefix: &str| json!({"endpoint": endpoint, "bucket": "confab", "prefix": prefix, "credentialsSecret": {"name": "bucket"}});
    let url = format!("http://{}.localhost:8080", unique("drill"));
    let spec = |attachments: &str, more: Value| {
        let mut spec = json!({"url": url, "exposure": {"ingress": {}}, "replicas": 1, "attachments": {"store": {"s3": bucket(attachments)}}});
        if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
            spec.extend(more);
        }
        spec
    };
    let mut kept = None;
    in_own_namespace("drill", async |kubectl| {
        credentials(kubectl).await?;
        let prefix = format!("backups/{}", kubectl.namespace());
        let backup = json!({"backup": {"schedule": "0 0 1 1 *", "destination": bucket(&prefix)}});
        let spec = spec(&unique("files"), backup);
        let chat = manifest::chat(kubectl.namespace(), "team", spec);
        kubectl.apply(&chat).await?;
        kubectl.wait_ready("team", seconds(300)).await?;
        kept = Some(backed_up(kubectl, &url, prefix).await?);
        Ok(())
    })
    .await?;
    let kept = kept.context("the first chat was backed up")?;
    in_own_namespace("drill", async |kubectl| {
        credentials(kubectl).await?;
        let restore = json!({"restore": {"source": bucket(&kept.prefix)}});
        let spec = spec(&unique("files"), restore);
        let chat = manifest::chat(kubectl.namespace(), "team", spec);
        kubectl.apply(&chat).await?;
        kubectl.wait_ready("team", seconds(300)).await?;
        restored(&kept).await
    })
    .await
}

/// Makes a backup while two people write.
async fn backed_up(kubectl: &Kubectl, url: &str, prefix: String) -> Result<Kept> {
    let traffic = eventually(seconds(30), "the route serves", async || {
        Traffic::start_at(url).await
    })
    .await?;
    let (reader, conversation) = (traffic.reader.clone(), traffic.conversation);
    let photo: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let id = reader
        .upload(conversation, "photo.bin", photo.clone())
        .await?;
    reader.send_file(conversation, &id).await?;
    eventually(seconds(30), "both have written", async || {
        let counts: Vec<_> = traffic.acknowledged().iter().map(Vec::len).collect();
        ensure!(counts.iter().all(|count| *count > 20), "{counts:?}");
        Ok(())
    })
    .await?;
    let acknowledged = traffic.acknowledged();
    kubectl
        .run("create job --from=cronjob/team-backup team-backup-now")
        .await?;
    kubectl
        .run("wait --for=condition=complete --timeout=120s job/team-backup-now")
        .await?;
    traffic.finish().await.context("while it was backed up")?;
    eventually(seconds(60), "the backup is reported", async || {
        let found = condition(kubectl, "team", "BackedUp").await?;
        ensure!(found["reason"] == "BackupComplete", "{found}");
        Ok(())
    })
    .await?;
    Ok(Kept {
        reader,
        conversation,
        acknowledged,
        photo: (id, photo),
        prefix,
    })
}

/// The session of before reads every message and the file, and goes on.
async fn restored(kept: &Kept) -> Result<()> {
    let Kept {
        reader,
        conversation,
        acknowledged,
        photo: (id, photo),
        ..
    } = kept;
    let history = eventually(seconds(30), "the route serves", async || {
        let history = reader.history(*conversation).await?;
        ensure!(!history.is_empty(), "an empty page");
        Ok(history)
    })
    .await?;
    has_in_order(&history, acknowledged)?;
    ensure!(
        reader.file(*conversation, id).await? == *photo,
        "the file differs"
    );
    reader.send(*conversation, "after the restore").await?;
    Ok(())
}

async fn credentials(kubectl: &Kubectl) -> Result<()> {
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "bucket"},
        "stringData": {"access-key-id": "confab", "secret-access-key": "confab-secret"},
    });
    kubectl.apply(&secret).await
}

/// The S3 server of tests/services/up, at an address that pods reach. Connections pass through this process.
async fn bucket_for_pods() -> Result<String> {
    let server = std::env::var("TEST_BUCKET_URL").context("tests/services/up bucket sets it")?;
    let server: SocketAddr = server.trim_start_matches("http://").parse()?;
    let nodes = Kubectl::new("default").list("nodes").await?;
    let addresses = nodes[0]["status"]["addresses"]
        .as_array()
        .context("addresses")?;
    let node = addresses
        .iter()
        .find(|address| address["type"] == "InternalIP");
    let node = node
        .and_then(|node| node["address"].as_str())
        .context("an IP address")?;
    // The address from which this machine reaches the node: nothing is sent.
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect((node, 9))?;
    let listener = TcpListener::bind((socket.local_addr()?.ip(), 0)).await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((mut pod, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut server = TcpStream::connect(server).await?;
                copy_bidirectional(&mut pod, &mut server).await
            });
        }
    });
    Ok(endpoint)
}
