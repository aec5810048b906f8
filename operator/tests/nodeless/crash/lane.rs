//! One chat, and the operator that reconciles only it. I/O.

use std::collections::BTreeMap;
use std::time::Duration;

use confab_tests::nodeless::{Chat, Operator, snapshot};
use confab_tests::{Error, Result, anyhow, ensure, eventually, unique};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Point;
use crate::world::{LIMIT, World};

/// Prefix of the name of each process in the audit log.
pub const TAG: &str = "crash-";
/// The operator is done when it sent nothing for this long.
const QUIET: Duration = Duration::from_millis(400);

/// A step of a chat's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Create,
    Scale,
    Upgrade,
    Rotate,
    Delete,
}

pub const STEPS: [Step; 5] = [
    Step::Create,
    Step::Scale,
    Step::Upgrade,
    Step::Rotate,
    Step::Delete,
];

type Snapshot = BTreeMap<String, Value>;

/// The result of an undisturbed step.
pub struct Reference {
    /// The objects afterwards.
    pub after: Snapshot,
    /// Requests to the API server and to Kafka.
    pub requests: (usize, usize),
}

pub struct Lane {
    world: World,
    chat: Chat,
    spec: Value,
    tag: String,
    runs: usize,
    /// What the replicas read from Secrets before the last rotation.
    before: Value,
    /// How many requests were passed on, by the tag of each process.
    pub passed: Vec<(String, usize)>,
}

impl Lane {
    pub async fn new(number: usize) -> Result<Self> {
        let world = World::new("crash").await?;
        let (chat, spec) = world.chat("team").await?;
        let tag = unique(&format!("{TAG}{number}"));
        Ok(Self {
            world,
            chat,
            spec,
            tag,
            runs: 0,
            before: Value::Null,
            passed: Vec::new(),
        })
    }

    /// Each step, undisturbed.
    pub async fn undisturbed(&mut self) -> Result<Vec<Reference>> {
        let mut references = Vec::new();
        for step in STEPS {
            self.act(step).await?;
            let operator = self.start(None).await?;
            self.settle(step, &operator).await?;
            self.quiet().await;
            let requests = (self.world.api.counts().0, self.world.kafka.requests());
            let after = self.snapshot().await?;
            self.end(&operator).await;
            references.push(Reference { after, requests });
        }
        Ok(references)
    }

    /// One step, in which the operator is killed at a point. Whether it reached the point.
    pub async fn run(
        &mut self,
        step: Step,
        point: Option<Point>,
        expected: &Snapshot,
    ) -> Result<bool> {
        self.act(step).await?;
        let operator = self.start(point).await?;
        if !self.crashes_or_settles(step, &operator).await? {
            let same = self.same(expected, &operator).await;
            // A request after the step, such as the next one for the Lease, may have been the point.
            if !self.crashed() {
                self.end(&operator).await;
                return same
                    .map(|()| false)
                    .map_err(|error| failed(step, point, &error, &operator));
            }
        }
        self.end(&operator).await;
        let again = self.start(None).await?;
        let same = match self.settle(step, &again).await {
            Ok(()) => self.same(expected, &again).await,
            unsettled => unsettled,
        };
        self.end(&again).await;
        same.map(|()| true)
            .map_err(|error| failed(step, point, &error, &again))
    }

    async fn act(&mut self, step: Step) -> Result<()> {
        let database = |query: &str| {
            let url = std::env::var("DATABASE_URL").expect("the lane was made with it");
            format!("{url}{query}")
        };
        match step {
            Step::Create => self.chat.create(&self.spec).await,
            Step::Scale => self.chat.change(json!({"replicas": 3})).await,
            Step::Upgrade => {
                self.chat
                    .change(json!({"image": "confab/chat-app:2"}))
                    .await
            }
            Step::Rotate => {
                self.before = self.secrets().await?;
                self.chat
                    .database(&database(&format!("?application_name=run{}", self.runs)))
                    .await
            }
            Step::Delete => self.chat.delete().await,
        }
    }

