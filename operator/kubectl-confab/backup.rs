//! Makes a backup now, and creates a chat from one. Does I/O.

use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::ResourceExt;
use kube::api::PostParams;
use serde_json::{Value, json};

use crate::cluster::{Chat, Cluster, Error};

/// How long to wait for a backup. It goes on after that.
const LIMIT: Duration = Duration::from_secs(6 * 3600);

/// What `restore` creates.
#[derive(Clone, Debug, Args)]
pub(crate) struct RestoreArgs {
    /// Name of the ChatDeployment that was backed up; may be omitted if the namespace has only one
    pub(crate) name: Option<String>,
    /// Name of the new ChatDeployment, in the same namespace
    #[arg(long = "as", value_name = "NEW-NAME")]
    pub(crate) new_name: String,
    /// Name of the backup, or latest
    #[arg(long, default_value = "latest", value_name = "BACKUP")]
    pub(crate) from: String,
    /// Public address of the new chat; without one, it has no route
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Print the ChatDeployment instead of creating it
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(crate) async fn backup(cluster: &Cluster, chat: &Chat) -> Result<(), Error> {
    let name = format!("{}-backup", chat.name);
    let Some(cron_job) = cluster.api::<CronJob>().get_opt(&name).await? else {
        return Err(Error::Refused(format!(
            "{} has no backups: set spec.backup, and wait until the chat is ready",
            chat.name
        )));
    };
    let jobs = cluster.api::<Job>();
    let job = jobs
        .create(&PostParams::default(), &manual(&cron_job)?)
        .await?;
    let name = job.name_any();
    println!("Job {name} is backing up {}", chat.name);
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let status = jobs.get(&name).await?.status.unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default();
        let is = |type_: &str| {
            conditions
                .iter()
                .any(|c| c.type_ == type_ && c.status == "True")
        };
        if is("Complete") {
            let seconds = start.elapsed().as_secs();
            println!(
                "complete after {seconds} s; kubectl confab status {} names it",
                chat.name
            );
            return Ok(());
        }
        if is("Failed") {
            return Err(Error::Refused(format!(
                "the backup failed: see kubectl confab why {}, and kubectl -n {} logs job/{name}",
                chat.name, cluster.namespace
            )));
        }
    }
    println!(
        "still under way; follow it with kubectl -n {} logs -f job/{name}",
        cluster.namespace
    );
    Ok(())
}

/// As `kubectl create job --from` makes it.
fn manual(cron_job: &CronJob) -> Result<Job, Error> {
    let name = cron_job.name_any();
    let template = cron_job.spec.clone().map(|spec| spec.job_template);
    let template = template.ok_or_else(|| Error::Refused(format!("CronJob {name} has no spec")))?;
    let owner = OwnerReference {
        api_version: "batch/v1".to_owned(),
        kind: "CronJob".to_owned(),
        name: name.clone(),
        uid: cron_job.uid().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: None,
    };
    let now = Timestamp::now().as_second();
    let metadata = ObjectMeta {
        name: Some(format!("{name}-{now}")),
        owner_references: Some(vec![owner]),
        annotations: Some(
            [(
                "cronjob.kubernetes.io/instantiate".to_owned(),
                "manual".to_owned(),
            )]
            .into(),
        ),
        ..template.metadata.unwrap_or_default()
    };
    Ok(Job {
        metadata,
        spec: template.spec,
        status: None,
    })
}

pub(crate) async fn restore(cluster: &Cluster, args: RestoreArgs) -> Result<(), Error> {
    let chat = cluster.chat(args.name.as_deref()).await?;
    let restored = restored(&chat, &args)?;
    if args.dry_run {
        println!("{restored:#}");
        return Ok(());
    }
    cluster.create_chat(&restored).await?;
    println!(
        "created {name} from backup {}; to see how far it is: kubectl confab status {name} -n {}",
        args.from,
        cluster.namespace,
        name = args.new_name
    );
    Ok(())
}

