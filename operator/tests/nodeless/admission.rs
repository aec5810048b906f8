//! What the API server refuses before the operator sees it, each with a sentence that says what to write; and what the pages for
//! people show, which it accepts.

use std::path::Path;

use confab_tests::nodeless::{Cluster, namespaced};
use confab_tests::{Context, Result, bail, ensure};
use serde_json::{Value, json};

struct Admission {
    cluster: Cluster,
    path: String,
}

impl Admission {
    async fn new() -> Result<Self> {
        let cluster = Cluster::connect().await?;
        let namespace = cluster.namespace("admission").await?;
        let chats = namespaced("apis/confab.dev/v1beta1", &namespace, "chatdeployments");
        Ok(Self {
            cluster,
            path: format!("{chats}?dryRun=All&fieldValidation=Strict"),
        })
    }

    /// The answer of the API server, which stores nothing.
    async fn try_to_create(&self, spec: &Value) -> Result<Value> {
        let chat = json!({"apiVersion": "confab.dev/v1beta1", "kind": "ChatDeployment", "metadata": {"name": "team"}, "spec": spec});
        self.cluster.create(&self.path, &chat).await
    }

    async fn refuses(&self, spec: Value, sentence: &str) -> Result<()> {
        let Err(error) = self.try_to_create(&spec).await else {
            bail!("accepted: {spec}");
        };
        let message = format!("{error:#}");
        ensure!(
            message.contains(sentence),
            "the refusal of {spec} does not say {sentence:?}: {message}"
        );
        Ok(())
    }

    async fn accepts(&self, spec: Value) -> Result<()> {
        let taken = self.try_to_create(&spec).await;
        taken.with_context(|| format!("refused: {spec}"))?;
        Ok(())
    }
}

fn kafka(server: &str) -> Value {
    json!({"kafka": {"external": {"bootstrapServers": [server]}}})
}

fn postgres(host: &str) -> Value {
    json!({"postgres": {"external": {"host": host, "database": "d", "user": "u", "passwordSecret": {"name": "s"}}}})
}