    async fn start(&mut self, point: Option<Point>) -> Result<Operator> {
        self.runs += 1;
        let (api, kafka) = match point {
            Some(Point::Api(crash)) => (Some(crash), None),
            Some(Point::Kafka(crash)) => (None, Some(crash)),
            None => (None, None),
        };
        self.world.api.begin(&format!("{}-{}", self.tag, self.runs));
        if let Some(crash) = api {
            self.world.api.crash_at(crash);
        }
        self.world.kafka.begin(kafka);
        self.world.operator().await
    }

    /// Ends the process, and records how many requests it sent.
    async fn end(&mut self, operator: &Operator) {
        operator.kill().await;
        let (_, passed) = self.world.api.counts();
        self.passed
            .push((format!("{}-{}", self.tag, self.runs), passed));
    }

    async fn crashes_or_settles(&self, step: Step, operator: &Operator) -> Result<bool> {
        eventually(LIMIT, &format!("{step:?} settles or crashes"), async || {
            if self.crashed() {
                return Ok(());
            }
            ensure!(
                !operator.has_exited().await,
                "the operator ended by itself: {}",
                operator.log()
            );
            self.settled(step).await
        })
        .await?;
        if !self.crashed() {
            self.quiet().await;
        }
        Ok(self.crashed())
    }

    /// Whether the operator was killed at its point.
    fn crashed(&self) -> bool {
        self.world.api.crashed() || self.world.kafka.crashed()
    }

    async fn settle(&self, step: Step, operator: &Operator) -> Result<()> {
        let result = eventually(LIMIT, &format!("{step:?} settles"), async || {
            self.settled(step).await
        })
        .await;
        result.map_err(|error| anyhow!("{error:#}\n{}", operator.log()))
    }

    /// Whether the step looks done.
    async fn settled(&self, step: Step) -> Result<()> {
        let chat = &self.chat;
        if step == Step::Delete {
            ensure!(
                chat.cluster.find(&chat.own_path()).await?.is_none(),
                "the chat is there"
            );
            ensure!(
                chat.cluster.find(&chat.deployment()).await?.is_none(),
                "the Deployment is there"
            );
            let services = chat.cluster.list(&chat.path("api/v1", "services")).await?;
            ensure!(services.is_empty(), "a Service is there");
            return Ok(());
        }
        let ready = chat.condition("Ready").await?;
        ensure!(ready == "True UpToDate", "{ready}");
        if step == Step::Rotate {
            let read = self.secrets().await?;
            ensure!(read != self.before, "the replicas have the old URL: {read}");
        }
        Ok(())
    }

    /// What the replicas read from Secrets.
    async fn secrets(&self) -> Result<Value> {
        let deployment = self.chat.cluster.get(&self.chat.deployment()).await?;
        let annotations = &deployment["spec"]["template"]["metadata"]["annotations"];
        Ok(annotations["confab.dev/secrets"].clone())
    }

    /// Waits until the operator sends nothing more.
    async fn quiet(&self) {
        let mut before = usize::MAX;
        while self.world.api.counts().0 != before && !self.world.api.crashed() {
            before = self.world.api.counts().0;
            sleep(QUIET).await;
        }
    }

    async fn same(&self, expected: &Snapshot, operator: &Operator) -> Result<()> {
        eventually(
            LIMIT,
            "everything is as after an undisturbed run",
            async || {
                ensure!(!operator.has_exited().await, "the operator ended by itself");
                let is = self.snapshot().await?;
                ensure!(is == *expected, "{}", differences(expected, &is));
                Ok(())
            },
        )
        .await
    }

    async fn snapshot(&self) -> Result<Snapshot> {
        snapshot(&self.chat, &self.world.kafka).await
    }
}

fn failed(step: Step, point: Option<Point>, error: &Error, operator: &Operator) -> Error {
    anyhow!("{step:?}, {point:?}: {error:#}\n{}", operator.log())
}

fn differences(expected: &Snapshot, is: &Snapshot) -> String {
    let names = expected
        .keys()
        .chain(is.keys().filter(|name| !expected.contains_key(*name)));
    let different = names.filter(|name| expected.get(*name) != is.get(*name));
    let told = different.map(|name| {
        let side = |all: &Snapshot| {
            all.get(name)
                .map_or("nothing".to_owned(), |it| format!("{it:#}"))
        };
        format!(
            "{name}: expected {}\nbut there is {}",
            side(expected),
            side(is)
        )
    });
    told.collect::<Vec<_>>().join("\n")
}