/// A chat with the settings of the old one, without what two chats cannot share: route, topics, and an external database.
fn restored(chat: &Chat, args: &RestoreArgs) -> Result<Value, Error> {
    let mut spec = chat.object["spec"].clone();
    let Some(mut source) = spec.pointer("/backup/destination").cloned() else {
        return Err(Error::Refused(format!(
            "{} has no spec.backup that says where its backups are",
            chat.name
        )));
    };
    if spec.pointer("/postgres/embedded").is_none() {
        return Err(Error::Refused(format!(
            "{} has an external database, which a new chat cannot share: copy its manifest, name another database, and add spec.restore (docs/backup.md)",
            chat.name
        )));
    }
    let namespace = chat.text("/metadata/namespace");
    if source.get("prefix").is_none() {
        source["prefix"] = json!(format!("{namespace}.{}", chat.name));
    }
    if let Some(fields) = spec.as_object_mut() {
        for own in ["url", "exposure", "backup", "paused"] {
            fields.remove(own);
        }
        if let Some(topics) = fields.get_mut("topics").and_then(Value::as_object_mut) {
            topics.remove("prefix");
        }
        fields.insert(
            "restore".to_owned(),
            json!({"from": args.from, "source": source}),
        );
    }
    if let Some(url) = &args.url {
        spec["url"] = json!(url);
        if let Some(exposure) = chat.object.pointer("/spec/exposure") {
            spec["exposure"] = exposure.clone();
        }
    }
    if let Some(prefix) = spec.pointer_mut("/attachments/store/s3") {
        // Its files would overwrite those of the old chat.
        prefix["prefix"] = json!(format!("{namespace}.{}", args.new_name));
    }
    Ok(json!({
        "apiVersion": chat.text("/apiVersion"),
        "kind": "ChatDeployment",
        "metadata": {"name": args.new_name, "namespace": namespace},
        "spec": spec,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(spec: Value) -> Chat {
        Chat {
            name: "team".to_owned(),
            object: json!({"apiVersion": "confab.dev/v1", "metadata": {"name": "team", "namespace": "chat"}, "spec": spec}),
        }
    }

    fn args(url: Option<&str>) -> RestoreArgs {
        RestoreArgs {
            name: None,
            new_name: "again".to_owned(),
            from: "latest".to_owned(),
            url: url.map(str::to_owned),
            dry_run: false,
        }
    }

    fn spec() -> Value {
        json!({
            "url": "https://chat.example.com", "exposure": {"ingress": {}}, "postgres": {"embedded": {"storage": "8Gi"}},
            "topics": {"prefix": "own", "partitions": 3}, "attachments": {"store": {"s3": {"bucket": "files"}}},
            "backup": {"schedule": "@daily", "destination": {"bucket": "backups"}},
        })
    }

    #[test]
    fn the_new_chat_shares_nothing_with_the_old_one_but_its_backup() {
        let made = restored(&chat(spec()), &args(None)).unwrap();
        assert_eq!(
            made["metadata"],
            json!({"name": "again", "namespace": "chat"})
        );
        assert_eq!(
            made["spec"],
            json!({
                "postgres": {"embedded": {"storage": "8Gi"}}, "topics": {"partitions": 3},
                "attachments": {"store": {"s3": {"bucket": "files", "prefix": "chat.again"}}},
                "restore": {"from": "latest", "source": {"bucket": "backups", "prefix": "chat.team"}},
            })
        );
        let routed = restored(&chat(spec()), &args(Some("https://new.example.com"))).unwrap();
        assert_eq!(routed["spec"]["url"], "https://new.example.com");
        assert_eq!(routed["spec"]["exposure"], json!({"ingress": {}}));
    }

    #[test]
    fn a_chat_without_backups_or_with_its_own_database_is_refused() {
        let mut without = spec();
        without["backup"] = Value::Null;
        let refused = restored(&chat(without), &args(None))
            .unwrap_err()
            .to_string();
        assert!(refused.contains("no spec.backup"), "{refused}");
        let mut external = spec();
        external["postgres"] = json!({"external": {}});
        let refused = restored(&chat(external), &args(None))
            .unwrap_err()
            .to_string();
        assert!(refused.contains("external database"), "{refused}");
    }
}
