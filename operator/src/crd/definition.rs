//! The CustomResourceDefinition as YAML writes it. Pure.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::Value;

use super::ChatDeployment;

/// The CustomResourceDefinition of [`ChatDeployment`].
pub fn definition() -> CustomResourceDefinition {
    let mut crd = serde_json::to_value(ChatDeployment::crd()).expect("a CRD is JSON");
    forbid_null(&mut crd);
    serde_json::from_value(crd).expect("removing `nullable` leaves a CRD")
}

/// An optional field is derived as `nullable`. Without it the API server drops a `null` and the default
/// applies, so that no rule ever sees one.
fn forbid_null(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("nullable").is_some_and(Value::is_boolean) {
                map.remove("nullable");
            }
            map.values_mut().for_each(forbid_null);
        }
        Value::Array(items) => items.iter_mut().for_each(forbid_null),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checked_in_file_is_what_the_types_say() {
        let checked_in = std::fs::read_to_string("../crds/chatdeployments.yaml").unwrap();
        assert_eq!(
            checked_in,
            serde_yaml::to_string(&definition()).unwrap(),
            "run `operator crd >crds/chatdeployments.yaml`"
        );
    }

    #[test]
    fn no_field_accepts_null_and_every_field_is_documented() {
        let text = serde_json::to_string(&definition()).unwrap();
        assert!(!text.contains("nullable"));
    }
}
