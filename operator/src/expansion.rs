//! Step expansion: the volumes of the embedded services get the size that the spec asks for. I/O: patches their claims.
//!
//! The claim template of a StatefulSet cannot change, and keeps the size that it was created with.

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimStatus};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use tracing::info;

use crate::child_api::Error;
use crate::crd::{Kafka, Postgres};
use crate::names::{MANAGED_BY, Role};
use crate::observe::Claims;
use crate::quantity::amount;
use crate::validate::Chat;

/// A volume that has not the size that the spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expansion {
    /// The name of the PersistentVolumeClaim.
    pub claim: String,
    pub wanted: String,
    pub state: Progress,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    UnderWay,
    /// In the words of the API server or of the storage driver.
    Failed(String),
    /// The volume has this size.
    CannotShrink(String),
}

/// Requests the sizes that the spec asks for. Returns the volumes that have another.
pub(crate) async fn expand(
    client: &Client,
    chat: &Chat,
    claims: &Claims,
) -> Result<Vec<Expansion>, Error> {
    let mut expansions = Vec::new();
    for (role, wanted) in sizes(chat) {
        // Without a claim, the StatefulSet is about to create it.
        let Some(claim) = claims.get(&role) else {
            continue;
        };
        let state = match step(claim, wanted) {
            Step::Done => continue,
            Step::Is(state) => state,
            Step::Request => request(client, claim, wanted).await?,
        };
        expansions.push(Expansion {
            claim: claim.name_any(),
            wanted: wanted.0.clone(),
            state,
        });
    }
    Ok(expansions)
}

/// The sizes that the spec asks for.
fn sizes(chat: &Chat) -> impl Iterator<Item = (Role, &Quantity)> {
    let kafka = match &chat.kafka {
        Kafka::Embedded(kafka) => Some((Role::Kafka, &kafka.storage)),
        _ => None,
    };
    let postgres = match &chat.postgres {
        Postgres::Embedded(postgres) => Some((Role::Postgres, &postgres.storage)),
        _ => None,
    };
    kafka.into_iter().chain(postgres)
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Done,
    Is(Progress),
    Request,
}

fn step(claim: &PersistentVolumeClaim, wanted: &Quantity) -> Step {
    let resources = claim.spec.as_ref().and_then(|spec| spec.resources.as_ref());
    let requests = resources.and_then(|resources| resources.requests.as_ref());
    let requested = requests.and_then(|requests| requests.get("storage"));
    let status = claim.status.clone().unwrap_or_default();
    let capacity = status.capacity.as_ref().and_then(|all| all.get("storage"));
    // A claim without a volume cannot be changed, and gets at least what it requests.
    let (Some(requested), Some(capacity)) = (requested, capacity) else {
        return Step::Done;
    };
    let [wanted, requested_amount, capacity_amount] =
        [wanted, requested, capacity].map(|size| amount(&size.0));
    // A volume may be larger than its claim requested.
    if wanted < requested_amount && capacity_amount > wanted {
        Step::Is(Progress::CannotShrink(capacity.0.clone()))
    } else if wanted != requested_amount {
        Step::Request
    } else if capacity_amount < wanted {
        Step::Is(failure(&status).map_or(Progress::UnderWay, Progress::Failed))
    } else {
        Step::Done
    }
}

/// Requests the size of this very claim, not of one that took its name since.
async fn request(
    client: &Client,
    claim: &PersistentVolumeClaim,
    wanted: &Quantity,
) -> Result<Progress, Error> {
    let (namespace, name) = (claim.namespace().unwrap_or_default(), claim.name_any());
    let api: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), &namespace);
    let params = PatchParams {
        field_manager: Some(MANAGED_BY.to_owned()),
        ..PatchParams::default()
    };
    let patch = json!({
        "metadata": {"uid": claim.metadata.uid},
        "spec": {"resources": {"requests": {"storage": wanted}}},
    });
    match api.patch(&name, &params, &Patch::Merge(&patch)).await {
        Ok(_) => {
            info!(claim = name, size = wanted.0, "requested a volume's size");
            Ok(Progress::UnderWay)
        }
        Err(source) => {
            let error = Error {
                verb: "expanding",
                kind: "PersistentVolumeClaim".into(),
                name: format!("{namespace}/{name}").into(),
                source,
            };
            match error.refusal() {
                Some(refusal) if !refusal.may_pass() => {
                    Ok(Progress::Failed(refusal.words().to_owned()))
                }
                _ => Err(error),
            }
        }
    }
}

/// What the storage driver reported.
fn failure(status: &PersistentVolumeClaimStatus) -> Option<String> {
    let mut conditions = status.conditions.iter().flatten();
    let failed = conditions.find(|condition| {
        condition.status == "True"
            && ["ControllerResizeError", "NodeResizeError"].contains(&condition.type_.as_str())
    })?;
    let words = [&failed.message, &failed.reason].into_iter().flatten();
    let mut words = words.filter(|words| !words.is_empty());
    Some(words.next().unwrap_or(&failed.type_).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(requested: &str, capacity: Option<&str>) -> PersistentVolumeClaim {
        let capacity = capacity.map(|size| json!({"storage": size}));
        serde_json::from_value(json!({
            "spec": {"resources": {"requests": {"storage": requested}}},
            "status": {"capacity": capacity},
        }))
        .unwrap()
    }

    fn is(claim: &PersistentVolumeClaim, wanted: &str) -> Step {
        step(claim, &Quantity(wanted.to_owned()))
    }

    #[test]
    fn a_volume_grows_and_does_not_shrink() {
        let under_way = || Step::Is(Progress::UnderWay);
        for (requested, capacity, wanted, step) in [
            ("8Gi", "8Gi", "8192Mi", Step::Done),
            ("8Gi", "10Gi", "8Gi", Step::Done),
            ("8Gi", "8Gi", "9Gi", Step::Request),
            ("9Gi", "8Gi", "9Gi", under_way()),
            // What failed can be taken back, down to what the volume has.
            ("9Gi", "8Gi", "8Gi", Step::Request),
            (
                "9Gi",
                "9Gi",
                "8Gi",
                Step::Is(Progress::CannotShrink("9Gi".to_owned())),
            ),
        ] {
            let claim = claim(requested, Some(capacity));
            assert_eq!(is(&claim, wanted), step, "{requested} {capacity} {wanted}");
        }
        assert_eq!(is(&claim("8Gi", None), "9Gi"), Step::Done);
    }

    #[test]
    fn the_storage_drivers_own_words_say_why_a_volume_does_not_grow() {
        let mut failing = claim("9Gi", Some("8Gi"));
        for (condition, words) in [
            (
                json!({"type": "ControllerResizeError", "message": "quota exceeded"}),
                "quota exceeded",
            ),
            (json!({"type": "NodeResizeError"}), "NodeResizeError"),
        ] {
            let mut condition = condition;
            condition["status"] = json!("True");
            let status = failing.status.as_mut().unwrap();
            status.conditions = serde_json::from_value(json!([condition])).unwrap();
            let failed = Step::Is(Progress::Failed(words.to_owned()));
            assert_eq!(is(&failing, "9Gi"), failed);
        }
    }
}