fn bucket(endpoint: &str) -> Value {
    json!({"attachments": {"store": {"s3": {"endpoint": endpoint, "bucket": "files", "credentialsSecret": {"name": "s"}}}}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_or_port_that_cannot_exist_is_refused_with_a_sentence() -> Result<()> {
    let admission = Admission::new().await?;
    let label = "a".repeat(126);
    for server in [
        "kafka:99999",
        "kafka:0",
        "kafka",
        "1.2.3:9092",
        "[::zz]:1",
        &format!("{label}:9092"),
    ] {
        let sentence = "bootstrapServers must be addresses of the form host:port";
        admission.refuses(kafka(server), sentence).await?;
    }
    for (host, sentence) in [
        ("x:0", "the port must be between 1 and 65535"),
        ("x:65536", "the port must be between 1 and 65535"),
        ("1.2.3", "the host must be a domain name"),
        (label.as_str(), "the host must be a domain name"),
        ("x/path", "nothing after it"),
    ] {
        let url = format!("https://{host}");
        admission.refuses(json!({"url": url}), sentence).await?;
        admission.refuses(bucket(&url), sentence).await?;
    }
    for host in ["1.2.3", "db:5432", "-db", label.as_str()] {
        let sentence = "postgres.external.host must be a host name";
        admission.refuses(postgres(host), sentence).await?;
    }
    for good in [
        "kafka.example.com:65535",
        "10.0.0.1:1",
        "[2001:db8::1]:9092",
    ] {
        admission.accepts(kafka(good)).await?;
    }
    for good in [
        "https://chat.example.com",
        "http://10.0.0.1:8080",
        "http://[2001:db8::1]",
    ] {
        admission.accepts(json!({"url": good})).await?;
        admission.accepts(bucket(good)).await?;
    }
    for good in ["db.example.com", "10.0.0.1", "2001:db8::1"] {
        admission.accepts(postgres(good)).await?;
    }
    Ok(())
}

fn login(provider: &Value) -> Value {
    json!({"url": "https://chat.example.com", "auth": {"password": "Disabled", "oidc": [provider]}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_provider_that_cannot_work_is_refused_with_a_sentence() -> Result<()> {
    let admission = Admission::new().await?;
    let good = json!({
        "name": "sso", "issuerURL": "https://login.example.com/realms/team", "clientID": "confab", "clientSecret": {"name": "s"},
    });
    admission.accepts(login(&good)).await?;
    for (field, value, sentence) in [
        (
            "issuerURL",
            json!("http://login.example.com"),
            "auth.oidc[].issuerURL must be an https:// URL",
        ),
        (
            "issuerURL",
            json!("https://login.example.com?a=b"),
            "auth.oidc[].issuerURL must be an https:// URL",
        ),
        (
            "issuerURL",
            json!("login.example.com"),
            "auth.oidc[].issuerURL must be an https:// URL",
        ),
        ("name", json!("Team SSO"), "auth.oidc[0].name"),
        ("scopes", json!(["a b"]), "auth.oidc[0].scopes[0]"),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        admission.refuses(login(&wrong), sentence).await?;
    }
    for issuer in [
        "http://127.0.0.1:9000",
        "http://localhost/x",
        "https://login.example.com:8443/a/",
    ] {
        let mut accepted = good.clone();
        accepted["issuerURL"] = issuer.into();
        admission.accepts(login(&accepted)).await?;
    }
    let sentence = "auth.password: Disabled requires a provider in auth.oidc";
    admission
        .refuses(json!({"auth": {"password": "Disabled"}}), sentence)
        .await?;
    let sentence = "auth.oidc requires spec.url";
    admission
        .refuses(json!({"auth": {"oidc": [good.clone()]}}), sentence)
        .await?;
    let twice = json!({"url": "https://chat.example.com", "auth": {"oidc": [good.clone(), good]}});
    admission.refuses(twice, "Duplicate value").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_that_no_node_has_is_refused_with_a_sentence() -> Result<()> {
    let admission = Admission::new().await?;
    for service in ["kafka", "postgres"] {
        for storage in ["500m", "99999Ei", "0", "much"] {
            let spec = json!({service: {"embedded": {"storage": storage}}});
            let sentence = "storage must be between 64Mi and 64Ti";
            admission.refuses(spec, sentence).await?;
        }
        admission
            .accepts(json!({service: {"embedded": {"storage": "1Gi", "storageClassName": "fast", "image": "own:1", "resources": {"limits": {"memory": "2Gi"}}}}}))
            .await?;
    }
    for (name, amount, sentence) in [
        ("memory", json!("500m"), "memory must be between"),
        ("memory", json!("99999Ei"), "memory must be between"),
        ("cpu", json!("99999"), "cpu must be between"),
        ("cpu", json!("0"), "cpu must be between"),
        (
            "example.com/gpu",
            json!("many"),
            "resources must be quantities",
        ),
    ] {
        let spec = json!({"resources": {"requests": {name: amount}}});
        admission.refuses(spec, sentence).await?;
    }
    let above = json!({"requests": {"memory": "1Gi"}, "limits": {"memory": "64Mi"}});
    for spec in [
        json!({"resources": above}),
        json!({"kafka": {"embedded": {"resources": above}}}),
    ] {
        admission
            .refuses(spec, "resources.requests must not exceed resources.limits")
            .await?;
    }
    let all = json!({"cpu": 1, "memory": "64Mi", "ephemeral-storage": "1Gi", "example.com/gpu": 1});
    admission
        .accepts(json!({"resources": {"requests": all, "limits": {"cpu": "1500m"}}}))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_union_without_exactly_one_member_is_refused_in_the_words_of_its_rule() -> Result<()> {
    let admission = Admission::new().await?;
    let external = json!({"bootstrapServers": ["k:9092"]});
    for (spec, union) in [
        (json!({"kafka": {}}), "kafka.external"),
        (
            json!({"kafka": {"embedded": {}, "external": external}}),
            "kafka.external",
        ),
        (json!({"postgres": {}}), "postgres.external"),
        (
            json!({"url": "http://a.example", "exposure": {}}),
            "exposure.ingress",
        ),
        (
            json!({"attachments": {"store": {}}}),
            "attachments.store.postgres",
        ),
    ] {
        let sentence = format!("set exactly one of {union}");
        admission.refuses(spec, &sentence).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn additional_variables_may_not_shadow_those_of_the_operator() -> Result<()> {
    let admission = Admission::new().await?;
    let variable = |name: &str| json!({"extraEnv": [{"name": name, "value": "x"}]});
    let sentence = "extraEnv must not set variables that start with CONFAB_";
    for name in ["CONFAB_DATABASE_URL", "CONFAB_MESSAGE_RETENTION_DAYS"] {
        admission.refuses(variable(name), sentence).await?;
    }
    for name in ["TZ", "CONFAB_LOG"] {
        admission.accepts(variable(name)).await?;
    }
    Ok(())
}

/// Each ChatDeployment of a page is what the API server takes, field by field.
#[tokio::test(flavor = "multi_thread")]
async fn every_chatdeployment_that_a_page_shows_is_accepted() -> Result<()> {
    let admission = Admission::new().await?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages: Vec<_> = ["README.md", "charts/confab/templates/NOTES.txt"]
        .map(|page| root.join(page))
        .into();
    for (folder, extension) in [("docs", "md"), ("examples", "yaml")] {
        for page in std::fs::read_dir(root.join(folder))? {
            let page = page?.path();
            pages.extend(
                Some(page).filter(|path| path.extension().is_some_and(|it| it == extension)),
            );
        }
    }
    let mut shown = 0;
    for page in pages {
        for chat in chats_of(&std::fs::read_to_string(&page)?) {
            let chat: Value = serde_yaml::from_str(&chat)
                .with_context(|| format!("{}: {chat}", page.display()))?;
            admission
                .accepts(chat["spec"].clone())
                .await
                .with_context(|| page.display().to_string())?;
            shown += 1;
        }
    }
    ensure!(shown >= 20, "found {shown}");
    Ok(())
}

/// The YAML documents with a ChatDeployment, without their indentation.
fn chats_of(page: &str) -> Vec<String> {
    let lines: Vec<_> = page.lines().collect();
    let starts = lines.iter().enumerate().filter(|(number, line)| {
        let next = lines.get(number + 1).unwrap_or(&"");
        line.trim().starts_with("apiVersion: confab.dev/") && next.trim() == "kind: ChatDeployment"
    });
    let block = |(number, first): (usize, &&str)| {
        let indentation = first.len() - first.trim_start().len();
        let inside =
            |line: &&&str| line.len() > indentation && line[..indentation].trim().is_empty();
        let text = lines[number..].iter().take_while(inside);
        let text = text.map(|line| &line[indentation..]);
        let yaml = text.take_while(|line| !matches!(line.trim(), "EOF" | "---"));
        yaml.collect::<Vec<_>>().join("\n")
    };
    starts.map(block).collect()
}
