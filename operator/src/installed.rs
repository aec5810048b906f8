//! Which of the kinds that a cluster may lack it has. I/O: [`wait_for`] asks the API server.

use std::any::TypeId;
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use kube::Client;
use tokio::time::sleep;
use tracing::debug;

use crate::children::{ChildKind, Kind};

/// Between two questions for a missing kind.
const PERIOD: Duration = Duration::from_secs(15);

/// The kinds found so far. The watches add one when they find it, and none is removed.
#[derive(Debug, Default)]
pub(crate) struct InstalledKinds(Mutex<HashSet<TypeId>>);

impl InstalledKinds {
    pub(crate) fn add(&self, kind: &Kind) {
        self.lock().insert(kind.id());
    }

    pub(crate) fn has<K: ChildKind>(&self) -> bool {
        self.lock().contains(&TypeId::of::<K>())
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<TypeId>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

/// Returns once the API server has the kind.
pub(crate) async fn wait_for(client: &Client, kind: &Kind) {
    let resource = &kind.resource;
    loop {
        let group = client.list_api_group_resources(&resource.api_version);
        match group.await {
            Ok(list) if list.resources.iter().any(|it| it.name == resource.plural) => return,
            Ok(_) => {}
            Err(error) => debug!(%error, plural = resource.plural, "resource not available"),
        }
        sleep(PERIOD).await;
    }
}
